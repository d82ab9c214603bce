"""Everything that is wrong with a value of a message, in words: for people, German and English.

msgspec stops at the first fault and speaks of types. It decides whether a value fits; what does not
fit is looked at here once more, and all of it is told.
"""

import functools
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import inspect

MOST = 20  # faults told of one request
_WITH_OFFSET = msgspec.Meta(tz=True)

_TYPES: dict[type, tuple[str, str]] = {
    inspect.StrType: ("a text", "ein Text"),
    inspect.BoolType: ("true or false", "true oder false"),
    inspect.IntType: ("a whole number", "eine ganze Zahl"),
    inspect.FloatType: ("a number", "eine Zahl"),
    inspect.ListType: ("a list", "eine Liste"),
    inspect.DictType: ("an object", "ein Objekt"),
    inspect.StructType: ("an object", "ein Objekt"),
    inspect.UUIDType: ("an id (UUID)", "eine Id (UUID)"),
    inspect.DateTimeType: (
        "a moment with its offset, such as 2026-10-12T09:00:00+02:00",
        "ein Zeitpunkt mit Abstand zu UTC, etwa 2026-10-12T09:00:00+02:00",
    ),
}
_KINDS: dict[type, type | tuple[type, ...]] = {
    inspect.StrType: str,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: (int, float),
    inspect.ListType: list,
    inspect.DictType: dict,
    inspect.StructType: dict,
}


class Fault(NamedTuple):
    """Where (a JSON pointer), a stable code, and what is wrong, in both languages."""

    pointer: str
    code: str
    en: str
    de: str

    def told(self) -> dict[str, str]:
        """As an entry of a problem's errors."""
        return {
            "pointer": self.pointer,
            "code": self.code,
            "detail": self.en,
            "detail_de": self.de,
        }


def faults(kind: Any, value: Any) -> list[Fault]:
    """What keeps `value` (as JSON gives it) from being a `kind`; at most MOST, in its order."""
    found: list[Fault] = []
    _look(_node(kind), value, "", found.append)
    return found[:MOST]


@functools.cache
def _node(kind: Any) -> Any:
    return inspect.type_info(kind)


def _look(node: Any, value: Any, at: str, tell: Callable[[Fault], None]) -> None:
    words: tuple[str, str] | None = None
    while isinstance(node, inspect.Metadata):
        words = (node.extra or {}).get("words", words)
        node = node.type
    if isinstance(node, inspect.UnionType):
        _look_at_choice(node, value, at, tell)
    elif not _fits(node, value):
        tell(_wrong_type(node, at))
    elif isinstance(node, inspect.StructType):
        _look_into(node, value, at, tell)
    elif isinstance(node, inspect.ListType):
        _count(node, len(value), at, tell)
        for number, item in enumerate(value):
            _look(node.item_type, item, f"{at}/{number}", tell)
    elif isinstance(node, inspect.DictType):
        _count(node, len(value), at, tell)
        for key, item in value.items():
            _look(node.key_type, key, _step(at, key), tell)
            _look(node.value_type, item, _step(at, key), tell)
    else:
        _look_at_leaf(node, value, at, words, tell)


def _fits(node: Any, value: Any) -> bool:
    wanted = _KINDS.get(type(node), object)
    if isinstance(value, bool):
        return wanted in (bool, object)
    return isinstance(value, wanted)


def _look_at_choice(node: Any, value: Any, at: str, tell: Callable[[Fault], None]) -> None:
    """null where it may be, or else one of the others; the first one's faults are told."""
    if value is None and node.includes_none:
        return
    told: list[Fault] = []
    for one in node.types:
        if isinstance(one, inspect.NoneType):
            continue
        found: list[Fault] = []
        _look(one, value, at, found.append)
        if not found:
            return
        told = told or found
    for fault in told:
        tell(fault)


def _look_into(node: Any, value: dict[str, Any], at: str, tell: Callable[[Fault], None]) -> None:
    known = {field.encode_name: field for field in node.fields}
    for key, item in value.items():
        if key in known:
            _look(known[key].type, item, _step(at, key), tell)
        elif node.forbid_unknown_fields:
            text = ("This field is not known here", "Dieses Feld ist hier nicht bekannt")
            tell(Fault(_step(at, key[:100]), "unknown", *text))
    for name, field in known.items():
        if field.required and name not in value:
            text = ("This field is needed", "Dieses Feld wird gebraucht")
            tell(Fault(_step(at, name), "needed", *text))


def _look_at_leaf(
    node: Any, value: Any, at: str, words: tuple[str, str] | None, tell: Callable[[Fault], None]
) -> None:
    if isinstance(node, inspect.StrType):
        _look_at_text(node, value, at, words, tell)
    elif isinstance(node, inspect.IntType | inspect.FloatType):
        _look_at_number(node, value, at, tell)
    elif isinstance(node, inspect.LiteralType):
        if value not in node.values:
            listed = ", ".join(str(one) for one in node.values)
            tell(Fault(at, "not-listed", f"One of {listed}", f"Eines von {listed}"))
    elif isinstance(node, inspect.UUIDType | inspect.DateTimeType):
        kind = UUID if isinstance(node, inspect.UUIDType) else Annotated[datetime, _WITH_OFFSET]
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            tell(_wrong_type(node, at))


def _look_at_text(
    node: Any, value: str, at: str, words: tuple[str, str] | None, tell: Callable[[Fault], None]
) -> None:
    if node.min_length is not None and len(value) < node.min_length:
        if value == "":
            tell(Fault(at, "empty", "This must not be empty", "Das darf nicht leer sein"))
        else:
            least = node.min_length
            text = (f"At least {least} characters", f"Mindestens {least} Zeichen")
            tell(Fault(at, "too-short", *text))
    elif node.max_length is not None and len(value) > node.max_length:
        most = node.max_length
        tell(Fault(at, "too-long", f"At most {most} characters", f"Höchstens {most} Zeichen"))
    elif node.pattern is not None and not re.search(node.pattern, value):
        plain = ("Some of these characters are not allowed", "Nicht alle Zeichen sind hier erlaubt")
        tell(Fault(at, "malformed", *(words or plain)))


def _look_at_number(node: Any, value: float, at: str, tell: Callable[[Fault], None]) -> None:
    least, most = node.ge, node.le
    if (least is not None and value < least) or (most is not None and value > most):
        if most is None:
            text = (f"At least {least}", f"Mindestens {least}")
        elif least is None:
            text = (f"At most {most}", f"Höchstens {most}")
        else:
            text = (f"From {least} to {most}", f"Von {least} bis {most}")
        tell(Fault(at, "out-of-range", *text))


def _count(node: Any, count: int, at: str, tell: Callable[[Fault], None]) -> None:
    if node.min_length is not None and count < node.min_length:
        least = node.min_length
        tell(Fault(at, "too-few", f"At least {least} entries", f"Mindestens {least} Einträge"))
    elif node.max_length is not None and count > node.max_length:
        most = node.max_length
        tell(Fault(at, "too-many", f"At most {most} entries", f"Höchstens {most} Einträge"))


def _wrong_type(node: Any, at: str) -> Fault:
    english, german = _TYPES.get(type(node), ("something else", "etwas anderes"))
    return Fault(at, "wrong-type", f"Expected {english}", f"Erwartet wird {german}")


def _step(at: str, key: str) -> str:
    """The pointer one level deeper (RFC 6901)."""
    return f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
