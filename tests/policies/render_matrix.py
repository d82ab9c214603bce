"""Writes docs/access-matrix.md: python -m tests.policies.render_matrix

The first half from access_matrix.toml, the second from the catalogue of a fresh database.
"""

import asyncio
from typing import Any

from tests.fixtures.database import ROOT, connected, database, migrate
from tests.policies.matrix import read_matrix, tables

TARGET = ROOT / "docs" / "access-matrix.md"
QUESTION = ROOT / "sql" / "audit" / "executable_functions.sql"
FUNCTIONS = """## Functions

Generated from the catalogue, by the question `sql/audit/executable_functions.sql`: what each role
may execute, with whose rights the body works, and what it is for. What is not listed nobody who
logs in can call; helpers are in `app_private`.
"""
TITLES = {
    "lead": "Rows of a lead",
    "owned": "Rows of one company",
    "card": "Marketplaces and who takes part",
    "merge": "Merges",
}
HEAD = """# Access matrix

Generated from `tests/policies/access_matrix.toml` by `tests/policies/render_matrix.py`; the tests
try
each cell, with the control that the row exists. Do not edit.

Cells are about the web tier (`kollegium_api`) in somebody's context: **S**elect, **I**nsert,
**U**pdate, **D**elete; a dot is "nothing", for reading as for writing. `kollegium_worker`,
`kollegium_staff` and `kollegium_auditor` hold nothing on any table; `kollegium_owner`, bound by
FORCE, sees no row. Rows are made and moved by functions as `kollegium_broker`.
"""


def _cell(letters: str) -> str:
    return letters.replace("-", "") or "·"


def _family(matrix: dict[str, Any], family: str) -> list[str]:
    names = [name for name in tables(matrix) if matrix[name]["family"] == family]
    lines = [
        f"## {TITLES[family]}",
        "",
        "| relation | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for relation, meaning in matrix["relations"][family].items():
        cells = " | ".join(_cell(matrix[name]["cells"][relation]) for name in names)
        lines.append(f"| {meaning} | {cells} |")
    return [*lines, ""]


def _grants(matrix: dict[str, Any]) -> list[str]:
    lines = [
        "## Grants",
        "",
        "| table | api reads | api updates | broker | broker updates |",
        "|---|---|---|---|---|",
    ]
    for name in tables(matrix):
        table = matrix[name]
        select = "all columns" if table["api_select"] == ["*"] else ", ".join(table["api_select"])
        lines.append(
            f"| {name} | {select} | {', '.join(table['api_update']) or '·'} | {table['broker']} "
            f"| {', '.join(table['broker_update']) or '·'} |"
        )
    return [*lines, ""]


def _functions(rows: list[Any]) -> list[str]:
    lines = [FUNCTIONS]
    for role in dict.fromkeys(row["role"] for row in rows):
        lines += [f"### {role}", "", "| function | runs as | why |", "|---|---|---|"]
        lines += [
            f"| `{row['function']}` | {row['runs as']} | {row['why']} |"
            for row in rows
            if row["role"] == role
        ]
        lines.append("")
    return lines


async def executable(db: Any) -> list[Any]:
    """Who may execute what, as `sql/audit/executable_functions.sql` answers."""
    found: list[Any] = await db.fetch(QUESTION.read_text("utf-8"))
    return found


def rendered(functions: list[Any]) -> str:
    """The page."""
    matrix = read_matrix()
    parts = [line for family in TITLES for line in _family(matrix, family)]
    return "\n".join([HEAD, *parts, *_grants(matrix), *_functions(functions)])


async def _functions_of_head() -> list[Any]:
    from tests.fixtures.server import choose_server

    server = choose_server()
    async with database(server.superuser_url) as urls:
        await migrate(urls.superuser)
        async with connected(urls.superuser) as db:
            return await executable(db)


if __name__ == "__main__":
    TARGET.write_text(rendered(asyncio.run(_functions_of_head())), encoding="utf-8")
