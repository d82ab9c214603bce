"""The command `kollegium`: help, errors, `migrate`, `check` and `serve`."""

import json
import subprocess
import sys
from typing import Any

import click
import pytest

from service import commands
from service.database import readiness, schema
from tests.fixtures.commands import kollegium
from tests.fixtures.database import ROOT, Urls, connected, database

# -- help and errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["", "demo", "serve", "worker", "migrate", "check", "company create", "company list", "mails",
     "merge", "merge request", "merge rehearse", "merge consent", "merge run", "merge undo",
     "merge split", "merge list", "merge show",
     "psql", "import-leads", "legacy prove", "legacy status", "legacy suggestions",
     "legacy cohorts assign", "legacy cohorts move", "legacy cohorts show",
     "legacy cohorts switch"],
)  # fmt: skip
def test_help_explains_every_option(command: str) -> None:
    words = command.split()
    done = kollegium(*words, "--help", process=not words)
    assert done.returncode == 0
    assert "Usage: kollegium" in done.stdout


def test_the_list_of_commands_says_what_they_say_and_imports_none() -> None:
    """In a process, for here others have imported them."""
    look = (
        "import sys; from service.commands import kollegium\n"
        "kollegium(['--help'], standalone_mode=False)\n"
        "print(*{'asyncpg', 'sqlalchemy', 'litestar'} & {*sys.modules}, file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stderr.split() == []
    context, formatter = click.Context(commands.kollegium), click.HelpFormatter(width=78)
    click.Group.format_commands(commands.kollegium, context, formatter)
    assert said.stdout.endswith(formatter.getvalue())


@pytest.mark.parametrize("process", [False, True])
def test_without_any_url_it_says_which_to_set(process: bool) -> None:
    """In this process, and as people start it."""
    done = kollegium("company", "list", process=process)
    assert done.returncode == 1
    assert "DATABASE_STAFF_URL" in done.stderr
    assert "kollegium demo" in done.stderr


def test_a_server_that_does_not_answer() -> None:
    done = kollegium("check", env={"DATABASE_URL": "postgresql://anna:geheim@127.0.0.1:1/x"})
    assert done.returncode == 1
    assert "Nothing answers at postgresql://anna@127.0.0.1:1/x" in done.stderr
    assert "geheim" not in done.stderr


async def test_a_missing_right_is_named(empty_database: Urls) -> None:
    done = kollegium("company", "list", env={"DATABASE_URL": empty_database.api})
    assert done.returncode == 1
    assert "may not become kollegium_staff" in done.stderr
    assert "set DATABASE_STAFF_URL or `grant kollegium_staff to kollegium_api`" in done.stderr


# -- migrate ---------------------------------------------------------------------------------------


def test_migrate_sql_prints_the_whole_script_without_a_database() -> None:
    done = kollegium("migrate", "--sql")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("BEGIN;")
    assert "create policy select_party on app.lead" in done.stdout


async def test_migrate_shows_then_runs_then_rests(server: Any, template: str) -> None:
    async with database(server.superuser_url) as urls:
        env = {"DATABASE_URL": urls.superuser}
        shown = kollegium("migrate", "--dry-run", env=env)
        assert "0001" in shown.stdout
        async with connected(urls.superuser) as connection:
            assert await schema.built_from(connection) is None, "the dry run changed something"
        assert f"empty → {schema.head()}" in kollegium("migrate", env=env).stdout
        assert "nothing to do" in kollegium("migrate", env=env).stdout
        assert "Nothing to do" in kollegium("migrate", "--dry-run", env=env).stdout


async def test_migrate_as_the_web_tier_says_who_may(server: Any, template: str) -> None:
    async with database(server.superuser_url) as urls:
        done = kollegium("migrate", env={"DATABASE_URL": urls.api})
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert "DATABASE_OWNER_URL" in done.stderr


async def test_migrate_gives_up_on_a_lock(server: Any, template: str) -> None:
    async with database(server.superuser_url) as urls, connected(urls.superuser) as other:
        await other.execute("select pg_advisory_lock(hashtextextended('kollegium migrations', 0))")
        done = kollegium("migrate", env={"DATABASE_URL": urls.superuser})
    assert done.returncode == 1
    assert "another migration" in done.stderr


# -- check and serve -------------------------------------------------------------------------------


async def test_check_of_the_web_role(empty_database: Urls) -> None:
    done = kollegium("check", "--json", env={"DATABASE_URL": empty_database.api})
    answer = json.loads(done.stdout)
    by_name = {finding["check"]: finding["status"] for finding in answer["findings"]}
    assert [by_name[name] for name in ("web role", "other roles", "schema", "row security")] == [
        "ok"
    ] * 4
    failed = "failed" in by_name.values()
    assert (done.returncode, answer["ok"]) == ((1, False) if failed else (0, True))


async def test_check_fails_for_a_superuser(empty_database: Urls) -> None:
    done = kollegium("check", env={"DATABASE_URL": empty_database.superuser})
    assert done.returncode == 1
    assert "SUPERUSER" in done.stdout


async def test_check_sees_a_table_without_force(empty_database: Urls) -> None:
    async with connected(empty_database.superuser) as superuser:
        await superuser.execute("alter table app.lead no force row level security")
    done = kollegium("check", env={"DATABASE_URL": empty_database.api})
    assert done.returncode == 1
    assert "not forced on lead" in done.stdout


@pytest.mark.parametrize("role", ["superuser", "owner", "staff"])
async def test_serve_refuses_a_privileged_role(empty_database: Urls, role: str) -> None:
    done = kollegium("serve", "--port", "0", env={"DATABASE_URL": getattr(empty_database, role)})
    assert done.returncode == 1
    assert "must not be privileged" in done.stderr


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("drop schema app cascade; drop table public.alembic_version", "kollegium migrate"),
        ("update app_private.schema_state set revision = '9999'", "the release that made"),
    ],
)
async def test_serve_refuses_another_schema(empty_database: Urls, change: str, advice: str) -> None:
    async with connected(empty_database.superuser) as superuser:
        await superuser.execute(change)
    done = kollegium("serve", "--port", "0", env={"DATABASE_URL": empty_database.api})
    assert done.returncode == 1
    assert advice in done.stderr


@pytest.mark.parametrize(
    "grant",
    ["grant kollegium_broker to kollegium_api", "alter role kollegium_api createdb",
     "alter table app.note owner to kollegium_api", "grant pg_read_all_data to kollegium_api"],
)  # fmt: skip
async def test_refuse_privileged_sees_every_kind_of_power(empty_database: Urls, grant: str) -> None:
    """In a transaction that is rolled back: roles belong to the server, not to the test."""
    async with connected(empty_database.superuser) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("set local session authorization kollegium_api")
        await readiness.refuse_privileged(connection)  # the control: without the grant it passes
        await connection.execute("reset session authorization")
        await connection.execute(grant)
        await connection.execute("set local session authorization kollegium_api")
        with pytest.raises(readiness.NotReady):
            await readiness.refuse_privileged(connection)
        await transaction.rollback()
