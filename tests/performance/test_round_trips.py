"""What each operation costs at the database: round trips and statements, counted on the wire.

Nothing is timed. Who adds a look before a write, or forgets that a view commits, is told. A route
takes one trip; what takes more is named here.
"""

import functools
import hashlib
import hmac
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
from service.web.routes import handlers
from service.workbench.files import version
from tests.fixtures.database import Urls
from tests.fixtures.http import from_address, running
from tests.fixtures.market import Market
from tests.fixtures.merges import rehearsed
from tests.fixtures.requests import FILE, INTAKE_KEY, META_KEY, Requests
from tests.fixtures.tap import Tap
from tests.fixtures.world import PASSWORD, World

# (round trips, statements). The context is one statement, in a write two (`app.leave` ends it), and
# begin and commit are two where a write takes more than one trip. The answer of a write is what its
# function returns, or is read behind it; both travel together.
READ, WRITE = {(1, 2)}, {(1, 3), (1, 4)}
# What is dearer, or nobody's. No other route needs a line.
OTHERWISE = {
    "companies.accept": (2, 2),
    "companies.invite": (2, 6),
    "companies.create_api_key": (2, 5),
    "marketplaces.create_marketplace": (2, 6),
    "marketplaces.invite_partner": (2, 6),
    "marketplaces.list_participations": (2, 4),
    "marketplaces.change_participation": (2, 8),
    "leads.create": (2, 6),
    "leads.show": (2, 4),  # one that waits: its duplicates are looked for
    "an engaged lead": (1, 2),
    "a refused pick, counted": (1, 4),
    # Entered and committed before the first byte; its page is read by another transaction.
    **{
        f"exports.{name}": (3, 7)
        for name in (
            "leads_csv",
            "leads_jsonl",
            "leads_xlsx",
            "offers_csv",
            "offers_jsonl",
            "offers_xlsx",
            "statement_csv",
            "statement_jsonl",
            "statement_xlsx",
        )
    },
    "with a key": (2, 8),
    "with the same key": (2, 8),
    "engagements.hand_over": (2, 5),
    "imports.import_file": (8, 18),
    "intake.create_key": (2, 5),
    "intake.take_form": (2, 2),  # may it come in, and the lead
    "intake.take_google": (2, 2),
    "a key of Meta": (2, 6),
    "push.show_key": (0, 0),
    "push.subscribe": (2, 6),  # may he, the row
    "intake.confirm_meta": (1, 1),
    "intake.take_meta": (1, 1),
    "files.add_file": (4, 11),  # may he, an id, its part, the row
    "events.stream": (2, 4),  # whether it may, and what there is when it begins
    "follow_ups.read_feed": (2, 3),  # a wrong address is counted
    "files.send_file": (2, 4),  # the row, its part
    "imports.show_import": (2, 4),
    "imports.state_consent": (6, 13),
    "imports.list_consents": (2, 4),
    "imports.save_mapping": (3, 6),
    "sessions.log_in": (3, 5),
    "sessions.change_password": (2, 6),
    "sessions.request_reset": (1, 1),
    "sessions.reset_password": (2, 2),
    "merges.request": (2, 6),
    "merges.show_rehearsal": (2, 4),
    "merges.list_leads": (2, 4),
    "merges.answer_by_token": (1, 1),
    "webhooks.add": (3, 7),  # may he, the row, what it is
    "webhooks.rotate": (2, 5),
    "waves.set_calendar": (2, 7),  # whether there is such a time zone
    "health.healthz": (0, 0),
    "health.readyz": (5, 5),
    "docs_page.description": (0, 0),
    "docs_page.page": (0, 0),
    "docs_page.asset": (0, 0),
    "pages.accept": (1, 1),  # to nobody's token
    "pages.set_password": (1, 1),
    "pages.answer_merge": (1, 1),
    "pages.request_reset": (1, 1),
    "pages.unsubscribed": (1, 1),
    "views.look": (2, 5),  # who else does
    "views.save_view": (3, 6),  # whether there are too many, and one of that name
    "notices.choose": (2, 7),  # whether there is such a time zone
}
PAGES = {
    "workbench.front": "/",
    "workbench.shell": "/app",
    "workbench.shell_of_one": "/app/leads",
    "workbench.shell_of_two": "/app/company/notices",
    "workbench.shell_of_three": "/app/leads/x/y",
    "workbench.shell_of_four": "/app/marketplaces/x/y/z",
    "workbench.service_worker": "/app/worker.js",
    "workbench.file": f"/app/files/{version()}/core/api.js",
    "pages.invitation": "/invitations/kgi_x",
    "pages.reset": "/password-resets/kgp_x",
    "pages.forgotten": "/password-forgotten",
    "pages.consent": "/merge-consents/kgm_x",
    "pages.unsubscribe": "/unsubscribe/kgu_x",
}
OTHERWISE |= dict.fromkeys(PAGES, (0, 0))


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
    ask = asker.ask
    invitation = {"email": "neu@huber.example"}
    await ask("companies.invite", "anna", "POST /invitations", invitation)
    token = (await asker.market.mails_to("neu@huber.example"))[0]["payload"]["token"]
    accepted = {"name": "Neu", "password": PASSWORD}
    await ask("companies.accept", "", f"POST /invitations/{token}/accept", accepted)


