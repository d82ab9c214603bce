"""What becomes of a row: a lead, a duplicate of an earlier row, or a refusal with its reason. Never
nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from service.domain.contact import Noticed
from service.domain.imports.files.refused import say


class ImportedLead(msgspec.Struct, frozen=True, kw_only=True, tag_field="result", tag="lead"):
    """A row that can become a lead. Texts are NFC and without control characters; missing values
    are None.

    `interest`, `tags` and the postcode's first digits may be shown before the pick; all else may
    not. `distribution_permission` is the person's consent to pass the data on: without it the lead
    stays a draft.
    """

    row: int
    external_ref: str | None  #: `<source>:<id in the source>`
    fingerprint: str  #: the same for the same lead in a repeated import, see `fingerprint_of`
    source: str  #: slug of the format, or the mapping's name
    interest: str
    tags: list[str]
    distribution_permission: bool
    name: str
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None  #: E.164
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None  #: ISO 3166-1 alpha-2; None when what was written is unknown
    received_at: datetime | None = None  #: when the person asked, as the source tells
    answers: dict[str, str] = {}  #: header -> text: other questions, and values that were not valid
    context: dict[
        str, str
    ] = {}  #: header -> text: campaign, form, dates; about the source, not the person
    warnings: list[Noticed] = []


class DuplicateLead(msgspec.Struct, frozen=True, kw_only=True, tag_field="result", tag="duplicate"):
    """A row that says the same as an earlier one of this file."""

    row: int
    first_row: int
    fingerprint: str
    code: str = "duplicate"
    detail_en: str
    detail_de: str


class RefusedLead(msgspec.Struct, frozen=True, kw_only=True, tag_field="result", tag="refused"):
    """A row that cannot become a lead. `code` is stable; the details never repeat what the row
    contains.
    """

    row: int
    code: str
    field: str | None  #: header of the column, when one is to blame
    detail_en: str
    detail_de: str


Result = ImportedLead | DuplicateLead | RefusedLead


def fingerprint_of(
    *, external_ref: str | None, email: str | None, phone: str | None, interest: str
) -> str:
    """Return what makes a lead the same in a repeated import: its id in the source, else who asks
    for what.

    `external_ref` as it is; otherwise `sha256:` over e-mail (lower case), phone (E.164) and
    interest (case folded).
    """
    if external_ref is not None:
        return external_ref
    material = "\x1f".join(
        ((email or "").lower(), phone or "", " ".join(interest.casefold().split()))
    )
    return "sha256:" + hashlib.sha256(material.encode()).hexdigest()


def mark_duplicates(results: Iterable[Result]) -> Iterator[Result]:
    """The first lead of each fingerprint, in order; later ones become `DuplicateLead`."""
    first_rows: dict[str, int] = {}
    for result in results:
        if isinstance(result, ImportedLead):
            first_row = first_rows.setdefault(result.fingerprint, result.row)
            if first_row != result.row:
                yield _duplicate(result, first_row)
                continue
        yield result


def _duplicate(lead: ImportedLead, first_row: int) -> DuplicateLead:
    english, german = say("duplicate", first_row=first_row)
    return DuplicateLead(
        row=lead.row,
        first_row=first_row,
        fingerprint=lead.fingerprint,
        detail_en=english,
        detail_de=german,
    )
