"""The mails of the outbox as people read them, in German and English.

The functions in `sql/functions` put a template's name and a payload into the outbox. What it says
stands in `texts/<language>/<template>.txt`: the first line is the subject, the rest is read twice,
as text and as HTML. A payload holds no personal data of prospects, so neither does a mail.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

import minijinja

from service.domain.notices.view import words
from service.jobs.mail.places import place_of

LANGUAGES = ("de", "en")
#: Of whom we know no zone.
DEFAULT_ZONE = "Europe/Berlin"
DIGEST = "digest"
_FRAME = "frame"
_TEXTS = resources.files(__package__).joinpath("texts")
_MOMENTS = {"de": "%d.%m.%Y, %H:%M Uhr (%Z)", "en": "%d %B %Y, %H:%M (%Z)"}


class Mail(NamedTuple):
    """Subject (one line), plain text, and the same as a page that loads nothing."""

    subject: str
    text: str
    html: str


class TemplateUnknown(Exception):
    """The outbox names a template that this release has no text for."""


class TemplateFails(Exception):
    """A text names what the payload does not have. Says the template, never a value."""


def templates() -> frozenset[str]:
    """The names of all templates that have a text."""
    found = _TEXTS.joinpath(LANGUAGES[0]).iterdir()
    return frozenset(path.name.removesuffix(".txt") for path in found) - {_FRAME}


def render(
    template: str,
    language: str,
    payload: Mapping[str, Any],
    *,
    base_url: str,
    zone: str = DEFAULT_ZONE,
    notices: Sequence[str] | None = None,
    unsubscribe: str | None = None,
) -> Mail:
    """The mail in `de` or `en`, its moments in that zone. `unsubscribe` is the token that its foot
    names, for these kinds of notice. Raises TemplateUnknown, and TemplateFails for a value that is
    missing."""
    if template not in _NAMES:
        raise TemplateUnknown(template)
    tongue = language if language in LANGUAGES else "en"
    common = {
        "base_url": base_url.rstrip("/"),
        "language": tongue,
        "zone": zone,
        "unsubscribe": unsubscribe,
        "kind": ", ".join(words(tongue, notice).title for notice in notices or ()),
    }
    values = _values(template, payload, common)
    text = _filled(f"{tongue}/{template}.txt", values).split("\n", 1)[1]
    page = _filled(f"{tongue}/{template}.html", values).split("\n", 1)[1]
    subject = _subject(template, values)
    text = _filled(f"{tongue}/{_FRAME}.txt", {**values, "body": text.strip()})
    page = _filled(f"{tongue}/{_FRAME}.html", {**values, "body": minijinja.safe(page.strip())})
    parts = [_part(part) for part in page.split("\n\n") if part.strip()]
    html = _filled("letter.html", {"subject": subject, "language": tongue, "parts": parts})
    return Mail(subject, text.strip() + "\n", html)


def _values(template: str, payload: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {name: _clean(value) for name, value in payload.items()}
    values = {**cleaned, "place": place_of(template, payload), **common}
    if template == DIGEST:
        values["groups"] = [_group(group, common) for group in cleaned["groups"]]
    return values


def _subject(template: str, values: Mapping[str, Any]) -> str:
    if template not in _NAMES:
        raise TemplateUnknown(template)
    name = f"{values['language']}/{template}.txt"
    return _filled(name, values).partition("\n")[0].strip()[:200]


def _group(group: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """What waited of one kind: a line for each mail, which is what its subject says."""
    lines = []
    for mail in group["mails"]:
        values = _values(mail["template"], mail["payload"], common)
        lines.append({"subject": _subject(mail["template"], values), "place": values["place"]})
    title = words(str(common["language"]), group["notice"]).title
    return {"title": title, "lines": lines, "more": group["count"] - len(lines)}


def _filled(name: str, values: Mapping[str, Any]) -> str:
    try:
        return _ENVIRONMENT.render_template(name, **values)
    except minijinja.TemplateError as error:
        # What it says besides quotes values.
        raise TemplateFails(f"{name}: {error.kind}, line {error.line}") from None


def _part(part: str) -> dict[str, Any]:
    """A paragraph of what is HTML already; one whose lines all begin with "- " is a list."""
    lines = part.strip().split("\n")
    if all(line.startswith("- ") for line in lines):
        return {"entries": [minijinja.safe(line[2:]) for line in lines]}
    return {"words": minijinja.safe(" ".join(lines))}


def _clean(value: Any) -> Any:
    """Texts become one line without signs that cannot be seen: a line break would forge a header or
    a paragraph, and what turns the direction of writing an address."""
    if isinstance(value, str):
        seen = "".join(c for c in value if c.isspace() or unicodedata.category(c) not in _UNSEEN)
        return " ".join(seen.split())
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items()}
    return value


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


@minijinja.pass_state
def _link(state: Any, path: str) -> str:
    """An address of this service, as text or as what can be clicked."""
    address = state.lookup("base_url") + quote(path, safe="/@")
    if state.auto_escape != "html":
        return str(address)
    shown = escape(address)
    return minijinja.safe(f'<a href="{shown}">{shown}</a>')


@minijinja.pass_state
def _moment(state: Any, text: str) -> str:
    """A time stamp of the payload for people, with the zone it is in."""
    moment = datetime.fromisoformat(text).astimezone(_zone(state.lookup("zone")))
    return moment.strftime(_MOMENTS[state.lookup("language")])


def _zone(name: str) -> tzinfo:
    """The database may know more of them than this machine."""
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return UTC


def _source(name: str) -> str | None:
    """Text and HTML are made of the same words."""
    if name == "letter.html":
        return resources.files(__package__).joinpath(name).read_text("utf-8")
    path = _TEXTS.joinpath(name.rpartition(".")[0] + ".txt")
    return path.read_text("utf-8") if path.is_file() else None


_NAMES = templates()
_ENVIRONMENT = minijinja.Environment(
    loader=_source,
    undefined_behavior="strict",
    auto_escape_callback=lambda name: "html" if name.endswith(".html") else False,
    globals={"link": _link},
    filters={"moment": _moment},
)
