"""What a route declares, and the refusal of what it must not: read once, at the start.

A handler is declared with Litestar's decorators and says, beside path and summary:

* `public=True`: nobody need be logged in; `standalone=True`: it asks no database
* `refuses="lead-state cap-reached"`: problems of its own, by slug (service/errors.toml)
* `example={…}`: a body as the description shows it
* `sends="text/event-stream"`: what a stream or a file is, for the description
* `parts=LeadEvent`: what the parts of a stream are, for the description
* `upload=Upload(…)`: a file instead of JSON (service/web/bodies.py)
* `any_query=True`: what stands behind `?` is for the page that is answered, not for the route
* `ends=Ending(…)`: when the route will be gone, and what to use (service/web/endings.py)

`dispatch.py` calls the handler itself, so nothing else that Litestar can be told would happen: a
guard would guard nothing. Whoever names it is told so, and the service does not start. What is
looked at are Litestar's own attributes against a handler that names none; one that a later release
adds is refused, too, until somebody makes it work here and adds it to those honoured.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, get_origin

from litestar import Litestar, Response, Router
from litestar.controller import Controller
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, KwargDefinition, PathParameter, QueryParameter
from litestar.routes import BaseRoute, HTTPRoute

from service.errors import KINDS
from service.settings import ServiceSettings
from service.web.answers import Answer
from service.web.bodies import Upload
from service.web.endings import NOTICE, Ending

#: What a route of ours declares, and as what; the rest of `opt` is Litestar's.
DECLARED: dict[str, type] = {
    "public": bool,
    "standalone": bool,
    "refuses": str,
    "example": object,
    "sends": str,
    "parts": type,
    "upload": Upload,
    "any_query": bool,
    "ends": Ending,
}
# What works: it finds the route, or is read for the description.
_OF_HANDLERS = frozenset(
    {"paths", "http_methods", "status_code", "summary", "tags", "include_in_schema", "opt", "name"}
) | {"owner"}
_OF_ROUTERS = frozenset({"path", "tags", "include_in_schema", "opt", "owner"}) | {
    "registered_route_handler_ids",
    "routes",
}
# What create_app tells Litestar, and what Litestar tells itself.
_OF_APPS = _OF_ROUTERS | {
    "dependencies", "exception_handlers", "middleware", "request_class", "request_max_body_size",
    "response_cookies", "response_headers", "signature_namespace", "websocket_class",
}  # fmt: skip
_OF_PARAMETERS = frozenset(
    {"name", "description", "annotation", "default", "ge", "gt", "le", "lt"}
) | {"min_length", "max_length", "pattern"}
_BODIES = (RequestEncodingType.JSON, RequestEncodingType.URL_ENCODED)


class Ignored(Exception):
    """A route names what would be ignored, or declares what nobody knows."""


def handlers(routes: Iterable[BaseRoute]) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    """Those of ours. Litestar makes one for OPTIONS besides, which `dispatch.py` answers."""
    for route in routes:
        if not isinstance(route, HTTPRoute):
            raise Ignored(f"{route.path}: only HTTP is served, no websocket and no mounted ASGI")
        # A set's order is another one in every process.
        for handler in sorted(route.route_handlers, key=lambda one: sorted(one.http_methods)):
            if handler.fn.__module__ != "litestar.routes.http":
                yield route, handler


def refuse_ignored(routes: Iterable[BaseRoute], settings: ServiceSettings) -> None:
    """Raises Ignored with the handler's name and what it says in vain."""
    for route, handler in handlers(routes):
        try:
            _look(handler, settings)
        except Ignored as why:
            name = f"{handler.fn.__module__}.{getattr(handler.fn, '__qualname__', handler.fn)}"
            raise Ignored(f"{name} ({route.path}): {why}") from None


def _look(handler: HTTPRouteHandler, settings: ServiceSettings) -> None:
    _look_at_answer(handler.parsed_fn_signature.return_type.annotation)
    plain = HTTPRouteHandler(http_method=list(handler.http_methods))
    plain.has_sync_callable = False  # Litestar looks at the function when it is registered
    _compare(handler, plain, _OF_HANDLERS)
    for layer in handler.ownership_layers[:-1]:
        honoured = _OF_APPS if isinstance(layer, Litestar) else _OF_ROUTERS
        _compare(layer, _plain(layer), honoured)
    if len(handler.http_methods) > 1 or "OPTIONS" in handler.http_methods:
        raise Ignored("one method a handler, and OPTIONS is answered for all")
    _look_at_declaration(handler.opt, settings)
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name != "call":
            _look_at_parameter(name, field.kwarg_definition)


def _plain(layer: Any) -> Any:
    return (
        Controller(layer.owner) if isinstance(layer, Controller) else Router("", route_handlers=[])
    )


def _compare(one: Any, plain: Any, honoured: frozenset[str]) -> None:
    for name in sorted(_attributes(one) - honoured):
        if getattr(one, name, None) != getattr(plain, name, None):
            raise Ignored(f"{name}= would be ignored")


def _attributes(one: Any) -> set[str]:
    slots = {name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())}
    if isinstance(one, Litestar):  # the rest is the application's own, and create_app's to say
        slots = {name for kind in Router.__mro__ for name in getattr(kind, "__slots__", ())}
    else:
        slots |= set(getattr(one, "__dict__", ()))
    return {name for name in slots if not name.startswith("_")}


def _look_at_declaration(opt: dict[str, Any], settings: ServiceSettings) -> None:
    for name, value in opt.items():
        if name not in DECLARED:
            raise Ignored(f"{name}= is nothing that a route declares")
        if not isinstance(value, DECLARED[name]):
            raise Ignored(f"{name}= is not of the type {DECLARED[name].__name__}")
    for slug in opt.get("refuses", "").split():
        if slug not in KINDS:
            raise Ignored(f"refuses= names the problem {slug}, which there is not")
    if "ends" in opt and not opt["ends"].in_time:
        raise Ignored(f"ends= leaves less than the {NOTICE.days} days that docs/api.md promises")
    upload = opt.get("upload")
    if upload is not None and not isinstance(getattr(settings, upload.limit, None), int):
        raise Ignored(f"upload= is limited by {upload.limit}, which is no setting")


def _look_at_parameter(name: str, given: Any) -> None:
    kinds = (BodyKwarg, PathParameter, QueryParameter)
    if not isinstance(given, kinds) or (isinstance(given, BodyKwarg) and name != "data"):
        raise Ignored(f"the parameter {name} is neither call nor of path, query or body")
    honoured = _OF_PARAMETERS
    if isinstance(given, BodyKwarg):
        if given.media_type not in _BODIES:
            raise Ignored(f"a body is JSON, a form or an upload, and not {given.media_type}")
        honoured = frozenset({"annotation", "default", "media_type"})
    _compare_fields(name, given, honoured)


def _compare_fields(name: str, given: KwargDefinition, honoured: frozenset[str]) -> None:
    plain = type(given)()
    for field in dataclasses.fields(given):
        if field.name not in honoured and getattr(given, field.name) != getattr(plain, field.name):
            raise Ignored(f"{field.name}= of the parameter {name} would be ignored")


def _look_at_answer(annotation: Any) -> None:
    kind = get_origin(annotation) or annotation
    if kind is not Response and not (isinstance(kind, type) and issubclass(kind, Answer)):
        raise Ignored("it answers with Response or a class of service/web/answers.py")
