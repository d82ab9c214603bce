"""Random worlds: companies in every capacity on each other's marketplaces, leads anywhere on their
way, and what collides when two of them become one. Made through the functions of `app` alone."""

import random
from typing import Any
from uuid import UUID

import asyncpg

from service import identity
from tests.fixtures.world import Builder, Company, an_import, started_import

NAMES = ("Ahorn", "Birke", "Eiche", "Fichte", "Linde")
STEPS_OF_A_LEAD = (
    "submit", "accept", "offer", "answer", "answer", "work", "work", "end", "offer", "answer",
    "answer", "work", "end",
)  # fmt: skip
PROSPECT = {"name": "Petra Muster", "email": "petra@muster.example", "postcode": "20095"}


class RandomWorld:
    """One world, the same for the same seed (but for ids and times)."""

    def __init__(self, builder: Builder, seed: int) -> None:
        self.b = builder
        self.random = random.Random(seed)
        self.companies: list[Company] = []
        self.markets: dict[UUID, Company] = {}
        self.leads: list[tuple[UUID, UUID]] = []

    async def attempt(self, who: Any, sql: str, *values: Any) -> Any:
        """A call that the state of the world may refuse; None then."""
        try:
            return await self.b.call(who, sql, *values)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith("KG"):
                raise
            return None

    async def build(self, leads: int = 22) -> "RandomWorld":
        """Companies, marketplaces with partners, leads on their way, and other belongings."""
        for name in NAMES:
            await self.b.company(name, f"Admin{name}")
        self.companies = list(self.b.world.companies.values())
        for company in self.companies:
            if self.random.random() < 0.6:
                await self.b.colleague(company, f"Kollege{company.name[6:]}", "member")
        for operator in self.random.sample(self.companies, 2):
            market = await self.b.marketplace(
                operator, f"Markt von {operator.name}", operator_may_take=True
            )
            self.markets[market] = operator
            for company in self.companies:
                if company is not operator:
                    await self._partner(operator, market, company)
        for number in range(leads):
            await self._lead(number)
        await self._belongings()
        return self

    async def _partner(self, operator: Company, market: UUID, company: Company) -> None:
        for capacity in self.random.choice((["taker"], ["giver"], ["taker", "giver"], [])):
            areas = self.random.sample(["1", "2", "20", "3"], self.random.randint(0, 3))
            await self.b.call(
                operator,
                "app.invite_partner($1, $2, null, $3, $4, $5, $6)",
                *(market, company.id, capacity, areas, self.random.choice(([], ["a"], ["b"]))),
                self.random.choice((None, 3, 50)),
            )
            answer = self.random.random()
            if answer < 0.8:
                await self.attempt(company, "app.answer_partner_invitation($1, true)", market)
            elif answer < 0.9:
                await self.attempt(company, "app.answer_partner_invitation($1, false)", market)

    async def _lead(self, number: int) -> None:
        market = self.random.choice(list(self.markets))
        giver = self.random.choice(self.companies)
        reference = self.random.choice((None, f"ref-{number % 3}"))
        made = await self.attempt(
            giver,
            "id from app.create_lead($1, $2, '{}', true, $3, false, 'test', $4)",
            *(market, f"Wärmepumpe {number}", PROSPECT, reference),
        )
        if made is None:
            return
        self.leads.append((market, made))
        for step in STEPS_OF_A_LEAD[: self.random.choice((self.random.randint(0, 7), None))]:
            await self.step(market, made, step)

    async def step(self, market: UUID, lead: UUID, step: str) -> None:
        """What somebody does with a lead, if he may."""
        operator, anybody = self.markets[market], self.random.choice(self.companies)
        calls = {
            "submit": (operator, "app.submit_lead($1, $2)"),
            "accept": (operator, "app.accept_lead($1, $2)"),
            "offer": (operator, "app.offer_lead($1, $2, null, null)"),
        }
        if step in calls:
            await self.attempt(*calls[step], market, lead)
            return
        if step == "end":
            await self._end(market, lead)
            return
        choices = [
            "app.pick_lead($1, $2)",
            "app.decline_offer($1, $2, 'zu weit')",
            "id from app.add_note($1, $2, 'intern')",
            "id from app.add_message($1, $2, 'Guten Tag')",
            "app.change_engagement($1, $2, null, 'kontaktiert', false, null)",
            "app.close_engagement($1, $2, 'won', 10)",
        ]
        for call in self.random.sample(choices, 3):
            await self.attempt(anybody, call, market, lead)

    async def _end(self, market: UUID, lead: UUID) -> None:
        """Returned, asked for, refused, revoked or recycled: whoever works it may lose it."""
        operator, ask = self.markets[market], "app.request_return($1, $2, 'other', null)"
        by_taker, by_operator = self.random.choice(
            (
                (ask, "app.accept_return($1, $2, null)"),
                (ask, "app.refuse_return($1, $2, 'nein')"),
                (ask, None),
                (None, "app.revoke_engagement($1, $2, 'Irrtum')"),
                ("app.close_engagement($1, $2, 'lost', null)", "app.recycle_lead($1, $2)"),
                ("app.close_engagement($1, $2, 'lost', null)", None),
            )
        )
        for company in self.companies if by_taker else ():
            await self.attempt(company, by_taker, market, lead)
        if by_operator:
            await self.attempt(operator, by_operator, market, lead)

    async def _belongings(self) -> None:
        areas = iter(self.random.sample(["1", "20", "3", "45", "6"], 5))
        for market, operator in self.markets.items():
            for company in self.random.sample(self.companies, 2):
                hold = "app.set_exclusive_areas($1, $2, null, $3)"
                await self.attempt(operator, hold, market, company.id, [next(areas)])
        for company in self.random.sample(self.companies, 3):
            away = "app.add_company_absence(now(), now() + interval '1 day')"
            await self.b.call(company, away)
        for company in self.companies:
            await self.b.call(
                company,
                "app.create_api_key('CRM', $1)",
                identity.sha256(f"kgk_{company.name}"),
            )
            for key in ("eins", company.name):
                await self.b.call(
                    company, "app.keep_answer($1, '\\x00', 200, '{}', $2)", key, company.name
                )
            for market in self.markets:
                await self.attempt_import(company, market)

    async def attempt_import(self, company: Company, market: UUID) -> None:
        """A file that came in; the newest of each is still under way."""
        try:
            await an_import(self.b, company, market)
            await started_import(self.b, company, market)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith("KG"):
                raise

    def pair(self) -> tuple[Company, Company]:
        """Two different companies."""
        one, other = self.random.sample(self.companies, 2)
        return one, other
