"""The mapping file: how to read a file whose format is not known, in TOML.

::

    name = "trade-fair"            # becomes the leads' source
    time_zone = "Europe/Berlin"    # optional: of times that name none (UTC, +02:00 …)
    separator = "semicolon"        # optional: tab, comma, semicolon, pipe
    encoding = "cp1252"            # optional, see `encodings.ENCODINGS`
    ignore = ["Date of birth"]     # optional: columns that are not to be stored at all

    [columns]                      # field = "header", or several headers that are joined by a space
    name = "Contact"
    street = ["Street", "No."]
    email = "Mail"

    received_at = "Asked on"       # when the person asked

    [constants]                    # optional: fields that are the same in every row
    interest = "Conservatory"

[consent]                      # optional: without it the upload decides, else the leads stay drafts
    column = "May we pass this on?"
    yes = ["agreed"]               # optional; else yes, ja, true, 1, x

Columns that the mapping does not name become answers. Name a column `external_ref` only if its ids
never repeat under this `name`: a lead whose id was seen before counts as imported already.
"""

import tomllib
from typing import Annotated, Literal

import msgspec

from service.domain.imports.files.encodings import ENCODINGS
from service.domain.imports.files.formats import Format
from service.domain.imports.files.headers import Field, header_key
from service.domain.imports.files.limits import MAX_LABEL
from service.domain.imports.files.refused import ImportRefused
from service.domain.imports.files.times import zone_named
from service.vocabulary import whole

_MAX_BYTES = 64 * 1024

MappedField = Literal[
    "external_ref", "salutation", "first_name", "last_name", "name", "company", "email", "phone",
    "street", "postcode", "city", "country", "interest", "tags", "received_at",
]  # fmt: skip
ConstantField = Literal["company", "city", "country", "interest", "tags"]
Header = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LABEL)]
TimeZone = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Name = Annotated[str, msgspec.Meta(pattern=whole("[a-z0-9][a-z0-9-]{0,39}"))]


class MappedConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column tells the consent to pass the data on, and which of its values mean yes."""

    column: Header
    yes: list[Header] = []


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file as it was read; see the module for the meaning of its parts."""

    name: Name
    columns: dict[MappedField, Header | list[Header]]
    separator: Literal["tab", "comma", "semicolon", "pipe"] | None = None
    encoding: str | None = None
    time_zone: TimeZone | None = None
    ignore: list[Header] = []
    constants: dict[ConstantField, Header] = {}
    consent: MappedConsent | None = None

    def as_format(self) -> Format:
        """Return the mapping as a format; its header is recognised when every header it names is
        there.
        """
        columns: dict[str, Field] = {}
        for field, headers in self.columns.items():
            columns |= {header_key(header): field for header in _as_list(headers)}
        columns |= {header_key(header): "ignored" for header in self.ignore}
        if self.consent:
            columns[header_key(self.consent.column)] = "consent"
        return Format(
            slug=self.name,
            title=self.name,
            recognised_by=tuple(
                frozenset({key}) for key, field in columns.items() if field != "ignored"
            ),
            columns=columns,
            joined=frozenset(
                field for field, headers in self.columns.items() if isinstance(headers, list)
            ),
            time_zone=self.time_zone,
            constants={str(field): value for field, value in self.constants.items()},
            consent_yes=frozenset(word.casefold() for word in self.consent.yes)
            if self.consent
            else frozenset(),
        )

    def headers(self) -> list[str]:
        """Return the headers that a file must have for this mapping, as the mapping writes them."""
        named = [header for headers in self.columns.values() for header in _as_list(headers)]
        return [*named, self.consent.column] if self.consent else named


def parse_mapping(content: bytes) -> Mapping:
    """Read a mapping file (TOML, UTF-8, at most 64 KiB).

    Raises `ImportRefused` (mapping-invalid) with the reason: syntax, unknown key or field, one
    header named twice.
    """
    if len(content) > _MAX_BYTES:
        raise ImportRefused("mapping-invalid", reason="> 64 KiB")
    try:
        mapping = msgspec.convert(tomllib.loads(content.decode("utf-8-sig")), Mapping)
    except (
        ValueError,
        RecursionError,
    ) as error:  # decoding, TOML and msgspec errors are ValueErrors
        raise ImportRefused("mapping-invalid", reason=str(error)) from error
    if mapping.name == "legacy":
        raise ImportRefused("mapping-invalid", reason="name: legacy (former system, altes System)")
    if mapping.encoding is not None and mapping.encoding not in ENCODINGS:
        raise ImportRefused("mapping-invalid", reason=f"encoding: {', '.join(sorted(ENCODINGS))}")
    if mapping.time_zone is not None and zone_named(mapping.time_zone) is None:
        raise ImportRefused("mapping-invalid", reason="time_zone: Europe/Berlin, UTC, +02:00 …")
    if not mapping.columns:
        raise ImportRefused("mapping-invalid", reason="[columns]")
    keys = [header_key(header) for header in [*mapping.headers(), *mapping.ignore]]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ImportRefused("mapping-invalid", reason=f"{', '.join(twice)} (2 ×)")
    return mapping


def _as_list(headers: str | list[str]) -> list[str]:
    return [headers] if isinstance(headers, str) else headers
