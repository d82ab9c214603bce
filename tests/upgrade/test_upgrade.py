"""The release before is upgraded with its data: nothing is lost, nobody sees more or less, and its
own story passes on the new schema."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.database import Urls, connected, database
from tests.policies.fingerprint import fingerprint
from tests.upgrade import snapshots, trees
from tests.upgrade.conftest import MEANT, Before, edit, named_now

pytestmark = pytest.mark.upgrade
STORY = "tests/stories/test_kollegenfunktion.py"


async def losses(before: Before, urls: Urls) -> list[str]:
    """In words, what is not as it was: rows, what tokens see, references."""
    found = []
    async with connected(urls.superuser) as db:
        now = await snapshots.columns(db)
        columns = named_now(before.columns)
        for tab, names in columns.items():
            gone = set(names) - set(now.get(tab, []))
            if gone:
                found.append(f"{tab} lost {', '.join(sorted(gone))}")
        if found:
            return found
        of = {t: [n for n in ns if n not in MEANT.get(t, ())] for t, ns in columns.items()}
        contents = await snapshots.contents(db, of)
        found += [
            f"{tab}: {was} became {contents[tab]}"
            for tab, was in before.contents.items()
            if contents[tab] != was
        ]
        found += [f"{key}: {n} orphans" for key, n in (await snapshots.orphans(db)).items()]
    visible = await snapshots.visible(urls, before.tokens, named_now(before.readable))
    for bearer, was in before.visible.items():
        found += [
            f"{bearer} saw {was[tab]} of {tab}, sees {seen}"
            for tab, seen in visible[bearer].items()
            if seen != was[tab]
        ]
    return found


async def test_nothing_is_lost_and_nobody_sees_more(
    server: Any, before: Before, released: Path, next_tree: Callable[[], Path]
) -> None:
    tree = next_tree()
    async with database(server.superuser_url, before.database) as urls:
        trees.migrate(tree, urls.owner)
        assert await losses(before, urls) == []
        async with connected(urls.superuser) as db:
            upgraded = await fingerprint(db)
            placed = await db.fetch(
                "select text = 'Vor dem Pick' as before, engagement_id is null as nowhere, count(*)"
                " from app.message group by 1, 2 order by 1, 2"
            )
            assert {(row["before"], row["nowhere"]) for row in placed} >= {
                (False, False), (True, True),
            }  # fmt: skip
            assert (True, False) not in {(row["before"], row["nowhere"]) for row in placed}
            state = await db.fetchrow("select revision, serves from app_private.schema_state")
    async with database(server.superuser_url) as urls, connected(urls.superuser) as db:
        await db.execute("create table public.alembic_version (version_num varchar(32))")
        await db.execute(_built_from_sql(tree))
        built = await fingerprint(db)
    assert [line for line in upgraded if not line.startswith("version:")] == [
        line for line in built if not line.startswith("version:")
    ]
    if state["revision"] != _released_revision(released):
        assert state["serves"] == [_released_revision(released)]


def _released_revision(tree: Path) -> str:
    known = tomllib.loads((tree / "alembic" / "released.toml").read_text("utf-8"))
    return str(known["release"][-1]["revision"])


def _built_from_sql(tree: Path) -> str:
    return trees.run(
        tree, "-c", "import sys; sys.path.insert(0, 'alembic'); import frozen;"
        " print(frozen.script(frozen.units(first=True)))",
    )  # fmt: skip


async def test_the_story_of_the_release_passes_on_the_new_schema(
    server: Any, released: Path, next_tree: Callable[[], Path]
) -> None:
    """Its code goes on serving while its processes are being replaced."""
    env = {"KOLLEGIUM_SCHEMA_TREE": str(next_tree()), "TEST_DATABASE_URL": server.superuser_url}
    said = trees.run(released, "-m", "pytest", "-q", "-p", "no:cacheprovider", STORY, env=env)
    assert " passed" in said
    assert "failed" not in said


@pytest.mark.parametrize(
    ("statement", "place", "old", "new", "noticed"),
    [
        ("alter table app.note drop column text;", None, "", "", "app.note lost text"),
        ("delete from app_private.audit_entry;", None, "", "", "app_private.audit_entry"),
        ("", "sql/policies/note.sql", "using (company_id = (select app.current_company_id()))",
         "using (true)", "of app.note, sees"),
    ],
    ids=["drops-a-column", "deletes-rows", "widens-a-policy"],
)  # fmt: skip
async def test_a_revision_that_loses_something_is_noticed(
    server: Any, before: Before, next_tree: Callable[[], Path],
    statement: str, place: str | None, old: str, new: str, noticed: str,
) -> None:  # fmt: skip
    tree = next_tree()
    own = trees.own_statements(tree)
    own.write_text(own.read_text("utf-8") + statement, "utf-8")
    if place:
        edit(tree / place, old, new)
    async with database(server.superuser_url, before.database) as urls:
        trees.migrate(tree, urls.owner)
        found = await losses(before, urls)
    assert any(noticed in line for line in found), found


async def test_a_planted_orphan_is_counted(server: Any, before: Before) -> None:
    async with (
        database(server.superuser_url, before.database) as urls,
        connected(urls.superuser) as db,
    ):
        assert await snapshots.orphans(db) == {}
        await db.execute("set session_replication_role = replica")
        await db.execute("delete from app.lead where state = 'engaged'")
        found = await snapshots.orphans(db)
        assert any(key.startswith("app.prospect.") for key in found), found
