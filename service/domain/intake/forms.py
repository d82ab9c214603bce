"""What a form or a platform sends, read as a list of one row is: the same names of columns, the
same cleaning, so that a lead means the same by every door (service/domain/imports/files)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from service.domain.imports.files.cleaning import consent_of
from service.domain.imports.files.decoding import Record
from service.domain.imports.files.known_formats import PLAIN, recognise
from service.domain.imports.files.plans import plan_of
from service.domain.imports.files.records import RefusedLead
from service.domain.imports.files.rows import read_row
from service.domain.imports.files.uploads import lead_of
from service.domain.intake.messages import (
    Fields,
    GoogleLead,
    MetaLead,
    MetaNamed,
    MetaNotification,
)
from service.errors import Problem

#: A lead, given what it is about when it does not say so; None: nothing comes in.
Reader = Callable[[str], dict[str, Any] | None]
#: Programs fill in every field, people see this one not (docs/intake.md).
HONEYPOT = "website"
CONSENT = "consent"
# How Google names what it asks, and how lists do.
_GOOGLE = {
    "FULL_NAME": "Full Name", "FIRST_NAME": "First Name", "LAST_NAME": "Last Name",
    "EMAIL": "Email", "WORK_EMAIL": "Work Email", "PHONE_NUMBER": "Phone Number",
    "WORK_PHONE": "Work Phone", "STREET_ADDRESS": "Street Address", "CITY": "City",
    "POSTAL_CODE": "Postal Code", "COUNTRY": "Country", "COMPANY_NAME": "Company Name",
}  # fmt: skip

# How Meta does; the form's own questions have names of their own.
_META = {
    "full_name": "Full Name", "first_name": "First Name", "last_name": "Last Name",
    "email": "Email", "work_email": "Work Email", "phone_number": "Phone Number",
    "phone": "Phone Number",
    "work_phone_number": "Work Phone", "street_address": "Street Address", "city": "City",
    "post_code": "Postal Code", "zip_code": "Postal Code", "zip": "Postal Code",
    "country": "Country", "company_name": "Company Name",
}  # fmt: skip
_NUMBER = re.compile("[0-9]{1,40}")
_TEST = "<test lead:"  # how all values of a lead begin that Meta's tool for tests makes
_WAYS = ("Email", "Work Email", "Phone Number", "Work Phone")


def reader(fields: Fields) -> Reader:
    """Reads the fields of a form; None for one that a program filled in."""
    return lambda interest: None if fields.get(HONEYPOT) else from_form(fields, interest)


def google_reader(sent: GoogleLead) -> Reader:
    """Reads what a lead form of Google sends; None for its test data."""
    return lambda interest: None if sent.is_test else from_google(sent, interest)


def from_form(fields: Fields, interest: str) -> dict[str, Any]:
    """A lead of the fields of a form. `interest`: what it is about unless a field says so. Raises
    Problem validation-failed with the field that is to blame."""
    consent = consent_of(fields.get(CONSENT, "")) is True
    asked = {name: text for name, text in fields.items() if name not in (CONSENT, HONEYPOT)}
    return _lead(asked, consent, interest)


def from_google(sent: GoogleLead, interest: str) -> dict[str, Any]:
    """A lead of a lead form, known by its number there. Who sends it off has agreed to what the
    form says, so there is a consent."""
    asked = {
        _GOOGLE.get(answer.column_id, answer.column_name or answer.column_id): answer.string_value
        for answer in sent.user_column_data
    }
    lead = _lead(_with_a_name(asked), True, interest)
    lead["external_ref"] = sent.lead_id
    if sent.lead_submit_time is not None:
        lead["received_at"] = sent.lead_submit_time.isoformat()
    return lead


def named_by(sent: MetaNotification) -> list[dict[str, Any]]:
    """The leads that a notification of Meta names, each once. Raises Problem validation-failed."""
    found: dict[str, dict[str, Any]] = {}
    changes = [change for entry in sent.entry for change in entry.changes]
    for change in changes:
        if sent.object == "page" and change.field == "leadgen":
            named = _named(change.value)
            found[named["leadgen_id"]] = named
    return list(found.values())


def _named(value: Any) -> dict[str, Any]:
    try:
        given = msgspec.convert(value, MetaNamed)
    except msgspec.ValidationError as error:
        raise Problem("validation-failed") from error
    numbers = {
        name: None if number is None else str(number)
        for name, number in (
            ("leadgen_id", given.leadgen_id), ("form_id", given.form_id), ("page_id", given.page_id)
        )
    }  # fmt: skip
    if any(number and not _NUMBER.fullmatch(number) for number in numbers.values()):
        raise Problem("validation-failed")
    if not numbers["leadgen_id"]:
        raise Problem("validation-failed")
    return {**numbers, "created_time": given.created_time}


def from_meta(
    lead: MetaLead, number: str, sent_at: datetime | None, interest: str
) -> dict[str, Any] | None:
    """A lead as Graph shows it; None for test data. Who sends a lead form off has agreed to what it
    says; where it has boxes besides, only if all are ticked. Raises Problem validation-failed."""
    asked = {
        _META.get(answer.name, answer.name): ", ".join(answer.values) for answer in lead.field_data
    }
    if any(text.startswith(_TEST) for text in asked.values()):
        return None
    ticked = all(_is_ticked(box.is_checked) for box in lead.custom_disclaimer_responses)
    made = _lead(_with_a_name(asked), ticked, interest)
    made["external_ref"] = number
    received_at = _moment(lead.created_time) or sent_at
    if received_at is not None:
        made["received_at"] = received_at.isoformat()
    return made


def _is_ticked(said: bool | int | str | None) -> bool:
    return str(said).lower() in ("1", "true")


def _moment(text: str | None) -> datetime | None:
    """`2026-10-10T12:00:00+0000`; None for what is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _with_a_name(asked: dict[str, str]) -> dict[str, str]:
    """A lead form need not ask for a name."""
    if asked.keys() & {"Full Name", "First Name", "Last Name"}:
        return asked
    return {**asked, "Full Name": next(filter(None, map(asked.get, _WAYS)), "")}


def _lead(fields: dict[str, str], consent: bool, interest: str) -> dict[str, Any]:
    known = recognise(fields) or PLAIN
    plan = plan_of(known, list(fields), consent=consent, interest=interest)
    found = read_row(plan, Record(1, list(fields.values())))
    if isinstance(found, RefusedLead):
        told = {"code": found.code, "detail": found.detail_en, "detail_de": found.detail_de}
        pointer = f"/{found.field}" if found.field else ""
        raise Problem("validation-failed", errors=[{"pointer": pointer, **told}])
    return lead_of(found)
