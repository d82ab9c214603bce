"""Importing after merges is the normal case: companies merged here, their users work on there."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase, Urls
from tests.legacy.beside import Beside, beside


@pytest_asyncio.fixture
async def both(brought: Urls) -> AsyncIterator[Beside]:
    """The clean system, imported; 3 Anna and 4 Ben take on 1 Olga's marketplace, 2 Gustav gives."""
    async with beside(brought, already=True) as one:
        yield one


OFFERED_TO_BOTH = """
    insert into legacy.leads select {lead}, 1, null, null, null, 'offered', null, 'Wallbox', null,
      true, null, null, 'Uwe Groß', null, null, 'uwe@example.org', null, null, '25813', null, null,
      created_at, updated_at from legacy.leads where id = 1;
    insert into legacy.offers (id, lead_id, user_id, state, offered_at, answered_at, updated_at)
    select {lead} * 10 + u, {lead}, u, s, '2025-03-01 10:00+00',
      case when s <> 'open' then '2025-03-01 11:00+00'::timestamptz end, '2025-03-01 10:00+00'
    from (values (3, '{of_anna}'), (4, '{of_ben}')) v (u, s);
"""
RANKED = ["open", "declined", "expired"]


@pytest.mark.parametrize("survivor", [3, 4])
async def test_of_offers_to_both_merged_users_the_better_one_stays(
    both: Beside, survivor: int
) -> None:
    """Every pair of states, of leads that are new since the merge and of known ones."""
    known, new = {}, {}
    for number, (anna, ben) in enumerate((a, b) for a in RANKED for b in RANKED):
        known[100 + number] = new[200 + number] = min(anna, ben, key=RANKED.index)
        await both.there(
            OFFERED_TO_BOTH.format(lead=100 + number, of_anna="open", of_ben="open"),
        )
    await both.monday()
    await both.merge(survivor, 7 - survivor)
    for number, (anna, ben) in enumerate((a, b) for a in RANKED for b in RANKED):
        await both.there(
            OFFERED_TO_BOTH.format(lead=200 + number, of_anna=anna, of_ben=ben),
            f"update legacy.offers set state = case user_id when 3 then '{anna}' else '{ben}' end,"
            f" answered_at = now() where lead_id = {100 + number}",
        )
    await both.monday()
    for lead, state in (known | new).items():
        assert await both.offers(lead) == [(survivor, state)], lead
        wanted = "offered" if state == "open" else "unplaced"
        assert await both.one("select state from app.lead where external_ref = $1", str(lead)) == (
            wanted
        )
    # The operator's proof counts what one company has as one.
    assert await both.differing() == {}
    assert (await both.monday()).waiting == 0


async def test_a_pick_by_either_is_the_companys(both: Beside) -> None:
    await both.there(OFFERED_TO_BOTH.format(lead=100, of_anna="open", of_ben="open"))
    await both.monday()
    await both.merge(3, 4)
    await both.there(
        "update legacy.leads set state = 'picked', picked_by_user_id = 4, picked_at = now(),"
        " status_id = 1 where id = 100",
        "update legacy.offers set state = case user_id when 4 then 'picked' else 'lost' end,"
        " answered_at = now() where lead_id = 100",
    )
    await both.monday()
    assert await both.offers(100) == [(3, "picked")]
    assert await both.engagements(100) == [(3, "active")]
    assert await both.one("select answered_by_name from app.offer where state = 'picked' "
                          "and lead_id = $1", (await both.lead(100))[1]) == "Ben Huber"  # fmt: skip
    assert await both.differing() == {}


@pytest.mark.parametrize("change", [
    "password_hash = 'x'", "company_name = 'Huber Solar'", "first_name = 'Benno'",
    "language = 'en'", "email = 'benno@huber.example'", "deleted_at = now()",
])  # fmt: skip
async def test_the_colleague_of_an_absorbed_company_follows_and_no_company_does(
    both: Beside, change: str
) -> None:
    companies = "select id, name, state, language from app.company order by id"
    await both.merge(3, 4)
    before = await both.rows(companies)
    await both.there(f"update legacy.users set {change} where id = 4")
    outcome = await both.monday()
    assert outcome.changed["users changed"] == 1
    assert await both.rows(companies) == before
    row = await both.superuser.fetchrow(
        """select c.* from app.colleague c join app_private.legacy_user u on u.colleague_id = c.id
           where u.legacy_id = 4"""
    )
    assert row["company_id"] == await both.company(3)
    followed = {
        "first_name": row["name"] == "Benno Huber", "language": row["language"] == "en",
        "email": row["email"] == "benno@huber.example", "deleted_at": not row["active"],
    }  # fmt: skip
    assert followed.get(change.split(" = ")[0], True)
    assert (await both.monday()).changed["users changed"] == 0


