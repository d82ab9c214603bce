"""What each operation costs at the database: round trips and statements, counted on the wire.

Nothing is timed. Who adds a look before a write, or forgets that a view commits, changes a number
here; who adds a route adds a line.
"""

import functools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args, get_origin

import httpx
import msgspec
import pytest
import pytest_asyncio

from service.database.passing import passing
from service.domain.leads.messages import Lead
from service.vocabulary import Page
from service.web.calls import Call
from service.web.edge import Edge
from service.web.openapi import operation_id
from tests.fixtures.database import Urls
from tests.fixtures.http import from_address, running
from tests.fixtures.market import Market
from tests.fixtures.merges import rehearsed
from tests.fixtures.tap import Tap
from tests.fixtures.world import PASSWORD, World

CSV = (
    b"Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
    b"Petra;Muster;10115;Berlin;030 23125000;petra@muster.example;Dach;ja\n"
)
# (round trips, statements). The context is one statement, in a write two (`app.leave` ends it), and
# begin and commit are two where a write takes more than one trip.
COSTS = {
    "sessions.who_am_i": (1, 2),
    "companies.show_company": (1, 2),
    "companies.change_company": (1, 4),
    "companies.list_colleagues": (1, 2),
    "companies.change_colleague": (1, 3),
    "companies.invite": (2, 6),
    "companies.accept": (2, 2),
    "companies.revoke_invitation": (1, 3),
    "companies.list_invitations": (1, 2),
    "companies.create_api_key": (2, 5),
    "companies.list_api_keys": (1, 2),
    "companies.revoke_api_key": (1, 3),
    "marketplaces.create_marketplace": (2, 6),
    "marketplaces.list_marketplaces": (1, 2),
    "marketplaces.show_marketplace": (1, 2),
    "marketplaces.change_marketplace": (1, 4),
    "marketplaces.invite_partner": (2, 6),
    "marketplaces.accept_participation": (1, 4),
    "marketplaces.decline_participation": (1, 4),
    "marketplaces.list_participations": (2, 4),
    "marketplaces.change_participation": (2, 8),
    "marketplaces.end_participation": (1, 3),
    "waves.show_calendar": (1, 2),
    "waves.set_calendar": (1, 4),
    "leads.create": (2, 6),
    "leads.show": (2, 4),  # one that waits: its duplicates are looked for
    "an engaged lead": (1, 2),
    "leads.list_leads": (1, 2),
    "leads.counts": (1, 2),
    "leads.change": (1, 4),
    "leads.submit": (1, 4),
    "leads.accept": (1, 4),
    "leads.offer": (1, 4),
    "offers.list_offers": (1, 2),
    "offers.decline": (1, 3),
    "offers.reopen": (1, 3),
    "offers.pick": (1, 4),
    "a refused pick, counted": (1, 4),
    "engagements.change": (1, 4),
    "engagements.hand_over": (2, 5),
    "calls.claim": (1, 3),
    "calls.show": (1, 2),
    "calls.release": (1, 3),
    "calls.log": (1, 3),
    "calls.list_calls": (1, 2),
    "timeline.add_note": (1, 3),
    "timeline.list_notes": (1, 2),
    "timeline.add_message": (1, 3),
    "with a key": (3, 8),
    "with the same key": (2, 5),
    "timeline.list_messages": (1, 2),
    "timeline.list_history": (1, 2),
    "engagements.close": (1, 4),
    "engagements.reopen": (1, 4),
    "engagements.show": (1, 2),
    "engagements.list_engagements": (1, 2),
    "engagements.ask_return": (1, 4),
    "engagements.accept_return": (1, 4),
    "engagements.refuse_return": (1, 4),
    "engagements.revoke": (1, 4),
    "engagements.recycle": (1, 4),
    "leads.reject": (1, 4),
    "leads.withdraw": (1, 4),
    "leads.assign": (1, 4),
    "imports.import_file": (7, 16),
    "imports.list_imports": (1, 2),
    "imports.show_import": (2, 4),
    "imports.state_consent": (6, 13),
    "imports.list_consents": (2, 4),
    "imports.save_mapping": (3, 6),
    "imports.list_mappings": (1, 2),
    "imports.forget_mapping": (1, 3),
    "sessions.log_in": (3, 5),
    "health.healthz": (0, 0),
    "health.readyz": (4, 4),
    "docs_page.description": (0, 0),
    "docs_page.page": (0, 0),
    "docs_page.asset": (0, 0),
    "sessions.log_out": (1, 3),
    "sessions.list_sessions": (1, 2),
    "sessions.end_session": (1, 3),
    "sessions.change_me": (1, 4),
    "sessions.change_password": (2, 6),
    "sessions.request_reset": (1, 1),
    "sessions.reset_password": (2, 2),
    "companies.list_merge_suggestions": (1, 2),
    "merges.request": (2, 6),
    "merges.list_merges": (1, 2),
    "merges.show": (1, 2),
    "merges.order_rehearsal": (1, 4),
    "merges.show_rehearsal": (2, 4),
    "merges.list_leads": (2, 4),
    "merges.consent": (1, 4),
    "merges.refuse": (1, 4),
    "merges.answer_by_token": (1, 1),
}


