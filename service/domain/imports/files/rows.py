"""One row to one result, by the plan of its file: a lead, or a refusal with its reason."""

import hashlib
import re
from datetime import datetime
from typing import Final

from service.domain.contact import country_of, read_email, read_phone, read_postcode
from service.domain.contact.prospects import HOME, beside, dialled_in, four_digits
from service.domain.contact.reading import Reading, one_line, unwrapped
from service.domain.contact.remarks import KEPT
from service.domain.imports.files import cleaning
from service.domain.imports.files.cells import Cells, RowRefused
from service.domain.imports.files.decoding import Record
from service.domain.imports.files.plans import Plan
from service.domain.imports.files.records import ImportedLead, RefusedLead, fingerprint_of
from service.domain.imports.files.refused import say
from service.domain.imports.files.times import read_time
from service.domain.imports.files.topics import slug_of, tags_of

_MAX_ID: Final = 150
_MAX_TAGS: Final = 20
#: A country of which nothing is known, neither its numbers nor its postcodes.
_UNKNOWN: Final = "ZZ"


def read_row(plan: Plan, record: Record, encoding: str | None = None) -> ImportedLead | RefusedLead:
    """Return what becomes of one row; never raises. `encoding` is the row's, when it is not that of
    the file.
    """
    try:
        return _Row(plan, record, encoding).lead()
    except RowRefused as refused:
        english, german = say(refused.code, **refused.values)
        return RefusedLead(
            row=record.row,
            code=refused.code,
            field=refused.field,
            detail_en=english,
            detail_de=german,
        )


