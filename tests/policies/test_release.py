"""A release freezes its revision; what follows applies what changed, and never blindly."""

import re
from pathlib import Path

import pytest

import blind
import frozen
import release
from service.database import schema
from tests.fixtures.database import ROOT

KEY = "alter table app.offer add constraint known foreign key (lead_id) references app.lead (id);"
SEEING = f"-- sees every row of: app.offer, app.lead\n{KEY}\n-- sees no more\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for revisions and releases beside the real sql/."""
    (tmp_path / "alembic" / "versions").mkdir(parents=True)
    python = ROOT / "alembic" / "versions" / "0001_first.py"
    (tmp_path / "alembic" / "versions" / python.name).write_bytes(python.read_bytes())
    for name in ("pyproject.toml", "CHANGELOG.md", "service/web/openapi.py", "deploy/compose.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(f"## [0.1.0] - unreleased\n\n{changelog.read_text('utf-8')}", "utf-8")
    for module in (frozen, release):
        monkeypatch.setattr(module, "RELEASED", tmp_path / "alembic" / "released.toml")
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(frozen, "VERSIONS", tmp_path / "alembic" / "versions")
    monkeypatch.setattr(release, "uncommitted", lambda root: "")
    return tmp_path


def test_frozen_scripts_are_those_that_were_released() -> None:
    """Of this tree. A changed letter in a released script, or in what the release said of it."""
    for known in frozen.releases():
        script = frozen.statements(known.revision).read_text("utf-8")
        assert frozen.hash_of(script) == known.script, f"{known.version} was changed: put it back"


def test_the_revisions_are_those_that_alembic_finds() -> None:
    """Who starts reads their files; what is no chain is refused."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema.alembic_config())
    assert schema.revisions() == [script.revision for script in scripts.walk_revisions()]


@pytest.mark.parametrize("lost", ["0001", "all"])
def test_a_broken_chain_of_revisions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    for file in schema.VERSIONS.glob("*.py"):
        if lost != "all" and not file.name.startswith(lost):
            (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(schema, "VERSIONS", tmp_path)
    with pytest.raises(RuntimeError, match="no chain of revisions"):
        schema.revisions.__wrapped__()


def test_what_changed_since_the_release_has_a_revision() -> None:
    known = frozen.releases()
    if known and release.unreleased() is None:
        assert frozen.sql_hash() == known[-1].sql, "sql/ changed: make revision ARGS=…"


def test_a_release_freezes_all_that_the_live_revision_did(tree: Path) -> None:
    live = frozen.script_of("0001")
    said = release.release("7.0.0", tree)
    assert "Frozen: alembic/versions/0001_first.sql" in said[0]
    assert (
        frozen.script_of("0001") == live == (tree / "alembic/versions/0001_first.sql").read_text()
    )
    assert [r.version for r in frozen.releases()] == ["7.0.0"]
    for file, words in {
        "pyproject.toml": 'version = "7.0.0"',
        "CHANGELOG.md": "## [7.0.0] - 2",
        "service/web/openapi.py": '"version": "7.0.0"',
        "deploy/compose.yaml": "image: kollegium:7.0.0",
    }.items():
        assert words in (tree / file).read_text("utf-8")
    with pytest.raises(release.Refused, match="does not come after"):
        release.release("6.9.0", tree)


def test_a_changed_letter_in_a_frozen_script_is_noticed(tree: Path) -> None:
    release.release("7.0.0", tree)
    script = tree / "alembic/versions/0001_first.sql"
    assert frozen.hash_of(script.read_text("utf-8")) == frozen.releases()[0].script
    script.write_text(script.read_text("utf-8").replace("coalesce", "coalesc3", 1), "utf-8")
    assert frozen.hash_of(script.read_text("utf-8")) != frozen.releases()[0].script


def test_the_next_revision_does_what_changed_and_no_more(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(release.Refused, match="0001 is not released yet"):
        release.revision("Too early")
    release.release("7.0.0", tree)
    assert release.statements() == []
    made = release.revision("Purge more often.")
    assert made[0] == "alembic/versions/0002_purge_more_often.py"
    assert release.statements() == made[1:]
    assert frozen.units_of([frozen.script_of("0002")]) == {}
    units = frozen.units

    def changed(*, first: bool) -> dict[str, str]:
        found = units(first=first)
        return found | {"app.purge()": found["app.purge()"] + "\n-- more often"}

    monkeypatch.setattr(frozen, "units", changed)
    assert list(frozen.units_of([frozen.script_of("0002")])) == ["app.purge()"]
    frozen.statements("0002").write_text("alter table app.note add column colour text;\n", "utf-8")
    changelog = tree / "CHANGELOG.md"
    changelog.write_text(f"## [Unreleased]\n\n{changelog.read_text('utf-8')}", "utf-8")
    release.release("7.1.0", tree)
    script = frozen.statements("0002").read_text("utf-8")
    assert "add column colour" in script
    assert len(re.findall("create or replace function", script)) == 1
    assert "'{0001}'" in frozen._state("0002")
    assert "'{}'" in frozen._state("0001")


def test_a_release_is_a_commit_of_its_own(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "uncommitted", lambda root: " M sql/roles.sql")
    with pytest.raises(release.Refused, match="Commit first"):
        release.release("7.0.0", tree)
    assert frozen.releases() == []


def test_force_is_lifted_around_a_foreign_key() -> None:
    lines = blind.lifted(SEEING).splitlines()
    for table in ("app.offer", "app.lead"):
        before = lines.index(f"alter table {table} no force row level security;")
        after = lines.index(f"alter table {table} force row level security;")
        assert before < lines.index(KEY) < after


@pytest.mark.parametrize(
    "own",
    [
        KEY,
        f"{SEEING}\n{KEY}",
        KEY.upper(),
        "alter table app.offer validate constraint known;",
        "alter table only app.offer add column by_id uuid\n  references app.colleague (id);",
        f"-- sees every row of: app.offer\n{KEY}\n-- sees no more\n",
        f"-- sees every row of: app.lead, app.note\n{KEY}\n-- sees no more\n",
        "-- sees every row of: app.offer\nalter table app.offer validate constraint known;\n"
        "-- sees no more\n",
    ],
)
def test_a_blind_foreign_key_is_refused(own: str) -> None:
    with pytest.raises(blind.BlindForeignKey, match="sees every row of"):
        blind.lifted(own)


def test_other_statements_are_left_as_they_are() -> None:
    own = (
        "-- A comment that says references app.lead.\n"
        "create table app.visit (id uuid primary key references app.lead);\n"
        "alter table app.note add column colour text, add constraint c check (colour <> '');\n"
    )
    assert blind.lifted(own) == own
