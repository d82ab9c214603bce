"""Rows of a list on their way through: read as far as needed to be written again.

A list is answered as PostgreSQL made it: the same keys in the same order, and moments in the same
spelling as where one thing is shown; nobody here looks into its rows. So an id stays text, and what
is nested and free (tags, answers) stays the bytes that came. That halves what a row costs.
`tests/performance/test_round_trips.py` compares each list with the struct that describes it.
"""

import functools
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec


@functools.cache
def passing(kind: Any) -> Any:
    """The type with the same JSON that costs least to read and to write."""
    origin = get_origin(kind)
    if origin is Annotated:
        return passing(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_beside(part) for part in get_args(kind))]  # noqa: UP007 - made of a tuple
    if origin in (list, dict):
        return msgspec.Raw
    if origin is Literal or kind is UUID:
        return str
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind)
    return kind


def _beside(kind: Any) -> Any:
    """The same for what null or something else may stand for: there msgspec reads no Raw."""
    origin = get_origin(kind)
    if origin in (list, dict):
        return origin[tuple(_beside(part) for part in get_args(kind))]
    return passing(kind)


def _struct(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    found = msgspec.structs.fields(kind)
    for field in found:
        given = (field.name, passing(field.type))
        fields.append(given if field.required else (*given, field.default))
    return msgspec.defstruct(
        kind.__name__,
        fields,
        rename={field.name: field.encode_name for field in found},
        omit_defaults=kind.__struct_config__.omit_defaults,
        gc=False,
    )
