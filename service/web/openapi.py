"""The description of the API (OpenAPI 3.1), read from the routes: `describe(routes)`.

Paths, parameters, bodies and results come from the handlers' signatures, schemas from msgspec; what
no signature shows (problems, examples, files) is declared at the route (`routes.py`).
"""

import inspect
from collections.abc import Iterable
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter
from litestar.routes import BaseRoute
from litestar.types import Empty
from msgspec.json import schema_components

from service.vocabulary import GoesOn, whole
from service.web import bearers, openapi_problems
from service.web.bodies import Upload
from service.web.openapi_bodies import request_body
from service.web.openapi_problems import REF, Json
from service.web.routes import handlers

INFO = """Colleagues of a company share the leads that one of them picked.

* `Authorization: Bearer <token>` from `POST /sessions` or an API key; the page of this service
  has the token in a cookie instead.
* Lists: `limit` and the opaque `cursor`; `next_cursor` is null on the last page.
* `Idempotency-Key` on `POST`: the same key and body get the first answer again for 24 hours.
* `If-Match` on `PATCH` with the `ETag` of what was read; fields that are not named stay.
* Errors are `application/problem+json`, in German or English (`Accept-Language`).
* Every `GET` answers `HEAD`. Unknown fields and parameters are refused, also keys given twice.
* An id that the caller's company may not see is answered like one that does not exist: 404.
"""

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repeated request safe: it gets the first answer again",
    "schema": {"type": "string", "pattern": whole("[!-~]{1,255}"), "examples": ["pick-4711"]},
}
_TAG = '(W/)?"[!#-~]*"'
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that was read, several of which one must match, or * for any",
    "schema": {
        "type": "string",
        "pattern": whole(rf"\*|{_TAG}( *, *{_TAG})*"),
        "examples": ['"3"'],
    },
}
_DISPOSITION = {
    "name": "Content-Disposition",
    "in": "header",
    "required": False,
    "description": "The name of the file, where the body is the file itself (RFC 6266)",
    "schema": {
        "type": "string",
        "pattern": whole("[ -~]*"),
        "examples": ["attachment; filename*=UTF-8''Aufma%C3%9F.pdf"],
    },
}
_HEADERS: Json = {
    "X-Request-Id": ("Names this request in the logs", {"type": "string"}),
    "ETag": ("Version of what is answered, for If-Match", {"type": "string"}),
    "Retry-After": ("Seconds to wait", {"type": "integer", "minimum": 1}),
    "Content-Language": ("Language of title and detail", {"type": "string", "enum": ["de", "en"]}),
    "WWW-Authenticate": ("The scheme to log in with", {"type": "string", "enum": ["Bearer"]}),
}


def describe(routes: Iterable[BaseRoute]) -> bytes:
    """The whole description as JSON."""
    found = [
        (route.path_format, handler)
        for route, handler in handlers(routes)
        if handler.include_in_schema
    ]
    types = [kind for _, handler in found for kind in _types(handler)]
    schemas, components = schema_components(types, ref_template=REF)
    by_type = dict(zip(types, schemas, strict=True))
    paths: Json = {}
    shared: Json = {}
    for path, handler in found:
        method = next(iter(handler.http_methods)).lower()
        paths.setdefault(path, {})[method] = _operation(path, handler, by_type, shared)
    for _, handler in found:
        _show_example(handler, by_type, components)
    for schema in components.values():
        if schema.get("additionalProperties") is False:
            _say_defaults(schema["properties"])
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Kollegium", "version": "0.1.0", "description": INFO},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(h) for _, h in found)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": bearers.SCHEME,
            },
            "headers": {
                name: {"description": text, "schema": schema}
                for name, (text, schema) in _HEADERS.items()
            },
            "schemas": dict(sorted({**components, **openapi_problems.schemas()}.items())),
            "responses": dict(sorted(shared.items())),
            "examples": openapi_problems.examples(),
        },
    }
    return msgspec.json.encode(document)


def _show_example(handler: HTTPRouteHandler, schemas: Json, components: Json) -> None:
    """At the schema of its body, which other routes may take, too."""
    if "example" not in handler.opt:
        return
    schema = schemas[handler.parsed_fn_signature.parameters["data"].annotation]
    names = [one.get("$ref", "").rpartition("/")[2] for one in schema.get("anyOf", [schema])]
    name = next(filter(None, names))
    given = [handler.opt["example"]]
    if components[name].setdefault("examples", given) != given:
        raise ValueError(f"{operation_id(handler)}: {name} has another example already")


def _say_defaults(properties: Json) -> None:
    """`default` in a body is read in three ways: as required, as to be sent, as null."""
    for field, schema in properties.items():
        if "default" in schema:
            default = msgspec.json.encode(schema["default"]).decode()
            words = f"{schema.get('description', '')} Left out: {default}.".strip()
            kept = {key: value for key, value in schema.items() if key != "default"}
            properties[field] = {**kept, "description": words}


def operation_id(handler: HTTPRouteHandler) -> str:
    """Room and handler: offers.pick."""
    parts = handler.fn.__module__.split(".")
    return f"{parts[2] if parts[1] in ('domain', 'web') else parts[1]}.{handler.fn.__name__}"


def _tag(handler: HTTPRouteHandler) -> str:
    return sorted(handler.resolve_tags())[0] if handler.resolve_tags() else "other"


def _types(handler: HTTPRouteHandler) -> list[Any]:
    """Body and result, as far as there are any."""
    body = handler.parsed_fn_signature.parameters.get("data")
    given = [body.annotation] if body is not None else []
    parts = [handler.opt["parts"]] if "parts" in handler.opt else []
    return given + _results(handler) + parts


