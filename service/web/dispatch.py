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

from service.web import problems
from service.web.admission import Expected
from service.web.calls import Answer, Call


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
        if scope["method"] == "OPTIONS":
            await Answer(204, {"allow": handler.opt["allow"]}, b"").send(send)
            return
        call = Call(scope, receive, handler.status_code)
        try:
            expected: Expected = handler.opt["expected"]
            given = expected.admit(scope, call)
            answer = _ready(await handler.fn(call, **given), handler.status_code)
        except Exception as error:
            answer = Answer(*problems.told(error, call.language))
        await answer.send(send)


def prepare(routes: Iterable[BaseRoute]) -> None:
    """Reads what each route takes and leaves it with its handler."""
    for route in routes:
        if isinstance(route, HTTPRoute):
            # Litestar's own answer to OPTIONS names the methods of one handler of the path.
            methods = {
                method for handler in route.route_handlers for method in handler.http_methods
            }
            for handler in route.route_handlers:
                handler.opt["expected"] = Expected(handler)
                handler.opt["allow"] = ", ".join(sorted(methods))


def _ready(answer: Response[Any], status: int) -> Answer[Any]:
    """The same as bytes, where the handler did not ask for them."""
    if isinstance(answer, Answer):
        return answer
    content = answer.content
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    headers["content-type"] = str(answer.media_type or "application/json")
    return Answer(answer.status_code or status, headers, body)
