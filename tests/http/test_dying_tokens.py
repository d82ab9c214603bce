"""A token that dies while its write waits for a lock: 401 and no effect, for every writing route.

A second session holds the rows that writes wait for. Once the request waits, its token dies, the
rows are let go, and the request goes on in nobody's context.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from service.app import create_app
from service.settings import ServiceSettings
from service.web.openapi import operation_id
from tests.fixtures.database import Urls, connected, waiting_for_locks
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.fixtures.merges import rehearsed
from tests.fixtures.world import PASSWORD

# What a write of any kind touches or points to.
HELD = (
    "company", "colleague", "api_key", "invitation", "marketplace", "participation", "lead",
    "offer", "engagement", "company_merge", "lead_import", "import_mapping",
)  # fmt: skip
FILE = (
    b"Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
    b"Petra;Muster;10115;Berlin;030 23125000;petra@muster.example;Dach;ja\n"
)
DRAFTS = FILE.replace(b";Einwilligung", b"").replace(b";ja", b"")
MAPPING = 'name = "messe"\n[columns]\nemail = "E-Post"\nname = "Wer"\ninterest = "Was"\n'
# operation: (who, method, path, body). {…} are made by `places`.
WRITES: dict[str, tuple[str, str, str, Any]] = {
    "sessions.change_me": ("anna", "PATCH", "/me", {"name": "Anna Weg"}),
    "sessions.change_password": (
        "anna", "PUT", "/me/password",
        {"current_password": PASSWORD, "password": "Ein ganz anderes"}),
    "companies.change_company": ("anna", "PATCH", "/company", {"language": "en"}),
    "companies.change_colleague": ("anna", "PATCH", "/colleagues/{dora}", {"role": "member"}),
    "companies.invite": ("anna", "POST", "/invitations", {"email": "neu@huber.example"}),
    "companies.revoke_invitation": ("anna", "DELETE", "/invitations/{invitation}", None),
    "companies.create_api_key": ("anna", "POST", "/api-keys", {"name": "CRM"}),
    "companies.revoke_api_key": ("anna", "DELETE", "/api-keys/{key}", None),
    "marketplaces.create_marketplace": ("olga", "POST", "/marketplaces", {"name": "Neu"}),
    "marketplaces.change_marketplace": ("olga", "PATCH", "/marketplaces/{m}", {"name": "Neu"}),
    "marketplaces.invite_partner": (
        "olga", "POST", "/marketplaces/{m}/participations",
        {"email": "wer@anders.example", "capacity": "taker"},
    ),
    "marketplaces.accept_participation": (
        "nina", "POST", "/marketplaces/{m}/participations/accept", None),
    "marketplaces.decline_participation": (
        "nina", "POST", "/marketplaces/{m}/participations/decline", None),
    "marketplaces.change_participation": (
        "lena", "PATCH", "/marketplaces/{m}/participations/{lang}", {"paused": True}),
    "marketplaces.end_participation": (
        "olga", "DELETE", "/marketplaces/{m}/participations/{lang}", None),
    "waves.set_calendar": (
        "olga", "PUT", "/marketplaces/{m}/calendar",
        {"time_zone": "UTC", "hours": {"monday": [{"opens": "08:00", "closes": "17:00"}]}}),
    "leads.create": (
        "gerd", "POST", "/marketplaces/{m}/leads",
        {"prospect": {"name": "P", "email": "p@muster.example"}, "interest": "Dach",
         "distribution_permission": True},
    ),
    "leads.change": ("gerd", "PATCH", "{draft}", {"tags": ["dach"]}),
    "leads.submit": ("gerd", "POST", "{draft}/submit", None),
    "leads.accept": ("olga", "POST", "{submitted}/accept", None),
    "leads.reject": ("olga", "POST", "{submitted}/reject", {"reason": "x"}),
    "leads.offer": ("olga", "POST", "{available}/offer", None),
    "leads.assign": ("olga", "POST", "{available}/assign", {"company_id": "{klein}"}),
    "leads.withdraw": ("olga", "POST", "{available}/withdraw", None),
    "offers.pick": ("cora", "POST", "{offered}/pick", None),
    "offers.decline": ("cora", "POST", "{offered}/decline", None),
    "offers.reopen": ("cora", "POST", "{declined}/reopen", None),
    "engagements.change": ("anna", "PATCH", "{engaged}/engagement", {"step": "angebot"}),
    "engagements.close": ("anna", "POST", "{engaged}/engagement/close", {"outcome": "won"}),
    "engagements.reopen": ("anna", "POST", "{won}/engagement/reopen", None),
    "engagements.ask_return": ("anna", "POST", "{engaged}/engagement/return", {"reason": "other"}),
    "engagements.accept_return": ("olga", "POST", "{returning}/engagement/return/accept", None),
    "engagements.refuse_return": ("olga", "POST", "{returning}/engagement/return/refuse", None),
    "engagements.revoke": ("olga", "POST", "{engaged}/revoke", {"reason": "x"}),
    "engagements.recycle": ("olga", "POST", "{ended}/recycle", None),
    "engagements.hand_over": (
        "anna", "POST", "/engagements/handler",
        {"items": [{"marketplace_id": "{m}", "lead_id": "{engaged_id}"}], "handler_id": None}),
    "calls.claim": ("anna", "POST", "{engaged}/engagement/call", None),
    "calls.release": ("anna", "DELETE", "{engaged}/engagement/call", None),
    "calls.log": ("anna", "POST", "{engaged}/engagement/calls", {"outcome": "reached"}),
    "timeline.add_note": ("anna", "POST", "{engaged}/notes", {"text": "x"}),
    "timeline.add_message": ("anna", "POST", "{engaged}/messages", {"text": "x"}),
    "imports.import_file": ("gerd", "POST", "/imports?marketplace={m}", FILE),
    "imports.state_consent": (
        "gerd", "POST", "/imports/{file}/consent",
        {"text": "Ja", "source": "Messe", "given_at": "2026-10-01T08:00:00Z"},
    ),
    "imports.save_mapping": ("gerd", "POST", "/import-mappings", {"mapping": MAPPING}),
    "imports.forget_mapping": ("gerd", "DELETE", "/import-mappings/{mapping}", None),
    "merges.request": ("anna", "POST", "/merges", {"absorbed_company_email": "lena@lang.example"}),
    "merges.order_rehearsal": ("anna", "POST", "/merges/{merge}/rehearsal", None),
    "merges.consent": ("anna", "POST", "/merges/{merge}/consent", {"rehearsal_id": "{rehearsal}"}),
    "merges.refuse": ("anna", "POST", "/merges/{merge}/refuse", {"reason": "x"}),
}  # fmt: skip
# They wait for nothing, or nobody's token is needed.
OTHERS = {
    "sessions.log_in", "sessions.log_out", "sessions.end_session", "sessions.request_reset",
    "sessions.reset_password", "companies.accept", "merges.answer_by_token",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def places(market: Market) -> dict[str, str]:
    """What the paths of WRITES name."""
    world = market.world
    invited = await market.anna.post("/invitations", {"email": "weg@huber.example"})
    key = await market.anna.post("/api-keys", {"name": "weg"})
    merge = await rehearsed(market.urls, world.huber.id, world.fremd.id)
    headers = {"Content-Type": "text/csv"}
    path = f"/imports?marketplace={market.m}"
    file = await market.gerd.post(path, content=DRAFTS, headers=headers)
    kept = await market.gerd.post("/import-mappings", {"mapping": MAPPING.replace("messe", "weg")})
    leads = {name: market.path(lead) for name, lead in world.leads.items()}
    for name, rest, body in (
        ("returning", "/engagement/return", {"reason": "other"}),
        ("ended", "/engagement/close", {"outcome": "lost"}),
    ):
        leads[name] = market.path(await market.draft())
        await market.olga.post(f"{leads[name]}/accept")
        await market.olga.post(f"{leads[name]}/assign", {"company_id": str(world.huber.id)})
        assert (await market.anna.post(f"{leads[name]}{rest}", body)).is_success
    return {
        **leads, "m": str(market.m), "engaged_id": str(world.leads["engaged"]),
        "dora": str(world.dora.id), "lang": str(world.lang.id),
        "klein": str(world.klein.id), "invitation": invited.json()["id"],
        "file": file.json()["id"], "mapping": kept.json()["id"],
        "key": key.json()["id"], "merge": str(merge["merge_id"]),
        "rehearsal": str(merge["rehearsal_id"]),
    }  # fmt: skip


def _filled(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, places) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, places) for inner in value]
    return value.format(**places) if isinstance(value, str) else value


async def content(superuser: Any) -> dict[str, str]:
    """A digest of every table but those of tokens and limits."""
    tables = await superuser.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname"
        " in ('app', 'app_private') and tablename not in ('bearer', 'rate')"
    )
    sql = " union all ".join(
        f"select '{t['name']}', md5(string_agg(t::text, '|' order by t::text)) from {t['name']} t"
        for t in tables
    )
    return {row[0]: row[1] for row in await superuser.fetch(sql)}


@asynccontextmanager
async def dying(urls: Urls, who: Any, request: Any) -> AsyncIterator[httpx.Response]:
    """Sends the request, ends its token while it waits, lets it go on; the token lives again."""
    async with connected(urls.superuser) as holder, connected(urls.superuser) as other:
        async with holder.transaction():
            for table in HELD:
                await holder.execute(f"select from app.{table} for update")
            task = asyncio.create_task(request)
            await waiting_for_locks(other, task)
            ended = await other.execute(
                "update app_private.bearer set expires_at = now() where token_sha256 = sha256($1)",
                who.token.encode(),
            )
            assert ended == "UPDATE 1"
        try:
            yield await asyncio.wait_for(task, 10)
        finally:
            await other.execute(
                "update app_private.bearer set expires_at = now() + interval '12 hours'"
                " where token_sha256 = sha256($1)",
                who.token.encode(),
            )


async def send(who: Person, method: str, path: str, body: Any, key: bool) -> httpx.Response:
    """One request, with If-Match where it takes one and a new Idempotency-Key where asked for."""
    headers = {"If-Match": "*"} if method in ("PATCH", "PUT") else {}
    headers |= {"Idempotency-Key": uuid4().hex} if key else {}
    if isinstance(body, bytes):
        headers["Content-Type"] = "text/csv"
        return await who.send(method, path, content=body, headers=headers)
    options = {} if body is None else {"json": body}
    return await who.send(method, path, headers=headers, **options)


@pytest.mark.parametrize(
    ("name", "key"),
    [(n, False) for n in WRITES] + [(n, True) for n, w in WRITES.items() if w[1] == "POST"],
)
async def test_a_write_whose_token_dies_has_no_effect(
    market: Market, places: dict[str, str], name: str, key: bool
) -> None:
    by, method, path, body = WRITES[name]
    who: Person = getattr(market, by)
    async with connected(market.urls.superuser) as superuser:
        before = await content(superuser)
        request = send(who, method, _filled(path, places), _filled(body, places), key)
        async with dying(market.urls, who, request) as answer:
            assert (answer.status_code, slug(answer)) == (401, "unauthenticated")
        assert await content(superuser) == before
    assert (await who.get("/me")).status_code == 200, "the control: it is the token alone"


def test_every_route_that_writes_is_tried() -> None:
    app = create_app(ServiceSettings(database_url="postgresql://nobody@localhost/nothing"))
    writing = {
        operation_id(handler)
        for route in app.routes
        for handler in route.route_handlers
        if handler.http_methods & {"POST", "PATCH", "PUT", "DELETE"}
    }
    assert writing - OTHERS == set(WRITES)


async def test_without_the_guard_a_pick_stays_and_is_denied(
    market: Market, places: dict[str, str]
) -> None:
    """The control: what happened before `app.leave`."""
    lead = market.path(await market.offered(market.world.klein))
    async with connected(market.urls.superuser) as superuser:
        guard = await superuser.fetchval("select pg_get_functiondef('app.leave()'::regprocedure)")
        await superuser.execute(
            "create or replace function app.leave() returns boolean language sql as 'select true'"
        )
        try:
            request = market.cora.post(f"{lead}/pick")
            async with dying(market.urls, market.cora, request) as answer:
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
