"""What this release builds, and what the house has besides.

Functions are read from their text (`functions`). Of everything else `sql/expected` has what
PostgreSQL makes of it, a file for each file of sql/tables, written by the one line of
CONTRIBUTING.md, A migration. It is the same in PostgreSQL 15 and 18, where it was tried; in 16 and
17 it was not. A file names the hash of what it was made of, so that one of another state of a table
is known for what it is: its table is then reported as not compared, not as changed.
"""

import fnmatch
import functools
import hashlib
import os
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import msgspec

from service.database.drift.functions import declared
from service.database.drift.lines import Key, Lines
from service.database.shipped import SQL

FOLDER = SQL / "expected"
HOUSE = SQL / "house.toml"
#: Kinds that can be declared: what stands beside the wall, not what it is made of.
DECLARABLE = frozenset(
    {
        "power", "membership", "extension", "role setting", "database setting", "publication",
        "subscription", "replication slot", "event trigger", "foreign server", "foreign view",
        "foreign function",
        "database grant", "default privilege", "table grant", "column grant", "function grant",
        "schema grant", "parameter grant", "operator", "cast",
    }
)  # fmt: skip
_HEAD = (
    "# What PostgreSQL makes of sql/, the same in 15 and 18 (16 and 17 were not tried). How it is "
    "written anew: CONTRIBUTING.md, A migration."
)
REST = "database"  # the file of what belongs to no table
_MADE = re.compile(
    r"^create (?:unlogged )?(?:table|view|type)"
    r" ((?:app|app_private|legacy_staging|searching)\.\w+)",
    re.MULTILINE,
)
_RELATIONS = frozenset(
    {
        "table", "column", "default", "generated column", "column comment", "constraint", "index",
        "policy", "table grant", "column grant", "inheritance",
    }
)  # fmt: skip


class HouseEntry(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of house.toml."""

    kind: str
    object: str
    part: str
    reason: str

    def covers(self, key: Key) -> bool:
        """Whether the line is the one that is meant."""
        return self.kind == key.kind and all(
            fnmatch.fnmatchcase(value, pattern)
            for value, pattern in ((key.object, self.object), (key.part, self.part))
        )


class Expectation(NamedTuple):
    """What each line should say (any of these), and the files that are of another state."""

    lines: dict[Key, frozenset[str]]
    stale: frozenset[str]


class HouseUnreadable(Exception):
    """KOLLEGIUM_HOUSE names a file that cannot be used; the message says why."""


@functools.cache
def made_in() -> dict[str, str]:
    """The file of sql/tables (its name) of each table, view and type."""
    return {
        name: file.stem
        for file in sorted((SQL / "tables").glob("*.sql"))
        for name in _MADE.findall(file.read_text("utf-8"))
    }


def group(key: Key) -> str:
    """The file of sql/expected in which a line stands; "" for what is read from text."""
    if key.kind in ("function", "function grant"):
        return ""
    if key.kind not in _RELATIONS:
        return REST
    name = re.sub(r"_day_\d+$", "", key.object)
    return made_in().get(name, name.partition(".")[2])


def sources(stem: str) -> list[Path]:
    """What a file of sql/expected is made of."""
    if stem == REST:
        return [SQL / "roles.sql", SQL / "tables" / "schemas.sql", SQL / "tables" / "clock.sql"]
    return [SQL / "tables" / f"{stem}.sql", SQL / "policies" / f"{stem}.sql"]


def state(stem: str) -> str:
    """A hash of the sources of a file."""
    texts = (file.read_text("utf-8") for file in sources(stem) if file.exists())
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def written(stem: str, lines: dict[Key, frozenset[str]]) -> str:
    """The text of a file of sql/expected."""
    return f"{_HEAD}\n# state {state(stem)}\n" + "".join(
        f"{key.kind}\t{key.object}\t{key.part}\t{says}\n"
        for key in sorted(lines)
        for says in sorted(lines[key])
    )


@functools.cache
def expected() -> Expectation:
    """Of this release."""
    found: dict[Key, set[str]] = {}
    stale = set()
    for file in sorted(FOLDER.glob("*.txt")):
        head, *rest = file.read_text("utf-8").splitlines()[1:]
        if head != f"# state {state(file.stem)}":
            stale.add(file.stem)
            continue
        for line in rest:
            *key, says = line.split("\t")
            found.setdefault(Key(*key), set()).add(says)
    known = {file.stem for file in FOLDER.glob("*.txt")}
    stale |= {stem for stem in made_in().values() if stem not in known and stem != "schemas"}
    for signature, function in declared().items():
        found[Key("function", signature, "")] = {function.says}
        for role in function.executors:
            found[Key("function grant", signature, role)] = {"granted"}
    return Expectation({key: frozenset(says) for key, says in found.items()}, frozenset(stale))


def known(lines: Lines) -> tuple[dict[Key, str], list[HouseEntry]]:
    """Which lines the house declares, with its reason; and its entries. Raises HouseUnreadable."""
    entries = _house(os.environ.get("KOLLEGIUM_HOUSE") or str(HOUSE))
    return {key: entry.reason for key in lines for entry in entries if entry.covers(key)}, entries


@functools.lru_cache(maxsize=4)
def _house(file: str) -> list[HouseEntry]:
    try:
        loaded = tomllib.loads(Path(file).read_text("utf-8"))
        entries = msgspec.convert(loaded.get("known", []), list[HouseEntry])
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise HouseUnreadable(f"{file} cannot be used: {error}") from error
    for entry in entries:
        if entry.kind not in DECLARABLE:
            raise HouseUnreadable(
                f"{file} declares a {entry.kind} ({entry.object}): what the wall is made of "
                "cannot be declared away"
            )
        if len(entry.reason.split()) < 3:
            raise HouseUnreadable(f"{file}: {entry.kind} {entry.object} needs a reason")
    return entries
