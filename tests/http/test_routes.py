"""A route that names what dispatch would ignore keeps the service from starting.

Dispatch calls handlers itself: a guard would guard nothing, a hook would never run. Rows come from
Litestar's own attributes, so one that a later release adds needs a row here or makes this red.
"""

import datetime
import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Controller, Litestar, MediaType, Response, Router, get, post, route, websocket
from litestar.background_tasks import BackgroundTask
from litestar.connection import Request, WebSocket
from litestar.datastructures import CacheControlHeader, Cookie, ETag, ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.dto import MsgspecDTO
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler, asgi
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation
from litestar.params import (
    BodyKwarg,
    FromCookie,
    FromHeader,
    FromPath,
    JSONBody,
    MultipartBody,
    QueryParameter,
)
from litestar.response import Redirect, Stream

from service.app import assemble
from service.errors import Problem
from service.settings import ServiceSettings
from service.web import routes
from service.web.bodies import Upload
from service.web.calls import Call
from service.web.edge import Edge
from service.web.endings import Ending
from service.web.routes import Ignored

SETTINGS = ServiceSettings(database_url="postgresql://nobody@127.0.0.1/none")


class Word(msgspec.Struct):
    """What the probes answer with."""

    text: str = "x"


async def answer(call: NamedDependency[Call]) -> Response[Word]:
    """A handler as ours are."""
    return Response(Word())


def deny(*_: Any) -> None:
    raise NotAuthorizedException


async def hook(*_: Any) -> None:
    """Of any kind."""


# What a handler can be told, each with a value that is none by default.
NAMED: dict[str, Any] = {
    "after_request": hook,
    "after_response": hook,
    "background": BackgroundTask(hook),
    "before_request": hook,
    "cache": 10,
    "cache_control": CacheControlHeader(max_age=10),
    "cache_key_builder": lambda _: "one",
    "content_encoding": "base64",
    "content_media_type": "text/plain",
    "dependencies": {"other": Provide(deny, sync_to_thread=False)},
    "deprecated": True,
    "description": "text",
    "dto": MsgspecDTO[Word],
    "etag": ETag(value="x"),
    "exception_handlers": {500: deny},
    "guards": [deny],
    "media_type": MediaType.TEXT,
    "middleware": [lambda app: app],
    "operation_class": type("Other", (Operation,), {}),
    "operation_id": "other",
    "raises": [NotAuthorizedException],
    "request_class": type("OtherRequest", (Request,), {}),
    "request_max_body_size": 10,
    "response_class": type("OtherResponse", (Response,), {}),
    "response_cookies": [Cookie(key="a", value="b")],
    "response_description": "text",
    "response_headers": [ResponseHeader(name="a", value="b")],
    "responses": {404: ResponseSpec(Word, description="x")},
    "return_dto": MsgspecDTO[Word],
    "security": [{"other": []}],
    "signature_namespace": {"Other": Word},
    "type_decoders": [(lambda _: True, deny)],
    "type_encoders": {Word: deny},
}
# What works, and is tried all over tests/http.
WORKS = {
    "path",
    "http_method",
    "status_code",
    "summary",
    "tags",
    "include_in_schema",
    "opt",
    "name",
}
WORKS |= {"signature_types", "sync_to_thread"}  # means signature_namespace; a row of its own below
OF_ROUTERS = sorted(NAMED.keys() & inspect.signature(Router.__init__).parameters.keys())


def _edge(*handlers: Any) -> Edge:
    return assemble([*handlers], SETTINGS)


def test_every_word_of_litestar_has_a_row() -> None:
    told = inspect.signature(HTTPRouteHandler.__init__).parameters.keys() - {"self", "kwargs"}
    assert told - WORKS == NAMED.keys()


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_handler_that_names_it_is_refused(name: str) -> None:
    handler = get("/probe", public=True, **{name: NAMED[name]})(answer)
    with pytest.raises(Ignored, match=rf"answer \(/probe\): {name}= would be ignored"):
        _edge(handler)