async def _invited(both: Beside, user: int, email: str, role: str) -> None:
    token = f"kgi_{email}"
    await both.call(user, "app.invite_colleague($1, $2, $3)", email, role, token)
    await both.api.fetchrow(
        "select * from app.accept_invitation($1, $2, $3, $4)",
        *(token, email.split("@")[0].title(), b"salz" * 4, b"beweis"),
    )


PEOPLE = """
    select email, role, active from app.colleague where company_id = $1 order by created_at, id"""


async def test_a_founder_who_leaves_there_leaves_his_company_open_here(both: Beside) -> None:
    for email, role in (("m@h.example", "member"), ("d@h.example", "delegator"),
                        ("e@h.example", "delegator")):  # fmt: skip
        await _invited(both, 3, email, role)
    company = await both.company(3)
    await both.there("update legacy.users set deleted_at = now() where id = 3")
    await both.monday()
    assert await both.one("select state from app.company where id = $1", company) == "active"
    assert await both.rows(PEOPLE, company) == [
        ("deleted-3@legacy.invalid", "admin", False), ("m@h.example", "member", True),
        ("d@h.example", "admin", True), ("e@h.example", "delegator", True),
    ]  # fmt: skip
    told = await both.rows(
        "select recipient from app_private.outbox where template = 'became-admin'"
    )
    assert told == [("d@h.example",)]
    audited = await both.rows(
        """select detail ->> 'role' from app_private.audit_entry
           where action = 'colleague-changed' and company_id = $1""",
        company,
    )
    assert audited == [("admin",)]
    # What he handled has no handler, and nobody is asked for it in his name.
    assert await both.rows(
        "select handler_id, handler_name from app.engagement where company_id = $1", company
    ) == [(None, None)]
    assert (await both.monday()).waiting == 0


async def test_without_delegators_the_longest_serving_member_becomes_admin(both: Beside) -> None:
    for email in ("m@h.example", "n@h.example"):
        await _invited(both, 3, email, "member")
    await both.there("update legacy.users set deleted_at = now() where id = 3")
    await both.monday()
    assert (await both.rows(PEOPLE, await both.company(3)))[1:] == [
        ("m@h.example", "admin", True), ("n@h.example", "member", True),
    ]  # fmt: skip


async def test_another_admin_is_enough(both: Beside) -> None:
    await both.merge(3, 4)
    await both.there("update legacy.users set deleted_at = now() where id = 3")
    await both.monday()
    company = await both.company(4)
    assert await both.one("select state from app.company where id = $1", company) == "active"
    assert await both.one("select count(*) from app_private.outbox "
                          "where template = 'became-admin'") == 0  # fmt: skip
    # Both gone there: nobody is in it any more.
    await both.there("update legacy.users set deleted_at = now() where id = 4")
    await both.monday()
    assert await both.one("select state from app.company where id = $1", company) == "closed"


async def test_a_merge_of_takers_is_no_difference_for_their_operator(both: Beside) -> None:
    """Lead 4 was offered to Anna (outdated) and to Ben, who won it; leads 2 and 3 to both."""
    await both.merge(3, 4)
    proofs = await both.prove()
    assert proofs[3].state == proofs[4].state == "joined"
    assert (proofs[1].state, proofs[1].differences) == ("ready", 0)
    assert {row.verdict for row in proofs[1].rows} <= {"since-import"}
    # A control: an offer that is missing is still found.
    await both.there(
        "delete from app.offer where state = 'lost' or state = 'picked' and company_id ="
        " (select company_id from app_private.legacy_user where legacy_id = 3)"
    )
    assert 1 in await both.differing()


