"""What a cell says about consent and interest; contact data is read in `service.domain.contact`.

Control and bidirectional characters are *removed with a remark* rather than refused: here nobody
sits in front of a form, and a lead should not be lost to a stray character of a tool. Formula
characters (`=`, `+`, `-`, `@`) at the beginning stay: they are data; the export puts its prefix
before them.
"""

from typing import Final

from service.domain.contact.reading import one_line
from service.domain.imports.files.limits import MAX_INTEREST

YES: Final[frozenset[str]] = frozenset(
    {"yes", "y", "ja", "j", "true", "wahr", "1", "x", "✓", "✔", "on"}
)
NO: Final[frozenset[str]] = frozenset({"", "no", "n", "nein", "false", "falsch", "0", "-", "off"})


def consent_of(text: str, more_yes: frozenset[str] = frozenset()) -> bool | None:
    """Return what a consent column says: True, False (also when empty), or None for neither."""
    word = one_line(text).casefold()
    if word in more_yes:
        return True
    if more_yes:  # whoever says what yes means has said that all else is not
        return False
    return True if word in YES else False if word in NO else None


def interest_of(text: str) -> tuple[str, bool]:
    """Return the first line of an interest, at most `MAX_INTEREST` characters, and whether that is
    less than `text`. What of it takers see before the pick is decided in `app_private.teaser`.
    """
    first, _, rest = text.partition("\n")
    shown, less = one_line(first), bool(rest.strip())
    if len(shown) > MAX_INTEREST:
        shown, less = shown[: MAX_INTEREST - 1].rstrip() + "…", True
    return shown, less