@pytest_asyncio.fixture(scope="module")
async def tap(world_database: Urls) -> AsyncIterator[Tap]:
    """The line between service and database."""
    async with Tap(world_database.api).open() as one:
        yield one


@pytest_asyncio.fixture(scope="module")
async def tapped(tap: Tap) -> AsyncIterator[Edge]:
    """The service behind the tap, on one connection."""
    async with running(tap.url, pool_size=1) as app:
        yield app


class Asker:
    """Sends one request after the other and notes what each took."""

    def __init__(self, market: Market, client: httpx.AsyncClient, tap: Tap) -> None:
        self.market, self.client, self.tap = market, client, tap
        self.found: dict[str, tuple[int, int]] = {}
        self.bodies: dict[str, bytes] = {}

    async def ask(
        self, name: str, who: str, call: str, body: Any = None, status: int = 200, **headers: str
    ) -> Any:
        """`call` is method and path; the answer must be of this kind."""
        method, _, path = call.partition(" ")
        token = f"Bearer {getattr(self.market.world, who).token}" if who else ""
        given = {"Authorization": token} if who else {}
        options: Any = {"content": body} if isinstance(body, bytes) else {"json": body}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.tap.reading()
        answer = await self.client.request(
            method, path, headers=given, **(options if body is not None else {})
        )
        assert answer.status_code // 100 == status // 100, (name, answer.text)
        self.found[name] = self.tap.reading()
        self.bodies[name] = answer.content
        return answer.json() if answer.headers.get("content-type") == "application/json" else None


async def companies(asker: Asker) -> None:
    """The company's own house."""
    ask, world = asker.ask, asker.market.world
    await ask("sessions.who_am_i", "anna", "GET /me")
    await ask("companies.show_company", "anna", "GET /company")
    await ask("companies.change_company", "anna", "PATCH /company", {"language": "de"})
    await ask("companies.list_colleagues", "anna", "GET /colleagues")
    dora = f"PATCH /colleagues/{world.dora.id}"
    await ask("companies.change_colleague", "anna", dora, {"role": "delegator"})
    invitation = {"email": "neu@huber.example"}
    made = await ask("companies.invite", "anna", "POST /invitations", invitation)
    token = (await asker.market.mails_to("neu@huber.example"))[0]["payload"]["token"]
    accepted = {"name": "Neu", "password": PASSWORD}
    await ask("companies.accept", "", f"POST /invitations/{token}/accept", accepted)
    made = await asker.market.anna.post("/invitations", {"email": "weg@huber.example"})
    path = f"DELETE /invitations/{made.json()['id']}"
    await ask("companies.revoke_invitation", "anna", path)
    await ask("companies.list_invitations", "anna", "GET /invitations")
    key = await ask("companies.create_api_key", "anna", "POST /api-keys", {"name": "x"})
    await ask("companies.list_api_keys", "anna", "GET /api-keys")
    await ask("companies.revoke_api_key", "anna", f"DELETE /api-keys/{key['id']}")


async def marketplaces(asker: Asker) -> None:
    """Marketplaces and who takes part."""
    ask, world = asker.ask, asker.market.world
    made = await ask("marketplaces.create_marketplace", "olga", "POST /marketplaces", {"name": "P"})
    place = f"/marketplaces/{made['id']}"
    await ask("marketplaces.list_marketplaces", "olga", "GET /marketplaces")
    await ask("marketplaces.show_marketplace", "olga", f"GET {place}")
    await ask("marketplaces.change_marketplace", "olga", f"PATCH {place}", {"name": "Q"})
    for name, answer in (("anna", "accept"), ("cora", "decline")):
        company = world.huber if name == "anna" else world.klein
        invitation = {"company_id": str(company.id), "capacity": "taker"}
        path = f"POST {place}/participations"
        await ask("marketplaces.invite_partner", "olga", path, invitation)
        await ask(f"marketplaces.{answer}_participation", name, f"{path}/{answer}")
    await ask("marketplaces.list_participations", "olga", f"GET {place}/participations")
    await ask("waves.show_calendar", "olga", f"GET {place}/calendar")
    hours = {"monday": [{"opens": "08:00", "closes": "17:00"}]}
    calendar = {"time_zone": "UTC", "hours": hours}
    await ask("waves.set_calendar", "olga", f"PUT {place}/calendar", calendar, If_Match="*")
    own = f"{place}/participations/{world.huber.id}"
    await ask("marketplaces.change_participation", "anna", f"PATCH {own}", {"paused": True})
    await ask("marketplaces.end_participation", "anna", f"DELETE {own}")


