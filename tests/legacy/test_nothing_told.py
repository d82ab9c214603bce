"""What commands print or log names tables, numbers and columns, and never what stands in a row."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from service.commands.output import explained
from service.database.wire import PostgresError
from service.jobs.legacy.contract import tables
from tests.fixtures.database import Urls, connected
from tests.legacy.system import copies
from tests.legacy.test_rollout_commands import legacy

MARKER = re.compile(r"z\s*q\s*m\s*a\s*r\s*k", re.IGNORECASE)
# Texts that must be one of a few; a marker there is a fault, elsewhere it is just a text.
CHOSEN = {
    ("participants", "role"), ("participants", "state"), ("leads", "state"), ("offers", "state"),
    ("users", "email"), ("users", "password_hash"), ("users", "language"),
    ("api_keys", "token_sha256"), ("participants", "postcode_areas"),
}  # fmt: skip


def texts() -> Iterator[tuple[str, str]]:
    """Every text column of the contract."""
    for table in tables().values():
        for column in table.columns:
            if column.type == "text":
                yield table.name, column.name


def test_every_text_column_is_thought_of() -> None:
    assert set(texts()) > CHOSEN
    assert len(set(texts())) > 25


@pytest_asyncio.fixture
async def marked(clean: Urls) -> AsyncIterator[Urls]:
    """Three further copies of the system: texts with markers; chosen ones with markers; and texts
    that are too long or unprintable with markers."""
    async with connected(clean.superuser) as superuser:
        await copies(superuser, 3)
        for table, column in texts():
            if table == "groups":
                continue
            where = "id between {0} and {0} + 999"
            mark = f"'ZqMark {table} {column} ' || id"
            update = f"update legacy.{table} set {column} = "
            if (table, column) in CHOSEN:
                await superuser.execute(f"{update}{mark} where {where.format(2000)}")
                continue
            await superuser.execute(f"{update}{mark} where {where.format(1000)}")
            await superuser.execute(
                f"{update}e'Zq\\u200bMark' || repeat('ZqMark', 1700) where {where.format(3000)}"
            )
        # A rule that nobody foresaw, whose message would have the row in it.
        await superuser.execute(
            "alter table app.prospect add constraint odd check (street not like 'ZqMark%04')"
        )
    yield clean


def _told(done: Any) -> str:
    return str(done.stdout) + str(done.stderr)


async def test_no_command_repeats_what_stands_in_a_row(marked: Urls, tmp_path: Path) -> None:
    log, rows, out = (tmp_path / name for name in ("import.log", "rows.csv", "proof.json"))
    told = {
        "plan": _told(legacy(marked, "plan", "--rows", str(rows))),
        "plan de": _told(legacy(marked, "plan", "--json", "--language", "de")),
        "import": _told(legacy(marked, "import", "--log", str(log))),
        "quarantine": _told(legacy(marked, "quarantine", "--limit", "1000")),
        "quarantine json": _told(legacy(marked, "quarantine", "--json", "--limit", "1000")),
        "retry": _told(legacy(marked, "retry", "--log", str(log), "--json")),
        "prove": _told(legacy(marked, "prove")),
        "proof": _told(legacy(marked, "prove", "--user", "1003", "--out", str(out))),
        "rows": rows.read_text(),
        "log": log.read_text(),
    }
    told["out"] = out.read_text()
    for command, text in told.items():
        assert text, command
        assert not MARKER.search(text), (command, MARKER.search(text))
    # The control: much was found, of every kind, and the odd row by its number.
    assert "text-too-long" in told["quarantine"]
    assert "unforeseen" in told["quarantine"]
    assert "1004" in told["quarantine"]
    assert "phone-kept-as-answer" in told["plan"]


async def _exported(urls: Urls, directory: Path) -> None:
    directory.mkdir()
    async with connected(urls.superuser) as superuser:
        for name in tables():
            await superuser.copy_from_query(
                f"select * from legacy.{name}",
                output=directory / f"{name}.csv", format="csv", header=True,
            )  # fmt: skip


@pytest.mark.parametrize("fault", ["no header", "types", "columns", "encoding", "quote"])
async def test_files_that_are_not_the_contracts_are_not_repeated(
    marked: Urls, tmp_path: Path, fault: str
) -> None:
    csv = tmp_path / "csv"
    await _exported(marked, csv)
    users = csv / "users.csv"
    lines = users.read_bytes().split(b"\n")
    if fault == "no header":
        marked_lines = [one for one in lines if b"ZqMark" in one]
        users.write_bytes(b"\n".join(marked_lines) + b"\n")
    elif fault == "types":
        users.write_bytes(b"\n".join([lines[0], *(b"ZqMark" + one for one in lines[1:] if one)]))
    elif fault == "columns":
        users.write_bytes(b"\n".join([lines[0], *(b"ZqMark," + one for one in lines[1:] if one)]))
    elif fault == "encoding":
        users.write_bytes(users.read_bytes().replace(b"ZqMark", b"ZqMark\xe4") + b"ZqMark\xe4,x\n")
    else:
        users.write_bytes(users.read_bytes() + b'9,"ZqMark')
    for more in ((), ("--latin1",)):
        done = legacy(marked, "plan", "--csv", str(csv), *more)
        assert not MARKER.search(_told(done)), fault
        assert done.returncode == (0 if more and fault == "encoding" else done.returncode)
        if done.returncode:
            assert "users" in done.stderr


def test_what_postgresql_refuses_is_named_without_its_value() -> None:
    raised = asyncpg.UniqueViolationError.new({
        "S": "ERROR", "C": "23505", "M": 'duplicate key value "ZqMark"',
        "D": "Key (email)=(ZqMark) already exists.", "t": "colleague", "n": "colleague_email",
    })  # fmt: skip
    assert "ZqMark" in str(raised)
    shown = str(explained(raised).message)
    assert "ZqMark" not in shown
    assert "23505, colleague, colleague_email" in shown
    own = PostgresError({"C": "22P02", "M": 'invalid input syntax for integer: "ZqMark"'})
    assert "ZqMark" not in explained(own).message
