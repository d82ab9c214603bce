"""Who may do what: the live catalogue, what the files declare, and what differs, in words."""

import csv
import io
import json

import pytest

from service.commands.audit import differing, matrix
from service.commands.audit.declared import Declared
from service.database.shipped import SQL
from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase, Urls, connected

# One statement -> what the live matrix says then, and the difference in words.
CHANGES = {
    "alter policy select_party on app.lead using (true)": (
        "every row",
        "the policy select_party of app.lead now lets kollegium_api select rows using true; before,"
        " it let kollegium_api select rows using COALESCE((<company> = ANY (parties)), false)",
    ),
    "grant select (name) on app.colleague to kollegium_staff": (
        "no row",
        "kollegium_staff may now select app.colleague (name), no row",
    ),
    "grant execute on function app.purge() to public": (
        "public",
        "public may now execute app.purge(), with the rights of kollegium_broker",
    ),
    "alter table app.note disable row level security": (
        "every row: no row security",
        "kollegium_api may now select app.note, every row: no row security; before: select"
        " app.note, own company's row",
    ),
    "create policy more on app.note for select to public using (company_id is not null)": (
        "NOT IN THE SET: (company_id IS NOT NULL)",
        "the policy more of app.note is new: it lets public select rows using"
        " (company_id IS NOT NULL)",
    ),
    "drop policy select_own on app.note": (
        "no row",
        "the policy select_own of app.note is gone: it let kollegium_api select rows using"
        " (company_id = <company>)",
    ),
    "grant select on app.prospect to kollegium_staff with grant option": (
        "no row",
        "kollegium_staff may now select with grant option app.prospect, no row",
    ),
    "grant kollegium_broker to kollegium_worker with admin option": (
        "",
        "kollegium_worker may now become and give away kollegium_broker",
    ),
    "revoke usage on schema app from kollegium_auditor": (
        None,
        "kollegium_auditor may no more use app",
    ),
    "alter function app.purge() security invoker": (
        "with the rights of its caller",
        "the function app.purge() is another: its body, owner, rights or settings",
    ),
}


async def test_the_catalogue_is_what_the_files_declare(new_database: NewDatabase) -> None:
    """And each change of it is a line more or less."""
    declared = set(matrix.from_files())
    async with new_database() as urls, connected(urls.superuser) as superuser:
        # What is granted on a database, its clone has not.
        await superuser.execute((SQL / "roles.sql").read_text("utf-8"))
        live = set(await matrix.live(superuser))
        assert len(live) > 500
        assert {right.kind for right in live} == set(matrix.TITLES)
        assert live - declared == set()
        assert declared - live == set()
        for change, (says, _) in CHANGES.items():
            transaction = superuser.transaction()
            await transaction.start()
            await superuser.execute(change)
            other = set(await matrix.live(superuser)) - declared
            assert bool(other) == (says is not None), change
            if says is not None:
                assert any(says in one.rows or says == one.role for one in other), (change, other)
            await transaction.rollback()


async def test_two_databases_differ_in_words(new_database: NewDatabase) -> None:
    async with new_database() as urls, connected(urls.superuser) as superuser:
        before = await differing.of_database(superuser)
        assert differing.in_words(before, await differing.of_database(superuser)) == []
        for change, (_, words) in CHANGES.items():
            transaction = superuser.transaction()
            await transaction.start()
            await superuser.execute(change)
            said = differing.in_words(before, await differing.of_database(superuser))
            assert words in said, (change, said)
            await transaction.rollback()


async def test_the_commands(new_database: NewDatabase, world_database: Urls) -> None:
    env = {"DATABASE_AUDITOR_URL": world_database.auditor}
    live = kollegium("audit", "matrix", env=env).stdout
    assert "| kollegium_api | `app.lead` | select | party of the row | all |" in live
    lines = list(
        csv.DictReader(io.StringIO(kollegium("audit", "matrix", "--format", "csv", env=env).stdout))
    )
    declared = json.loads(kollegium("audit", "matrix", "--format", "json", "--declared").stdout)
    assert {tuple(line.values()) for line in lines} <= {tuple(line.values()) for line in declared}
    async with new_database() as urls, connected(urls.superuser) as superuser:
        both = {"HERE": world_database.auditor, "THERE": urls.auditor}
        same = kollegium("audit", "diff", "HERE", "THERE", env=both)
        assert (same.returncode, same.stdout) == (0, "No difference.\n")
        await superuser.execute("alter policy select_party on app.lead using (true)")
        other = kollegium("audit", "diff", "HERE", "THERE", env=both)
        assert other.returncode == 1
        assert "the policy select_party of app.lead now lets" in other.stdout


def test_two_revisions_differ_in_words() -> None:
    """0001 is frozen: of it only what came since can change. Nothing of it needs a database."""
    done = kollegium("audit", "diff", "--revisions", "0001", "0002", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)["differences"]
    assert (
        "the policy select_party of app.rating is new: it lets kollegium_api select rows using"
        " (coalesce(<company> = any (parties), false))" in said
    )
    assert any(
        one.startswith("kollegium_api may now execute app.rate_lead(uuid,uuid,integer,text)")
        for one in said
    )
    same = kollegium("audit", "diff", "--revisions", "0001", "0001")
    assert (same.returncode, same.stdout) == (0, "No difference.\n")
    unknown = kollegium("audit", "diff", "--revisions", "0001", "9999")
    assert "There is no revision '9999'" in unknown.stderr


async def test_the_release_that_is_not_out_is_what_the_files_say(empty_database: Urls) -> None:
    async with connected(empty_database.superuser) as superuser:
        live = await differing.of_database(superuser)
    last = differing.of_revision("0002")
    assert live.policies.keys() == last.policies.keys()
    # One is named like a word of SQL, which PostgreSQL prints in quotes.
    assert {name.replace('"', "") for name in live.functions} == last.functions.keys()


SCRIPTS = {
    "grant select, update (a, b) on app.t to x; revoke update on app.t from x;": {"x select"},
    "grant update (b, a) on app.t to x, y; -- grant delete on app.t to x;": {
        "x update a, b", "y update a, b",
    },
    "comment on table app.t is 'grant delete on app.t to x; no';": set(),
    "grant insert on app.t to x; drop table app.t;": set(),
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=["revoked", "columns", "quoted", "dropped"])
def test_statements_are_read_in_their_order(script: str) -> None:
    read = [right for right in Declared().read([script]).rights() if right.kind == "table"]
    assert {f"{r.role} {r.command} {r.columns}".strip() for r in read} == SCRIPTS[script]
