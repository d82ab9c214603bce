"""What a route takes: bearer token, parameters, and the body in the type that it declares.

Read from the handler's signature once, when the application is put together. Strictly: "5" is no
number in a body, and every refusal names the parameter or points to the place in the body.
"""

import re
from types import NoneType
from typing import Annotated, Any, get_args
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, PathParameter, QueryParameter
from litestar.types import HTTPScope

from service.errors import Problem
from service.web.bodies import Body, is_form
from service.web.calls import Call
from service.web.faults import MOST, faults

# msgspec would also read 1e1 and 10.0 as numbers, and yes and 1 as true.
_SHAPES: dict[type, re.Pattern[str]] = {
    bool: re.compile("true|false"),
    int: re.compile("-?(0|[1-9][0-9]{0,17})"),
}
_UNKNOWN = ("This parameter is not known here", "Dieser Parameter ist hier nicht bekannt")
_TWICE = ("This parameter is given twice", "Dieser Parameter steht zweimal da")
_NEEDED = ("This parameter is needed", "Dieser Parameter wird gebraucht")
_NUMBER = ("Expected a whole number", "Erwartet wird eine ganze Zahl")
_YES_OR_NO = ("Expected true or false", "Erwartet wird true oder false")
_NO_BODY = ("This route takes no body", "Diese Route nimmt keinen Inhalt")
_BODY = ("A JSON body is needed", "Ein Inhalt in JSON wird gebraucht")
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
# UUID() also reads {…}, urn:uuid:… and misplaced hyphens: one thing, one address.
_UUID = re.compile("/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![^/])", re.IGNORECASE)
_PATH_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the query or the path: its type with limits, its form, whether it must be."""

    name: str
    kind: Any
    shape: re.Pattern[str] | None
    required: bool


class Expected:
    """What one route takes."""

    def __init__(self, handler: HTTPRouteHandler, body: Body | None) -> None:
        self.body = body
        self.is_public = bool(handler.opt.get("public"))
        self._any_query = bool(handler.opt.get("any_query"))
        self.takes_body = body is not None and body.strict is not None
        self._query: dict[str, Parameter] = {}
        self._path: list[Parameter] = []
        self._ids = 0
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._body_optional = False
        for name, field in handler.parsed_fn_signature.parameters.items():
            given = field.kwarg_definition
            if isinstance(given, BodyKwarg):
                # All that a form has are texts.
                self._decoder = msgspec.json.Decoder(field.annotation, strict=not is_form(handler))
                self._body_optional = field.default is None
            elif isinstance(given, QueryParameter):
                self._query[given.name or name] = _parameter(name, field, given)
            elif isinstance(given, PathParameter) and field.annotation is UUID:
                self._ids += 1
            elif isinstance(given, PathParameter):
                self._path.append(_parameter(name, field, given))
        self._must_look = bool(self._path) or any(p.required for p in self._query.values())

    def admit(self, scope: HTTPScope, call: Call) -> dict[str, Any]:
        """The handler's arguments. Raises Problem for what the route does not take; token first."""
        if not self.is_public:
            _ = call.token
        if self._ids and len(_UUID.findall(scope["path"])) < self._ids:
            raise Problem("not-found")
        return self.take(call, scope["path_params"].copy(), scope["query_string"])

    def take(self, call: Call, given: dict[str, Any], query: bytes) -> dict[str, Any]:
        """The same of a path whose ids are known to be well spelt; `given` are its values."""
        if not self.is_public:
            _ = call.token
        if query or self._must_look:
            self._read([] if self._any_query else _pairs(query), given)
        if self.takes_body:
            self._take_body(call.body, given)
        return given

    def _read(self, pairs: list[tuple[str, str]], given: dict[str, Any]) -> None:
        errors: list[dict[str, str]] = []
        for parameter in self._path:
            _take(parameter, parameter.name, given[parameter.name], given, errors)
        for spelled, value in pairs:
            wanted = self._query.get(spelled)
            if wanted is None:
                errors.append(_wrong(spelled[:100], "unknown", *_UNKNOWN))
            elif wanted.name in given:
                errors.append(_wrong(spelled, "given-twice", *_TWICE))
            elif wanted.shape is not None and not wanted.shape.fullmatch(value):
                number = wanted.shape is _SHAPES[int]
                errors.append(_wrong(spelled, "wrong-type", *(_NUMBER if number else _YES_OR_NO)))
            else:
                _take(wanted, spelled, value, given, errors)
        for spelled, wanted in self._query.items():
            if wanted.required and spelled not in dict(pairs):
                errors.append(_wrong(spelled, "needed", *_NEEDED))
        if errors:
            raise Problem("validation-failed", errors=errors[:MOST])

    def _take_body(self, body: bytes, given: dict[str, Any]) -> None:
        if self._decoder is None:
            if body.strip() not in (b"", b"{}"):
                raise Problem("validation-failed", errors=[_error("unknown", *_NO_BODY)])
            return
        if not body:
            if not self._body_optional:
                raise Problem("validation-failed", errors=[_error("needed", *_BODY)])
            return
        try:
            given["data"] = self._decoder.decode(body)
        except msgspec.ValidationError as error:
            found = []
            if self._decoder.strict:
                told = faults(self._decoder.type, msgspec.json.decode(body))
                found = [fault.told() for fault in told]
            raise Problem("validation-failed", errors=found or [_by_msgspec(error)]) from error
        except (msgspec.DecodeError, UnicodeError) as error:
            raise Problem("bad-request", reason="json") from error


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """What `parse_qsl` says; most queries have nothing encoded."""
    text = query.decode()
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    return [(part.partition("=")[0], part.partition("=")[2]) for part in text.split("&") if part]


