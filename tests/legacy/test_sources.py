"""A schema, another PostgreSQL and a directory of files are one source; bad files are named."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from service.jobs.legacy.contract import tables
from service.jobs.legacy.files import SourceError
from service.jobs.legacy.importing import Outcome, import_load
from service.jobs.legacy.practice.filling import fill_directory
from service.jobs.legacy.practice.generating import Generator
from service.jobs.legacy.sources import FileSource
from service.jobs.legacy.staging import staged
from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.legacy.conftest import LEADS, SEED, USERS
from tests.legacy.system import imported, silent, state


async def _state_of(urls: Urls) -> dict[str, str]:
    async with connected(urls.superuser) as superuser:
        return await state(superuser)


async def _files(urls: Urls, directory: Path, ending: str, options: str) -> None:
    """Exports schema `legacy` as an operator would, with COPY."""
    async with connected(urls.superuser) as superuser:
        for name, table in tables().items():
            data = io.BytesIO()
            await superuser.copy_from_query(
                f"select {', '.join(table.names)} from legacy.{name}",
                output=data,
                format="csv" if ending == "csv" else "text",
                **({"header": True} if options else {}),
            )
            (directory / f"{name}.{ending}").write_bytes(data.getvalue())


@pytest.mark.parametrize(("ending", "options"), [("csv", "header"), ("copy", "")])
async def test_files_bring_what_the_schema_brings(
    clean: Urls, empty_database: Urls, tmp_path: Path, ending: str, options: str
) -> None:
    async with connected(clean.superuser) as superuser:
        await superuser.execute(
            """update legacy.comments set text = e'Zeile „eins“,\\n"zwei"; \\\\drei' where id = 1"""
        )
    await _files(clean, tmp_path, ending, options)
    if ending == "copy":
        with (tmp_path / "users.copy").open("ab") as file:
            file.write(b"\\.\n\n")  # as pg_dump ends a table
    await imported(clean)
    async with (
        connected(empty_database.staff) as staff,
        staged(staff, FileSource(tmp_path)) as load,
    ):
        await import_load([staff], load, silent)
    assert await _state_of(empty_database) == await _state_of(clean)


async def test_what_is_healed_in_the_files_comes_over(
    clean: Urls, empty_database: Urls, tmp_path: Path
) -> None:
    """As in a database (test_dirt.py): the row, and what waited for it."""
    async with connected(clean.superuser) as superuser:
        await superuser.execute("update legacy.users set email = 'kein' where id = 3")
    await _files(clean, tmp_path, "csv", "header")

    async def run() -> Outcome:
        async with (
            connected(empty_database.staff) as staff,
            staged(staff, FileSource(tmp_path)) as load,
        ):
            return await import_load([staff], load, silent)

    first = await run()
    assert (first.created["users"], first.waiting > 3) == (4, True)
    users = tmp_path / "users.csv"
    users.write_text(users.read_text("utf-8").replace(",kein,", ",anna@huber.example,"), "utf-8")
    second = await run()
    assert (second.created["users"], second.waiting, second.healed) == (1, 0, first.waiting)


async def test_another_server_brings_the_same_and_is_only_read(
    dirty: Urls, empty_database: Urls
) -> None:
    environment = {"DATABASE_STAFF_URL": empty_database.staff}
    source = ["--url", dirty.staff]
    done = kollegium("legacy", "import", "--json", *source, env=environment)
    assert done.returncode == 0, done.stderr
    await imported(dirty)
    assert await _state_of(empty_database) == await _state_of(dirty)
    assert json.loads(done.stdout)["created"]["users"] > 100


async def test_generated_files_are_the_generated_schema(
    dirty: Urls, empty_database: Urls, tmp_path: Path
) -> None:
    fill_directory(tmp_path, Generator(USERS, LEADS, SEED).chunks(), lambda *_: None)
    async with (
        connected(empty_database.staff) as staff,
        staged(staff, FileSource(tmp_path)) as load,
    ):
        await import_load([staff], load, silent)
    await imported(dirty)
    assert await _state_of(empty_database) == await _state_of(dirty)


def _write(directory: Path, name: str, rows: list[list[str]], encoding: str = "utf-8") -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    (directory / f"{name}.csv").write_bytes(text.getvalue().encode(encoding))


@pytest.fixture
def empty_files(tmp_path: Path) -> Path:
    """A directory with the headers alone."""
    for name, table in tables().items():
        _write(tmp_path, name, [list(table.names)])
    return tmp_path


def _user(email: str, name: str) -> list[str]:
    at = "2025-01-01 00:00+00"
    return ["7", email, "", "Jörg", name, name, "", "", "de", at, at, ""]


async def _findings(urls: Urls, source: FileSource) -> list[Any]:
    async with connected(urls.staff) as staff, staged(staff, source) as load:
        return [tuple(r) for r in await staff.fetch(
            "select kind, source_table, reason, first_keys from app.legacy_findings($1)", load
        )]  # fmt: skip


async def test_a_latin1_record_is_told_and_read_only_on_request(
    empty_database: Urls, empty_files: Path
) -> None:
    header = list(tables()["users"].names)
    _write(empty_files, "users", [header, _user("joerg@example.org", "Größe")], "cp1252")
    with pytest.raises(SourceError, match=r"users\.csv, record 2: not UTF-8"):
        await _findings(empty_database, FileSource(empty_files))
    found = await _findings(empty_database, FileSource(empty_files, latin1=True))
    assert ("warning", "users", "text-recoded", ["7"]) in found
    _write(empty_files, "users", [header, _user("joerg@example.org", "Größe")])
    found = await _findings(empty_database, FileSource(empty_files, latin1=True))
    assert "text-recoded" not in str(found)  # the control
    assert found


async def test_bad_files_are_named(empty_database: Urls, empty_files: Path) -> None:
    header = list(tables()["users"].names)
    _write(empty_files, "users", [[*header[:-1], "gone"]])
    with pytest.raises(SourceError, match="unknown: gone; missing: deleted_at"):
        await _findings(empty_database, FileSource(empty_files))
    (empty_files / "users.csv").unlink()
    with pytest.raises(SourceError, match=r"neither users\.csv nor users\.copy"):
        await _findings(empty_database, FileSource(empty_files))


async def test_the_commands_say_what_to_do(
    clean: Urls, new_database: NewDatabase, tmp_path: Path
) -> None:
    environment = {"DATABASE_STAFF_URL": clean.staff}
    missing = kollegium("legacy", "plan", "--schema", "nowhere", env=environment)
    assert (missing.returncode, "no schema nowhere" in missing.stderr) == (1, True)
    plan = kollegium("legacy", "plan", "--json", env=environment)
    assert json.loads(plan.stdout)["creates"]["companies"] == 5
    rehearsed = kollegium("legacy", "import", "--dry-run", env=environment)
    assert "Nothing was changed." in rehearsed.stdout
    log = tmp_path / "import.jsonl"
    done = kollegium("legacy", "import", "--log", str(log), env=environment)
    assert "Nothing waits in quarantine." in done.stdout, done.stderr
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert (events[0], events[-1], "batch" in events) == ("read", "done", True)
    async with connected(clean.superuser) as superuser:
        await superuser.execute("update legacy.participants set role = 'x' where id = 3")
        await superuser.execute("delete from app_private.legacy_participation")
    kollegium("legacy", "retry", env=environment)
    listed = kollegium("legacy", "quarantine", "--language", "de", env=environment)
    assert "weder giver noch taker" in " ".join(listed.stdout.split())
    over = kollegium("legacy", "cut-over", "--dry-run", env=environment)
    assert "still leads" in over.stdout
    over = kollegium("legacy", "cut-over", env=environment)
    assert "Cut over at" in over.stdout
    again = kollegium("legacy", "generate", "--users", "10", "--leads", "1",
                      env={"DATABASE_URL": clean.superuser})  # fmt: skip
    assert (again.returncode, "left alone" in again.stderr) == (1, True)
