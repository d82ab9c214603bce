"""The demo world behind a real socket, as `kollegium demo` serves it, and its people.

    town.url                    where it listens
    await town.who("anna")      somebody of the demo world by first name: a `Person` with a bearer
                                token for what a test prepares, besides `email`, `id`, `company_id`
    await town.lead("Petra Muster")              a new lead, accepted, not offered to anybody
    await town.offered("anna", "cora")           a new lead, offered to their companies
    town.path(lead, "/pick")    its URL

Huber: anna (admin), ben, dora (delegator), emil, fatma. Klein: cora. Solarportal Nord, the
operator: svenja (admin), jan, imke (delegator). Energie-Check, a giver: anja (admin), timo. All of
them: service/demo/people.py. What a test changes is there for the next one, so use leads of your
own where a state matters.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from service.commands.demo.login_cards import login_cards
from service.commands.demo.mailbox import mailbox
from service.database.shipped import EXAMPLES
from service.database.transaction import Database
from service.demo import build, people, story
from service.demo.build import DemoWorld
from service.jobs.staff.companies import CompanyStaff
from service.settings import ServiceSettings
from tests.browser.watch import Routes
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, listening

_EMAILS = [firm.email(one) for firm in people.FIRMS for one in firm.people]
NAMES = {email.partition("@")[0]: email for email in _EMAILS}


@dataclass(frozen=True)
class Somebody(Person):
    """Who is logged in."""

    email: str
    id: str
    company_id: str
    company: str


class Town:
    """The running service, and who is logged in."""

    def __init__(self, url: str, urls: Urls, http: httpx.AsyncClient, m: str) -> None:
        self.url, self.urls, self.http = url, urls, http
        self.m = m  # the marketplace that most stories are about
        self.routes = Routes({"paths": {}})
        self._known: dict[str, Somebody] = {}
        self._language: dict[str, str] = {}

    async def who(self, name: str) -> Somebody:
        """Somebody, logged in once; who was logged out since is logged in again."""
        if name not in self._known:
            self._known[name] = await self.log_in(name)
        return self._known[name]

    async def log_in(self, name: str) -> Somebody:
        """The same with a session of its own, for who logs out or is locked out."""
        login = {"email": NAMES[name], "password": people.PASSWORD}
        answer = await self.http.post("/sessions", json=login)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        company = found["company"]
        return Somebody(
            self.http, found["token"], NAMES[name], found["colleague"]["id"], company["id"],
            company["name"],
        )  # fmt: skip

    async def speaks(self, person: Somebody, language: str) -> None:
        """The page speaks the language of whoever is logged in."""
        if self._language.get(person.id) != language:
            changed = await person.patch("/me", {"language": language})
            assert changed.status_code == 200, changed.text
            self._language[person.id] = language

    def path(self, lead: str, rest: str = "") -> str:
        """The URL of a lead."""
        return f"/marketplaces/{self.m}/leads/{lead}{rest}"

    async def lead(self, name: str = "Petra Muster", **given: Any) -> str:
        """A new lead of Energie-Check, accepted by the operator unless `accept=False`."""
        accept = given.pop("accept", True)
        prospect = {"name": name, "email": f"{uuid4().hex}@muster.example", "postcode": "24103"}
        body = {
            "prospect": prospect | given.pop("prospect", {}),
            "interest": "Wärmepumpe für ein Reihenhaus",
            "distribution_permission": True,
            "submit": True,
            **given,
        }
        made = await (await self.who("anja")).post(f"/marketplaces/{self.m}/leads", body)
        assert made.status_code == 201, made.text
        lead = str(made.json()["id"])
        if accept:
            answer = await (await self.who("jan")).post(self.path(lead, "/accept"))
            assert answer.status_code == 200, answer.text
        return lead

    async def offered(self, *takers: str, **given: Any) -> str:
        """A new lead, offered to the companies of these people."""
        lead = await self.lead(**given)
        companies = [(await self.who(name)).company_id for name in takers]
        chosen = {"company_ids": companies}
        answer = await (await self.who("jan")).post(self.path(lead, "/offer"), chosen)
        assert answer.status_code == 200, answer.text
        return lead

    async def picked(self, by: str, *others: str, **given: Any) -> str:
        """A new lead that somebody picked."""
        lead = await self.offered(by, *others, **given)
        answer = await (await self.who(by)).post(self.path(lead, "/pick"))
        assert answer.status_code == 200, answer.text
        return lead


async def built(urls: Urls) -> None:
    """The demo world, told in this database."""
    database = await Database.open(ServiceSettings(database_url=urls.api))
    try:
        async with connected(urls.staff) as staff:
            world = DemoWorld(database, EXAMPLES)
            await build.set_up(world, CompanyStaff(staff))
            await story.tell(world)
            await build.invite_newcomer(world)
            await world.log_out()
    finally:
        await database.close()


@asynccontextmanager
async def served(urls: Urls) -> AsyncIterator[Town]:
    """The town while the service runs."""
    beside = [login_cards, *mailbox(urls.worker)]
    with listening(urls.api, beside, demo=True, log_level="error") as url:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            town = Town(url, urls, http, "")
            svenja = await town.who("svenja")
            places = (await svenja.get("/marketplaces?limit=100")).json()["items"]
            town.m = next(place["id"] for place in places if place["as_operator"])
            description = msgspec.json.decode((await http.get("/openapi.json")).content)
            town.routes = Routes(description)
            yield town
