"""What a function of the database locks and writes, read from its source.

A body is cut into statements; each says which tables it locks (`select … for …`), writes (`update`,
`delete`, an upsert) and which functions it calls. Rows that are only inserted lock nothing that
somebody could wait for: their keys take `for key share` of what they name, which meets no one but a
merge, and a merge has the companies for itself by then.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(
    r"(?P<skip>--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\2\$)"
    r"|(?P<word>[A-Za-z_]\w*(?:\.\w+)*)|(?P<mark>[();])",
    re.DOTALL,
)
HEADERS = {"if": "then", "elsif": "then", "when": "then", "for": "loop", "while": "loop"}
BETWEEN = {"begin", "else", "exception", "loop"}  # after these a statement begins
TABLE = r"((?:app|app_private|legacy_staging)\.\w+)"
LOCK = re.compile(r"\bfor (?:no key update|update|key share|share)\b(?: of (\w+(?:, \w+)*))?")
WRITE = re.compile(rf"\b(?:update|delete from) (?:only )?{TABLE}(?! of\b)")
UPSERT = re.compile(rf"\binsert into {TABLE}.*?\bdo update\b")
SOURCE = re.compile(rf"\b(?:from|join) {TABLE}(?: (?:as )?(?!where\b|on\b|order\b|for\b)(\w+))?")
CALL = re.compile(r"\b((?:app|app_private)\.\w+) ?\(")

FUNCTIONS = """
    select n.nspname || '.' || p.proname as name, l.lanname as language, p.prosrc as body,
      p.provolatile::text as volatile, n.nspname = 'app' as entry,
      pg_get_functiondef(p.oid) as whole
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    where n.nspname in ('app', 'app_private') and l.lanname in ('sql', 'plpgsql') order by 1, p.oid
"""


@dataclass(frozen=True)
class Statement:
    """A statement or the head of a loop or condition; `stops`: one may wait before and after it."""

    start: int
    end: int
    text: str
    before: bool = True
    after: bool = True


@dataclass
class Function:
    """A function of the database, by its statements."""

    name: str
    language: str
    volatile: bool
    entry: bool
    body: str
    whole: str
    statements: list[Statement]


def plain(text: str) -> str:
    """Without comments and strings, one blank between words."""
    return re.sub(r"\s+", " ", TOKEN.sub(lambda m: " " if m["skip"] else m[0], text)).strip()


def _tokens(body: str, position: int) -> Iterator["re.Match[str]"]:
    return (token for token in TOKEN.finditer(body, position) if not token["skip"])


@functools.cache
def statements(body: str, language: str) -> list[Statement]:
    """The statements of a body, in the order in which they stand there."""
    if language == "sql":
        ends = [*(t.end() for t in _tokens(body, 0) if t[0] == ";"), len(body)]
        starts = [0, *ends]
        found = [Statement(s, e, plain(body[s:e])) for s, e in zip(starts, ends, strict=False)]
        return [one for one in found if one.text]
    head = next(token for token in _tokens(body, 0) if token[0] == "begin")
    found = [Statement(0, head.end(), plain(body[: head.end()]), before=False, after=False)]
    position = head.end()
    while (first := next(_tokens(body, position), None)) is not None:
        if first[0] in BETWEEN:
            position = first.end()
        elif first[0] in HEADERS or first[0] == "declare":
            end = _end(body, first, HEADERS.get(first[0], "begin"))
            whole = first[0] in ("if", "for", "while")
            found.append(_statement(body, first, end, before=whole, after=False))
            position = end
        else:
            end = _end(body, first, ";")
            if first[0] != "end":
                # What follows a return is never reached, what follows a raise neither.
                stays = first[0] not in ("return", "raise", "exit", "continue")
                found.append(_statement(body, first, end, after=stays))
            position = end
    return found


def _statement(body: str, first: "re.Match[str]", end: int, **stops: bool) -> Statement:
    return Statement(first.start(), end, plain(body[first.start() : end]), **stops)


def _end(body: str, first: "re.Match[str]", closing: str) -> int:
    """Where a statement that begins with `first` ends: after `closing`, outside of case and ()."""
    depth = cases = 0
    for token in _tokens(body, first.end()):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        cases += {"case": 1, "end": -1 if cases else 0}.get(token[0], 0)
        if token[0] == closing and depth == 0 and cases == 0:
            return token.end()
    assert first[0] == "end", f"no {closing} after {body[first.start() :][:80]}"
    return len(body)


def locked(text: str) -> list[str]:
    """Tables of which a statement locks or changes rows that exist, in the order of the text."""
    found = [(m.start(), 0, m[1]) for m in WRITE.finditer(text)]
    found += [(m.start(), 0, m[1]) for m in UPSERT.finditer(text)]
    for lock in LOCK.finditer(text):
        # "of a, b" locks the row of a first, wherever it stands in the join.
        named = lock[1].split(", ") if lock[1] else None
        for source in SOURCE.finditer(text, 0, lock.start()):
            between = text[source.end() : lock.start()]
            while (inner := re.sub(r"\([^()]*\)", "", between)) != between:
                between = inner
            if not re.search(r"[()]|\bunion\b", between) and (not named or source[2] in named):
                at = named.index(source[2]) if named else source.start()
                found.append((lock.start(), at, source[1]))
    return [table for _, _, table in sorted(found)]


def called(text: str) -> list[str]:
    """Functions that a statement calls."""
    return CALL.findall(text)


async def functions(db: Any) -> dict[str, Function]:
    """All functions of the database by name; of namesakes the last."""
    return {
        row["name"]: Function(
            row["name"],
            row["language"],
            row["volatile"] == "v",
            row["entry"],
            row["body"],
            row["whole"],
            statements(row["body"], row["language"]),
        )
        for row in await db.fetch(FUNCTIONS)
    }