async def leads(asker: Asker) -> None:
    """From a draft to a closed engagement, and what ends a lead otherwise."""
    ask, market = asker.ask, asker.market
    nord, person = f"/marketplaces/{market.m}/leads", {"name": "P", "email": "p@muster.example"}
    draft = {"prospect": person, "interest": "Dach", "distribution_permission": True}
    lead = f"{nord}/{(await ask('leads.create', 'gerd', f'POST {nord}', draft))['id']}"
    await ask("leads.show", "gerd", f"GET {lead}")
    await ask("leads.list_leads", "gerd", "GET /leads")
    await ask("leads.counts", "gerd", "GET /counts")
    await ask("leads.change", "gerd", f"PATCH {lead}", {"tags": ["dach"]}, If_Match="*")
    await ask("leads.submit", "gerd", f"POST {lead}/submit")
    await ask("leads.accept", "olga", f"POST {lead}/accept")
    takers = {"company_ids": [str(market.world.huber.id), str(market.world.klein.id)]}
    await ask("leads.offer", "olga", f"POST {lead}/offer", takers)
    await ask("offers.list_offers", "anna", "GET /offers")
    await ask("offers.decline", "anna", f"POST {lead}/decline")
    await ask("offers.reopen", "anna", f"POST {lead}/reopen")
    await ask("offers.pick", "anna", f"POST {lead}/pick")
    await ask("an engaged lead", "anna", f"GET {lead}")
    await ask("a refused pick, counted", "cora", f"POST {lead}/pick", status=409)
    step = {"step": "kontaktiert"}
    await ask("engagements.change", "anna", f"PATCH {lead}/engagement", step, If_Match="*")
    await together(asker, lead)
    await ask("timeline.add_note", "anna", f"POST {lead}/notes", {"text": "x"})
    await ask("timeline.list_notes", "anna", f"GET {lead}/notes")
    message = f"POST {lead}/messages"
    await ask("timeline.add_message", "anna", message, {"text": "x"})
    await ask("with a key", "anna", message, {"text": "x"}, Idempotency_Key="one")
    await ask("with the same key", "anna", message, {"text": "x"}, Idempotency_Key="one")
    await ask("timeline.list_messages", "anna", f"GET {lead}/messages")
    await ask("timeline.list_history", "anna", f"GET {lead}/history")
    await ask("engagements.close", "anna", f"POST {lead}/engagement/close", {"outcome": "won"})
    await ask("engagements.reopen", "anna", f"POST {lead}/engagement/reopen")
    await ways_back(asker, lead)
    for name, tail, body in (
        ("leads.reject", "/reject", {"reason": "x"}),
        ("leads.withdraw", "/withdraw", None),
        ("leads.assign", "/assign", {"company_id": str(market.world.huber.id)}),
    ):
        other = market.path(await market.draft())
        if tail == "/assign":
            await market.olga.post(f"{other}/accept")
        await ask(name, "olga", f"POST {other}{tail}", body)


async def ways_back(asker: Asker, lead: str) -> None:
    """An engagement ends, in each way."""
    ask, work = asker.ask, f"{lead}/engagement"
    await ask("engagements.show", "anna", f"GET {work}")
    await ask("engagements.list_engagements", "anna", "GET /engagements")
    for decision in ("refuse", "accept"):
        await ask("engagements.ask_return", "anna", f"POST {work}/return", {"reason": "other"})
        await ask(f"engagements.{decision}_return", "olga", f"POST {work}/return/{decision}")
    again = {"company_id": str(asker.market.world.huber.id)}
    await asker.market.olga.post(f"{lead}/assign", again)
    await ask("engagements.revoke", "olga", f"POST {lead}/revoke", {"reason": "x"})
    await asker.market.olga.post(f"{lead}/assign", again)
    await asker.market.anna.post(f"{work}/close", {"outcome": "lost"})
    await ask("engagements.recycle", "olga", f"POST {lead}/recycle")


