"""A batch of the former system's leads beside what people do here, interleaved at each lock.

Each meeting has a lead of its own, and the batch is that lead: what comes out is what comes out
when one is after the other. KOLLEGIUM_PAIRS=all: all pairs, the others first, too, and all kinds of
changes there.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from tests.fixtures.database import Urls, as_bearer, connected
from tests.legacy.beside import beside
from tests.legacy.system import loaded
from tests.locks import meeting
from tests.locks.conftest import Ring
from tests.locks.meeting import Doing, Refused, Session
from tests.locks.stage import BROKEN

ALL = os.environ.get("KOLLEGIUM_PAIRS") == "all"
COUNT = 2_000 if ALL else 200
# Copies of lead 2, which is offered to Anna and was declined by Ben.
LEADS = f"""
    update legacy.participants set cap = null;
    insert into legacy.leads (id, marketplace_id, giver_user_id, state, interest, tags, consent,
      contact_name, contact_email, contact_postcode, contact_city, created_at, updated_at)
    select 100 + k, marketplace_id, giver_user_id, state, interest, tags, consent,
      'Käthe ' || k, 'k' || k || '@example.org', contact_postcode, contact_city, created_at,
      updated_at
    from legacy.leads, generate_series(1, {COUNT}) k where id = 2;
    insert into legacy.offers (id, lead_id, user_id, state, reason, offered_at, answered_at,
      updated_at)
    select 100 + 2 * k + o.id, 100 + k, user_id, state, reason, now(), answered_at, updated_at
    from legacy.offers o, generate_series(1, {COUNT}) k where lead_id = 2;
"""
# What happened there since, by the number's remainder.
KINDS = ("changed there", "picked there", "withdrawn there")
THERE = (
    "update legacy.leads set interest = interest || '!' where id > 100 and id % 3 = 0",
    """update legacy.leads set state = 'picked', picked_by_user_id = 4, picked_at = now(),
       status_id = 1 where id > 100 and id % 3 = 1""",
    """update legacy.offers set state = case user_id when 4 then 'picked' else 'lost' end,
       answered_at = now() where lead_id > 100 and lead_id % 3 = 1""",
    "update legacy.leads set state = 'withdrawn' where id > 100 and id % 3 = 2",
    """update legacy.offers set state = 'withdrawn', answered_at = now()
       where lead_id > 100 and lead_id % 3 = 2 and state = 'open'""",
)
TOKENS = """
    insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
    select sha256(convert_to('kgs_pair_' || u.legacy_id, 'UTF8')), c.company_id, c.id,
      now() + interval '1 hour'
    from app_private.legacy_user u join app.colleague c on c.id = u.colleague_id where c.active
"""
OUTCOME = """
    select json_build_array(l.state, l.engaged_company_id, l.interest,
      (select json_agg(json_build_array(o.company_id, o.state) order by o.company_id, o.id)
       from app.offer o where o.lead_id = l.id),
      (select json_agg(json_build_array(e.company_id, e.state) order by e.company_id, e.state)
       from app.engagement e where e.lead_id = l.id),
      (select json_agg(h.event order by h.event) from app.history h where h.lead_id = l.id),
      (select count(*) from app.disclosure d where d.lead_id = l.id),
      (select json_agg(distinct f.reason order by f.reason) from legacy_staging.finding f
       where f.legacy_key = l.external_ref and f.source_table = 'leads'))
    from app.lead l where l.id = $1
"""


@dataclass(frozen=True)
class Act:
    """What a user of the former system does here; `who` None: staff, the batch."""

    user: int | None
    sql: str

    @property
    def who(self) -> str:
        """The kind of session."""
        return "staff" if self.user is None else "api"

    def doing(self, world: Any, lead: Any, number: int) -> Doing:
        """`$1` marketplace, `$2` lead; of the batch the load and the lead's number."""
        sql = self.sql.format(number=number, load=world, before=lead["number"] - 1)

        async def do(connection: Any) -> Any:
            text = f"select ({sql})::text where $1::uuid is not null and $2::uuid is not null"
            if self.user is None:
                return await connection.fetchval(text, lead["marketplace_id"], lead["lead_id"])
            async with as_bearer(connection, f"kgs_pair_{self.user}"):
                return await connection.fetchval(text, lead["marketplace_id"], lead["lead_id"])

        return do


