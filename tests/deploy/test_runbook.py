"""The steps of deploy/runbook.md beside the first install: again, passwords, backup."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from service.database.drift import lines
from service.database.drift.comparing import compare, differences
from tests.deploy.stack import Missing, installed, migrate, newest, set_passwords
from tests.fixtures.database import ROOT, NewDatabase, Urls, connected, database, role_password
from tests.fixtures.programs import psql
from tests.policies.fingerprint import fingerprint


@pytest_asyncio.fixture(scope="module")
async def urls(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A database at head."""
    async with new_database() as made:
        yield made


async def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of PostgreSQL."""
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=60
    )


def shape(lines: list[str]) -> list[str]:
    """The fingerprint without brackets: PostgreSQL prints what it read again with fewer of them."""
    return sorted(re.sub(r"[()]", "", line) for line in lines)


async def test_migrating_again_changes_nothing(urls: Urls) -> None:
    again = await asyncio.to_thread(migrate, urls)
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


async def test_passwords_are_set_and_nothing_of_them_is_kept(urls: Urls, tmp_path: Path) -> None:
    userlist = tmp_path / "userlist.txt"
    done = await asyncio.to_thread(set_passwords, urls, userlist)
    assert done.returncode == 0, done.stderr
    secret = role_password(urls.superuser, "api")
    assert re.fullmatch(r'"kollegium_api" "SCRAM-SHA-256\$4096:[^"]+"\n', userlist.read_text())
    assert secret not in done.stdout + done.stderr
    async with connected(urls.superuser) as superuser:
        assert await superuser.fetchval(
            "select rolpassword is null from pg_authid where rolname = 'kollegium_broker'"
        )


async def test_a_short_password_changes_nothing(urls: Urls) -> None:
    refused = await asyncio.to_thread(set_passwords, urls, None, staff="short")
    assert refused.returncode != 0
    assert "fewer than 16" in refused.stderr
    async with connected(urls.staff) as staff:
        assert await staff.fetchval("select 1") == 1, "the old password holds"


async def test_an_empty_password_leaves_the_role_alone(urls: Urls) -> None:
    done = await asyncio.to_thread(set_passwords, urls, None, staff="", worker="")
    assert done.returncode == 0, done.stderr
    async with connected(urls.staff) as staff:
        assert await staff.fetchval("select 1") == 1


async def test_a_dump_under_row_security_fails_loudly(urls: Urls) -> None:
    """What the runbook warns of: the owner's dump is refused, and not empty without a word."""
    async with connected(urls.owner) as owner:
        await owner.execute("set row_security = off")  # as pg_dump does
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.fetch("select * from app.company")
        await owner.execute("set row_security = on")
        assert await owner.fetch("select * from app.company") == []
    async with connected(urls.superuser) as superuser:
        assert await superuser.fetchval("select count(*) from app.company") >= 0


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Missing, match="apt install nginx-light"):
        installed("kollegium-no-such-program", "nginx-light")


async def test_a_backup_comes_back_whole(server: Any, world_database: Urls, tmp_path: Path) -> None:
    """The runbook's dump and restore: same rows, and the same wall before them."""
    dump = tmp_path / "kollegium.dump"
    options = ("--format=custom", f"--file={dump}")
    refused = await run(newest("pg_dump"), "-d", world_database.owner, *options)
    assert refused.returncode != 0
    assert re.search("row-level security|permission denied", refused.stderr)
    done = await run(newest("pg_dump"), "-d", world_database.superuser, *options)
    assert done.returncode == 0, done.stderr

    async with database(server.superuser_url) as restored:
        roles = psql(restored.superuser, ROOT / "sql" / "roles.sql", "-1")
        assert roles.returncode == 0, roles.stderr
        options = ("--exit-on-error", "--single-transaction", "-d", restored.superuser)
        done = await run(newest("pg_restore"), *options, str(dump))
        assert done.returncode == 0, done.stderr
        async with connected(world_database.superuser) as old, connected(restored.superuser) as new:
            assert shape(await fingerprint(new)) == shape(await fingerprint(old))
            assert await compare(new) == [], "what a restore spells otherwise is no drift"
            for table in ("app.lead", "app.prospect", "app.history", "app_private.bearer"):
                count = f"select count(*) from {table}"
                assert await new.fetchval(count) == await old.fetchval(count) > 0


async def test_the_role_for_backups_reads_all_and_writes_nothing(
    server: Any, world_database: Urls
) -> None:
    """Made by hand, known to the drift; the control: without its declaration it would be open."""
    del server
    script = ROOT / "deploy" / "backup-role.sql"
    async with connected(world_database.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        text = re.sub(r"^(begin|commit);$", "", script.read_text("utf-8"), flags=re.M)
        await superuser.execute(text.replace(":'password'", "'never used'"))
        found = await lines.live(superuser)
        assert [drift for drift in differences(found) if "kollegium_backup" in drift.detail] == []
        power = lines.Key("power", "kollegium_backup", "bypassrls")
        assert power in found
        await superuser.execute("set local role kollegium_backup")
        assert await superuser.fetchval("select count(*) from app.lead") > 0
        for table in ("app.lead", "app_private.audit_entry"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with superuser.transaction():
                    await superuser.execute(f"delete from {table}")
        await transaction.rollback()


async def test_ending_all_sessions_leaves_the_keys(world_database: Urls) -> None:
    """The runbook's answer to a theft; rolled back."""
    async with connected(world_database.superuser) as superuser:
        sessions = "select count(*) from app_private.bearer where colleague_id is not null"
        assert await superuser.fetchval(sessions) > 0
        transaction = superuser.transaction()
        await transaction.start()
        await superuser.execute("delete from app_private.bearer where colleague_id is not null")
        assert await superuser.fetchval(sessions) == 0
        await transaction.rollback()