# For each user of a marketplace of his own: everything that an import can bring.
BROUGHT = """
    insert into legacy.marketplaces values (9, 4, 'Bens Markt', 24, 3, true, false, now(), now());
    insert into legacy.participants values
      (20, 9, 2, 'giver', 'active', null, null, null, now(), now());
    insert into legacy.leads select i, m, giver, picker, now(), state, null, 'Wallbox ' || i, null,
      true, null, null, 'Uwe Groß', null, null, null, null, null, '25813', null, null, now(), now()
    from (values (50, 9, 2, null, 'new'), (51, 1, 4, null, 'released'), (52, 1, null, 4, 'picked'),
      (53, 1, null, 3, 'picked')) v (i, m, giver, picker, state);
    update legacy.leads set state = 'picked', picked_by_user_id = 4, picked_at = now() where id = 2;
    update legacy.offers set state = case user_id when 4 then 'picked' else 'lost' end
      where lead_id = 2;
    insert into legacy.comments values (50, 52, 4, false, 'von Ben', now()),
      (51, 52, 4, true, 'von Ben', now()), (52, 53, 3, false, 'von Anna', now());
    insert into legacy.api_keys select 5, 4, 'Bens', encode(sha256('bens'), 'hex'), now(), now();
"""
OWNED = """
    select 'market ' || k.legacy_id, m.operator_company_id from app.marketplace m
      join app_private.legacy_marketplace k on k.marketplace_id = m.id
    union all select 'operator of ' || external_ref, operator_company_id from app.lead
    union all select 'giver of ' || external_ref, giver_company_id from app.lead
    union all select 'engaged ' || external_ref, engaged_company_id from app.lead
    union all select 'engagement of ' || l.external_ref, e.company_id
      from app.engagement e join app.lead l on l.id = e.lead_id
    union all select 'disclosure of ' || l.external_ref, d.company_id
      from app.disclosure d join app.lead l on l.id = d.lead_id
    union all select event || ' ' || l.external_ref, h.company_id
      from app.history h join app.lead l on l.id = h.lead_id
    union all select 'offer ' || o.state || ' of ' || l.external_ref, o.company_id
      from app.offer o join app.lead l on l.id = o.lead_id
    union all select 'note ' || text, company_id from app.note
    union all select 'message ' || text, company_id from app.message
    union all select 'key ' || name, company_id from app.api_key
    union all select 'card', company_id from app.participation
    order by 1, 2"""


@pytest.mark.parametrize("survivor", [3, 4])
async def test_an_undo_gives_what_was_imported_since_to_whom_it_belongs(
    both: Beside, new_database: NewDatabase, clean_template: str, survivor: int
) -> None:
    """As if they had never merged, but for what somebody made here since."""
    async with new_database(clean_template) as urls, beside(urls) as apart:
        await apart.there(BROUGHT)
        await apart.monday()
        wanted = await apart.rows(OWNED)
    before = await both.rows(OWNED)
    merge = await both.merge(survivor, 7 - survivor)
    await both.there(BROUGHT)
    await both.monday()
    assert await both.company(3) == await both.company(4)
    result = await both.merging.undo(merge)
    assert await both.rows(OWNED) == wanted != before
    listed = {one for table in result["since"].values() for one in table["ids"]}
    gone = await both.rows(
        "select id from app.lead where $1 in (operator_company_id, giver_company_id, "
        "engaged_company_id) union all select id from app.engagement where company_id = $1 "
        "union all select id from app.note where company_id = $1",
        await both.company(7 - survivor),
    )
    assert listed
    assert listed & {str(row[0]) for row in gone} == set()
    assert await both.differing() == {}
    assert (await both.monday()).waiting == 0
    assert await both.rows(OWNED) == wanted
    assert await both.call(7 - survivor, "count(*) from app.lead where external_ref = '52'") == (
        int(survivor == 3)
    )


async def test_through_a_chain_of_merges_it_goes_back_step_by_step(both: Beside) -> None:
    await both.there(
        "insert into legacy.users select 6, 'sechs@dritte.example', password_hash, 'Sina', 'Sechs',"
        " 'Dritte KG', null, null, 'de', created_at, updated_at, null from legacy.users"
        " where id = 1"
    )
    await both.monday()
    first = await both.merge(3, 4)
    second = await both.merge(6, 3)
    await both.there(BROUGHT)
    await both.monday()
    owner = "select operator_company_id from app.marketplace where name = 'Bens Markt'"
    assert await both.one(owner) == await both.company(6)
    await both.merging.undo(second)
    assert await both.one(owner) == await both.company(3) == await both.company(4)
    await both.merging.undo(first)
    assert await both.one(owner) == await both.company(4) != await both.company(3)
    assert await both.engagements(52) == [(4, "active")]
    assert await both.offers(2) == [(3, "lost"), (4, "picked")]
