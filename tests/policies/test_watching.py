"""What is open makes readiness red, and it stays so until somebody says why it may be green."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.database.drift import expected, watching
from service.database.drift.expected import HouseUnreadable
from service.database.drift.watching import WallOpen, refuse_open
from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase, Urls, connected

OPENED = "alter policy select_party on app.prospect using (true)"
CLOSED = (
    "alter policy select_party on app.prospect"
    " using (coalesce((select app.current_company_id()) = any (parties), false))"
)


@pytest_asyncio.fixture(scope="module")
async def urls(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A database at head that nobody has looked at."""
    async with new_database() as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def api(urls: Urls) -> AsyncIterator[Any]:
    """Who serves; it reads and keeps the result."""
    async with connected(urls.api) as connection:
        yield connection


async def _change(urls: Urls, *statements: str) -> None:
    async with connected(urls.superuser) as superuser:
        for statement in statements:
            await superuser.execute(statement)


def check(urls: Urls, *options: str) -> "subprocess.CompletedProcess[str]":
    """`kollegium check`, as a DBA types it."""
    env = {"DATABASE_URL": urls.api, "DATABASE_STAFF_URL": urls.staff}
    return kollegium("check", *options, env=env)


async def test_nobody_vouches_for_a_wall_that_nobody_looked_at(urls: Urls, api: Any) -> None:
    with pytest.raises(WallOpen, match="never looked at"):
        await refuse_open(api)
    assert await watching.look(api) == []
    await refuse_open(api)
    await _change(urls, "update app_private.watch set checked_at = now() - interval '11 minutes'")
    with pytest.raises(WallOpen, match="is a worker running"):
        await refuse_open(api)


async def test_what_was_open_stays_latched_until_somebody_says_why(urls: Urls, api: Any) -> None:
    """Who opened a wall for a minute may have closed it again; people ask first what was read."""
    await _change(urls, OPENED)
    found = check(urls, "--only", "drift", "--json")
    assert found.returncode == 4
    said = json.loads(found.stdout)
    assert (said["level"], said["findings"][0]["file"]) == ("open", "sql/policies/prospect.sql")
    assert [drift.level for drift in await watching.look(api) or []] == ["open"]
    with pytest.raises(WallOpen, match=r"policy select_party of app\.prospect"):
        await refuse_open(api)

    early = check(urls, "--unlatch", "We have read the log of that hour")
    assert (early.returncode, "still open" in early.stdout) == (1, True), early.stdout
    await _change(urls, CLOSED)
    assert await watching.look(api) == []
    with pytest.raises(WallOpen, match="--unlatch"):
        await refuse_open(api)  # the control: healed is not enough

    assert check(urls, "--unlatch", "why").returncode == 1
    healed = check(urls, "--unlatch", "Nobody logged in as kollegium_api meanwhile; ticket 4711")
    assert healed.returncode == 0, healed.stdout + healed.stderr
    await refuse_open(api)
    async with connected(urls.auditor) as auditor:
        log = await auditor.fetch("select action, detail from app.read_audit_log('-infinity', 10)")
    assert [row["action"] for row in log] == ["wall-unlatched", "wall-open"]
    assert log[0]["detail"]["reason"].startswith("Nobody logged in")


async def test_what_only_differs_is_told_and_does_not_stop_the_service(
    urls: Urls, api: Any
) -> None:
    await _change(urls, "alter table app.lead add column seen_by text")
    try:
        assert check(urls, "--only", "drift").returncode == 3
        assert [drift.level for drift in await watching.look(api) or []] == ["differs"]
        await refuse_open(api)
        whole = check(urls, "--json")
        assert whole.returncode == 1
        told = {one["check"]: one for one in json.loads(whole.stdout)["findings"]}
        assert "column seen_by of app.lead" in told["drift: differs"]["detail"]
    finally:
        await _change(urls, "alter table app.lead drop column seen_by")
    fine = check(urls, "--only", "drift")
    assert (fine.returncode, fine.stdout.strip()) == (0, "The catalogue is what sql/ says.")


async def test_one_looks_when_nobody_did(urls: Urls, api: Any) -> None:
    await watching.look(api)
    claim = "select app.claim_watch('drift', $1)"
    assert not await api.fetchval(claim, 60.0)
    await _change(urls, "update app_private.watch set checked_at = now() - interval '3 minutes'")
    async with connected(urls.worker) as other:
        assert [await api.fetchval(claim, 150.0), await other.fetchval(claim, 150.0)] == [
            True, False,
        ]  # fmt: skip


async def test_another_releases_database_is_judged_by_another(urls: Urls, api: Any) -> None:
    """Two releases serve for a while: the older one's files would say otherwise of everything."""
    await _change(urls, "update app_private.schema_state set hash = repeat('0', 64)", OPENED)
    try:
        assert await watching.look(api) is None
    finally:
        await _change(urls, CLOSED)


def test_the_house_declares_what_is_its_own_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = tmp_path / "house.toml"
    monkeypatch.setenv("KOLLEGIUM_HOUSE", str(house))
    key = expected.Key("power", "azure_admin", "superuser")
    entry = '[[known]]\nkind = "{}"\nobject = "{}"\npart = "*"\nreason = "{}"\n'

    def declared(kind: str, thing: str, reason: str) -> dict[Any, str]:
        house.write_text(entry.format(kind, thing, reason), "utf-8")
        expected._house.cache_clear()
        return expected.known({key: "held"})[0]

    assert declared("power", "azure_*", "The landlord's own account.") == {
        key: "The landlord's own account."
    }
    assert declared("power", "rds_*", "The landlord's own account.") == {}
    for kind, reason in (("policy", "We like it that way."), ("power", "so")):
        with pytest.raises(HouseUnreadable):
            declared(kind, "*", reason)
    expected._house.cache_clear()
