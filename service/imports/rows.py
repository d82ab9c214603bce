"""One row to one result, by the plan of its file: a lead, or a refusal with its reason."""

import hashlib
import re
from typing import Final

from service.imports import cleaning
from service.imports.decoding import Record
from service.imports.formats import Field
from service.imports.limits import FIELD_LIMITS, MAX_CELL
from service.imports.plans import Column, Plan
from service.imports.records import ImportedLead, Refusal, Remark, fingerprint_of
from service.imports.refused import say
from service.imports.topics import slug_of, tags_of

_META_TEST: Final = "<test lead:"
_MAX_ID: Final = 150
_MAX_TAGS: Final = 20
#: Fields of which a type prefix (`p:`, `z:`) is taken off; anywhere else it is what somebody wrote.
_PREFIXED: Final[frozenset[str]] = frozenset({"external_ref", "phone", "postcode", "context"})


class _RowRefused(Exception):
    def __init__(self, code: str, field: str | None = None, **values: object) -> None:
        self.code, self.field, self.values = code, field, values
        super().__init__(code)


def read_row(plan: Plan, record: Record) -> ImportedLead | Refusal:
    """Return what becomes of one row; never raises."""
    try:
        return _Row(plan, record).lead()
    except _RowRefused as refused:
        english, german = say(refused.code, **refused.values)
        return Refusal(
            row=record.row,
            code=refused.code,
            field=refused.field,
            detail_en=english,
            detail_de=german,
        )


