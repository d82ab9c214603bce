"""The release before, with its demo world, and the tree that follows it: made once for all
tests of the upgrade."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from service.commands.connections import URLS_FILE
from service.database.logins import VARIABLES
from tests.fixtures.database import ROOT, Urls, connected, database
from tests.upgrade import snapshots, trees

# table -> columns whose content the unreleased revision means to change, and why
MEANT: dict[str, set[str]] = {
    # What was said hangs on its engagement (docs/decisions/0056): a taker reads nothing of before.
    "app.message": {"parties"},
    "app.history": {"parties"},
}
# table -> columns that it gives another name; functions alone read and write them (0076)
RENAMED: dict[str, dict[str, str]] = {
    "app.disclosure": {"reason": "cause", "created_at": "since"},
}


def named_now(of: snapshots.Columns) -> snapshots.Columns:
    """Columns of before by their present names, in the same order."""
    return {
        tab: [RENAMED.get(tab, {}).get(name, name) for name in names] for tab, names in of.items()
    }


_SINCE = """where not exists (
    select from app.lead l where l.marketplace_id = t.marketplace_id and l.id = t.lead_id
      and l.engaged_company_id = (select app.current_company_id())
      and l.operator_company_id <> l.engaged_company_id
      and l.giver_company_id is distinct from l.engaged_company_id)
  or t.created_at >= (select max(e.started_at) from app.engagement e
    where e.marketplace_id = t.marketplace_id and e.lead_id = t.lead_id
      and e.company_id = (select app.current_company_id()))"""
_BEFORE_THE_PICK = """
  insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name,
    author_name, text, created_at)
  select l.marketplace_id, gen_random_uuid(), l.id, l.parties, l.operator_company_id,
    l.operator_name, 'Vorab', 'Vor dem Pick', e.started_at - interval '1 hour'
  from app.lead l join app.engagement e on e.marketplace_id = l.marketplace_id
    and e.id = l.engagement_id"""
# table -> which of the rows that a token saw before it sees afterwards; all of the others
SEEN_STILL = {"app.message": _SINCE, "app.history": _SINCE}


class Before(NamedTuple):
    """A database of the release before, with a demo world in it and what there is to compare."""

    database: str
    columns: snapshots.Columns
    contents: snapshots.Found
    tokens: dict[str, str]
    readable: snapshots.Columns
    visible: dict[str, snapshots.Found]


@pytest.fixture(scope="package")
def released(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tree of the release before."""
    place = tmp_path_factory.mktemp("released") / "tree"
    commit = trees.released_commit()
    if commit is None:
        place.mkdir()
        trees.release(trees.copy(place), trees.MADE_UP)
        yield place
        return
    trees.git("worktree", "add", "--quiet", "--detach", str(place), commit)
    try:
        yield place
    finally:
        trees.git("worktree", "remove", "--force", str(place))


@pytest.fixture(scope="package")
def next_tree(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A copy of what follows the release: this tree, or before the first release a made-up one."""
    source = ROOT if trees.released_commit() else released

    def make() -> Path:
        tree = trees.copy(tmp_path_factory.mktemp("next"), source)
        if source == released:
            trees.own_statements(tree).write_text(
                f"alter table app.note add column colour text;\n{COLOUR}\n"
            )
            for name, old, new in ADDED:
                edit(tree / name, old, new)
        return tree

    return make


COLOUR = "comment on column app.note.colour is 'Of the paper. [none]';"
# What a made-up next release says of a column more, and a function that changed.
ADDED = [
    ("sql/tables/note.sql", "\n);", ",\n  colour text\n);"),
    ("sql/tables/note.sql", "\ncomment on column app.note.id",
     f"\n{COLOUR}\ncomment on column app.note.id"),
    ("sql/functions/timers/purge.sql", "purge_sessions() +", "purge_sessions() + 0 +"),
]  # fmt: skip


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, f"{file.name} has no {old}"
    file.write_text(text.replace(old, new, 1), "utf-8")


@pytest_asyncio.fixture(scope="package")
async def before(
    server: Any, template: str, released: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Before]:
    """Built by the release before, with its own migrations and its own demo."""
    async with database(server.superuser_url) as urls:
        trees.migrate(released, urls.superuser)
        _fill(released, urls, tmp_path_factory.mktemp("data"))
        async with connected(urls.superuser) as db:
            await db.execute(_BEFORE_THE_PICK)
            tokens = await snapshots.tokens(db)
            columns = await snapshots.columns(db)
            of = {t: [n for n in ns if n not in MEANT.get(t, ())] for t, ns in columns.items()}
            readable = await snapshots.readable(urls, of)
            found = Before(
                urls.database, columns, await snapshots.contents(db, of), tokens, readable,
                await snapshots.visible(urls, tokens, readable, SEEN_STILL),
            )  # fmt: skip
            everything = await snapshots.visible(urls, tokens, readable)
        for tab in SEEN_STILL:  # the control: the rule hides something
            assert any(everything[b][tab][0] > found.visible[b][tab][0] for b in tokens), tab
        assert sum(count for count, _ in found.contents.values()) > 1_000
        assert len(tokens) >= 25
        yield found


def _fill(tree: Path, urls: Urls, data: Path) -> None:
    """The demo world of a tree, by its own command; the roles keep the passwords of the tests."""
    (data / URLS_FILE).write_text(json.dumps({"api": urls.api}), "utf-8")
    env = {VARIABLES[role]: getattr(urls, role) for role in VARIABLES if role != "api"}
    env |= {"DATABASE_URL": urls.superuser, "KOLLEGIUM_DATA_DIR": str(data)}
    trees.run(tree, "-c", _DEMO, env=env)


# `kollegium demo` until it is ready, then the end of it.
_DEMO = """
import os, signal, subprocess, sys
demo = subprocess.Popen([sys.executable, "-m", "service", "demo", "--port", "0", "--json"],
                        stdout=subprocess.PIPE, text=True)
line = demo.stdout.readline()
demo.send_signal(signal.SIGTERM)
sys.exit(demo.wait(60) or (0 if line.startswith("{") else 1))
"""