async def together(asker: Asker, lead: str) -> None:
    """What colleagues do so that nobody does it twice."""
    ask, call = asker.ask, f"{lead}/engagement/call"
    marketplace, key = lead.split("/")[2], lead.split("/")[-1]
    handover = {"items": [{"marketplace_id": marketplace, "lead_id": key}], "handler_id": None}
    await ask("engagements.hand_over", "anna", "POST /engagements/handler", handover)
    await ask("calls.claim", "anna", f"POST {call}")
    await ask("calls.show", "anna", f"GET {call}")
    await ask("calls.release", "anna", f"DELETE {call}")
    await ask("calls.log", "anna", f"POST {call}s", {"outcome": "reached"})
    await ask("calls.list_calls", "anna", f"GET {call}s")


async def the_rest(asker: Asker) -> None:
    """Files, sessions, and what asks no database."""
    ask, gerd = asker.ask, {"email": "gerd@geber.example", "password": PASSWORD}
    path = f"POST /imports?marketplace={asker.market.m}"
    made = await ask("imports.import_file", "gerd", path, CSV, Content_Type="text/csv")
    await ask("imports.list_imports", "gerd", "GET /imports")
    await ask("imports.show_import", "gerd", f"GET /imports/{made['id']}")
    proof = {"text": "x", "source": "x", "given_at": "2026-10-01T08:00:00Z"}
    await ask("imports.state_consent", "gerd", f"POST /imports/{made['id']}/consent", proof)
    await ask("imports.list_consents", "gerd", f"GET /imports/{made['id']}/consents")
    mapping = {"mapping": 'name = "x"\n[columns]\nemail = "E"\ninterest = "I"\n'}
    kept = await ask("imports.save_mapping", "gerd", "POST /import-mappings", mapping)
    await ask("imports.list_mappings", "gerd", "GET /import-mappings")
    await ask("imports.forget_mapping", "gerd", f"DELETE /import-mappings/{kept['id']}")
    await ask("sessions.log_in", "", "POST /sessions", gerd)
    await ask("health.healthz", "", "GET /healthz")
    await ask("health.readyz", "", "GET /readyz")
    await ask("docs_page.description", "", "GET /openapi.json")
    await ask("docs_page.page", "", "GET /docs")
    await ask("docs_page.asset", "", "GET /docs/start.js")
    await ask("sessions.log_out", "ben", "DELETE /sessions/current")
    await accounts(asker)


async def accounts(asker: Asker) -> None:
    """What somebody does about his own."""
    ask, market = asker.ask, asker.market
    await ask("sessions.change_me", "gerd", "PATCH /me", {"language": "en"})
    passwords = {"current_password": PASSWORD, "password": "Ein ganz anderes"}
    await ask("sessions.change_password", "gerd", "PUT /me/password", passwords)
    email = {"email": "gerd@geber.example"}
    await ask("sessions.request_reset", "", "POST /password-resets", email)
    mails = await market.mails_to(email["email"])
    token = next(mail["payload"]["token"] for mail in mails if "token" in mail["payload"])
    again = {"password": PASSWORD}
    await ask("sessions.reset_password", "", f"POST /password-resets/{token}", again)
    sessions = await ask("sessions.list_sessions", "lena", "GET /sessions")
    ended = f"DELETE /sessions/{sessions['items'][0]['id']}"
    await ask("sessions.end_session", "lena", ended)


async def merges(asker: Asker) -> None:
    """Two companies on their way to be one; nobody merges them here."""
    ask, market = asker.ask, asker.market
    await ask("companies.list_merge_suggestions", "anna", "GET /company/merge-suggestions")
    body = {"absorbed_company_email": "cora@klein.example"}
    made = await ask("merges.request", "anna", "POST /merges", body)
    await ask("merges.list_merges", "anna", "GET /merges")
    await ask("merges.show", "anna", f"GET /merges/{made['id']}")
    await ask("merges.order_rehearsal", "cora", f"POST /merges/{made['id']}/rehearsal")
    await ask("merges.refuse", "cora", f"POST /merges/{made['id']}/refuse", {"reason": "x"})
    ready = await rehearsed(market.urls, market.world.huber.id, market.world.lang.id)
    path = f"/merges/{ready['merge_id']}"
    await ask("merges.show_rehearsal", "anna", f"GET {path}/rehearsal")
    await ask("merges.list_leads", "anna", f"GET {path}/rehearsal/leads?to=survivor")
    consent = {"rehearsal_id": ready["rehearsal_id"]}
    await ask("merges.consent", "anna", f"POST {path}/consent", consent)
    answer = f"POST /merge-consents/{ready['token']}"
    await ask("merges.answer_by_token", "", answer, {"consent": True})


