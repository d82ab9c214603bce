"""Pages of ours: words in `texts/<language>/`, the first line of which is the title.

They load nothing, run nothing, are kept by nobody, and tell no other page where one came from: the
address holds a token.
"""

import base64
import hashlib
from importlib import resources
from typing import Any

import minijinja
import msgspec

from service.domain.pages.messages import Told
from service.web import problems
from service.web.answers import HtmlPage

_TEXTS = resources.files(__package__).joinpath("texts")
_STYLE = _TEXTS.joinpath("page.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "vary": "accept-language",
}


def page(name: str, language: str, *, status: int = 200, **values: Any) -> HtmlPage:
    """The page of that name, in German or English."""
    title, body = _ENVIRONMENT.render_template(f"{language}/{name}.html", **values).split("\n", 1)
    framed = {
        "language": language,
        "title": minijinja.safe(title),
        "body": minijinja.safe(body.strip()),
        "style": minijinja.safe(_STYLE),
    }
    html = _ENVIRONMENT.render_template("frame.html", **framed)
    return HtmlPage(html, status=status, headers={**_HEADERS, "content-language": language})


def refusal(error: Exception, language: str) -> HtmlPage:
    """What went wrong, in the words of the API."""
    status, headers, body = problems.told(error, language)
    told = msgspec.json.decode(body, type=Told)
    faults = [fault.get("detail", "") for fault in told.errors]
    found = page(
        "refused", language, status=status, title=told.title, detail=told.detail, faults=faults
    )
    kept = {name: value for name, value in headers.items() if name.lower() == "retry-after"}
    found.headers = {**found.headers, **kept}
    return found


def _source(name: str) -> str:
    return _TEXTS.joinpath(name).read_text("utf-8")


_ENVIRONMENT = minijinja.Environment(
    loader=_source, undefined_behavior="strict", auto_escape_callback=lambda name: "html"
)
