"""pgrls, a linter and prover that knows nothing of our conventions, looks at the same wall.

What it excuses stands with its reason in pgrls.toml; what it cannot decide is listed here by
name, and
there the closed set of policy forms (test_catalogue.py) is the proof. squawk looks at the
migrations.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from tests.fixtures.database import ROOT, NewDatabase, Urls, connected

BIN = Path(sys.executable).parent
CONFIG = ROOT / "pgrls.toml"
GOLDEN = ROOT / "tests" / "policies" / "pgrls-matrix.golden"
ROLES = ("api", "worker", "staff", "auditor", "owner")
# `<company> = any (parties)` is beyond the prover.
PARTIES = {
    f"app.{table}"
    for table in (
        "company_merge",
        "disclosure",
        "engagement",
        "engagement_card",
        "posting",
        "history",
        "lead",
        "message",
        "message_file",
        "prospect",
        "rating",
    )
}
# So is a row that two companies may see: it looks for one scoping equality.
EITHER = {"app.offer", "app.participation", "app.return_request"}
UNDECIDED = {"anon": PARTIES, "cross-tenant": PARTIES | EITHER, "write": {"app.participation"}}

# What <> in pgrls.toml stands for. Whether these are in order the catalogue's own rules say.
DERIVED = {
    "<policies of the broker>": """
        select polrelid::regclass::text || '.' || polname from pg_policy
        where polroles = array['kollegium_broker'::regrole::oid]""",
    "<private tables>": """
        select c.oid::regclass::text from pg_class c
        left join pg_inherits i on i.inhrelid = c.oid
        left join pg_class p on p.oid = i.inhparent
        where c.relnamespace = 'app_private'::regnamespace and c.relkind in ('r', 'p')
          and coalesce(p.relnamespace, c.relnamespace) = c.relnamespace""",
    "<functions of the broker>": """
        select distinct p.pronamespace::regnamespace::text || '.' || p.proname from pg_proc p
        where p.prosecdef and p.proowner = 'kollegium_broker'::regrole
          and p.pronamespace::regnamespace::text in ('app', 'app_private')""",
}


@pytest_asyncio.fixture(scope="module")
async def config(head: Urls, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pgrls.toml with what its names in <> stand for."""
    text = CONFIG.read_text("utf-8")
    async with connected(head.superuser) as superuser:
        for name, question in DERIVED.items():
            found = [row[0] for row in await superuser.fetch(question)]
            assert found
            assert f'["{name}"]' in text
            text = text.replace(f'["{name}"]', json.dumps(found))
    file = tmp_path_factory.mktemp("pgrls") / "pgrls.toml"
    file.write_text(text, "utf-8")
    return file


