"""What is deleted in the former system, waits there since, or changes its name, owner or token."""

import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from service.jobs.legacy.files import SourceError
from tests.fixtures.database import NewDatabase, connected
from tests.legacy.beside import Beside, beside
from tests.legacy.system import TOKEN, imported


@pytest_asyncio.fixture(scope="module")
async def lasting(new_database: NewDatabase, clean_template: str) -> AsyncIterator[str]:
    """The clean system with offers for a year, imported; clone it."""
    async with new_database(clean_template) as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute(
                "update legacy.offers set expires_at = now() + interval '1 year'"
            )
        await imported(urls)
        yield urls.database


@pytest_asyncio.fixture
async def both(new_database: NewDatabase, lasting: str) -> AsyncIterator[Beside]:
    """1 Olga operates, 2 Gustav gives; lead 2 is offered to 3 Anna and was declined by 4 Ben."""
    async with new_database(lasting) as urls, beside(urls, already=True) as one:
        yield one


STATE = "select state from app.lead where external_ref = $1"
SEES = "count(*) from app.lead where external_ref = $1"


async def _cannot_pick(both: Beside, user: int, lead: int) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await both.call(user, "app.pick_lead($1, $2)", *await both.lead(lead))
    assert refusal.value.constraint_name == "lead-no-longer-available"


async def test_a_deleted_lead_is_withdrawn_and_nobody_can_pick_it(both: Beside) -> None:
    await both.there("delete from legacy.leads where id in (2, 3)",
                     "delete from legacy.offers where lead_id in (2, 3)",
                     "delete from legacy.comments where lead_id in (2, 3)")  # fmt: skip
    await both.monday()
    assert await both.one(STATE, "2") == await both.one(STATE, "3") == "withdrawn"
    assert await both.offers(2) == [(3, "withdrawn"), (4, "declined")]
    await _cannot_pick(both, 3, 2)
    # Lead 3 was Anna's by a pick there: she sees the person no more, its comments are gone.
    assert await both.engagements(3) == [(3, "revoked")]
    assert [await both.call(user, SEES, "3") for user in (1, 3)] == [1, 0]
    assert await both.one("select count(*) from app.note") == 0
    assert await both.differing() == {}
    again = await both.monday()
    assert (again.waiting, again.changed["leads"], again.changed.get("deleted there")) == (
        0, 0, None,
    )  # fmt: skip


async def test_a_lead_that_comes_back_there_comes_back(both: Beside) -> None:
    for table in ("leads", "offers"):
        key = "id" if table == "leads" else "lead_id"
        await both.there(
            f"create table keep_{table} as select * from legacy.{table} where {key} in (2, 3)",
            f"delete from legacy.{table} where {key} in (2, 3)",
        )
    await both.monday()
    assert await both.one(STATE, "3") == "withdrawn"
    await both.there(
        *(f"insert into legacy.{t} select * from keep_{t}" for t in ("leads", "offers"))
    )
    await both.monday()
    assert await both.one(STATE, "2") == "offered"
    assert await both.offers(2) == [(3, "open"), (4, "declined")]
    assert await both.engagements(3) == [(3, "active")]
    assert await both.call(3, SEES, "3") == 1
    assert await both.differing() == {}
    await both.call(3, "app.pick_lead($1, $2)", *await both.lead(2))


async def test_what_was_picked_or_changed_here_stays_and_is_listed(both: Beside) -> None:
    await both.call(3, "app.pick_lead($1, $2)", *await both.lead(2))
    await both.call(3, "app.change_engagement($1, $2, null, 'neu', false, null)",
                    *await both.lead(3))  # fmt: skip
    await both.there("delete from legacy.leads where id = 2", "delete from legacy.offers")
    await both.monday()
    assert await both.one(STATE, "2") == "engaged"
    assert await both.engagements(2) == await both.engagements(3) == [(3, "active")]
    assert {("leads", "2", "deleted-there"), ("offers", "3", "deleted-there")} <= (
        await both.waiting()
    )
    assert await both.call(3, SEES, "2") == 1
    assert (await both.monday()).healed == 0


