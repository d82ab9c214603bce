"""Every function locks in the order of the table, and writes a lead's rows under its lock."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures.database import ROOT, NewDatabase, connected
from tests.locks import order, source

# function -> what is out of order, and why it does no harm.
EXCEPT: dict[str, tuple[list[str], str]] = {
    "app.end_participation": (
        ["app.lead after app.participation"],
        "withdrawing an invitation, which deletes a card, ends before any lead is looked at; and "
        "of leads that came in while it waited for the card it waits for none (nowait)",
    ),
}
EXCEPT["app.legacy_import_marketplaces"] = (
    ["company lock after app.company"],
    "a marketplace is added, another changes hands; no merge runs beside it (legacy_hold_merges)",
)
EXCEPT["app.purge"] = (
    ["app.call_claim without the lead"],
    "claims of calls that ran out an hour ago, and of those none that somebody holds (skip locked)",
)
EXCEPT |= {
    name: (
        ["app.lead after app.participation"],
        "the lead is new, so nobody else can have it",
    )
    for name in (
        "app.create_lead",
        "app.take_in",
        "app.take_meta_lead",
        "app.continue_import",
        "app.work_on_import",
    )
}
EXCEPT |= {
    name: (
        ["app.lead after app.participation"],
        "the leads are drafts, which nobody offers; no merge of giver or operator runs beside it",
    )
    for name in ("app.continue_consent", "app.work_on_consent")
}
EXCEPT |= {
    name: (
        [f"app.participation after {', '.join(rows)}"],
        "the rows are those of leads that it holds, all of them before anything else; who leaves "
        "and holds his card waits for none of these leads (nowait)",
    )
    for name, rows in (
        ("app.end_waves", ("app.brokerage", "app.offer")),
        ("app.expire_offers", ("app.offer", "app.brokerage")),
        (
            "app.offer_again",
            (
                "app.return_request",
                "app.message",
                "app.history",
                "app.engagement",
                "app.prospect",
            ),
        ),
    )
}
# What would be found if somebody wrote it so.
DISORDERS = {
    "app.lead after app.participation": """
        perform from app.participation where company_id = p_id for no key update;
        perform app_private.lock_lead(p_id, p_id);""",
    "app.offer without the lead": "update app.offer set state = 'lost' where id = p_id;",
    "company lock after app.marketplace": """
        perform app_private.operated_marketplace(p_id, p_id);
        perform app_private.hold_company(p_id);""",
    "app.colleague after app.lead": """
        if p_id is not null then
          for v in select l.id from app.lead l where id = p_id order by l.id for update of l loop
            update app.colleague set name = case when active then 'for update' else name end;
          end loop;
        end if;""",
}


@pytest_asyncio.fixture(scope="module")
async def head(new_database: NewDatabase) -> AsyncIterator[Any]:
    """A superuser's connection to a database at head."""
    async with new_database() as urls, connected(urls.superuser) as connection:
        yield connection


async def _disordered(head: Any) -> dict[str, list[str]]:
    found = await source.functions(head)
    entries = {
        f.name: order.disorder(order.taken(f.name, found)) for f in found.values() if f.entry
    }
    return {name: wrong for name, wrong in entries.items() if wrong}


async def test_everybody_locks_in_one_order(head: Any) -> None:
    found = await _disordered(head)
    assert found == {name: wrong for name, (wrong, _) in EXCEPT.items()}


@pytest.mark.parametrize("disorder", DISORDERS)
async def test_disorder_is_noticed(head: Any, disorder: str) -> None:
    """The control: a function that does so is found, and this is said of it."""
    transaction = head.transaction()
    await transaction.start()
    try:
        await head.execute(
            f"create function app.disorder(p_id uuid) returns void language plpgsql as $$ "
            f"declare v record; begin {DISORDERS[disorder]} end $$"
        )
        assert (await _disordered(head))["app.disorder"] == [disorder]
    finally:
        await transaction.rollback()


async def test_every_function_that_locks_is_read(head: Any) -> None:
    """Nothing is overlooked for being spelt in another way: each body that says `for update`, or
    writes, has a statement of which that is known."""
    for function in (await source.functions(head)).values():
        text = source.plain(function.body)
        if source.WRITE.search(text) or source.LOCK.search(text):
            known = [table for one in function.statements for table in source.locked(one.text)]
            assert known, function.name


def test_the_order_is_documented() -> None:
    """docs/architecture.md tells the places in this order."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert [name for name in table if name in order.ORDER] == list(order.ORDER)


# A condition on a sub-select is pushed below its lock, and what it leaves out is not locked. One
# with a volatile function is not.
FILTERED = re.compile(
    r"for (?:no key update|update|key share|share)(?: of \w+)?(?: skip locked)?\) (?:as )?\w+ where"
)


async def test_nobody_filters_what_a_sub_select_locks(head: Any) -> None:
    found = await source.functions(head)
    filtered = {
        f.name for f in found.values() if any(FILTERED.search(s.text) for s in f.statements)
    }
    assert filtered == {"app.address_mails"}  # pg_try_advisory_xact_lock_shared is volatile