async def marketplaces(asker: Asker) -> None:
    """Marketplaces and who takes part."""
    ask, world = asker.ask, asker.market.world
    made = await ask("marketplaces.create_marketplace", "olga", "POST /marketplaces", {"name": "P"})
    place = f"/marketplaces/{made['id']}"
    await ask("marketplaces.change_marketplace", "olga", f"PATCH {place}", {"name": "Q"})
    for name, answer in (("anna", "accept"), ("cora", "decline")):
        company = world.huber if name == "anna" else world.klein
        invitation = {"company_id": str(company.id), "capacity": "taker"}
        path = f"POST {place}/participations"
        await ask("marketplaces.invite_partner", "olga", path, invitation)
        await ask(f"marketplaces.{answer}_participation", name, f"{path}/{answer}")
    await ask("marketplaces.list_participations", "olga", f"GET {place}/participations")
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
    await ask("leads.change", "gerd", f"PATCH {lead}", {"tags": ["dach"]}, If_Match="*")
    await ask("leads.submit", "gerd", f"POST {lead}/submit")
    await ask("leads.accept", "olga", f"POST {lead}/accept")
    takers = {"company_ids": [str(market.world.huber.id), str(market.world.klein.id)]}
    await ask("leads.offer", "olga", f"POST {lead}/offer", takers)
    await ask("offers.decline", "anna", f"POST {lead}/decline")
    await ask("offers.reopen", "anna", f"POST {lead}/reopen")
    await ask("offers.pick", "anna", f"POST {lead}/pick")
    await ask("an engaged lead", "anna", f"GET {lead}")
    await ask("a refused pick, counted", "cora", f"POST {lead}/pick", status=409)
    step = {"step": "kontaktiert"}
    await ask("engagements.change", "anna", f"PATCH {lead}/engagement", step, If_Match="*")
    message = f"POST {lead}/messages"
    await ask("with a key", "anna", message, {"text": "x"}, Idempotency_Key="one")
    await ask("with the same key", "anna", message, {"text": "x"}, Idempotency_Key="one")
    await ask("engagements.close", "anna", f"POST {lead}/engagement/close", {"outcome": "won"})
    await ask("engagements.reopen", "anna", f"POST {lead}/engagement/reopen")
    back = await market.offered(market.world.huber)
    await market.anna.post(market.path(back, "/pick"))
    await market.anna.post(market.path(back, "/engagement/return"), {"reason": "not_reached"})
    await ask("returns.list_returns", "olga", "GET /returns")
    for name, tail, body in (
        ("leads.reject", "/reject", {"reason": "x"}),
        ("leads.withdraw", "/withdraw", None),
        ("leads.assign", "/assign", {"company_id": str(market.world.huber.id)}),
    ):
        other = market.path(await market.draft())
        if tail == "/assign":
            await market.olga.post(f"{other}/accept")
        await ask(name, "olga", f"POST {other}{tail}", body)


async def intake(asker: Asker) -> None:
    """Where leads come in without a log-in."""
    ask = asker.ask
    mine = {"marketplace_id": str(asker.market.m)}
    key = {**INTAKE_KEY, **mine}
    made = await ask("intake.create_key", "gerd", "POST /intake-keys", key)
    person = b"name=Petra+Muster&email=p%40muster.example&consent=on"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    await ask("intake.take_form", "", f"POST {made['path']}", person, **form)
    made = await ask("intake.create_key", "gerd", "POST /intake-keys", {**key, "kind": "google"})
    answers = [{"column_id": "EMAIL", "string_value": "p@muster.example"}]
    lead = {"lead_id": "1", "google_key": made["secret"], "user_column_data": answers}
    await ask("intake.take_google", "", f"POST {made['path']}", lead)
    made = await ask("a key of Meta", "gerd", "POST /intake-keys", {**META_KEY, **mine})
    access, path = META_KEY["meta"], f"/intake-keys/{made['id']}/meta"
    await ask("intake.set_meta_access", "gerd", f"PUT {path}", access)
    asked = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={made['secret']}"
    await ask("intake.confirm_meta", "", f"GET {made['path']}?{asked}")
    named = b'{"object":"page","entry":[]}'
    signed = hmac.new(access["app_secret"].encode(), named, hashlib.sha256).hexdigest()
    told = {"Content_Type": "application/json", "X_Hub_Signature_256": f"sha256={signed}"}
    await ask("intake.take_meta", "", f"POST {made['path']}", named, **told)
    await ask("intake.list_keys", "gerd", "GET /intake-keys")
    await ask("intake.revoke_key", "gerd", f"DELETE /intake-keys/{made['id']}")


