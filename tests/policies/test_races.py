"""Many connections, one lead: exactly one company wins, and nobody learns who (docs/domain.md,
case 1)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from tests.fixtures.database import NewDatabase, as_bearer, connected
from tests.fixtures.world import Builder, Company

TAKERS = 16
RETRIED = ("40001", "40P01", "55P03")
PICK = "select * from app.pick_lead($1, $2)"


class Arena:
    """A marketplace with many takers, a connection for each, and two colleagues of the first."""

    def __init__(self, builder: Builder, connections: list[Any]) -> None:
        self.b, self.connections = builder, connections
        self.operator: Company
        self.takers: list[Company] = []
        self.marketplace = UUID(int=0)

    async def build(self) -> None:
        """Sets everybody up."""
        self.operator = await self.b.company("Nord", "Olga")
        self.marketplace = await self.b.marketplace(self.operator, "Marktplatz Nord")
        for number in range(TAKERS):
            taker = await self.b.company(f"Nehmer{number}", f"Tina{number}")
            await self.b.partner(self.operator, self.marketplace, taker, "taker")
            self.takers.append(taker)
        await self.b.colleague(self.takers[0], "Ben", "member")

    async def offered(self, takers: list[Company] | None = None) -> UUID:
        """A lead with an open offer to each of the takers (all)."""
        lead = await self.b.draft(self.operator, self.marketplace, "Dach")
        for step in ("submit_lead($1, $2)", "accept_lead($1, $2)"):
            await self.b.call(self.operator, f"app.{step}", self.marketplace, lead)
        chosen = [taker.id for taker in takers or self.takers]
        await self.b.call(
            self.operator, "app.offer_lead($1, $2, $3, null)", self.marketplace, lead, chosen
        )
        return lead

    async def act(self, number: int, token: str, sql: str, *values: Any) -> Any:
        """A request on connection `number`: its row, or the error as `(SQLSTATE, problem)`. Lost
        races that the web tier repeats are repeated here too."""
        for _ in range(10):
            try:
                async with as_bearer(self.connections[number], token):
                    return await self.connections[number].fetchrow(sql, *values)
            except asyncpg.PostgresError as error:
                if error.sqlstate in RETRIED:
                    continue
                return error.sqlstate, error.constraint_name, f"{error} {error.detail}"
        raise AssertionError("lost every race")

    async def truth(self, lead: UUID) -> Any:
        """Lead, its current engagements, its offers by state, as they are."""
        return await self.b.superuser.fetchrow(
            """select l.state, l.engaged_company_id,
                 (select count(*) from app.engagement where lead_id = l.id) as engagements,
                 (select count(*) from app.disclosure where lead_id = l.id) as disclosures,
                 count(o) filter (where o.state = 'picked') as picked,
                 count(o) filter (where o.state = 'open') as open,
                 (select count(*) from app.brokerage
                  where lead_id = l.id and state = 'open') as brokerages
               from app.lead l left join app.offer o on o.lead_id = l.id
               where l.id = $1 group by l.marketplace_id, l.id""",
            lead,
        )


@pytest_asyncio.fixture(scope="module")
async def arena(new_database: NewDatabase) -> AsyncIterator[Arena]:
    """An arena in a database of its own."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(new_database())
        names = (urls.api, urls.staff, urls.worker, urls.superuser)
        builder = Builder(*[await stack.enter_async_context(connected(url)) for url in names])
        connections = [
            await stack.enter_async_context(connected(urls.api)) for _ in range(2 * TAKERS)
        ]
        made = Arena(builder, connections)
        await made.build()
        yield made


async def test_one_winner_among_many(arena: Arena) -> None:
    """Two pickers of each company at once, 32 in all, again and again."""
    for _ in range(15):
        lead = await arena.offered()
        answers = await asyncio.gather(
            *[
                arena.act(
                    number, arena.takers[number % TAKERS].token, PICK, arena.marketplace, lead
                )
                for number in range(2 * TAKERS)
            ]
        )
        truth = await arena.truth(lead)
        assert truth["state"] == "engaged"
        assert [
            truth[name] for name in ("engagements", "disclosures", "picked", "open", "brokerages")
        ] == [1, 1, 1, 0, 0]
        for number, answer in enumerate(answers):
            if arena.takers[number % TAKERS].id == truth["engaged_company_id"]:
                assert isinstance(answer, asyncpg.Record), answer
            else:
                assert answer[:2] == ("KG409", "lead-no-longer-available")
                assert "Nehmer" not in answer[2]
                assert "Tina" not in answer[2]
                assert str(truth["engaged_company_id"]) not in answer[2]
        won = [answer for answer in answers if isinstance(answer, asyncpg.Record)]
        assert sorted(answer["picked"] for answer in won) == [False, True]
        assert len({answer["engagement_id"] for answer in won}) == 1


async def test_a_colleague_of_the_winner_has_it_already(arena: Arena) -> None:
    lead = await arena.offered()
    first, ben = arena.takers[0].colleagues.values()
    answers = [
        await arena.act(0, who.token, PICK, arena.marketplace, lead) for who in (first, ben, first)
    ]
    assert [answer["picked"] for answer in answers] == [True, False, False]
    late = await arena.act(1, arena.takers[1].token, PICK, arena.marketplace, lead)
    assert late[:2] == ("KG409", "lead-no-longer-available")


async def test_without_an_offer_there_is_no_lead(arena: Arena) -> None:
    """404 and the same words as for an id that never existed."""
    lead = await arena.offered(arena.takers[:2])
    hidden = await arena.act(0, arena.takers[5].token, PICK, arena.marketplace, lead)
    absent = await arena.act(0, arena.takers[5].token, PICK, arena.marketplace, UUID(int=7))
    assert hidden == absent
    assert hidden[:2] == ("KG404", "not-found")


