"""The folders of `sql/functions` hold what their names say."""

import re

from tests.fixtures.database import ROOT

SQL = ROOT / "sql"
MIGRATION = {"legacy", "rollout"}
# A table of the former system; not its functions, which the permanent core calls as hooks.
FORMER = re.compile(
    r"\b(?:legacy_staging\.\w+|(?:from|join|into|update|using) app_private\.legacy_)"
)


def _permanent() -> list[tuple[str, str]]:
    files = [*(SQL / "functions").rglob("*.sql"), *(SQL / "policies").glob("*.sql")]
    return [
        (str(file.relative_to(SQL)), file.read_text("utf-8"))
        for file in files
        if file.parent.name not in MIGRATION
    ]


def test_the_permanent_core_names_no_table_of_the_former_system() -> None:
    """What it asks of moving in stands in legacy/hooks.sql, and goes with that folder."""
    texts = _permanent()
    assert len(texts) >= 40
    hooked = re.compile(r"\b(?:from|join) app_private\.(legacy_\w+)\(")
    named = {name: FORMER.findall(hooked.sub("", text)) for name, text in texts}
    assert {name: found for name, found in named.items() if found} == {}


def test_what_the_core_asks_of_the_migration_stands_in_one_file() -> None:
    asked = {
        call
        for _, text in _permanent()
        for call in re.findall(r"app_private\.(legacy_\w+)\(", text)
    }
    hooks = (SQL / "functions" / "legacy" / "hooks.sql").read_text("utf-8")
    answered = set(re.findall(r"^create or replace function app_private\.(\w+)", hooks, re.M))
    assert asked <= answered
    assert len(asked) >= 5


def test_each_purge_is_called() -> None:
    made = {
        name
        for _, text in _permanent()
        for name in re.findall(r"^create or replace function app_private\.(purge_\w+)", text, re.M)
    }
    purge = (SQL / "functions" / "timers" / "purge.sql").read_text("utf-8")
    assert made == set(re.findall(r"app_private\.(purge_\w+)\(\)", purge))
    assert len(made) >= 4
