"""The proof of companies of several: what the company sees is what all its users saw."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase
from tests.legacy.beside import Beside, beside
from tests.legacy.test_after_merges import BROUGHT

OPENING = "select * from app.open_joined_proof_sessions(array[$1::uuid], array[sha256('kgs_x')])"


@pytest_asyncio.fixture(scope="module")
async def merged(new_database: NewDatabase, brought_template: str) -> AsyncIterator[str]:
    """3 Anna and 4 Ben are one company; both brought much of their own."""
    async with new_database(brought_template) as urls:
        async with beside(urls, already=True) as one:
            await one.merge(3, 4)
            await one.there(*BROUGHT.split(";")[:-1])
            await one.monday()
        yield urls.database


@pytest_asyncio.fixture
async def both(new_database: NewDatabase, merged: str) -> AsyncIterator[Beside]:
    """A clone of that for one test."""
    async with new_database(merged) as urls, beside(urls, already=True) as one:
        yield one


async def test_one_comparison_a_company(both: Beside) -> None:
    proofs = await both.prove()
    assert {user: proof.state for user, proof in proofs.items()} == {
        1: "ready", 2: "ready", 3: "joined", 4: "joined", 5: "deleted",
    }  # fmt: skip
    first, second = proofs[3], proofs[4]
    assert first.differences == second.differences == 0
    assert first.before["leads"] == first.after["leads"] > 4
    assert first.before["users"] == first.after["users"] == 2
    assert (sum(second.before.values()), second.rows) == (0, [])
    # Nothing stays open.
    assert await both.one("select count(*) from app_private.bearer where token_sha256 is not null "
                          "and api_key_id is null and expires_at > now()") == 0  # fmt: skip
    # Who asks for the second alone, gets it with him.
    only = await both.prove_only(4)
    assert only.before == first.before


LEADS_OF = "(select lead_id from app_private.legacy_lead where legacy_id = {})"


@pytest.mark.parametrize(
    ("planted", "kind", "reason", "fields"),
    [
        (f"delete from app.note where lead_id = {LEADS_OF.format(52)}", "comments",
         "seen before and not now", []),
        ("update app.prospect set city = 'Kiel', parties = parties where lead_id = "
         + LEADS_OF.format(53), "prospects", "other content", ["city"]),
        ("update app.lead set tags = '{fremd}' where id = " + LEADS_OF.format(51), "leads",
         "other content", ["tags"]),
        ("select 1", "leads", None, []),
    ],
    ids=["note of one colleague", "person", "lead given by the other", "control: nothing"],
)  # fmt: skip
async def test_what_is_planted_is_found(
    both: Beside, planted: str, kind: str, reason: str | None, fields: list[str]
) -> None:
    await both.there(planted)
    found = {
        (row.what, row.reason, tuple(row.fields))
        for row in (await both.prove_only(3)).rows
        if row.verdict == "differs"
    }
    assert found == ({(kind, reason, tuple(fields))} if reason else set())


async def test_a_founder_deleted_there_takes_nothing_from_his_company(both: Beside) -> None:
    await both.there("update legacy.users set deleted_at = now() where id = 3")
    await both.monday()
    assert (await both.prove_only(4)).differences == 0


async def test_no_session_after_the_cut_over_or_for_strangers(both: Beside) -> None:
    company = await both.company(3)
    assert await both.staff_rows(OPENING, company) == [(company,)]
    await both.there("delete from app_private.bearer where token_sha256 = sha256('kgs_x')")
    native = await both.one(
        "insert into app.company (id, name) values (gen_random_uuid(), 'Hier') returning id"
    )
    await both.there(
        "insert into app.colleague (id, company_id, email, name, role) values"
        f" (gen_random_uuid(), '{native}', 'hier@hier.example', 'Hier', 'admin')"
    )
    assert await both.staff_rows(OPENING, native) == []
    await both.there("update app.colleague set active = false where company_id = "
                     f"'{company}'")  # fmt: skip
    assert await both.staff_rows(OPENING, company) == []
    await both.there(f"update app.colleague set active = true where company_id = '{company}'")
    await both.staff_rows("select app.legacy_end_the_former_system()")
    assert await both.staff_rows(OPENING, company) == []