async def _duels(
    arena: Arena, rounds: int, rival: Callable[[UUID], Any]
) -> list[tuple[Any, Any, Any]]:
    """Pick against something else, each a little earlier or later than the other."""
    results = []
    for number in range(rounds):
        lead = await arena.offered(arena.takers[:2])

        async def delayed(action: Any, milliseconds: float) -> Any:
            await asyncio.sleep(max(0.0, milliseconds) / 1000)
            return await action

        shift = (number % 9 - 4) * 1.0
        picked, other = await asyncio.gather(
            delayed(arena.act(0, arena.takers[0].token, PICK, arena.marketplace, lead), -shift),
            delayed(rival(lead), shift),
        )
        results.append((picked, other, await arena.truth(lead)))
    return results


async def test_pick_against_withdraw(arena: Arena) -> None:
    """Either the pick is committed and the withdrawal is refused, or the other way round."""
    outcomes = set()
    for picked, withdrawn, truth in await _duels(
        arena,
        45,
        lambda lead: arena.act(
            1,
            arena.operator.token,
            "select app.withdraw_lead($1, $2, 'x')",
            arena.marketplace,
            lead,
        ),
    ):
        outcomes.add(truth["state"])
        if truth["state"] == "engaged":
            assert picked["picked"] is True
            assert withdrawn[:2] == ("KG409", "lead-engaged")
            assert truth["engagements"] == 1
        else:
            assert truth["state"] == "withdrawn"
            assert picked[:2] == ("KG409", "lead-no-longer-available")
            assert (truth["engagements"], truth["disclosures"], truth["picked"]) == (0, 0, 0)
        assert (truth["open"], truth["brokerages"]) == (0, 0)
    assert outcomes == {"engaged", "withdrawn"}, "the duel was never close; it shows nothing"


async def test_pick_against_assignment(arena: Arena) -> None:
    third = arena.takers[2]
    winners = set()
    for picked, assigned, truth in await _duels(
        arena,
        45,
        lambda lead: arena.act(
            1,
            arena.operator.token,
            "select app.assign_lead($1, $2, $3)",
            arena.marketplace,
            lead,
            third.id,
        ),
    ):
        winners.add(truth["engaged_company_id"])
        assert (truth["state"], truth["engagements"], truth["disclosures"], truth["open"]) == (
            "engaged",
            1,
            1,
            0,
        )
        if truth["engaged_company_id"] == third.id:
            assert picked[:2] == ("KG409", "lead-no-longer-available")
        else:
            assert picked["picked"] is True
            assert assigned[:2] == ("KG409", "lead-state")
    assert winners == {third.id, arena.takers[0].id}, "the duel was never close; it shows nothing"


async def test_pick_against_a_colleagues_refusal(arena: Arena) -> None:
    """Ben declines while Tina picks: the company has one answer."""
    ben = arena.takers[0].colleagues["ben"]
    outcomes = set()
    for picked, declined, truth in await _duels(
        arena,
        45,
        lambda lead: arena.act(
            1,
            ben.token,
            "select state from app.decline_offer($1, $2, 'x')",
            arena.marketplace,
            lead,
        ),
    ):
        outcomes.add(truth["state"])
        if truth["state"] == "engaged":
            assert picked["picked"] is True
            assert declined[:2] == ("KG409", "lead-no-longer-available")
        else:
            assert (truth["state"], truth["open"], truth["engagements"]) == ("offered", 1, 0)
            assert declined["state"] == "declined"
            assert picked[:2] == ("KG409", "offer-declined")
    assert outcomes == {"engaged", "offered"}, "the duel was never close; it shows nothing"


async def test_cap_holds_under_concurrent_picks(arena: Arena) -> None:
    """Ten leads, a cap of three, all picked at once by one company."""
    taker = arena.takers[15]
    held = await arena.b.superuser.fetchval(
        "select count(*) from app.engagement where company_id = $1 and state = 'active'", taker.id
    )
    cap = held + 3
    await arena.b.superuser.execute(
        "update app.participation set cap = $2 where company_id = $1", taker.id, cap
    )
    leads = [await arena.offered([taker]) for _ in range(10)]
    answers = await asyncio.gather(
        *[
            arena.act(number, taker.token, PICK, arena.marketplace, lead)
            for number, lead in enumerate(leads)
        ]
    )
    assert sum(isinstance(answer, asyncpg.Record) for answer in answers) == 3
    assert {answer[:2] for answer in answers if isinstance(answer, tuple)} == {
        ("KG409", "cap-reached")
    }
    assert cap == await arena.b.superuser.fetchval(
        "select count(*) from app.engagement where company_id = $1 and state = 'active'", taker.id
    )


async def test_who_is_deactivated_never_stays_handler(arena: Arena) -> None:
    """A colleague picks while the admin deactivates him (case 3): the company keeps the lead."""
    company = arena.takers[0]
    admin, ben = company.admin, company.colleagues["ben"]
    change = "select app.change_colleague($1, null, null, $2, null, null)"
    for number in range(30):
        lead = await arena.offered([company])
        await asyncio.gather(
            arena.act(0, ben.token, PICK, arena.marketplace, lead),
            arena.act(1, admin.token, change, ben.id, False),
        )
        handlers = await arena.b.superuser.fetchval(
            "select count(*) from app.engagement where handler_id = $1 and state = 'active'", ben.id
        )
        assert handlers == 0, number
        await arena.act(1, admin.token, change, ben.id, True)
        ben.token = await arena.b.log_in(ben.email)