@pytest_asyncio.fixture(scope="module")
async def head(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A database at head."""
    async with new_database() as urls:
        yield urls


@pytest_asyncio.fixture
async def without_broker(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """The same without the broker's policies: the prover mixes all policies of a table, and those
    say
    `true` to a role that nobody logs in as."""
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            for row in await superuser.fetch(
                "select polrelid::regclass::text as tab, polname from pg_policy "
                "where polroles = array['kollegium_broker'::regrole::oid]"
            ):
                await superuser.execute(f"drop policy {row['polname']} on {row['tab']}")
        yield urls


def _pgrls(urls: Urls, *arguments: str, config: Path = CONFIG) -> Result:
    """The command, called in this process: importing it takes longer than most of what it does."""
    from pgrls.cli import main

    environment = {"DATABASE_URL": urls.superuser, "NO_COLOR": "1", "COLUMNS": "400"}
    given = [*arguments[:1], "--config", str(config), *arguments[1:]]
    # In a thread, because the tests' loop may be running.
    with ThreadPoolExecutor(1) as thread:
        runner = CliRunner(env=environment)
        return thread.submit(runner.invoke, main, given, prog_name="pgrls").result()


def _verdicts(urls: Urls, mode: str) -> dict[str, str]:
    """Table (or function) to PROVEN, LEAK or UNVERIFIED."""
    result = _pgrls(urls, "verify", "--mode", mode, "--auth-function", "app.current_company_id")
    return dict(re.findall(r"^(app\.\w+) +(PROVEN|LEAK|UNVERIFIED)\b", result.stdout, re.MULTILINE))


def test_lint_finds_nothing(head: Urls, config: Path) -> None:
    result = _pgrls(head, "lint", config=config)
    assert result.exit_code == 0, result.output


def test_each_excuse_is_needed(head: Urls, config: Path, tmp_path: Path) -> None:
    """Without the allow-lists the findings are exactly the excused ones."""
    text = config.read_text("utf-8")
    bare = tmp_path / "pgrls.toml"
    bare.write_text(re.sub(r"^allowlist = \[.*?\]$", "", text, flags=re.MULTILINE | re.DOTALL))
    found = json.loads(_pgrls(head, "lint", "--format", "json", config=bare).stdout)["violations"]
    excused = {
        (rule, place)
        for rule, options in tomllib.loads(text)["lint"]["rules"].items()
        for place in options.get("allowlist", [])
    }
    assert {(one["rule_id"], one["location"]) for one in found} == excused
    assert len(excused) > 100


async def test_lint_notices(new_database: NewDatabase, config: Path) -> None:
    """The control."""
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute("alter policy select_own on app.note using (true)")
        result = _pgrls(urls, "lint", config=config)
        assert result.exit_code != 0
        assert "app.note.select_own" in result.stdout


@pytest.mark.parametrize("mode", sorted(UNDECIDED))
def test_prover(without_broker: Urls, mode: str) -> None:
    verdicts = _verdicts(without_broker, mode)
    assert {table for table, verdict in verdicts.items() if verdict == "LEAK"} == set()
    assert {table for table, verdict in verdicts.items() if verdict == "UNVERIFIED"} == UNDECIDED[
        mode
    ]
    assert len(verdicts) >= 18


async def test_anonymous_is_proven_beside_the_broker(head: Urls) -> None:
    """This mode tells roles apart, so it is asked about the wall as it is, too."""
    verdicts = _verdicts(head, "anon")
    assert {table for table, verdict in verdicts.items() if verdict != "PROVEN"} == PARTIES


@pytest.mark.parametrize(
    ("mode", "change"),
    [
        ("anon", "alter policy select_own on app.note using (company_id is not null)"),
        (
            "cross-tenant",
            "alter policy select_own on app.note using ("
            "company_id = (select app.current_company_id()) or text = 'x')",
        ),
        (
            "write",
            "create policy more on app.note for insert to kollegium_api with check ("
            "company_id = (select app.current_company_id()) or text = 'x')",
        ),
    ],
)
async def test_prover_notices(without_broker: Urls, mode: str, change: str) -> None:
    """The control: a hole is called one."""
    async with connected(without_broker.superuser) as superuser:
        await superuser.execute(change)
    assert _verdicts(without_broker, mode)["app.note"] == "LEAK"


def test_no_view_is_a_way_round(head: Urls) -> None:
    result = _pgrls(
        head, "verify", "--mode", "reachability", "--auth-function", "app.current_company_id"
    )
    assert "No anon-reachable view path" in result.stdout, result.stdout


async def test_a_view_would_be_one(new_database: NewDatabase) -> None:
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute(
                "create view app.peek as select * from app.note; "
                "grant select on app.peek to kollegium_api"
            )
        assert "LEAK" in _pgrls(urls, "verify", "--mode", "reachability").stdout


def test_escalation_is_undecidable(head: Urls) -> None:
    """Bodies in PL/pgSQL are opaque to the prover: no function is called a leak, none proven.
    They are
    tried by test_model.py and test_escapes.py instead."""
    result = _pgrls(
        head, "verify", "--mode", "escalation", "--auth-function", "app.current_company_id"
    )
    verdicts: Any = re.findall(
        r"^app\.\w+ +(PROVEN|LEAK|UNVERIFIED)\b", result.stdout, re.MULTILINE
    )
    assert len(verdicts) > 30
    assert set(verdicts) == {"UNVERIFIED"}


def test_matrix_is_the_golden_file(without_broker: Urls) -> None:
    """What each role reaches by itself, as pgrls computes it from grants and policies. Functions
    would
    be credited with all that the broker reaches, hence without its policies. TRUNCATE is open to
    the
    owner of any table. Renew the file with KOLLEGIUM_GOLDEN=write."""
    rows = _matrix(without_broker)
    if os.environ.get("KOLLEGIUM_GOLDEN") == "write":
        GOLDEN.write_text(rows, encoding="utf-8")
    assert rows == GOLDEN.read_text("utf-8")


def _matrix(urls: Urls) -> str:
    roles = ",".join(f"kollegium_{role}" for role in ROLES)
    output = _pgrls(urls, "matrix", "--schemas", "app", "--roles", roles).stdout
    table = output.split("\n\n")[0].splitlines()
    return "\n".join(re.sub(r" +", " ", line).strip() for line in table) + "\n"


def test_squawk_has_nothing_to_say() -> None:
    files = sorted(str(file) for file in (ROOT / "sql" / "tables").glob("*.sql"))
    assert files
    result = subprocess.run(
        [str(BIN / "squawk"), *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_squawk_would(tmp_path: Path) -> None:
    """The control: with the same exclusions it stops a rewrite of a table."""
    bad = tmp_path / "9999_bad.sql"
    bad.write_text("alter table app.lead alter column source type varchar(20);\n")
    result = subprocess.run(
        [str(BIN / "squawk"), "--config", str(ROOT / ".squawk.toml"), str(bad)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