class _Row(Cells):
    """The lead of a row, or the first thing that makes it impossible."""

    country: str | None = None  #: what the row says
    abroad = False  #: it says something that is not known here
    unread = ""  #: a number that is not sure, for the fingerprint

    def lead(self) -> ImportedLead:
        """Put the lead together, or raise for the first thing that makes it impossible."""
        if any(cleaning.consent_of(text) for _, text in self.found.get("is_test", [])):
            raise RowRefused("test-lead")
        reference = self._reference()
        self._read_country()
        city = self.short("city")
        email, phone = self._contact(city)
        postcode, city = self._place(phone, city)
        parts = {
            name: self.short(name) for name in ("salutation", "first_name", "last_name", "company")
        }
        name = self._name(parts)
        interest = self._interest(name)
        house_number = self.line("house_number")
        street = " ".join(part for part in (self.line("street"), house_number) if part) or None
        return ImportedLead(
            row=self.record.row,
            external_ref=reference,
            fingerprint=fingerprint_of(
                external_ref=reference,
                email=email,
                phone=phone or self.unread,
                interest=interest,
            ),
            source=self.plan.format.slug,
            interest=interest,
            tags=self._tags(interest),
            distribution_permission=self._consent(),
            name=name,
            email=email,
            phone=phone,
            street=self.limited("street", street),
            postcode=postcode,
            city=self.limited("city", city),
            country=self.country,
            answers=self.answers,
            context=self.context,
            received_at=self._received(),
            warnings=self.warnings,
            **parts,
        )

    def _reference(self) -> str | None:
        text = unwrapped(self.line("external_ref") or "")
        if not text:
            return None
        if self.plan.format.id_length:
            text = text[: self.plan.format.id_length]
        if len(text) > _MAX_ID:
            text = "sha256-" + hashlib.sha256(text.encode()).hexdigest()
        return f"{self.plan.format.slug}:{text}"

    def _read_country(self) -> None:
        taken = self.take("country")
        if taken is None:
            return
        self.country = country_of(taken[1])
        if self.country is None:
            self.abroad = True
            self.keep("country-kept-as-answer", taken)

    def _contact(self, city: str | None) -> tuple[str | None, str | None]:
        """What of e-mail address and phone number is sure; what is not goes to the answers.

        A row without either is refused, unless a person can still make a contact of what it says.
        """
        places = [text for _, text in self.found.get("postcode", [])]
        region = dialled_in(self.country, places[0] if places else None, city)
        region = None if self.abroad else region
        mail = self.first("email", read_email)
        call = self.first("phone", lambda text: read_phone(text, region))
        email = mail[1].value if mail else None
        phone = call[1].value if call else None
        unsure = [found for found in (mail, call) if found and found[1].value is None]
        if email is None and phone is None:
            self._expect_a_way(unsure)
        if call and call[1].code in ("phone-ambiguous", "phone-rounded"):
            self.unread = call[0][1]
        for found in (mail, call):
            if found:
                self._say(found[0], found[1])
        return email, phone

    def _expect_a_way(self, unsure: list[tuple[tuple[str, str], Reading]]) -> None:
        error = self.errors.get("email") or self.errors.get("phone")
        if not unsure and error:
            raise RowRefused("contact-is-error", error)
        if not unsure:
            raise RowRefused("contact-missing")
        if any(reading.code in ("email-ambiguous", "phone-ambiguous") for _, reading in unsure):
            self.remark("contact-unsure", None)
            return
        if len(unsure) > 1:
            raise RowRefused("contact-invalid", unsure[0][0][0])
        (label, _), reading = unsure[0]
        raise RowRefused(reading.code or "contact-invalid", label)

    def _say(self, taken: tuple[str, str], reading: Reading) -> None:
        """What a reading has to tell, with the text kept where it says more."""
        code = reading.code
        if code:
            self.remark(code if reading.value is not None else KEPT[code], taken[0])
        if reading.keep:
            self.answer(*taken)

    def _place(self, phone: str | None, city: str | None) -> tuple[str | None, str | None]:
        """Postcode and city, and the country that the row has in the end."""
        unsure = four_digits(self.country, phone, city)
        country = _UNKNOWN if self.abroad else self.country
        found = self.first(
            "postcode", lambda text: read_postcode(text, country, four_digits=unsure)
        )
        if found is None:
            if self.country is None and not (self.abroad or unsure):
                self.country = HOME
            return None, city
        taken, place = found
        self._say(taken, beside(place, city))
        if place.country not in (None, self.country, HOME):
            self.remark("country-from-postcode", taken[0])
        sure = place.value is not None or not unsure
        if self.country is None and not self.abroad and sure:
            self.country = place.country or HOME
        return place.value, city or place.city

    def _received(self) -> datetime | None:
        """When the person asked, by the first column that tells a moment."""
        for label, text in self.found.pop("received_at", []):
            clock = self.plan.clocks[label]
            moment = read_time(text, clock.zone, clock.day_first)
            if moment.code:
                self.remark(moment.code, label)
            if moment.value is not None:
                if clock.assumed and not moment.zoned:
                    self.plan.notes.add("times-without-zone")
                return moment.value
        return None

    def _name(self, parts: dict[str, str | None]) -> str:
        name = self.line("name") or " ".join(
            part for part in (parts["first_name"], parts["last_name"]) if part
        )
        if not name and parts["company"]:
            name = parts["company"]
            self.remark("name-from-company", None)
        if not name:
            raise RowRefused("name-missing")
        return self.limited("name", name) or name

    def _interest(self, name: str) -> str:
        """What is asked for, without what tells who asks: takers see it before the pick."""
        taken = self.take("interest")
        if taken is None and self.plan.interest:
            taken = ("interest", self.plan.interest)
        if taken is None:
            taken = next(
                (
                    (label, text)
                    for label in self.plan.fallbacks
                    if (text := self.context.get(label) or self.answers.get(label))
                ),
                None,
            )
        if taken is None:
            raise RowRefused("interest-missing")
        label, text = taken
        if self.plan.format.underscored and not re.search(r"\s", text):
            text = text.replace("_", " ").strip()
            text = text[:1].upper() + text[1:]
        nameless = text
        if " " in name and name.casefold() in text.casefold():
            nameless = re.sub(re.escape(name), "…", text, flags=re.IGNORECASE)
        shown, shortened = cleaning.interest_of(nameless)
        shortened = shortened or nameless != text
        if shortened and text not in self.answers.values():
            self.keep("interest-shortened", taken)
        elif shortened:
            self.remark("interest-shortened", label)
        if not re.search(r"[^\W\d_]", shown):
            raise RowRefused("interest-missing", label)
        return shown

    def _tags(self, interest: str) -> list[str]:
        written = re.split(r"[,;|]", self.limited("tags", self.line("tags")) or "")
        tags = [tag for tag in map(slug_of, written) if tag] + tags_of(interest)
        return list(dict.fromkeys(tags))[:_MAX_TAGS]

    def _consent(self) -> bool:
        if not self.plan.tells_consent:
            return self.plan.consent
        taken = self.take("consent")
        consent = cleaning.consent_of(
            one_line(taken[1]) if taken else "", self.plan.format.consent_yes
        )
        if consent is None and taken:
            self.keep("consent-unclear", taken)
        return bool(consent)