POSTED = "select p.kind from app.posting p join app.lead l on l.id = p.lead_id order by p.id"


async def test_what_was_taken_here_at_a_price_is_charged_whatever_happens_there(
    both: Beside,
) -> None:
    """Picked by another there, deleted, back again: who works it here goes on and owes it. The
    control: a pick that came from there owes nothing, and its end credits nothing."""
    m, lead = await both.lead(2)
    price = {"price_cents": 4500}
    await both.call(1, "app.change_marketplace($1, null, $2)", m, price)
    await both.call(1, "app.assign_lead($1, $2, $3)", m, lead, await both.company(4))
    for change in (
        ["update legacy.leads set state = 'picked', picked_by_user_id = 3, picked_at = now(),"
         " updated_at = now() where id = 2"],
        ["create table keep as select * from legacy.leads where id in (2, 3)",
         "delete from legacy.leads where id in (2, 3)"],
        ["insert into legacy.leads select * from keep"],
        ["update legacy.leads set state = 'released', picked_by_user_id = null, picked_at = null,"
         " updated_at = now() where id in (2, 3)"],
    ):  # fmt: skip
        await both.there(*change)
        await both.monday()
        assert await both.engagements(2) == [(4, "active")], change
        assert await both.rows(POSTED) == [("charge",)], change
    assert await both.engagements(3) == [(3, "revoked")]
    await both.call(1, "app.revoke_engagement($1, $2, 'x')", m, lead)
    assert await both.rows(POSTED) == [("charge",), ("credit",)]


@pytest.mark.parametrize("change", [
    "delete from legacy.offers where id = 1", "update legacy.offers set user_id = 77 where id = 1",
    "update legacy.leads set interest = '' where id = 2",
    "update legacy.leads set marketplace_id = 77 where id = 2",
])  # fmt: skip
@pytest.mark.parametrize("touched", [False, True])
async def test_an_offer_that_is_gone_or_waits_there_is_not_on_offer_here(
    both: Beside, change: str, touched: bool
) -> None:
    if touched:
        await both.call(1, "app.change_lead($1, $2, null, $3, '{}')", *await both.lead(2),
                        {"interest": "Hier geändert"})  # fmt: skip
    await both.there(change)
    await both.monday()
    assert ("open" in [state for _, state in await both.offers(2)]) is False
    await _cannot_pick(both, 3, 2)
    assert await both.one(STATE, "2") in ("unplaced", "offered")
    assert await both.differing() == {}


@pytest.mark.parametrize("gone", [
    "delete from legacy.leads where id = 1", "update legacy.leads set interest = '' where id = 1",
])  # fmt: skip
async def test_nor_is_what_was_put_on_offer_here(both: Beside, gone: str) -> None:
    """The operator did not know that the person is gone there; the lead stays."""
    await both.call(1, "app.accept_lead($1, $2)", *await both.lead(1))
    offered = "app.offer_lead($1, $2, $3, 24)"
    await both.call(1, offered, *await both.lead(1), [await both.company(3)])
    await both.monday()
    assert await both.offers(1) == [(3, "open")]  # the control: it is there, so it stays on offer
    await both.there(gone)
    await both.monday()
    assert await both.offers(1) == [(3, "withdrawn")]
    await _cannot_pick(both, 3, 1)
    assert await both.one(STATE, "1") == "unplaced"


async def test_a_lead_that_is_healed_is_offered_again(both: Beside) -> None:
    await both.there("update legacy.leads set interest = '' where id = 2")
    await both.monday()
    assert await both.one(STATE, "2") == "unplaced"
    await both.there("update legacy.leads set interest = 'Wallbox' where id = 2")
    assert (await both.monday()).healed > 0
    assert await both.one(STATE, "2") == "offered"
    await both.call(3, "app.pick_lead($1, $2)", *await both.lead(2))