def _parameter(name: str, field: Any, given: PathParameter | QueryParameter) -> Parameter:
    limits = {key: getattr(given, key) for key in _LIMITS if getattr(given, key) is not None}
    shape = next(
        (
            shape
            for kind, shape in _SHAPES.items()
            if field.annotation is kind or field.has_inner_subclass_of(kind)
        ),
        None,
    )
    # It is there or not, but never null. A struct, because msgspec prepares those once.
    plain = next((t for t in get_args(field.annotation) if t is not NoneType), field.annotation)
    plain = plain if field.is_optional else field.annotation
    kind = msgspec.defstruct(name, [("value", Annotated[plain, msgspec.Meta(**limits)])])
    return Parameter(name, kind, shape, not field.has_default)


def _take(
    parameter: Parameter,
    spelled: str,
    value: str,
    given: dict[str, Any],
    errors: list[dict[str, str]],
) -> None:
    """Puts the value in its type to what is given, or what is wrong with it to the errors."""
    try:
        holder = msgspec.convert({"value": value}, parameter.kind, strict=False)
        given[parameter.name] = holder.value
    except msgspec.ValidationError as error:
        found = faults(parameter.kind, {"value": _loosely(value, parameter.shape)})
        told = found[0].told() if found else _by_msgspec(error)
        del told["pointer"]
        errors.append({"parameter": spelled, **told})


def _loosely(value: str, shape: re.Pattern[str] | None) -> Any:
    """A parameter as JSON would write it; its shape was looked at before."""
    return msgspec.json.decode(value) if shape is not None else value


def _by_msgspec(error: msgspec.ValidationError) -> dict[str, str]:
    """What msgspec says, should it ever be stricter than service/web/faults.py."""
    message, _, path = str(error).partition(" - at `$")
    return {"pointer": _pointer(path), "code": "malformed", "detail": message}


def _wrong(parameter: str, code: str, detail: str, german: str) -> dict[str, str]:
    return {"parameter": parameter, "code": code, "detail": detail, "detail_de": german}


def _error(code: str, detail: str, german: str) -> dict[str, str]:
    return {"pointer": "", "code": code, "detail": detail, "detail_de": german}


def _pointer(path: str) -> str:
    """`.prospect.tags[3]` as JSON pointer; msgspec writes [...] where a key is meant."""
    steps = _PATH_STEP.findall(path.rstrip("`").partition("[...]")[0])
    return "".join(f"/{name or index}" for name, index in steps)
