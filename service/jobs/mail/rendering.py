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


class Mail(NamedTuple):
    """Subject (one line) and plain text."""

    subject: str
    text: str


class TemplateUnknown(Exception):
    """The outbox names a template that this release has no text for."""


_INVITATION_CALL = """curl -X POST $base_url/invitations/$token/accept \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "$your_name", "password": "$your_password"}'"""

_TEXTS: dict[str, dict[str, Mail]] = {
    "invitation": {
        "de": Mail(
            "Einladung zu $company",
            """$inviter lädt Sie ein, als Kollege für $company zu arbeiten.

Zum Annehmen wählen Sie einen Namen und ein Passwort mit mindestens zehn Zeichen:

$invitation_call

Ihr Einladungscode lautet: $token

Er gilt $days Tage, nur einmal und nur für diese Adresse; bitte geben Sie ihn nicht weiter. Danach
melden Sie sich mit dieser E-Mail-Adresse an. Wenn Sie die Einladung nicht erwartet haben, brauchen
Sie nichts zu tun.""",
        ),
        "en": Mail(
            "Invitation to $company",
            """$inviter invites you to work for $company as a colleague.

To accept, choose a name and a password of at least ten characters:

$invitation_call

Your invitation code is: $token

It is valid for $days days, once, and for this address only; please do not pass it on. Afterwards
you log in with this e-mail address. If you did not expect this invitation, you need not do
anything.""",
        ),
    },
    "partner-invitation": {
        "de": Mail(
            "Einladung zum Marktplatz $marketplace",
            """$operator lädt Ihre Firma ein, auf dem Marktplatz „$marketplace“ als $capacity
mitzumachen.

Jeder Kollege Ihrer Firma kann die Einladung nach der Anmeldung unter „Teilnahmen“ annehmen oder
ablehnen (POST $base_url/marketplaces/…/participations/accept oder …/decline). Ist Ihre Firma hier
noch nicht eingerichtet, wartet die Einladung auf sie.""",
        ),
        "en": Mail(
            "Invitation to the marketplace $marketplace",
            """$operator invites your company to take part in the marketplace "$marketplace" as
$capacity.

After logging in, every colleague of your company can accept or decline
(POST $base_url/marketplaces/…/participations/accept or …/decline). If your company has not been set
up here yet, the invitation waits for it.""",
        ),
    },
    "partner-answered": {
        "de": Mail(
            "$company hat die Einladung zu $marketplace $accepted",
            """$company hat Ihre Einladung zum Marktplatz „$marketplace“ $accepted.

$next_step""",
        ),
        "en": Mail(
            "$company has $accepted the invitation to $marketplace",
            """$company has $accepted your invitation to the marketplace "$marketplace".

$next_step""",
        ),
    },
    "lead-rejected": {
        "de": Mail(
            "Ein Lead wurde von $operator nicht angenommen",
            """$operator hat den Lead $lead nicht angenommen.

Begründung: $reason

Sie können die Angaben prüfen und einen neuen Lead einstellen; der abgelehnte bleibt zur Ansicht
unter Ihren Leads.""",
        ),
        "en": Mail(
            "A lead was not accepted by $operator",
            """$operator did not accept the lead $lead.

Reason: $reason

You can check the details and put in a new lead; the rejected one remains visible among your
leads.""",
        ),
    },
    "offer-opened": {
        "de": Mail(
            "Neuer Lead: $interest",
            """$operator bietet Ihrer Firma einen Lead an.

Anliegen: $interest
Postleitzahlgebiet: $postcode_area
Offen bis: $expires_at

Jeder Kollege Ihrer Firma kann ihn picken, solange er noch verfügbar ist. Die Kontaktdaten sehen
danach alle Kollegen Ihrer Firma. Ihre offenen Angebote: GET $base_url/offers?state=open""",
        ),
        "en": Mail(
            "New lead: $interest",
            """$operator offers a lead to your company.

Interest: $interest
Postcode area: $postcode_area
Open until: $expires_at

Every colleague of your company can pick it while it is still available. After that all colleagues
of your company see the contact data. Your open offers: GET $base_url/offers?state=open""",
        ),
    },
    "offer-last-call": {
        "de": Mail(
            "Letzte Gelegenheit: $interest",
            """$operator hat Ihrer Firma diesen Lead angeboten, und noch niemand hat geantwortet.

Anliegen: $interest
Postleitzahlgebiet: $postcode_area
Offen bis: $expires_at

Danach geht er an andere. Ihre offenen Angebote: GET $base_url/offers?state=open""",
        ),
        "en": Mail(
            "Last call: $interest",
            """$operator offered this lead to your company, and nobody answered yet.

Interest: $interest
Postcode area: $postcode_area
Open until: $expires_at

After that it goes to others. Your open offers: GET $base_url/offers?state=open""",
        ),
    },
    "lead-engaged": {
        "de": Mail(
            "$company bearbeitet: $interest",
            """Der Lead „$interest“ ist vermittelt: $company bearbeitet ihn.

Sie müssen nichts tun. Den Verlauf und die gemeinsamen Nachrichten finden Sie beim Lead $lead.""",
        ),
        "en": Mail(
            "$company works on: $interest",
            """The lead "$interest" has been placed: $company works on it.

You need not do anything. Its history and the shared messages are with the lead $lead.""",
        ),
    },
    "lead-assigned": {
        "de": Mail(
            "$operator hat Ihrer Firma einen Lead zugewiesen",
            """$operator hat Ihrer Firma den Lead „$interest“ direkt zugewiesen.

Er steht jetzt allen Kollegen Ihrer Firma mit den Kontaktdaten zur Verfügung
(GET $base_url/leads?as=taker). Bitte legen Sie fest, wer ihn bearbeitet.""",
        ),
        "en": Mail(
            "$operator has assigned a lead to your company",
            """$operator has assigned the lead "$interest" directly to your company.

It is now available, with the contact data, to all colleagues of your company
(GET $base_url/leads?as=taker). Please decide who handles it.""",
        ),
    },
    "lead-unplaced": {
        "de": Mail(
            "Nicht vermittelt: $interest",
            """Für den Lead „$interest“ hat sich kein Leadnehmer entschieden: Alle Angebote sind
abgelehnt, abgelaufen oder zurückgezogen.

Sie können den Lead $lead erneut anbieten, direkt zuweisen oder zurückziehen.""",
        ),
        "en": Mail(
            "Not placed: $interest",
            """No taker has chosen the lead "$interest": all offers were declined, have expired or
were withdrawn.

You can offer the lead $lead again, assign it directly, or withdraw it.""",
        ),
    },
    "message-received": {
        "de": Mail(
            "Neue Nachricht von $company",
            """$company hat zu einem gemeinsamen Lead eine Nachricht geschrieben.

Lesen und beantworten können Sie sie nach der Anmeldung beim Lead $lead. Was in der Nachricht steht,
wird aus Datenschutzgründen nicht per E-Mail verschickt.""",
        ),
        "en": Mail(
            "New message from $company",
            """$company has written a message about a lead you share.

You can read and answer it at the lead $lead after logging in. To protect the data in it, the
message itself is not sent by e-mail.""",
        ),
    },
}

_TEXTS |= {
    template: {language: Mail(*text) for language, text in texts.items()}
    for template, texts in {**company_mails.TEXTS, **account_mails.TEXTS}.items()
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
    values["invitation_call"] = Template(_INVITATION_CALL).safe_substitute(values)
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
