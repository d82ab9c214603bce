"""What is sure of a written value, and text as every reader wants it."""

import re
import unicodedata
from typing import Final, NamedTuple

_NEWLINES: Final = re.compile(r"\r\n?|[\x85\u2028\u2029\x0b\x0c]")
#: C0 and C1 controls without tab and newline; marks, embeddings, overrides and isolates of
#: direction; zero-width space and byte order mark. The zero-width joiner stays: emoji are made of
#: it.
_UNWANTED: Final = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SPREADSHEET_TEXT: Final = re.compile(r"""="([^"]*)"|'(.*)""", re.DOTALL)
#: A longer text is no contact any more, and is not searched for one.
MAX_TEXT: Final = 1_000


class Reading(NamedTuple):
    """A value, or None when none is sure; `code` is the remark about it, None when there is
    nothing to tell.
    """

    value: str | None
    code: str | None = None
    keep: bool = False  #: the text says more than the value: it belongs among the answers


def plain(text: str) -> tuple[str, bool]:
    """Return `text` as NFC, without unwanted characters and outer space, newlines as LF; and
    whether any went.
    """
    if text.isascii() and text.isprintable():  # most are
        return text.strip(), False
    text, removed = _UNWANTED.subn("", _NEWLINES.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip(), removed > 0


def one_line(text: str) -> str:
    """Collapse every run of white space, no-break spaces and newlines included, to one space."""
    return " ".join(text.split())


def unwrapped(text: str) -> str:
    """Take off what keeps spreadsheets from eating leading zeros: `="01067"` and `'01067`."""
    found = _SPREADSHEET_TEXT.fullmatch(text) if text.startswith(("=", "'")) else None
    return (found[1] if found[1] is not None else found[2]).strip() if found else text


def simple(text: str) -> str:
    """Full-width and other twins of letters, digits and signs as their plain ones."""
    text = unwrapped(plain(text)[0])
    return text if text.isascii() else unicodedata.normalize("NFKC", text)
