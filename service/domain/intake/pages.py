"""What a person sees who sent a form that has no script of its own."""

from html import escape
from typing import Any, TypeVar

from service.web.answers import Answer, HtmlPage
from service.web.calls import Call

T = TypeVar("T")
_WORDS = {
    "de": ("Vielen Dank", "Ihre Anfrage ist eingegangen."),
    "en": ("Thank you", "We have received your request."),
}


def shown(answer: Answer[T], call: Call) -> Answer[Any]:
    """The answer; thanks as a page where a browser shows it to a person. What is wrong is a problem
    for everybody: a page's own `required` and `type=email` keep people from it."""
    accepted = call.headers.get(b"accept", b"")
    if answer.status_code >= 400 or b"text/html" not in accepted:
        return answer
    title, line = (escape(words) for words in _WORDS[call.language])
    html = (
        f'<!doctype html><html lang="{call.language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><h1>{title}</h1><p>{line}</p></html>"
    )
    return HtmlPage(html, status=answer.status_code)
