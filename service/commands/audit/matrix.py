"""The matrix of who may do what, from the live catalogue or from the files, in three formats."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from service.commands.audit.declared import Declared, Right
from service.database.shipped import SQL, sql_files

QUESTION = SQL / "audit" / "matrix.sql"
COLUMNS = ("kind", "role", "object", "command", "rows", "columns")
TITLES = {
    "table": "Tables",
    "function": "Functions",
    "schema": "Schemas",
    "database": "Database",
    "membership": "Memberships",
}


async def live(connection: Any) -> list[Right]:
    """As the catalogue has it; any role may read it."""
    return sorted(Right(**row) for row in await connection.fetch(QUESTION.read_text("utf-8")))


def from_files() -> list[Right]:
    """As `sql/` says."""
    return sorted(Declared().read(file.read_text("utf-8") for file in sql_files()).rights())


def _markdown(rights: Iterable[Right]) -> str:
    lines, kind = ["# Who may do what"], ""
    for right in sorted(rights, key=lambda one: (list(TITLES).index(one.kind), one)):
        if right.kind != kind:
            kind = right.kind
            lines += ["", f"## {TITLES[kind]}", "", "| role | object | command | rows | columns |"]
            lines += ["|---|---|---|---|---|"]
        cells = (right.role, f"`{right.object}`", right.command, right.rows, right.columns or "all")
        shown = cells if kind == "table" else (*cells[:4], "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in shown) + " |")
    return "\n".join(lines)


def _csv(rights: Iterable[Right]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(right, name) for name in COLUMNS] for right in rights)
    return text.getvalue().rstrip("\n")


def _json(rights: Iterable[Right]) -> str:
    return msgspec.json.encode(list(rights)).decode()


FORMATS: dict[str, Callable[[Iterable[Right]], str]] = {"md": _markdown, "csv": _csv, "json": _json}
