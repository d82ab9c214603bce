"""A token that dies while its write waits for a lock: 401 and no effect, for every writing route.

A second session holds the rows that writes wait for. Once the request waits, its token dies, the
rows are let go, and the request goes on in nobody's context.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from service.web.openapi import operation_id
from service.web.routes import handlers
from tests.fixtures.database import connected, waiting_for_locks
from tests.fixtures.described import application
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.fixtures.requests import Requests

# What a write of any kind touches or points to.
HELD = (
    "company", "colleague", "api_key", "invitation", "marketplace", "participation", "lead",
    "offer", "engagement", "follow_up", "absence", "company_absence", "company_merge",
    "lead_import", "import_mapping", "saved_view", "webhook", "intake_key",
)  # fmt: skip
# They wait for nothing, or nobody's token is needed.
OTHERS = {
    "sessions.log_in", "sessions.log_out", "sessions.end_session", "sessions.request_reset",
    "sessions.reset_password", "companies.accept", "merges.answer_by_token", "pages.accept",
    "pages.answer_merge", "pages.request_reset", "pages.set_password", "pages.unsubscribed",
    "intake.take_form", "intake.take_google", "intake.take_meta",
}  # fmt: skip


APP = application()
WRITES = sorted(
    operation_id(handler)
    for _, handler in handlers(APP.routes)
    if handler.http_methods & {"POST", "PATCH", "PUT", "DELETE"}
    and operation_id(handler) not in OTHERS
)
POSTS = {
    operation_id(handler)
    for _, handler in handlers(APP.routes)
    if "POST" in handler.http_methods and operation_id(handler) in WRITES
}


@pytest.fixture(scope="module")
def requests(market: Market) -> Requests:
    """A request for each route."""
    return Requests(market, APP.description)


@dataclass
class Beside:
    """Connections of a superuser, kept for the module: what each has planned costs most here."""

    holder: Any
    other: Any
    digests: str = ""

    async def content(self) -> dict[str, str]:
        """A digest of every table but those of tokens and limits."""
        if not self.digests:
            tables = await self.other.fetch(
                "select format('%I.%I', schemaname, tablename) as name from pg_tables where"
                " schemaname in ('app', 'app_private') and tablename not in ('bearer', 'rate')"
            )
            self.digests = " union all ".join(
                f"select '{t['name']}', md5(string_agg(t::text, '|' order by t::text))"
                f" from {t['name']} t"
                for t in tables
            )
        return {row[0]: row[1] for row in await self.other.fetch(self.digests)}

    @asynccontextmanager
    async def dying(self, who: Any, request: Any) -> AsyncIterator[httpx.Response]:
        """Sends the request, ends its token while it waits, lets it go on; the token lives
        again."""
        async with self.holder.transaction():
            for table in HELD:
                schema = "app_private" if table == "webhook" else "app"
                await self.holder.execute(f"select from {schema}.{table} for update")
            task = asyncio.create_task(request)
            await waiting_for_locks(self.other, task)
            ended = await self.other.execute(
                "update app_private.bearer set expires_at = now() where token_sha256 = sha256($1)",
                who.token.encode(),
            )
            assert ended == "UPDATE 1"
        try:
            yield await asyncio.wait_for(task, 10)
        finally:
            await self.other.execute(
                "update app_private.bearer set expires_at = now() + interval '12 hours'"
                " where token_sha256 = sha256($1)",
                who.token.encode(),
            )


@pytest_asyncio.fixture(scope="module")
async def beside(market: Market) -> AsyncIterator[Beside]:
    """On the module's database."""
    urls = market.urls
    async with connected(urls.superuser) as holder, connected(urls.superuser) as other:
        yield Beside(holder, other)


async def send(who: Person, method: str, path: str, body: Any, key: bool) -> httpx.Response:
    """One request, with If-Match where it takes one and a new Idempotency-Key where asked for."""
    headers = {"If-Match": "*"} if method in ("PATCH", "PUT") else {}
    headers |= {"Idempotency-Key": uuid4().hex} if key else {}
    if isinstance(body, bytes):
        headers["Content-Type"] = "text/csv"
        return await who.send(method, path, content=body, headers=headers)
    options = {} if body is None else {"json": body}
    return await who.send(method, path, headers=headers, **options)


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_whose_token_dies_has_no_effect(
    market: Market, requests: Requests, beside: Beside, name: str
) -> None:
    """Every route that writes, from its description; a POST again with an Idempotency-Key."""
    by, method, path, body = await requests.make(name)
    who: Person = getattr(market, by)
    before = await beside.content()
    for key in (False, True) if name in POSTS else (False,):
        async with beside.dying(who, send(who, method, path, body, key)) as answer:
            assert (answer.status_code, slug(answer)) == (401, "unauthenticated"), key
        assert await beside.content() == before, key
    assert (await who.get("/me")).status_code == 200, "the control: it is the token alone"


async def test_without_the_guard_a_pick_stays_and_is_denied(market: Market, beside: Beside) -> None:
    """The control: what happened before `app.leave`."""
    lead = market.path(await market.offered(market.world.klein))
    async with connected(market.urls.superuser) as superuser:
        guard = await superuser.fetchval("select pg_get_functiondef('app.leave()'::regprocedure)")
        await superuser.execute(
            "create or replace function app.leave() returns boolean language sql as 'select true'"
        )
        try:
            request = market.cora.post(f"{lead}/pick")
            async with beside.dying(market.cora, request) as answer:
                assert (answer.status_code, slug(answer)) == (404, "not-found")
        finally:
            await superuser.execute(guard)
    assert (await market.cora.get(lead)).json()["state"] == "engaged"


async def test_who_deactivates_himself_is_told_that_it_worked(market: Market) -> None:
    """His token dies by what he asked for, not by accident."""
    second = await market.joins(market.anna, "zweite@huber.example", "Zita", role="admin")
    me = (await second.get("/me")).json()["colleague"]
    answer = await second.patch(f"/colleagues/{me['id']}", {"active": False})
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert (await second.get("/me")).status_code == 401


async def test_who_logs_out_is_told_that_it_worked(market: Market) -> None:
    again = await market.joins(market.anna, "dritte@huber.example", "Zoe")
    assert (await again.delete("/sessions/current")).status_code == 204
    assert (await again.get("/me")).status_code == 401


@pytest.mark.parametrize("death", ["deactivated", "logged out", "key revoked"])
async def test_each_way_to_die_beside_a_pick(market: Market, death: str) -> None:
    """As people do it, over HTTP, while a pick waits for the lead alone."""
    lead = await market.offered(market.world.huber)
    made = await market.anna.post("/api-keys", {"name": death})
    picker = await market.joins(market.anna, f"{uuid4().hex}@huber.example", "Paul")
    me = (await picker.get("/me")).json()["colleague"]
    if death == "key revoked":
        picker = Person(market.client, made.json()["token"])
    async with (
        connected(market.urls.superuser) as holder,
        connected(market.urls.superuser) as other,
    ):
        async with holder.transaction():
            await holder.execute("select from app.lead where id = $1 for update", lead)
            task = asyncio.create_task(picker.post(market.path(lead, "/pick")))
            await waiting_for_locks(other, task)
            if death == "deactivated":
                gone = await market.anna.patch(f"/colleagues/{me['id']}", {"active": False})
            elif death == "logged out":
                gone = await picker.delete("/sessions/current")
            else:
                gone = await market.anna.delete(f"/api-keys/{made.json()['id']}")
            assert gone.status_code in (200, 204)
        assert (await task).status_code == 401
    shown = (await market.olga.get(market.path(lead))).json()
    assert shown["state"] == "offered"
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200, "the control"
