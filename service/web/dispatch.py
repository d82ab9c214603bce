"""From a route to its handler and back, for every route alike.

Litestar declares the routes and finds them. What it would do next, for every request anew (a
Request, dependencies, a decoded signature, a Response with its cookies and encoders), takes longer
than the transaction; so the innermost middleware calls the handler itself, with what was read from
its signature once (docs/decisions/0013-handlers-are-called-directly.md).
"""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from litestar import Response
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from service.settings import ServiceSettings
from service.web.admission import Expected
from service.web.answers import Answer
from service.web.bodies import body_of
from service.web.calls import Call
from service.web.routes import handlers, refuse_ignored


class Dispatch:
    """A middleware of Litestar that calls nothing further inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app  # how Litestar makes middleware; websockets there are none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request whose route is known."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        handler = cast("HTTPRouteHandler", scope["route_handler"])
        call = Call(scope, receive, handler.status_code, scope["state"]["incoming"])
        try:
            if scope["method"] == "OPTIONS":
                await Answer(204, {"allow": handler.opt["allow"]}, b"").send(send)
                return
            expected: Expected = handler.opt["expected"]
            if expected.body is not None:
                await expected.body.read(call)
            given = expected.admit(scope, call)
            answer = ready(await handler.fn(call, **given), handler.status_code)
        except Exception as error:
            answer = call.refused(error)
        await sent(answer, handler, send)


async def sent(answer: Answer[Any], handler: HTTPRouteHandler, send: Send) -> None:
    """Sends the answer of a route; one that will be gone says so every time."""
    if "ends" in handler.opt:
        answer.headers = {**answer.headers, **handler.opt["ends"].headers}
    await answer.send(send)


def prepare(routes: Iterable[BaseRoute], settings: ServiceSettings) -> None:
    """Reads what each route takes and leaves it with its handler. Raises service.web.routes.Ignored
    for one that names what would be ignored here."""
    routes = list(routes)
    refuse_ignored(routes, settings)
    methods: dict[str, set[str]] = {}
    for route, handler in handlers(routes):
        methods.setdefault(route.path, {"OPTIONS"}).update(handler.http_methods)
        handler.opt["expected"] = Expected(handler, body_of(handler, settings))
    for found in cast("list[HTTPRoute]", routes):
        # Litestar's own answer to OPTIONS names the methods of one handler of the path.
        for handler in found.route_handlers:
            handler.opt["allow"] = ", ".join(sorted(methods[found.path]))


def ready(answer: Response[Any], status: int) -> Answer[Any]:
    """The same as bytes, where the handler did not ask for them."""
    if isinstance(answer, Answer):
        return answer
    if type(answer) is not Response or answer.cookies or answer.background:
        raise TypeError(f"{type(answer).__name__} is no answer of service/web/answers.py")
    content = answer.content
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    headers["content-type"] = str(answer.media_type or "application/json")
    return Answer(answer.status_code or status, headers, body)