BATCH = Act(None, "select seen from app.legacy_import_leads({load}, {before}, 1)")
HERE = {
    "Anna picks": Act(3, "select picked from app.pick_lead($1, $2)"),
    "Anna declines": Act(3, "select state from app.decline_offer($1, $2, 'x')"),
    "Olga withdraws": Act(1, "app.withdraw_lead($1, $2, 'x')"),
    "Olga edits": Act(
        1,
        "app.change_lead($1, $2, null, jsonb_build_object('interest', 'Neues Dach'), '{{}}')",
    ),
    "Huber is renamed": Act(3, "app.change_company(null, 'Huber {number}', null, null)"),
    "another batch": BATCH,
}


class Leads:
    """The next lead of a kind; what is so of it, and must not be so."""

    def __init__(self, superuser: Any) -> None:
        self.superuser = superuser
        self.next = {kind: 102 + (place + 3 - 102 % 3) % 3 for place, kind in enumerate(KINDS)}

    async def lead(self, start: str) -> Any:
        number = self.next[start]
        self.next[start] += 3
        assert number <= 100 + COUNT, "more leads are needed"
        return await self.superuser.fetchrow(
            "select marketplace_id, lead_id, legacy_id as number from app_private.legacy_lead "
            "where legacy_id = $1",
            number,
        )

    async def outcome(self, lead: Any) -> str:
        return str(await self.superuser.fetchval(OUTCOME, lead["lead_id"]))

    async def broken(self, lead: Any) -> list[str]:
        return [row["what"] for row in await self.superuser.fetch(BROKEN, lead["lead_id"])]


@pytest_asyncio.fixture
async def ring(clean: Urls) -> AsyncIterator[Ring]:
    """Both systems after a Monday and what happened there since, and a load of it."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        superuser, watcher = [await enter(connected(clean.superuser)) for _ in range(2)]
        await superuser.execute(LEADS)
        async with beside(clean) as both:
            await both.monday()
            await both.there(*THERE)
        await superuser.execute(TOKENS)
        await meeting.prepare(superuser)
        _, load = await enter(loaded(clean))
        sessions = {
            kind: [await Session.on(await enter(connected(url))) for _ in range(2)]
            for kind, url in (("api", clean.api), ("staff", clean.staff))
        }
        yield Ring(Leads(superuser), watcher, sessions, load)  # type: ignore[arg-type]


def _cases() -> list[tuple[str, str, bool]]:
    if ALL:
        return [(name, kind, first) for name in HERE for kind in KINDS for first in (True, False)]
    return [("Anna picks", "picked there", True), ("another batch", "changed there", True)]


async def test_a_batch_beside_what_people_do(ring: Ring) -> None:
    wrong, places = [], set()
    for name, kind, first in _cases():
        pair = [BATCH, HERE[name]] if first else [HERE[name], BATCH]
        allowed = await ring.serials(kind, pair)  # type: ignore[arg-type]
        for place, seen in await ring.interleaved(kind, *pair):  # type: ignore[arg-type]
            places.add(place)
            if seen not in allowed:
                wrong.append(f"{name}, {kind}, stopped at {place}:\n{seen}\nnot of\n" + "\n".join(
                    map(str, allowed)))  # fmt: skip
    print(sorted(places))
    assert not wrong, "\n".join(wrong)
    assert any(place.startswith("app_private.legacy_") for place in places)


async def test_each_of_them_succeeds_alone(ring: Ring) -> None:
    """Or the pairs would show how two are refused."""
    for name, act in HERE.items():
        answer = (await ring.serial("changed there", [act], [0]))[0]  # type: ignore[list-item]
        assert not isinstance(answer, Refused), (name, answer)