@pytest.mark.parametrize("name", OF_ROUTERS)
def test_a_router_that_names_it_is_refused(name: str) -> None:
    router = Router("/in", route_handlers=[get("/probe")(answer)], **{name: NAMED[name]})
    with pytest.raises(Ignored, match=rf"answer \(/in/probe\): {name}= would be ignored"):
        _edge(Router("", route_handlers=[router]))


def test_a_controller_that_names_it_is_refused() -> None:
    class Told(Controller):
        path = "/told"

        @get("/probe")
        async def probe(self, call: NamedDependency[Call]) -> Response[Word]:
            return Response(Word())

    class Guarded(Told):
        guards = [deny]  # noqa: RUF012

    with pytest.raises(Ignored, match="guards="):
        _edge(Guarded)


def test_an_attribute_of_a_later_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown here, in the class and in a handler: nobody made it work."""

    class Later(HTTPRouteHandler):
        __slots__ = ("rate_limit",)

    handler = Later("/probe", http_method="GET", opt={"public": True})(answer)
    handler.rate_limit = 5  # type: ignore[attr-defined]
    with pytest.raises(Ignored, match="rate_limit= would be ignored"):
        _edge(handler)


async def _cookie(call: NamedDependency[Call], a: FromCookie[str]) -> Response[Word]:
    return Response(Word(a))


async def _header(call: NamedDependency[Call], a: FromHeader[str | None] = None) -> Response[Word]:
    return Response(Word(a or ""))


async def _request(call: NamedDependency[Call], request: Request[Any, Any, Any]) -> Response[Word]:
    return Response(Word(str(request.url)))


async def _multiple(
    call: NamedDependency[Call], a: Annotated[int, QueryParameter(multiple_of=5)] = 5
) -> Response[Word]:
    return Response(Word(str(a)))


async def _titled(
    call: NamedDependency[Call], data: Annotated[Word, BodyKwarg(title="x")]
) -> Response[Word]:
    return Response(data)


async def _multipart(call: NamedDependency[Call], data: MultipartBody[Word]) -> Response[Word]:
    return Response(data)


async def _struct(call: NamedDependency[Call]) -> Word:
    return Word()


async def _redirect(call: NamedDependency[Call]) -> Redirect:
    return Redirect("/elsewhere")


async def _stream(call: NamedDependency[Call]) -> Stream:
    return Stream(iter(["x"]))


@pytest.mark.parametrize(
    ("fn", "why"),
    [
        (_cookie, "parameter a is neither"),
        (_header, "parameter a is neither"),
        (_request, "parameter request is neither"),
        (_multiple, "multiple_of= of the parameter a"),
        (_titled, "title= of the parameter data"),
        (_multipart, "a body is JSON, a form or an upload"),
        (_struct, "it answers with Response or"),
        (_redirect, "it answers with Response or"),
        (_stream, "it answers with Response or"),
    ],
)
def test_a_signature_that_asks_for_more_is_refused(
    fn: Callable[..., Awaitable[Any]], why: str
) -> None:
    handler = post("/probe")(fn)
    with pytest.raises(Ignored, match=rf"{fn.__name__} \(/probe\): .*{why}"):
        _edge(handler)


def test_a_handler_for_a_thread_is_refused() -> None:
    def blocking(call: NamedDependency[Call]) -> Response[Word]:
        return Response(Word())

    with pytest.raises(Ignored, match="has_sync_callable="):
        _edge(get("/probe", sync_to_thread=False)(blocking))


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"refuse": "not-found"}, "refuse= is nothing"),  # misspelt: it would document nothing
        ({"gaurds": [deny]}, "gaurds= is nothing"),  # Litestar takes any word
        ({"refuses": "not-found lead-gone"}, "the problem lead-gone"),
        ({"public": "yes"}, "public= is not"),
        ({"upload": Upload(("text/csv",), "no_limit", {}, "CSV")}, "no_limit, which is no setting"),
    ],
)
def test_a_declaration_that_nobody_knows_is_refused(declared: dict[str, Any], why: str) -> None:
    with pytest.raises(Ignored, match=why):
        _edge(post("/probe", **declared)(answer))


def test_what_is_no_route_of_one_method_is_refused() -> None:
    @websocket("/probe")
    async def socket(socket: WebSocket[Any, Any, Any]) -> None: ...

    @asgi("/probe", copy_scope=True)
    async def mounted(scope: Any, receive: Any, send: Any) -> None: ...

    for handler, why in (
        (socket, "only HTTP"),
        (mounted, "only HTTP"),
        (route("/probe", http_method=["GET", "POST"])(answer), "one method a handler"),
        (route("/probe", http_method=["OPTIONS"])(answer), "OPTIONS is answered for all"),
    ):
        with pytest.raises(Ignored, match=why):
            _edge(handler)


async def test_what_names_nothing_of_it_is_served() -> None:
    """The negative control, and what the guard's look is for: without it the guard is passed by."""
    edge = _edge(get("/probe", public=True, summary="x")(answer))
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/probe")).json() == {"text": "x"}