class _Row:
    """A row while it is read: what its columns say, and what has been noticed so far."""

    def __init__(self, plan: Plan, record: Record) -> None:
        self.plan = plan
        self.record = record
        self.found: dict[str, list[tuple[str, str]]] = {}  # field -> (label, text), not empty
        self.answers: dict[str, str] = {}
        self.context: dict[str, str] = {}
        self.warnings: list[Remark] = []
        self._check_shape()
        for column in plan.columns:
            if column.field != "ignored":
                self._sort_in(column)

    def lead(self) -> ImportedLead:
        """Put the lead together, or raise for the first thing that makes it impossible."""
        if any(cleaning.consent_of(text) for _, text in self.found.get("is_test", [])):
            raise _RowRefused("test-lead")
        reference = self._reference()
        country = self._country()
        email, phone = self._contact(country or "DE")
        parts = {
            name: self._short(name)
            for name in ("salutation", "first_name", "last_name", "company", "city")
        }
        name = self._name(parts)
        interest = self._interest()
        house_number = self._line("house_number")
        street = " ".join(part for part in (self._line("street"), house_number) if part) or None
        return ImportedLead(
            row=self.record.row,
            external_ref=reference,
            fingerprint=fingerprint_of(
                external_ref=reference, email=email, phone=phone, interest=interest
            ),
            source=self.plan.format.slug,
            interest=interest,
            tags=self._tags(interest),
            distribution_permission=self._consent(),
            name=name,
            email=email,
            phone=phone,
            street=self._limited("street", street),
            postcode=self._postcode(country),
            country=country,
            answers=self.answers,
            context=self.context,
            warnings=self.warnings,
            **parts,
        )

    def _check_shape(self) -> None:
        cells, width = self.record.cells, len(self.plan.columns)
        if any(cell.strip() for cell in cells[width:]):
            raise _RowRefused("too-many-columns")
        for column in self.plan.columns:
            text = cells[column.position] if column.position < len(cells) else ""
            if len(text) > MAX_CELL:
                raise _RowRefused("cell-too-long", column.label, limit=MAX_CELL)
            if text.startswith(_META_TEST):
                raise _RowRefused("test-lead", column.label)
        if len(cells) < width:
            self._remark("columns-missing", None)

    def _sort_in(self, column: Column) -> None:
        cells = self.record.cells
        text, removed = cleaning.plain(
            cells[column.position] if column.position < len(cells) else ""
        )
        if removed:
            self._remark("characters-removed", column.label)
        if self.plan.format.prefix and column.field in _PREFIXED:
            text = re.sub(rf"^{self.plan.format.prefix}", "", text).strip()
        if not text:
            return
        if column.field == "answer":
            self._answer(column.label, text)
        elif column.field == "context":
            self._put(self.context, column.label, text)
        else:
            self.found.setdefault(column.field, []).append((column.label, text))

    def _take(self, field: Field) -> tuple[str, str] | None:
        """The label and text of a field: joined where the format says so, else the first; others
        become answers.
        """
        found = self.found.pop(field, [])
        if not found:
            constant = self.plan.format.constants.get(field)
            return (field, constant) if constant else None
        if field in self.plan.format.joined:
            return found[0][0], " ".join(text for _, text in found)
        for label, text in found[1:]:
            if text != found[0][1]:
                self._answer(label, text)
        return found[0]

    def _line(self, field: Field) -> str | None:
        taken = self._take(field)
        return cleaning.one_line(taken[1]) if taken else None

    def _short(self, field: Field) -> str | None:
        return self._limited(field, self._line(field))

    def _limited(self, field: str, text: str | None) -> str | None:
        if text is not None and len(text) > FIELD_LIMITS[field]:
            raise _RowRefused("value-too-long", field, limit=FIELD_LIMITS[field])
        return text

    def _reference(self) -> str | None:
        text = cleaning.unwrapped(self._line("external_ref") or "")
        if not text:
            return None
        if self.plan.format.id_length:
            text = text[: self.plan.format.id_length]
        if len(text) > _MAX_ID:
            text = "sha256-" + hashlib.sha256(text.encode()).hexdigest()
        return f"{self.plan.format.slug}:{text}"

    def _country(self) -> str | None:
        taken = self._take("country")
        if taken is None:
            return "DE"
        country = cleaning.country_of(taken[1])
        if country is None:
            self._keep("country-kept-as-answer", taken)
        return country

    def _contact(self, region: str) -> tuple[str | None, str | None]:
        """A valid e-mail address or phone number, or both; what is not valid is kept among the
        answers.
        """
        mail, call = self._take("email"), self._take("phone")
        email = cleaning.email_of(mail[1]) if mail else None
        phone = cleaning.phone_of(cleaning.unwrapped(call[1]), region) if call else None
        if email is None and phone is None:
            if mail and call:
                raise _RowRefused("contact-invalid", mail[0])
            if mail:
                raise _RowRefused("email-invalid", mail[0])
            if call:
                raise _RowRefused("phone-invalid", call[0])
            raise _RowRefused("contact-missing")
        if mail and email is None:
            self._keep("email-kept-as-answer", mail)
        if call and phone is None:
            self._keep("phone-kept-as-answer", call)
        return email, phone

    def _name(self, parts: dict[str, str | None]) -> str:
        name = self._line("name") or " ".join(
            part for part in (parts["first_name"], parts["last_name"]) if part
        )
        if not name and parts["company"]:
            name = parts["company"]
            self._remark("name-from-company", None)
        if not name:
            raise _RowRefused("name-missing")
        return self._limited("name", name) or name

    def _postcode(self, country: str | None) -> str | None:
        taken = self._take("postcode")
        if taken is None:
            return None
        postcode, padded = cleaning.postcode_of(cleaning.unwrapped(taken[1]), country)
        if postcode is None:
            self._keep("postcode-kept-as-answer", taken)
        elif padded:
            self._remark("postcode-padded", taken[0])
        return postcode

    def _interest(self) -> str:
        taken = self._take("interest")
        if taken is None and self.plan.interest:
            taken = ("interest", self.plan.interest)
        if taken is None:
            taken = next(
                (
                    (label, self.context[label])
                    for label in self.plan.fallbacks
                    if label in self.context
                ),
                None,
            )
        if taken is None:
            raise _RowRefused("interest-missing")
        label, text = taken
        if self.plan.format.underscored and not re.search(r"\s", text):
            text = text.replace("_", " ").strip()
            text = text[:1].upper() + text[1:]
        shown, shortened = cleaning.teaser_of(text)
        if shortened:
            self._keep("interest-shortened", taken)
        if not re.search(r"\w", shown):
            raise _RowRefused("interest-missing", label)
        return shown

    def _tags(self, interest: str) -> list[str]:
        written = re.split(r"[,;|]", self._limited("tags", self._line("tags")) or "")
        tags = [tag for tag in map(slug_of, written) if tag] + tags_of(interest)
        return list(dict.fromkeys(tags))[:_MAX_TAGS]

    def _consent(self) -> bool:
        if not self.plan.tells_consent:
            return self.plan.consent
        taken = self._take("consent")
        consent = cleaning.consent_of(taken[1] if taken else "", self.plan.format.consent_yes)
        if consent is None and taken:
            self._keep("consent-unclear", taken)
        return bool(consent)

    def _keep(self, code: str, taken: tuple[str, str]) -> None:
        self._remark(code, taken[0])
        self._answer(*taken)

    def _remark(self, code: str, label: str | None) -> None:
        english, german = say(code)
        self.warnings.append(Remark(code=code, field=label, detail_en=english, detail_de=german))

    def _answer(self, label: str, text: str) -> None:
        self._put(self.answers, label, text)

    @staticmethod
    def _put(where: dict[str, str], label: str, text: str) -> None:
        number, key = 1, label
        while key in where:
            number += 1
            key = f"{label} ({number})"
        where[key] = text
