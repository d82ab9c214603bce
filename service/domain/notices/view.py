"""The kinds of notice in words; which mail is which kind says `app_private.notice_of`."""

from typing import NamedTuple


class Words(NamedTuple):
    """A kind of mails: what it is called, and what comes."""

    title: str
    about: str


_KINDS: dict[str, dict[str, Words]] = {
    "offers": {
        "de": Words("Neue Angebote", "Ihrer Firma wird ein Lead angeboten"),
        "en": Words("New offers", "A lead is offered to your company"),
    },
    "last_calls": {
        "de": Words(
            "Letzte Gelegenheiten", "Ein Angebot läuft bald ab, und niemand hat geantwortet"
        ),
        "en": Words("Last calls", "An offer ends soon, and nobody has answered"),
    },
    "assignments": {
        "de": Words(
            "Zuweisungen",
            "Ein Lead kommt ohne Angebot zu Ihnen, wird frei oder wird Ihnen entzogen",
        ),
        "en": Words(
            "Assignments", "A lead comes to you without an offer, is free again or taken from you"
        ),
    },
    "placements": {
        "de": Words(
            "Vermittlung", "Ein Lead ist vermittelt, nicht vermittelt, zurück oder abgelehnt"
        ),
        "en": Words("Placements", "A lead is placed, not placed, back or not accepted"),
    },
    "messages": {
        "de": Words(
            "Nachrichten", "Eine andere Firma schreibt zu einem Lead oder teilt eine Datei"
        ),
        "en": Words("Messages", "Another company writes about a lead or shares a file"),
    },
    "returns": {
        "de": Words("Rückgaben", "Ein Lead soll zurückgegeben werden, und was daraus wird"),
        "en": Words("Returns", "A lead is to be returned, and what becomes of it"),
    },
    "reminders": {
        "de": Words("Wiedervorlagen", "Was Sie sich zu einem Lead vorgemerkt haben, ist fällig"),
        "en": Words("Follow-ups", "What you noted down for a lead is due"),
    },
    "partners": {
        "de": Words(
            "Partner", "Eine Firma nimmt eine Einladung auf Ihren Marktplatz an oder nicht"
        ),
        "en": Words("Partners", "A company accepts an invitation to your marketplace, or does not"),
    },
}
NAMES = tuple(_KINDS)


def words(language: str, kind: str) -> Words:
    """A kind of this release, or of a later one by its name."""
    return _KINDS[kind][language] if kind in _KINDS else Words(kind, "")


#: What nobody can switch off, in words.
ALWAYS: dict[str, tuple[str, ...]] = {
    "de": ("Passwort und Zugang", "Einladungen", "Zusammenführungen", "Was Admins entscheiden"),
    "en": ("Password and access", "Invitations", "Merges", "What admins have to decide"),
}
