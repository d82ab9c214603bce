"""The mails of the outbox as people read them, in German and English.

The functions in `sql/functions` put a template's name and a payload into the outbox; the texts are
here. A payload holds no personal data of prospects, so neither does a mail.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from string import Template
from typing import Any, NamedTuple

from service.jobs.mail import account as account_mails
from service.jobs.mail import company as company_mails
from service.jobs.mail import marketplace as marketplace_mails
from service.jobs.mail import returns as return_mails
from service.jobs.mail import webhooks as webhook_mails


class Mail(NamedTuple):
    """Subject (one line) and plain text."""

    subject: str
    text: str


class TemplateUnknown(Exception):
    """The outbox names a template that this release has no text for."""


_TEXTS: dict[str, dict[str, Mail]] = {
    template: {language: Mail(*text) for language, text in texts.items()}
    for template, texts in {
        **marketplace_mails.TEXTS,
        **company_mails.TEXTS,
        **account_mails.TEXTS,
        **return_mails.TEXTS,
        **webhook_mails.TEXTS,
    }.items()
}

_WORDS: dict[str, dict[str, str]] = {
    "de": {
        "giver": "Leadgeber",
        "taker": "Leadnehmer",
        "answer-True": "angenommen",
        "answer-False": "abgelehnt",
        "next-True": "Sie können der Firma ab sofort Leads anbieten und von ihr erhalten, je nach "
        "ihrer Rolle.",
        "next-False": "Sie können die Firma später erneut einladen.",
        "everywhere": "(ohne Angabe)",
        "your_name": "Ihr Name",
        "your_password": "Ihr Passwort",
    },
    "en": {
        "giver": "a lead giver",
        "taker": "a lead taker",
        "answer-True": "accepted",
        "answer-False": "declined",
        "next-True": "From now on you can offer leads to the company, or receive leads from it, "
        "depending on its capacity.",
        "next-False": "You can invite the company again later.",
        "everywhere": "(not given)",
        "your_name": "your name",
        "your_password": "your password",
    },
}


def templates() -> frozenset[str]:
    """The names of all templates that have a text."""
    return frozenset(_TEXTS)


def render(template: str, language: str, payload: Mapping[str, Any], *, base_url: str) -> Mail:
    """The mail in `de` or `en`. Raises TemplateUnknown; a missing value shows as its `$name`."""
    if template not in _TEXTS:
        raise TemplateUnknown(template)
    tongue = language if language in _WORDS else "en"
    values = {**_values(payload, tongue), "base_url": base_url.rstrip("/")}
    values["invitation_call"] = Template(marketplace_mails.INVITATION_CALL).safe_substitute(values)
    values["reset_call"] = Template(account_mails.RESET_CALL).safe_substitute(values)
    subject, text = _TEXTS[template][tongue]
    filled = Template(text).safe_substitute(values)
    greeting, farewell = (
        ("Guten Tag,", "Freundliche Grüße\nKollegium")
        if tongue == "de"
        else ("Hello,", "Kind regards\nKollegium")
    )
    return Mail(
        Template(subject).safe_substitute(values)[:200], f"{greeting}\n\n{filled}\n\n{farewell}\n"
    )


def _values(payload: Mapping[str, Any], language: str) -> dict[str, str]:
    """The payload in words. Values become one line: a line break would forge headers or text."""
    words = _WORDS[language]
    lists = {key: ", ".join(map(str, v)) for key, v in payload.items() if isinstance(v, list)}
    values = {key: " ".join(str(value).split()) for key, value in {**payload, **lists}.items()}
    values.update(your_name=words["your_name"], your_password=words["your_password"])
    if "capacity" in payload:
        values["capacity"] = words.get(payload["capacity"], values["capacity"])
    if "accepted" in payload:
        values["next_step"] = words[f"next-{bool(payload['accepted'])}"]
        values["accepted"] = words[f"answer-{bool(payload['accepted'])}"]
    for name in {"expires_at", "due_at"} & set(payload):
        values[name] = _moment(values[name], language)
    if not values.get("postcode_area", "?"):
        values["postcode_area"] = words["everywhere"]
    return values


def _moment(text: str, language: str) -> str:
    """A time stamp of the payload for people, in UTC; the zone is said."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return text
    return moment.strftime(
        "%d.%m.%Y, %H:%M Uhr (UTC)" if language == "de" else "%d %B %Y, %H:%M UTC"
    )
