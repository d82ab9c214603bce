"""From import to week 41, typed as staff types it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from service.jobs.legacy.practice.filling import fill_schema
from service.jobs.legacy.practice.generating import Generator
from tests.fixtures.commands import found, kollegium
from tests.fixtures.database import NewDatabase, Urls, connected

WEEK = "2026-W41"


@pytest_asyncio.fixture(scope="module")
async def urls(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A database with a former system beside it, nothing imported."""
    async with new_database() as one:
        async with connected(one.superuser) as superuser:
            chunks = Generator(60, 200, 4).chunks()
            await fill_schema(superuser, "legacy", chunks, "kollegium_staff", lambda table, n: None)
        yield one


def legacy(urls: Urls, *arguments: str, **options: Any) -> Any:
    """`kollegium legacy …` as staff, with the web tier's URL for what a company sees."""
    env = {"DATABASE_STAFF_URL": urls.staff, "DATABASE_URL": urls.api}
    return kollegium("legacy", *arguments, env=env, **options)


async def test_the_whole_way(urls: Urls, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    planned = found(legacy(urls, "plan", "--json", "--rows", str(rows)))
    assert len(rows.read_text("utf-8").splitlines()) == 1 + sum(
        one["rows"] for one in planned["findings"]
    )
    assert {one["kind"] for one in planned["duplicates"]} >= {"legacy_group"}
    found(legacy(urls, "import", "--json"))
    proven = found(legacy(urls, "prove", "--json"))
    assert proven["equal"]
    assert proven["before"] == proven["after"]
    assert proven["before"]["leads"] > 100

    assigned = found(legacy(urls, "cohorts", "assign", "--json"))
    assert assigned["assigned"] > 40
    assert planned["cohorts"]["weeks"] == assigned["result"]["sizes"]
    assert planned["cohorts"]["splits"] == assigned["result"]["splits"]
    shown = found(legacy(urls, "cohorts", "show", WEEK, "--json"))
    switched = found(legacy(urls, "cohorts", "switch", "on", WEEK, "--json"))
    assert switched["outcomes"] == {"switched": len(shown)}
    weeks = {one["week"]: one for one in found(legacy(urls, "status", "--json"))["weeks"]}
    assert (weeks[WEEK]["features_on"], weeks[WEEK]["proven"]) == (len(shown), len(shown))
    assert weeks["2026-W42"]["features_on"] == 0
    off = found(legacy(urls, "cohorts", "switch", "off", WEEK, "--json"))
    assert off["outcomes"] == {"switched": len(shown)}

    # One user, for his own eyes.
    user = str(shown[0]["legacy_user_id"])
    file = tmp_path / "proof.json"
    done = legacy(urls, "prove", "--user", user, "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert "Proven: nobody sees more or less than before." in done.stdout
    document = json.loads(file.read_text())
    assert (document["legacy_user"], document["differences"]) == (int(user), 0)

    # And a difference ends with status 1.
    async with connected(urls.superuser) as superuser:
        await superuser.execute("update app.prospect set city = 'Anderswo'")
    done = legacy(urls, "prove", "--json", "--sample", "0")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert not report["equal"]
    assert {one["row"]["what"] for one in report["listed"]} == {"prospects"}
    left = found(legacy(urls, "cohorts", "switch", "on", WEEK, "--json"))
    assert "differs" in left["outcomes"]


def test_what_cannot_be_is_said(urls: Urls) -> None:
    for arguments, words in (
        (("cohorts", "switch", "on", "2026-W50"), "the roll-out has 2026-W41, 2026-W42, 2026-W43"),
        (("cohorts", "move", "4711", WEEK), "No active company of the former service"),
        (("prove", "--out", "x.json"), "--out needs --user"),
        (("cohorts", "switch", "off", WEEK, "--unproven"), "belongs to `switch on`"),
    ):
        done = legacy(urls, *arguments)
        assert done.returncode != 0
        assert words in " ".join(done.stderr.split())
