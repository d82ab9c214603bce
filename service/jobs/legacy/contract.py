"""The contract with the former system: tables and columns, read from `sql/legacy/schema.sql`."""

import functools
import re
from typing import NamedTuple

from service.database.shipped import SQL

SCHEMA_FILE = SQL / "legacy" / "schema.sql"


class LegacyColumn(NamedTuple):
    """A column of the contract and its type."""

    name: str
    type: str


class LegacyTable(NamedTuple):
    """A table of the contract; `key` orders its rows."""

    name: str
    columns: tuple[LegacyColumn, ...]
    key: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


def schema_script(schema: str = "legacy") -> str:
    """The statements that create the former system's tables in a schema of that name."""
    script = SCHEMA_FILE.read_text(encoding="utf-8")
    for statement in ("create schema legacy;", "comment on schema legacy", "search_path = legacy;"):
        script = script.replace(statement, statement.replace("legacy", quoted(schema)))
    return script


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


@functools.cache
def tables() -> dict[str, LegacyTable]:
    """All tables of the contract by name, in the order in which they are read."""
    found = {}
    script = SCHEMA_FILE.read_text(encoding="utf-8")
    for name, body in re.findall(r"^create table (\w+) \(\n(.*?)^\);", script, re.S | re.M):
        lines = [line.strip().rstrip(",") for line in body.strip().splitlines()]
        columns = tuple(
            LegacyColumn(match[1], match[2])
            for line in lines
            if (
                match := re.match(
                    r"(?!primary key)(\w+) ([\w ]+?(?:\([\d, ]+\))?)(?: not null| primary key|$)",
                    line,
                )
            )
        )
        key = next(
            (match[1] for line in lines if (match := re.match(r"primary key \((.*)\)", line))), "id"
        )
        found[name] = LegacyTable(name, columns, key)
    return found
