"""E-mail addresses: one valid address with its domain in lower case, or nothing sure."""

import functools
import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

from service.domain.contact.reading import MAX_TEXT, Reading, simple

#: What stands around an address but is not part of it.
_EDGES: Final = " \t\n<>()[]{}\"'`,;:|„“”‚‘’«»"
_CANDIDATE: Final = re.compile(r"[^\s<>()\[\]{},;|\"]*@[^\s<>()\[\]{},;|\"]*")
_LABEL: Final = re.compile(
    r"(?:e-?mail|mail|privat|private|geschäftlich|dienstlich|büro|work|home|business|oder|or|und|and"
    r"|adresse|address)",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[A-Za-z0-9]")
#: Nothing that a local part may not be; what is left to ask about is the domain.
_SIMPLE: Final = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@([a-z0-9.-]{1,100})"
)
_QUERY: Final = re.compile(r"(mailto:[^\s?]+)\?\S*", re.IGNORECASE)
_SCHEME: Final = re.compile(r"mailto:", re.IGNORECASE)


def read_email(text: str) -> Reading:
    """Return the first sure address of `text`. Asks no name server.

    A word before an address, without a bracket, a colon or a comma between, may be part of it
    (`udo zwei@post.example`): that is not sure. Codes: email-invalid, email-ambiguous (without a
    value); email-rest-kept, email-trimmed.
    """
    whole = simple(text)
    text = _QUERY.sub(r"\1", whole)
    if not text:
        return Reading(None)
    if _PLAIN.fullmatch(text):  # nothing but one address
        address = _valid(text)
        if address is not None:
            return Reading(address)
    code = "email-invalid"
    for found in _CANDIDATE.finditer(_apart(text)) if len(text) <= MAX_TEXT else ():
        written = _SCHEME.sub("", found[0].strip(_EDGES))
        address = _valid(written) or _valid(written.rstrip("."))
        if address is None:
            continue
        if _is_part(_apart(text)[: found.start()]):
            code = "email-ambiguous"
            continue
        others = _SCHEME.sub("", text.replace(written, " "))
        if any(re.search(r"\w", word) and not _LABEL.fullmatch(word) for word in _words(others)):
            return Reading(address, "email-rest-kept", keep=True)
        is_bare = _SCHEME.sub("", whole).strip() == written and not written.endswith(".")
        return Reading(address, None if is_bare else "email-trimmed")
    return Reading(None, code, keep=True)


def _apart(text: str) -> str:
    """With a blank for a slash between two addresses; elsewhere a slash may be part of one."""
    return re.sub(r"(?<=@)([^\s@/]+)/(?=[^\s@/]+@)", r"\1 ", text)


def _words(text: str) -> list[str]:
    return [word.strip(_EDGES + ".") for word in text.split()]


def _is_part(before: str) -> bool:
    """Whether a word before the address, with nothing but space between, may belong to it."""
    word = re.search(r"([^\s<>()\[\]{},;:|\"']+)\s+$", before)
    return bool(word and re.search(r"\w", word[1]) and not _LABEL.fullmatch(word[1]))


@functools.lru_cache(maxsize=4_096)
def _is_domain(domain: str) -> bool:
    """Whether it is one, and in its one spelling: many persons share few."""
    return _checked(f"x@{domain}") == f"x@{domain}"


def _valid(text: str) -> str | None:
    simple_one = _SIMPLE.fullmatch(text)
    return text if simple_one and _is_domain(simple_one[1]) else _checked(text)


def _checked(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except (EmailNotValidError, ValueError):
        return None
