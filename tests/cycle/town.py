"""The market of tests/policies/oracle.py behind the service, in this process: who there is, how a
request is sent, and clones of it for one story each.

Requests go to the application as an ASGI server would hand them over, without a client library: a
step costs dozens of reads.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from service import identity
from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.http import running
from tests.fixtures.world import Builder
from tests.policies import oracle

# company -> its colleagues and their roles, the admin first. Each has a key for its programs, too.
PEOPLE = {
    "Nord": {"Olga": "admin", "Otto": "member"},
    "Geber": {"Gerd": "admin", "Gina": "member"},
    "Gabe": {"Gabi": "admin"},
    "Beides": {"Bea": "admin", "Bodo": "delegator", "Bert": "member"},
    "Huber": {"Anna": "admin", "Ben": "member", "Dora": "delegator"},
    "Klein": {"Cora": "admin", "Carl": "member", "Clea": "delegator"},
    "Lang": {"Lena": "admin", "Leo": "member"},
    "Fremd": {"Fritz": "admin"},
}
KEY = "CRM"  # the name of a company's key begins so
WAVES: list[set[str] | None] = [{"Huber", "Klein"}, None]
MONDAY = datetime(2027, 3, 8, 8, tzinfo=UTC)  # when stories begin; 9 in Berlin
WINDOW = 60  # minutes in which an offer may be picked


@dataclass(frozen=True)
class Who:
    """Somebody who acts: a colleague, or the key of a company."""

    company: str
    name: str


def key_of(company: str) -> Who:
    """The key of a company."""
    return Who(company, f"{KEY} {company}")


@dataclass(frozen=True)
class Ids:
    """What is the same in every clone."""

    market: UUID
    companies: dict[str, UUID]
    people: dict[str, UUID]
    tokens: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """Of the service."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """What it says."""
        return msgspec.json.decode(self.body)


async def build(urls: Urls) -> Ids:
    """Everybody, and the marketplace with its plan, through the functions of app."""
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(connected(url))
            for url in (urls.api, urls.staff, urls.worker, urls.superuser)
        ]
        b = Builder(*connections)
        ids: dict[str, UUID] = {}
        people: dict[str, UUID] = {}
        tokens: dict[str, str] = {}
        for name, colleagues in PEOPLE.items():
            first, *others = colleagues
            company = await b.company(name, first)
            ids[name] = company.id
            for other in others:
                await b.colleague(company, other, colleagues[other])
            for person in company.colleagues.values():
                people[person.name] = person.id
                tokens[person.name] = person.token
            key = tokens[key_of(name).name] = f"kgk_cycle-{name}"
            called = key_of(name).name
            await b.call(company, "app.create_api_key($1, $2)", called, identity.sha256(key))
        operator = b.world.companies["nord"]
        market = await b.marketplace(
            operator, "Markt", operator_may_take=True, response_hours=WINDOW // 60
        )
        for capacity, names in (("giver", oracle.GIVERS), ("taker", oracle.TAKERS)):
            for name in names:
                await b.partner(operator, market, b.world.companies[name.lower()], capacity)
        await b.superuser.execute(
            "update app.company set returns_need_release = true where name = 'Firma Huber'"
        )
        await clock.stay_logged_in(b.superuser)
    return Ids(market, ids, people, tokens)


class Town:
    """One clone, with the service in front of it."""

    def __init__(self, app: Any, ids: Ids, worker: Any, superuser: Any, staff: Any) -> None:
        self.app, self.ids, self.worker, self.superuser = app, ids, worker, superuser
        self.staff = staff
        self.requests = 0
        self.began = MONDAY - datetime.now(UTC)

    async def ask(
        self, who: Who, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """One request."""
        self.requests += 1
        data = b"" if body is None else json.dumps(body).encode()
        given = [
            (b"host", b"kollegium.test"),
            (b"authorization", f"Bearer {self.ids.tokens[who.name]}".encode()),
            (b"content-length", str(len(data)).encode()),
            *([(b"content-type", b"application/json")] if data else []),
            *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
        ]
        place, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": place, "raw_path": place.encode(), "root_path": "",
            "query_string": query.encode(), "headers": given, "client": ("192.0.2.10", 40000),
            "server": ("kollegium.test", 80),
        }  # fmt: skip
        status, parts, sent = 0, [], False

        async def receive() -> Any:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        assert status < 500, f"{method} {path} by {who}: {status} {b''.join(parts)!r}"
        return Answer(status, b"".join(parts))

    def lead(self, lead: str, rest: str = "") -> str:
        """The URL of a lead."""
        return f"/marketplaces/{self.ids.market}/leads/{lead}{rest}"

    async def set_waves(self) -> None:
        """The plan of the marketplace."""
        waves = [
            {"response_minutes": WINDOW, "working_time": False}
            | (
                {"company_ids": [str(self.ids.companies[c]) for c in sorted(named)]}
                if named
                else {}
            )
            for named in WAVES
        ]
        path, olga = f"/marketplaces/{self.ids.market}/waves", Who("Nord", "Olga")
        answer = await self.ask(olga, "PUT", path, {"waves": waves}, if_match="*")
        assert answer.status == 200, answer.body

    async def turn(self, minutes: int) -> None:
        """So many minutes after the beginning, and the worker does what is due."""
        await clock.turn(self.superuser, self.began + timedelta(minutes=minutes))
        await timers.expire(self.worker)
        await timers.end_waves(self.worker)
        await timers.call_last(self.worker)
        await timers.remind(self.worker)
        await timers.decide_returns(self.worker)


@asynccontextmanager
async def town(new_database: NewDatabase, template: str, ids: Ids) -> AsyncIterator[Town]:
    """A clone for one story."""
    async with new_database(template) as urls, AsyncExitStack() as stack:
        worker, superuser, staff = [
            await stack.enter_async_context(connected(url))
            for url in (urls.worker, urls.superuser, urls.staff)
        ]
        app = await stack.enter_async_context(running(urls.api, log_level="error"))
        made = Town(app, ids, worker, superuser, staff)
        await made.turn(0)
        await made.set_waves()
        yield made