async def the_rest(asker: Asker) -> None:
    """Files, sessions, and what asks no database."""
    ask, gerd = asker.ask, {"email": "gerd@geber.example", "password": PASSWORD}
    path = f"POST /imports?marketplace={asker.market.m}"
    made = await ask("imports.import_file", "gerd", path, FILE, Content_Type="text/csv")
    await ask("imports.list_imports", "gerd", "GET /imports")
    await ask("imports.show_import", "gerd", f"GET /imports/{made['id']}")
    proof = {"text": "x", "source": "x", "given_at": "2026-10-01T08:00:00Z"}
    await ask("imports.state_consent", "gerd", f"POST /imports/{made['id']}/consent", proof)
    await ask("imports.list_consents", "gerd", f"GET /imports/{made['id']}/consents")
    mapping = {"mapping": 'name = "x"\n[columns]\nemail = "E"\ninterest = "I"\n'}
    kept = await ask("imports.save_mapping", "gerd", "POST /import-mappings", mapping)
    await ask("imports.list_mappings", "gerd", "GET /import-mappings")
    await ask("imports.forget_mapping", "gerd", f"DELETE /import-mappings/{kept['id']}")
    await intake(asker)
    await ask("sessions.log_in", "", "POST /sessions", gerd)
    await ask("health.healthz", "", "GET /healthz")
    await ask("health.readyz", "", "GET /readyz")
    await ask("docs_page.description", "", "GET /openapi.json")
    await ask("docs_page.page", "", "GET /docs")
    await ask("docs_page.asset", "", "GET /docs/start.js")
    await ask("sessions.log_out", "ben", "DELETE /sessions/current")
    await accounts(asker)
    await pages(asker)


async def pages(asker: Asker) -> None:
    """What mails lead to: showing asks nothing; a form costs what its route of the API does."""
    for name, path in PAGES.items():
        await asker.ask(name, "", f"GET {path}", status=300 if path == "/" else 200)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for name, path, body in (
        ("request_reset", "/password-forgotten", b"email=x%40y.example"),
        ("accept", "/invitations/kgi_x/form", b"name=x&password=Ein+ganz+anderes"),
        ("set_password", "/password-resets/kgp_x/form", b"password=Ein+ganz+anderes"),
        ("answer_merge", "/merge-consents/kgm_x/form", b"consent=true"),
        ("unsubscribed", "/unsubscribe/kgu_x", b"List-Unsubscribe=One-Click"),
    ):
        status = 200 if name in ("request_reset", "unsubscribed") else 404
        await asker.ask(f"pages.{name}", "", f"POST {path}", body, status=status, **form)


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
    body = {"absorbed_company_email": "cora@klein.example"}
    made = await ask("merges.request", "anna", "POST /merges", body)
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


async def all_others(asker: Asker, app: Edge) -> None:
    """Every route that no story has asked, as its description says; what is there before it is
    read, and removed at last."""
    requests = Requests(asker.market, app.description)
    order = ("POST", "PATCH", "PUT", "GET", "DELETE")
    for name, (method, _, _) in sorted(requests.routes.items(), key=lambda r: order.index(r[1][0])):
        if name not in asker.found:
            by, _, path, body = await requests.make(name)
            match = {"If_Match": "*"} if method in ("PATCH", "PUT") else {}
            match |= {"Content_Type": "text/csv"} if isinstance(body, bytes) else {}
            await asker.ask(name, by, f"{method} {path}", body, **match)


@pytest_asyncio.fixture(scope="module")
async def asker(market: Market, tapped: Edge, tap: Tap) -> AsyncIterator[Asker]:
    """What each operation took and answered."""
    async with from_address(tapped) as client:
        asker = Asker(market, client, tap)
        for story in (companies, marketplaces, leads, merges, the_rest):
            await story(asker)
        await all_others(asker, tapped)
        yield asker


def _usual(method: str) -> set[tuple[int, int]]:
    return READ if method == "GET" else WRITE


async def test_every_operation_takes_one_trip_or_what_is_written_here(
    asker: Asker, tapped: Edge
) -> None:
    methods = {operation_id(one): min(one.http_methods) for _, one in handlers(tapped.routes)}
    wrong = {
        name: found
        for name, found in asker.found.items()
        if found not in ({OTHERWISE[name]} if name in OTHERWISE else _usual(methods[name]))
    }
    assert wrong == {}
    assert set(methods) == {name for name in asker.found if " " not in name}
    assert set(OTHERWISE) <= set(asker.found)


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
    assert asker.found["companies.show_company"] == (2, 4)
    assert (2, 4) not in READ | WRITE