async def test_deleted_participants_comments_and_keys_follow(both: Beside) -> None:
    await both.there("delete from legacy.participants where user_id in (2, 4)",
                     "delete from legacy.comments where id in (1, 3)",
                     "delete from legacy.api_keys")  # fmt: skip
    cards = "select state from app.participation where company_id = $1"
    await both.superuser.execute(
        "update app.participation set cap = 7, version = version + 1 where company_id = $1",
        await both.company(2),
    )
    await both.monday()
    assert await both.one(cards, await both.company(4)) == "ended"
    assert await both.one(cards, await both.company(2)) == "active"
    assert await both.waiting() == {("participants", "1", "deleted-there")}
    assert await both.one("select count(*) from app.note") == 0
    assert await both.rows("select text from app.message") == [("Bitte bald melden",)]
    assert await both.one("select count(*) from app.api_key where revoked_at is null") == 0
    assert await both.one("select count(*) from app_private.bearer") == 0
    assert await both.differing() == {}


async def test_a_comment_made_here_stays(both: Beside) -> None:
    """The control: only what came over can be deleted there."""
    for text in ("app.add_note($1, $2, 'hier')", "app.add_message($1, $2, 'hier')"):
        await both.call(3, f"id from {text}", *await both.lead(3))
    await both.there("delete from legacy.comments")
    await both.monday()
    assert await both.rows("select text from app.note union all select text from app.message") == [
        ("hier",), ("hier",),
    ]  # fmt: skip


async def test_a_source_that_lacks_much_is_not_followed(both: Beside) -> None:
    """Half an export is no deletion; who means it says so."""
    await both.there(
        "insert into legacy.leads select i, 1, null, null, null, 'released', null, 'Wallbox', null,"
        " true, null, null, 'Uwe', null, null, null, null, null, null, null, null, created_at,"
        " updated_at from legacy.leads, generate_series(1000, 1400) i where id = 1"
    )
    await both.monday()
    await both.there("delete from legacy.leads where id between 1000 and 1300")
    with pytest.raises(SourceError, match="lacks 301 of the 407 leads"):
        await both.monday()
    withdrawn = "select count(*) from app.lead where state = 'withdrawn'"
    assert await both.one(withdrawn) == 1
    await both.monday(deletions=True)
    assert await both.one(withdrawn) == 302


async def test_a_rotated_key_follows(both: Beside) -> None:
    """Also when two keys exchange their tokens, and when the new token was revoked before."""
    await both.there(
        "insert into legacy.api_keys select 2, 3, 'Zweite', encode(sha256('zwei'), 'hex'),"
        " created_at, updated_at, null from legacy.api_keys where id = 1"
    )
    await both.monday()

    async def owners(*tokens: str) -> list[int | None]:
        return [
            await both.one(
                """select k.legacy_id from app_private.bearer b
                   join app_private.legacy_api_key k on k.api_key_id = b.api_key_id
                   where b.token_sha256 = $1""",
                hashlib.sha256(token.encode()).digest(),
            )
            for token in tokens
        ]

    assert await owners(TOKEN, "zwei") == [1, 2]
    await both.there(
        "update legacy.api_keys set name = 'Neu', token_sha256 = encode(sha256('drei'), 'hex')"
        " where id = 1"
    )
    await both.monday()
    assert await owners(TOKEN, "zwei", "drei") == [None, 2, 1]
    assert await both.one("select name from app.api_key where name = 'Neu'") == "Neu"
    await both.there(
        "update legacy.api_keys set token_sha256 = encode(sha256(case id when 1 then 'zwei'::bytea"
        " else 'drei'::bytea end), 'hex')"
    )
    await both.monday()
    assert await owners("zwei", "drei") == [1, 2]
    assert await both.differing() == {}
    # A key that somebody revoked here stays so.
    key = await both.one("select api_key_id from app_private.legacy_api_key where legacy_id = 1")
    await both.call(2, "app.revoke_api_key($1)", key)
    await both.there("update legacy.api_keys set token_sha256 = encode(sha256('vier'), 'hex')"
                     " where id = 1")  # fmt: skip
    await both.monday()
    assert await owners("zwei", "drei", "vier") == [None, 2, None]


