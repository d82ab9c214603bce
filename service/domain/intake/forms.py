"""What a form or a platform sends, read as a list of one row is: the same names of columns, the
same cleaning, so that a lead means the same by every door (service/domain/imports/files)."""

from collections.abc import Callable
from typing import Any

from service.domain.imports.files.cleaning import consent_of
from service.domain.imports.files.decoding import Record
from service.domain.imports.files.known_formats import PLAIN, recognise
from service.domain.imports.files.plans import plan_of
from service.domain.imports.files.records import RefusedLead
from service.domain.imports.files.rows import read_row
from service.domain.imports.files.uploads import lead_of
from service.domain.intake.messages import Fields, GoogleLead
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
    if not asked.keys() & {"Full Name", "First Name", "Last Name"}:  # a form need not ask for it
        asked["Full Name"] = next(filter(None, map(asked.get, _WAYS)), "")
    lead = _lead(asked, True, interest)
    lead["external_ref"] = sent.lead_id
    if sent.lead_submit_time is not None:
        lead["received_at"] = sent.lead_submit_time.isoformat()
    return lead


def _lead(fields: dict[str, str], consent: bool, interest: str) -> dict[str, Any]:
    known = recognise(fields) or PLAIN
    plan = plan_of(known, list(fields), consent=consent, interest=interest)
    found = read_row(plan, Record(1, list(fields.values())))
    if isinstance(found, RefusedLead):
        told = {"code": found.code, "detail": found.detail_en, "detail_de": found.detail_de}
        pointer = f"/{found.field}" if found.field else ""
        raise Problem("validation-failed", errors=[{"pointer": pointer, **told}])
    return lead_of(found)