@pytest_asyncio.fixture(scope="module")
async def asker(market: Market, tapped: Edge, tap: Tap) -> AsyncIterator[Asker]:
    """What each operation took and answered."""
    async with from_address(tapped) as client:
        asker = Asker(market, client, tap)
        for story in (companies, marketplaces, leads, merges, the_rest):
            await story(asker)
        yield asker


async def test_every_operation_takes_what_is_written_here(asker: Asker) -> None:
    assert asker.found == COSTS


def _differs(body: bytes, kind: Any) -> bool:
    """Whether JSON has other keys, another order or other values than its struct makes of it."""
    again = msgspec.json.encode(msgspec.json.decode(body, type=kind))
    read = functools.partial(json.loads, object_pairs_hook=list)
    return bool(read(again) != read(body))


def _lists(app: Edge) -> Iterator[tuple[str, Any]]:
    """The routes that answer with a page, and of what."""
    for route in app.routes:
        for handler in route.route_handlers:
            (kind,) = get_args(handler.parsed_fn_signature.return_type.annotation) or (None,)
            if get_origin(kind) is Page:
                yield operation_id(handler), kind


async def test_lists_say_what_their_structs_say(tapped: Edge, asker: Asker) -> None:
    """Rows are passed on without a look: keys, their order, types and absent ones are as described,
    and moments are spelt as where one thing is shown."""
    empty = set()
    for name, kind in _lists(tapped):
        body = asker.bodies[name]
        assert not _differs(body, kind), name
        empty |= set() if json.loads(body)["items"] else {name}
    assert empty <= {"companies.list_merge_suggestions", "merges.list_leads"}


def test_a_column_too_many_is_noticed() -> None:
    """The control, and what costs less has the same JSON, nested or absent."""
    body = _encoded(LEAD_ROW)
    assert not _differs(body, Lead)
    passed = msgspec.json.encode(msgspec.json.decode(body, type=passing(Lead)))
    assert json.loads(passed) == json.loads(body)
    late = {"id": LEAD_ROW["id"], **{k: v for k, v in LEAD_ROW.items() if k != "id"}}
    for wrong in ({**LEAD_ROW, "secret": 1}, {**LEAD_ROW, "teaser": None}, late):
        assert _differs(_encoded(wrong), Lead)


_encoded = msgspec.json.encode
_ID, _AT = "01900000-0000-7004-8000-000000000001", "2026-11-28T08:00:00.120000Z"
LEAD_ROW: dict[str, Any] = {
    "marketplace_id": _ID, "id": _ID, "state": "engaged", "interest": "Dach \"Süd\"",
    "postcode_area": "10", "tags": ["a", "ü"], "distribution_permission": True, "source": "api",
    "external_ref": None, "rejection_reason": None, "operator_company_id": _ID,
    "operator_name": "O", "giver_company_id": None, "giver_name": None, "engaged_company_id": _ID,
    "engaged_company_name": "T", "received_at": _AT, "created_at": _AT, "submitted_at": None,
    "changed_at": _AT, "version": 3,
    "prospect": {
        "name": "P", "salutation": None, "company": None, "email": None, "phone": None,
        "street": None, "postcode": None, "city": None, "country": None, "answers": {"ä": "1"},
    },
    "possible_duplicates": [],
}  # fmt: skip


def test_every_route_has_a_line(tapped: Edge) -> None:
    names = {
        operation_id(handler)
        for route in tapped.routes
        for handler in route.route_handlers
        if handler.http_methods != {"OPTIONS"}
    }
    assert names == {name for name in COSTS if " " not in name}


async def test_one_more_look_is_noticed(
    market: Market, tapped: Edge, tap: Tap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an operation that asks first, and one that is committed apart."""
    async with from_address(tapped) as client:
        asker = Asker(market, client, tap)
        answer = Call.answer

        async def looks_first(self: Call, operation: Any, *args: Any, **kwargs: Any) -> Any:
            await self.check()
            return await answer(self, operation, *args, **kwargs)

        monkeypatch.setattr(Call, "answer", looks_first)
        await asker.ask("companies.show_company", "anna", "GET /company")
    trips, statements = COSTS["companies.show_company"]
    assert asker.found["companies.show_company"] == (trips + 1, statements + 2)
