"""`service/database/tables.py` says what the catalogue says; and what its statements cost.

`KOLLEGIUM_GOLDEN=write pytest tests/plans/test_tables.py` writes it anew after a change of a table.
"""

import os
import re
import textwrap
import timeit
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.database import statements, tables
from service.domain.timeline.queries import NOTES
from tests.fixtures.database import Urls, connected

FILE = Path(tables.__file__)
SHORT = {"timestamp with time zone": "timestamptz", "double precision": "double"}


async def _catalogue(urls: Urls) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    async with connected(urls.superuser) as superuser:
        rows = await superuser.fetch(
            "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) as type"
            " from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')"
            " and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum"
        )
    for row in rows:
        kind = SHORT.get(row["type"], row["type"])
        found.setdefault(row["relname"], {})[row["attname"]] = kind
    return found


def _described() -> dict[str, dict[str, str]]:
    names = {repr(kind): name for name, kind in tables.TYPES.items()}
    names |= {repr(kind()): name for name, kind in tables.TYPES.items() if isinstance(kind, type)}
    return {
        table.name: {column.name: names[repr(column.type)] for column in table.columns}
        for table in tables.ALL.tables.values()
    }


def _written(catalogue: dict[str, dict[str, str]]) -> str:
    head, mark, _ = FILE.read_text("utf-8").partition("# From here on written by a test.\n")
    parts = []
    for table, columns in catalogue.items():
        text = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        lines = textwrap.wrap(text, 88, break_long_words=False)
        quoted = [f'    "{line} "' for line in lines[:-1]] + [f'    "{lines[-1]}",']
        parts.append("\n".join([f"{table} = _table(", f'    "{table}",', *quoted, ")"]))
    return head + mark + "\n".join(parts) + "\n"


async def test_the_description_is_the_catalogue(empty_database: Urls) -> None:
    catalogue = await _catalogue(empty_database)
    if os.environ.get("KOLLEGIUM_GOLDEN") == "write":
        FILE.write_text(_written(catalogue), "utf-8")
        pytest.skip("written; run again")
    assert len(catalogue) > 15
    assert _described() == catalogue


def test_a_statement_is_compiled_once_for_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request of a shape compiles nothing; values are no part of a shape."""
    compiled: list[Any] = []
    real = statements.compiled
    monkeypatch.setattr(statements, "compiled", lambda one: compiled.append(one) or real(one))
    statements.page.cache_clear()
    key = NOTES.selected_columns["id"]
    for _ in range(3):
        for follows in (False, True):
            for rows in (21, 101):
                made = statements.page(NOTES, key, False, follows, rows)
                made.values({"m": uuid4(), "lead": uuid4(), "after_": uuid4()})
    assert len(compiled) == 4


def test_a_page_has_its_values_in_their_order() -> None:
    made = statements.page(NOTES, NOTES.selected_columns["id"], False, True, 21)
    assert made.names == ("m", "lead", "after_")
    assert re.sub(r"\s+", " ", made.sql).endswith("WHERE x.id < $3 ORDER BY x.id DESC LIMIT 21")


def test_what_a_request_pays_is_a_look_up() -> None:
    """A ratio of one run, and a wide one: a compilation is thousands of look-ups."""
    key = NOTES.selected_columns["id"]
    arguments = (NOTES, key, False, True, 21)
    look_up = min(timeit.repeat(lambda: statements.page(*arguments), number=200, repeat=5))
    anew = min(timeit.repeat(lambda: statements.page.__wrapped__(*arguments), number=20, repeat=5))
    assert look_up / 200 < anew / 20 / 50
