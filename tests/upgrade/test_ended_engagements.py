"""What the release before left of engagements that were over is upgraded, too: who lost a lead
keeps its own words; the next taker reads none of them, and the giver no name."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures.database import as_bearer, connected, database
from tests.upgrade import snapshots, trees
from tests.upgrade.conftest import Before

pytestmark = pytest.mark.upgrade
WORLD = Path(__file__).with_name("ended.sql")
TEXTS = "select text from app.message where lead_id = $1 order by created_at"
NAMED = """
  select to_jsonb(t)::text from app.{} t where t.{} = $1 and to_jsonb(t)::text like '%Vormals%'
"""


@pytest_asyncio.fixture(scope="module")
async def upgraded(
    server: Any, before: Before, next_tree: Callable[[], Path]
) -> AsyncIterator[tuple[Any, dict[int, Any]]]:
    """The world after the upgrade, and its three leads by place."""
    async with database(server.superuser_url, before.database) as urls:
        async with connected(urls.superuser) as db, db.transaction():
            await db.execute(WORLD.read_text("utf-8"))
        async with connected(urls.superuser) as db:
            assert await snapshots.orphans(db) == {}
        trees.migrate(next_tree(), urls.owner)
        async with connected(urls.superuser) as db:
            assert await snapshots.orphans(db) == {}
            told = {row["place"]: row for row in await db.fetch("select * from public.told")}
        assert len(told) == 3
        yield urls, told


async def seen(urls: Any, before: Before, company: Any, *asked: Any) -> list[str]:
    """What a colleague of the company is shown."""
    async with connected(urls.superuser) as db:
        colleague = await db.fetchval(
            "select id from app.colleague where company_id = $1 and active limit 1", company
        )
    token = before.tokens[f"colleague_id {colleague}"]
    async with connected(urls.api) as api, as_bearer(api, token):
        return [row[0] for row in await api.fetch(*asked)]


async def test_who_lost_it_keeps_its_own_words(upgraded: Any, before: Before) -> None:
    urls, told = upgraded
    for place in (1, 2):
        lead = told[place]
        assert await seen(urls, before, lead["former"], TEXTS, lead["lead_id"]) == ["vom ersten"]
        cards = "select company_name from app.engagement_card where lead_id = $1"
        assert await seen(urls, before, lead["former"], cards, lead["lead_id"]) == ["Firma Vormals"]
        people = "select name from app.prospect where lead_id = $1"
        assert await seen(urls, before, lead["former"], people, lead["lead_id"]) == []


async def test_who_took_it_next_reads_its_own_time(upgraded: Any, before: Before) -> None:
    urls, told = upgraded
    found = await seen(urls, before, told[2]["next_taker"], TEXTS, told[2]["lead_id"])
    assert found == ["vom zweiten", "vom Geber danach"]


async def test_a_giver_reads_all_words_and_no_former_name(upgraded: Any, before: Before) -> None:
    """The control: operators read the name on the card, and in what they read of a closed one."""
    urls, told = upgraded
    for place in (1, 2):
        lead = told[place]
        texts = await seen(urls, before, lead["giver"], TEXTS, lead["lead_id"])
        assert "vom ersten" in texts
        for table, column in (("message", "lead_id"), ("history", "lead_id"),
                              ("engagement", "lead_id"), ("lead", "id"), ("offer", "lead_id"),
                              ("engagement_card", "lead_id")):  # fmt: skip
            asked = NAMED.format(table, column)
            assert await seen(urls, before, lead["giver"], asked, lead["lead_id"]) == [], table
        cards = NAMED.format("engagement_card", "lead_id")
        assert len(await seen(urls, before, lead["operator"], cards, lead["lead_id"])) == 1


async def test_a_lost_one_goes_on_as_it_was(upgraded: Any, before: Before) -> None:
    """It is the lead's own until it is recycled: its taker reads it, with names."""
    urls, told = upgraded
    lead = told[3]
    async with connected(urls.superuser) as db:
        row = await db.fetchrow(
            "select ended_at, company_name, state from app.engagement where id = $1", lead["first"]
        )
    assert tuple(row) == (None, "Firma Vormals", "lost")
    for who in (lead["former"], lead["giver"], lead["operator"]):
        found = await seen(urls, before, who, TEXTS, lead["lead_id"])
        assert found == ["vom ersten", "vom Betreiber damals", "vom Geber danach"]