def _results(handler: HTTPRouteHandler) -> list[Any]:
    """What a handler answers with: nothing, one kind of thing, or one of several."""
    given = get_args(handler.parsed_fn_signature.return_type.annotation)
    result = given[0] if given else None
    if result is None or result is type(None):
        return []
    return list(get_args(result)) if isinstance(result, UnionType) else [result]


def _operation(path: str, handler: HTTPRouteHandler, schemas: Json, shared: Json) -> Json:
    slugs = _problems(path, handler)
    parameters = _parameters(handler)
    method = next(iter(handler.http_methods))
    if method == "POST" and not handler.opt.get("public"):
        parameters.append(_KEY)
    upload: Upload | None = handler.opt.get("upload")
    if upload is not None and upload.named:
        parameters.append(_DISPOSITION)
    if "version-stale" in slugs:
        parameters.append({**_IF_MATCH, "required": "version-required" in slugs})
    operation: Json = {
        "operationId": operation_id(handler),
        "summary": handler.summary,
        "description": inspect.cleandoc(handler.fn.__doc__ or ""),
        "tags": [_tag(handler)],
        "parameters": parameters,
        "responses": {
            **_successes(handler, schemas),
            **openapi_problems.failures(slugs, shared),
        },
    }
    body = request_body(handler, schemas)
    if body is not None:
        operation["requestBody"] = body
    if handler.opt.get("public"):
        operation["security"] = []
    if "ends" in handler.opt:
        operation["deprecated"] = True
        operation["description"] += f"\n\n{handler.opt['ends'].words}"
    return operation


def _problems(path: str, handler: HTTPRouteHandler) -> list[str]:
    """The slugs that the route can answer with."""
    method = next(iter(handler.http_methods))
    slugs = ["bad-request", "validation-failed", "address-too-long", "headers-too-large"]
    slugs += handler.opt.get("refuses", "").split()
    if not handler.opt.get("public"):
        slugs.append("unauthenticated")
        if "{" in path:
            slugs.append("not-found")
        if method == "POST":
            slugs += ["idempotency-key-reused", "idempotency-in-progress"]
    if "cursor" in handler.parsed_fn_signature.parameters:
        slugs.append("cursor-invalid")
    if method in ("POST", "PUT", "PATCH"):
        slugs += ["body-too-large", "media-type-unsupported"]
    if not handler.opt.get("standalone"):
        slugs.append("unavailable")
    return list(dict.fromkeys([*slugs, "internal"]))


def _parameters(handler: HTTPRouteHandler) -> list[Json]:
    found = []
    for name, field in handler.parsed_fn_signature.parameters.items():
        given = field.kwarg_definition
        if not isinstance(given, PathParameter | QueryParameter):
            continue
        place = "path" if isinstance(given, PathParameter) else "query"
        optional = field.default is not Empty
        parameter: Json = {
            "name": given.name or name,
            "in": place,
            "required": not optional,
            "schema": _parameter_schema(field.annotation, given),
        }
        if given.description:
            parameter["description"] = given.description
        if optional and field.default is not None:
            parameter["schema"]["default"] = field.default
        found.append(parameter)
    return found


def _parameter_schema(annotation: Any, given: PathParameter | QueryParameter) -> Json:
    """Type and limits. A query parameter is absent or has a value, never null."""
    schema: Json = msgspec.json.schema(annotation)
    variants = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    for variant in variants:
        schema.update(variant)
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    names = {"ge": "minimum", "le": "maximum", "min_length": "minLength",
             "max_length": "maxLength", "pattern": "pattern"}  # fmt: skip
    for attribute, keyword in names.items():
        if getattr(given, attribute) is not None:
            schema[keyword] = getattr(given, attribute)
    if schema.get("type") == "string" and not schema.keys() & {"format", "pattern", "enum"}:
        schema["pattern"] = whole(r"[^\u0000-\u001f\u007f]*")  # strictness.address
    return schema


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def _successes(handler: HTTPRouteHandler, schemas: Json) -> Json:
    """By status: what was only taken and is worked on is 202 to a POST."""
    found: dict[int, list[Any]] = {}
    for result in _results(handler):
        taken = handler.http_methods == {"POST"} and GoesOn in getattr(result, "__mro__", ())
        found.setdefault(202 if taken else handler.status_code, []).append(result)
    return {
        str(status): _success(handler, status, results, schemas) if results else _plain(handler)
        for status, results in (found or {handler.status_code: []}).items()
    }


def _plain(handler: HTTPRouteHandler) -> Json:
    """Nothing, or what is no JSON."""
    done: Json = {"description": "Done", "headers": _headers()}
    kind = handler.parsed_fn_signature.return_type.annotation
    sends = handler.opt.get("sends") or getattr(kind, "sends", None)
    return {**done, "content": {one: {} for one in sends.split(", ")}} if sends else done


def _success(handler: HTTPRouteHandler, status: int, results: list[Any], schemas: Json) -> Json:
    """JSON, and what else the route says it sends."""
    versioned = any("version" in getattr(one, "__struct_fields__", ()) for one in results)
    kinds = [schemas[one] for one in results]
    schema = {"oneOf": kinds} if len(kinds) > 1 else kinds[0]
    others: Json = {one: {} for one in handler.opt.get("sends", "").split(", ") if one}
    said = [inspect.cleandoc(one.__doc__ or HTTPStatus(status).phrase) for one in results]
    return {
        "description": "\n\nOr: ".join(said),
        "headers": _headers(*(["ETag"] if versioned else [])),
        "content": {"application/json": {"schema": schema}, **others},
    }
