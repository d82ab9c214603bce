"""Three weeks at random in both systems, an import each Monday: it ends well, the proof agrees
with an oracle, no lead has two engagements, who picked is told, and nobody is locked out.

KOLLEGIUM_COEXISTING_WORLDS says how many worlds (1, whole: 2), KOLLEGIUM_SEED the first seed (41).
"""

import os
from collections import defaultdict
from typing import Any

from tests.fixtures.database import NewDatabase, connected
from tests.fixtures.sizes import sized
from tests.legacy.beside import Beside, beside
from tests.legacy.three_weeks import ThreeWeeks

SEED = int(os.environ.get("KOLLEGIUM_SEED", "41"))
WORLDS = sized(1, whole=2, name="KOLLEGIUM_COEXISTING_WORLDS")
SEEDS = range(SEED, SEED + WORLDS)
RANK = ["picked", "open", "declined", "expired", "withdrawn", "lost"]

# Leads that nobody touched here, and that do not wait.
UNTOUCHED = """
    select k.legacy_id, l.state, l.operator_company_id as operator, l.giver_company_id as giver,
      l.engaged_company_id as taker, l.parties, p.parties as seen_by, p.city,
      (select array_agg(o.company_id || ' ' || o.state order by o.company_id) from app.offer o
       where o.lead_id = l.id and o.marketplace_id = l.marketplace_id) as offers
    from app_private.legacy_lead k
    join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
    join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id
    where l.version = k.version and k.row_hash <> 0 and not exists (
      select from app_private.legacy_quarantine q where q.healed_at is null
        and q.legacy_key = k.legacy_id::text and q.source_table = 'leads')"""
TOUCHED = """
    select k.legacy_id, array[l.state, l.engaged_company_id::text, l.engagement_id::text,
      l.interest, e.state, e.step]
    from app_private.legacy_lead k
    join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
    left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
    where l.version <> k.version"""
# A deletion there, or a spoilt row, ends what was on offer, and nothing else.
ENDED = [("offered", "unplaced")]


async def _oracle(both: Beside) -> dict[int, dict[str, Any]]:
    """What leads of the former system are here by its rules, in plain Python."""
    acts_for = dict(await both.rows("select legacy_id, company_id from app_private.legacy_party"))
    owner = dict(await both.rows("select id, owner_user_id from legacy.marketplaces"))
    offers: dict[int, list[Any]] = defaultdict(list)
    for row in await both.superuser.fetch("select * from legacy.offers"):
        offers[row["lead_id"]].append(row)
    wanted = {}
    for lead in await both.superuser.fetch("select * from legacy.leads where interest <> ''"):
        number, picker = lead["id"], lead["picked_by_user_id"]
        operator = acts_for[owner[lead["marketplace_id"]]]
        giver, taker = acts_for.get(lead["giver_user_id"]), acts_for.get(picker)
        best: dict[Any, str] = {}
        for offer in offers[number]:
            company, state = acts_for[offer["user_id"]], offer["state"]
            if picker == offer["user_id"]:
                state = "picked"
            elif picker is not None and state in ("open", "picked"):
                state = "lost"
            elif state == "open" and (lead["state"] != "offered" or company in (operator, giver)):
                state = "withdrawn"
            best[company] = min(state, best.get(company, "lost"), key=RANK.index)
        state = {"released": "available", "picked": "engaged", "won": "closed"}.get(
            lead["state"], lead["state"]
        )
        if state == "offered" and "open" not in best.values():
            state = "unplaced"
        wanted[number] = {
            "state": state, "operator": operator, "taker": taker, "city": lead["contact_city"],
            "giver": None if giver == operator else giver, "offers": best,
        }  # fmt: skip
    return wanted


async def _as_the_oracle_says(both: Beside, declined: set[str]) -> None:
    wanted = await _oracle(both)
    for row in await both.superuser.fetch(UNTOUCHED):
        lead = wanted[row["legacy_id"]]
        assert (row["state"], row["operator"], row["taker"], row["city"]) == (
            lead["state"], lead["operator"], lead["taker"], lead["city"],
        ), (row, lead)  # fmt: skip
        assert row["giver"] in (lead["giver"], row["operator"]), row["legacy_id"]
        assert row["parties"] == row["seen_by"]
        here = dict(one.split(" ") for one in row["offers"] or [])
        if str(row["legacy_id"]) in declined:
            # There he may still have it, or have lost it; here his refusal stands.
            refused = {company for company, state in here.items() if state == "declined"}
            lead["offers"] |= {c: "declined" for c in lead["offers"] if str(c) in refused}
        gone = {c for c in here if c not in {str(w) for w in lead["offers"]}}
        assert {here.pop(company) for company in gone} <= set(RANK) - {"open", "picked"}
        assert here == {str(c): s for c, s in lead["offers"].items()}, (row, lead)


