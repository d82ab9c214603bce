"""Random plans, cards and leads: previews and what really happens are what the oracle says."""

import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market
from tests.waves.oracle import Card, Lead, Offering

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)
PLANS = int(os.environ.get("KOLLEGIUM_WAVES", "6"))
TAGS = ["dach", "heizung", "fenster"]
AREAS = ["1", "10", "2", "25", "3"]
MADE = """
    with made as (
      insert into app.company (id, name) values ($1, $2) returning id, name)
    insert into app.participation (marketplace_id, company_id, operator_company_id, capacities,
      state, postcode_areas, tags, paused, cap, cap_day, cap_week, cap_month, marketplace_name,
      operator_name, company_name, steps, invited_at)
    select m.id, made.id, m.operator_company_id, '{taker}', 'active', $4, $5, $6, $7, $8, $9, $10,
      m.name, m.operator_name, made.name, m.steps, $11 from app.marketplace m, made where m.id = $3
"""


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Makes takers and turns the clock."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        await clock.stop(connection, MONDAY)
        yield connection
        await clock.right(connection)


async def cards(superuser: Any, market: Market, chance: random.Random) -> list[Card]:
    """Fifteen takers beside those of the world, whose cards are paused."""
    await superuser.execute("update app.participation set paused = true")
    found = []
    for number in range(15):
        full = chance.choice([None] * 6 + ["open", "day", "week", "month"])
        card = Card(
            str(uuid4()),
            MONDAY - timedelta(days=chance.randint(1, 5)),
            chance.sample(AREAS, chance.randint(0, 3)),
            chance.sample(TAGS, chance.randint(0, 2)),
            chance.random() < 0.1,
            full,
        )
        caps = [0 if full == period else None for period in ("open", "day", "week", "month")]
        await superuser.execute(
            MADE, UUID(card.company), f"Taker {number}", market.m, card.areas, card.tags,
            card.paused, *caps, card.since,
        )  # fmt: skip
        found.append(card)
    rows = await superuser.fetch(
        "select company_id, invited_at, capacities from app.participation where paused"
        " and marketplace_id = $1 and state = 'active' and 'taker' = any (capacities)",
        market.m,
    )
    known = {card.company for card in found}
    return found + [
        Card(str(row["company_id"]), row["invited_at"], [], [], True, None)
        for row in rows
        if str(row["company_id"]) not in known
    ]


def random_plan(chance: random.Random, companies: list[str]) -> dict[str, Any]:
    """A plan of up to five waves."""
    waves = []
    for _ in range(chance.randint(1, 5)):
        wave: dict[str, Any] = {
            "response_minutes": 60,
            "working_time": False,
            "order": chance.choice(["priority", "weighted", "round_robin", "random"]),
        }
        some = chance.sample(companies, chance.randint(1, len(companies)))
        for name, value, share in (
            ("takers", chance.randint(1, 6), 0.7),
            ("company_ids", some, 0.3),
            ("tags", chance.sample(TAGS, 2), 0.3),
            ("postcode_areas", chance.sample(AREAS, 3), 0.3),
            ("weights", {company: chance.randint(1, 9) for company in some}, 0.5),
        ):
            wave |= {name: value} if chance.random() < share else {}
        waves.append(wave)
    return {"waves": waves, "on_cap": chance.choice(["skip", "next_wave"]), "recycle": "never"}


def told(waves: list[dict[str, Any]]) -> list[tuple[list[str], dict[str, str]]]:
    """What the API tells, as the oracle does."""
    return [
        (
            [one["company_id"] for one in wave["offered"]],
            {one["company_id"]: one["reason"] for one in wave["left_out"]},
        )
        for wave in waves
    ]


async def work_through(market: Market, superuser: Any, lead: str, waves: int) -> list[Any]:
    """Lets every wave run out; what happened, in the oracle's words, without the order within."""
    async with connected(market.urls.worker) as worker:
        for number in range(1, waves + 2):
            await clock.stop(superuser, MONDAY + timedelta(minutes=61 * number))
            await timers.expire(worker)
            await timers.end_waves(worker)
    answer = await market.olga.get(market.path(lead, "/brokerages"))
    await clock.stop(superuser, MONDAY)
    return told(answer.json()["items"][0]["waves"]) if answer.json()["items"] else []


async def test_plans_come_to_what_the_oracle_says(market: Market, superuser: Any) -> None:
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    known = await cards(superuser, market, chance)
    companies = [card.company for card in known if not card.paused]
    turns: dict[tuple[int, str], int] = {}
    for _ in range(PLANS):
        plan = random_plan(chance, companies)
        path = f"/marketplaces/{market.m}/waves"
        made = await market.olga.put(path, plan, headers={"If-Match": "*"})
        assert made.status_code == 200, made.text
        drawn_with = await superuser.fetchval("select seed::text from app.wave_plan")
        offering = Offering(plan, drawn_with, turns)
        postcode = chance.choice(["10115", "25813", "33602"])
        tags = chance.sample(TAGS, chance.randint(0, 2))
        id_ = await market.draft(tags=tags, prospect={"postcode": postcode})
        lead = Lead(id_, postcode, tags, str(market.world.geber.id))
        expected = offering.waves(known, lead)
        answer = await market.olga.get(market.path(id_, "/offer-preview"))
        assert told(answer.json()["waves"]) == expected, (plan, lead)
        await market.olga.post(market.path(id_, "/accept"))
        offered = await market.olga.post(market.path(id_, "/offer"))
        happened = await work_through(market, superuser, id_, len(plan["waves"]))
        assert (offered.status_code == 409) == (happened == [])
        assert [({*whom}, why) for whom, why in happened] == [
            ({*whom}, why) for whom, why in expected[: len(happened)]
        ], (plan, lead)
        assert all(whom == [] for whom, _ in expected[len(happened) :])
        for number, (whom, _) in enumerate(happened, 1):
            if plan["waves"][number - 1]["order"] == "round_robin" and whom:
                offering.opened(number, whom)