async def test_without_the_look_a_guard_would_guard_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.web.dispatch.refuse_ignored", lambda *_: None)
    edge = _edge(get("/probe", public=True, guards=[deny])(answer))
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/probe")).status_code == 200


async def test_an_answer_with_more_than_its_declaration_fails_loudly() -> None:
    """A Response can be given cookies and work for later; service/web/answers.py has cookies."""

    async def cookies(call: NamedDependency[Call]) -> Response[Word]:
        return Response(Word(), cookies=[Cookie(key="a", value="b")])

    async def later(call: NamedDependency[Call]) -> Response[Word]:
        return Response(Word(), background=BackgroundTask(hook))

    edge = _edge(get("/a", public=True)(cookies), get("/b", public=True)(later))
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert [(await client.get(path)).status_code for path in ("/a", "/b")] == [500, 500]


def test_all_our_routes_are_looked_at() -> None:
    """The look goes over the application's own list of routes, so none is left out."""
    from service.app import create_app

    application: Litestar = create_app(SETTINGS)._app
    paths = {each.path for each, _ in routes.handlers(application.routes)}
    assert paths == {each.path for each in application.routes}


async def body(
    call: NamedDependency[Call], n: FromPath[int], data: JSONBody[Word]
) -> Response[Word]:
    """Parameters and JSON, as the rooms take them."""
    return Response(data)


def test_parameters_and_bodies_as_the_rooms_take_them_are_served() -> None:
    _edge(post("/probe/{n:int}", example={"text": "y"}, refuses="not-found")(body))


ENDS = Ending(datetime.date(2027, 1, 1), datetime.date(2028, 1, 1), "GET /leads")


@pytest.mark.parametrize("path", ["/old", "/old/{n:int}"], ids=["by the tree", "by Litestar"])
async def test_a_route_that_will_be_gone_says_so_with_dates(path: str) -> None:
    async def old(call: NamedDependency[Call]) -> Response[Word]:
        """Words."""
        return Response(Word())

    async def wrong(call: NamedDependency[Call]) -> Response[Word]:
        raise Problem("not-found")

    async def numbered(call: NamedDependency[Call], n: FromPath[int]) -> Response[Word]:
        return Response(Word())

    handler = old if path == "/old" else numbered
    edge = _edge(
        get(path, public=True, ends=ENDS, summary="Old")(handler),
        get("/wrong", public=True, ends=ENDS)(wrong),
        get("/new", public=True, summary="New")(answer),
    )
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for asked in (path.replace("{n:int}", "7"), "/wrong"):
            headers = (await client.get(asked)).headers
            assert headers["deprecation"] == "@1798761600"
            assert headers["sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
            assert 'rel="deprecation"' in headers["link"]
        assert "sunset" not in (await client.get("/new")).headers
    paths = msgspec.json.decode(edge.description)["paths"]
    told = paths[path.replace(":int", "")]["get"]
    assert told["deprecated"]
    assert "gone on 2028-01-01; instead: GET /leads" in told["description"]
    assert "deprecated" not in paths["/new"]["get"]


def test_less_than_a_year_of_notice_is_refused() -> None:
    soon = Ending(datetime.date(2027, 1, 1), datetime.date(2027, 12, 31), "GET /leads")
    with pytest.raises(Ignored, match="365 days"):
        _edge(get("/old", ends=soon)(answer))