async def _sound(both: Beside) -> None:
    """What has to be so in every world."""
    assert await both.rows(
        """select lead_id from app.engagement where state in ('active', 'won', 'lost')
           group by lead_id having count(*) > 1"""
    ) == []  # fmt: skip
    assert await both.rows(
        """select l.external_ref, l.state, e.state from app.lead l left join app.engagement e
             on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
           where (l.state in ('engaged', 'closed')) <> coalesce(e.state in ('active', 'won', 'lost')
             and e.company_id = l.engaged_company_id, false)"""
    ) == []  # fmt: skip
    # Nobody is locked out: who is not deleted there acts, and somebody decides in every company.
    assert await both.rows(
        """select u.legacy_id from app_private.legacy_party u join legacy.users s
             on s.id = u.legacy_id where s.deleted_at is null
           and not (u.active and u.company_state = 'active') and not exists (
             select from app_private.legacy_quarantine q where q.healed_at is null
               and q.source_table = 'users' and q.legacy_key = u.legacy_id::text)"""
    ) == []  # fmt: skip
    assert await both.rows(
        """select c.company_id from app.colleague c join app.company co on co.id = c.company_id
           where c.active group by c.company_id, co.state
           having co.state <> 'active' or not bool_or(c.role = 'admin')"""
    ) == []  # fmt: skip


async def _picks_on_both_sides_are_told(both: Beside) -> None:
    twice = await both.rows(
        """select k.legacy_id::text, l.id::text from app_private.legacy_lead k
           join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
           join legacy.leads s on s.id = k.legacy_id and s.interest <> ''
           join app_private.legacy_party p on p.legacy_id = s.picked_by_user_id
           where l.version <> k.version and l.engaged_company_id <> p.company_id and k.row_hash <>
             0 and s.picked_by_user_id is not null and l.state = 'engaged'
             and not exists (select from app.company_merge m where m.state in ('done', 'undone'))"""
    )
    listed = await both.waiting()
    for number, lead in twice:
        assert ("leads", number, "changed-here") in listed
        assert await both.one(
            """select count(*) from app_private.outbox where template = 'picked-twice'
               and payload ->> 'lead' = $1""", lead,
        ) > 0  # fmt: skip


async def _monday(both: Beside, weeks: ThreeWeeks) -> None:
    touched = dict(await both.rows(TOUCHED))
    await both.monday()
    after = dict(await both.rows(TOUCHED))
    for number, was in touched.items():
        now = after[number]
        assert now == was or (was[0], now[0]) in ENDED, number
    await _sound(both)
    await _as_the_oracle_says(both, weeks.declined)
    await _picks_on_both_sides_are_told(both)
    proofs = await both.prove(unfiltered=True)
    differ = {
        user: [(r.what, r.legacy_key, r.reason, r.fields, r.part_id) for r in proof.rows
               if r.verdict == "differs"]
        for user, proof in proofs.items() if proof.differences
    }  # fmt: skip
    assert differ == {}
    again = await both.monday()
    assert {**again.created, **again.changed}.keys() >= {"leads"}
    assert sum(again.created.values()) + sum(again.changed.values()) == 0, again


async def test_three_weeks_in_both_systems(new_database: NewDatabase) -> None:
    for seed in SEEDS:
        async with new_database() as urls:
            async with connected(urls.superuser) as superuser:
                await ThreeWeeks.begin(superuser)
            async with beside(urls) as both:
                weeks = ThreeWeeks(both, seed)
                try:
                    for _ in range(3):
                        await weeks.week()
                        await _monday(both, weeks)
                except BaseException:
                    print(f"seed {seed}:", *weeks.did, sep="\n  ")
                    raise
        print(f"seed {seed}: {len(weeks.did)} acts, {len(weeks.merges)} merges stand")
