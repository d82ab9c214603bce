"""The catalogue as lines of text: what decides over access, one fact each."""

import re
from typing import Any, NamedTuple

from service.database.shipped import SQL

QUESTION = SQL / "audit" / "drift.sql"


class Key(NamedTuple):
    """What a line is about: a kind of thing, which one, and what of it."""

    kind: str
    object: str
    part: str


#: What each is said to be. A list, because a restored dump may say the same in other words.
Lines = dict[Key, str]

# Texts for people; what a column holds stands at the end of its comment, and erasure reads that.
_TEXTS = {"policy comment", "function comment"}
_HOLDS = re.compile(r"\[[a-z ]+\]$")


async def rows(connection: Any) -> list[Any]:
    """Every line as the catalogue has it, comments and all. Any role is shown the same."""
    async with connection.transaction():
        # What a name needs before it depends on the path; a role's could be set.
        await connection.execute("set local search_path = pg_catalog, pg_temp")
        return list(await connection.fetch(QUESTION.read_text("utf-8"), timeout=60))


async def live(connection: Any) -> Lines:
    """The lines that are compared."""
    found = {}
    for kind, thing, part, says in await rows(connection):
        key = Key(kind, thing, part)
        if kind in _TEXTS or (kind == "table" and part == "comment"):
            continue
        if kind == "column comment":
            holds = _HOLDS.search(says)
            if holds:
                found[key] = holds.group()
            continue
        found[key] = one_line(says) if kind != "function" else says
    return found


def one_line(text: str) -> str:
    """PostgreSQL breaks long expressions into lines; files here have one each."""
    return re.sub(r"\s+", " ", text).strip()