async def test_a_marketplaces_owner_and_names_follow(both: Beside) -> None:
    await both.there(
        "update legacy.marketplaces set owner_user_id = 2, name = 'Neuer Name'",
        "delete from legacy.participants where user_id = 2",
        "update legacy.users set company_name = 'Gebert Neu' where id = 2",
    )
    await both.monday()
    markets = "select operator_company_id, name, operator_name from app.marketplace"
    assert await both.rows(markets) == [
        (await both.company(2), "Neuer Name", "Gebert Neu"),
    ]  # fmt: skip
    assert await both.rows("select distinct operator_name, marketplace_name "
                           "from app.participation") == [("Gebert Neu", "Neuer Name")]  # fmt: skip
    assert (
        await both.one("select marketplace_name from app.offer where state = 'open'")
        == "Neuer Name"
    )
    assert await both.call(2, "count(*) from app.lead") == 6
    # Lead 6 was given by Olga under her own name: she is its giver now, and sees nothing else.
    assert await both.rows(
        "select external_ref from app.lead where $1 = any (parties)", await both.company(1)
    ) == [("6",)]
    assert await both.differing() == {}
    again = await both.monday()
    assert (again.waiting, again.changed["marketplaces"]) == (0, 0)


async def test_a_pick_without_a_time_stays_one_pick(both: Beside) -> None:
    await both.there("update legacy.leads set picked_at = null where id in (3, 4)")
    for change in ("status_id = 1", "contact_phone = '+49 30 23125 111'", "interest = 'Anders'"):
        await both.there(f"update legacy.leads set {change}, updated_at = updated_at +"
                         " interval '1 hour' where id in (3, 4)")  # fmt: skip
        await both.monday()
    assert await both.engagements(3) == [(3, "active")]
    assert await both.engagements(4) == [(4, "won")]
    for table in ("disclosure", "history"):
        counts = await both.rows(
            f"""select count(*) from app.{table} x join app.lead l on l.id = x.lead_id
                where l.external_ref in ('3', '4') and to_jsonb(x) ->> 'event' is distinct from
                  'created'"""
        )
        assert counts == [(3 if table == "history" else 2,)], table
    # Given back and picked anew is another pick.
    await both.there("update legacy.leads set picked_at = now() where id = 3")
    await both.monday()
    assert await both.engagements(3) == [(3, "active"), (3, "revoked")]


async def test_corrected_times_make_nothing_twice(both: Beside) -> None:
    await both.there(
        "update legacy.leads set created_at = created_at - interval '1 day',"
        " interest = interest || '!'",
        "update legacy.offers set offered_at = offered_at - interval '1 day'",
    )
    offers, brokerages = "select count(*) from app.offer", "select count(*) from app.brokerage"
    before = [await both.one(offers), await both.one(brokerages)]
    await both.monday()
    assert [await both.one(offers), await both.one(brokerages)] == before
    assert await both.differing() == {}


async def test_who_declined_here_has_declined_and_what_is_picked_there_is_not_on_offer(
    both: Beside,
) -> None:
    """A refusal here is somebody's act: it stays. But the lead is still the former system's."""
    await both.there("update legacy.offers set state = 'open' where id = 2")
    await both.monday()
    await both.call(4, "app.decline_offer($1, $2, 'zu weit')", *await both.lead(2))
    await both.there("update legacy.leads set interest = 'Anders' where id = 2")
    await both.monday()
    assert await both.one(STATE, "2") == "offered"
    assert await both.offers(2) == [(3, "open"), (4, "declined")]
    await both.there(
        "update legacy.leads set state = 'picked', picked_by_user_id = 4 where id = 2",
        "update legacy.offers set state = case id when 2 then 'picked' else 'lost' end"
        " where lead_id = 2",
    )
    await both.monday()
    assert await both.offers(2) == [(3, "withdrawn"), (4, "declined")]
    await _cannot_pick(both, 3, 2)
    assert await both.waiting() == {("leads", "2", "changed-here")}
