"""`kollegium check --only drift`: the live catalogue against what this release builds."""

import os
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from service.database.drift import comparing, expected, lines
from service.database.drift.lines import Key
from tests.fixtures.database import NewDatabase, connected

#: Each change in a look of its own.
EACH = os.environ.get("KOLLEGIUM_DRIFT") == "each"
GOLDEN = os.environ.get("KOLLEGIUM_GOLDEN") == "write"


@pytest_asyncio.fixture(scope="module")
async def superuser(new_database: NewDatabase) -> AsyncIterator[Any]:
    """A superuser's connection to a database at head."""
    async with new_database() as urls, connected(urls.superuser) as connection:
        yield connection


async def _read_again(superuser: Any, found: lines.Lines) -> dict[Key, set[str]]:
    """Checks as PostgreSQL prints them when it has read them again: a restored dump has them so."""
    checks = [
        key for key, says in found.items() if key.kind == "constraint" and says.startswith("CHECK")
    ]
    transaction = superuser.transaction()
    await transaction.start()
    again = {}
    for number, key in enumerate(checks):
        await superuser.execute(
            f'alter table {key.object} add constraint "again_{number}" {found[key]} not valid'
            if "NOT VALID" not in found[key]
            else f'alter table {key.object} add constraint "again_{number}" {found[key]}'
        )
    sql = (
        "select conname, pg_get_constraintdef(oid) from pg_constraint "
        "where conname like 'again\\_%' and coninhcount = 0"
    )
    for name, says in await superuser.fetch(sql):
        key = checks[int(name.removeprefix("again_"))]
        again[key] = {lines.one_line(says).removesuffix(" NOT VALID")}
    await transaction.rollback()
    return again


async def test_expected_is_what_sql_builds(superuser: Any) -> None:
    """The files of sql/expected, one for each of sql/tables. KOLLEGIUM_GOLDEN=write writes them."""
    found = await lines.live(superuser)
    known = expected.known(found)[0]
    again = await _read_again(superuser, found) if GOLDEN else expected.expected().lines
    files: dict[str, dict[Key, frozenset[str]]] = {}
    for key, says in found.items():
        stem = expected.group(key)
        if stem and key not in known:
            files.setdefault(stem, {})[key] = frozenset({says, *again.get(key, ())})
    texts = {stem: expected.written(stem, kept) for stem, kept in files.items()}
    if GOLDEN:
        for file in expected.FOLDER.glob("*.txt"):
            file.unlink()
        for stem, text in texts.items():
            (expected.FOLDER / f"{stem}.txt").write_text(text, "utf-8")
    kept = {file.stem: file.read_text("utf-8") for file in expected.FOLDER.glob("*.txt")}
    differing = sorted(
        stem for stem in texts.keys() | kept.keys() if texts.get(stem) != kept.get(stem)
    )
    assert differing == [], "KOLLEGIUM_GOLDEN=write pytest tests/policies/test_drift.py -k expected"


async def test_a_database_at_head_is_what_sql_says(superuser: Any) -> None:
    assert comparing.differences(await lines.live(superuser)) == []


CHANGES = tomllib.loads(Path(__file__).with_name("harmful_changes.toml").read_text("utf-8"))
#: Of each of these there are two at least (what the wall was blind to before it watched itself).
KINDS = (
    "policy", "row security", "disabled trigger", "foreign key", "rule", "publication",
    "subscription", "event trigger", "extension", "owner-rights view", "owner-rights function",
    "membership", "foreign role", "rights of a foreign role", "setting of a role",
    "setting of the database", "default privilege", "PUBLIC", "function body", "generated column",
    "undeclared column",
)  # fmt: skip


async def _after(superuser: Any, changes: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """What is found after changes, which are undone; and those that do not go with the others."""
    transaction = superuser.transaction()
    await transaction.start()
    left = []
    try:
        for change in changes:
            try:
                async with superuser.transaction():
                    await superuser.execute(change["change"])
            except asyncpg.PostgresError:
                if len(changes) == 1:
                    raise
                left.append(change)
        return comparing.differences(await lines.live(superuser)), left
    finally:
        await transaction.rollback()


def _possible(superuser: Any, change: dict[str, Any]) -> bool:
    """Some statements are younger than the oldest PostgreSQL here."""
    return int(superuser.get_server_version().major) >= int(change.get("since", 0))


async def test_every_harmful_change_is_noticed_and_named(superuser: Any) -> None:
    """In as few looks as go together; KOLLEGIUM_DRIFT=each: one by one."""
    left = [change for change in CHANGES["harmful"] if _possible(superuser, change)]
    wrong, looks = [], 0
    while left:
        some = left[:1] if EACH else left
        found, other = await _after(superuser, some)
        looks += 1
        assert len(other) < len(some), other
        for change in some:
            if change in other:
                continue
            named = {
                d.level for d in found if change["says"] in d.detail and d.file == change["file"]
            }
            if change["level"] not in named:
                told = [(d.level, d.detail, d.file) for d in found if change["says"] in d.detail]
                wrong.append((change["change"], told or found[:3]))
        left = [*other, *left[len(some) :]]
    assert not wrong, "\n".join(map(str, wrong))
    assert EACH or looks <= 5
    assert comparing.differences(await lines.live(superuser)) == [], "each was undone"


async def test_harmless_changes_are_no_drift(superuser: Any) -> None:
    for changes in [[c] for c in CHANGES["harmless"]] if EACH else [CHANGES["harmless"]]:
        assert await _after(superuser, changes) == ([], [])


def test_there_are_two_of_each_kind() -> None:
    kinds = Counter(change["kind"] for change in CHANGES["harmful"])
    assert [kind for kind in KINDS if kinds[kind] < 2] == []
    assert len(CHANGES["harmful"]) >= 36
    assert len(CHANGES["harmless"]) >= 6
