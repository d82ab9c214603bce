"""A script of SQL as its statements: quotes, bodies and comments are not looked into."""

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|;|\bbegin atomic\b",
    re.DOTALL,
)


def statements(text: str) -> Iterator[str]:
    """Each without comments and the semicolon."""
    begin, kept = 0, ""
    for piece in _PIECE.finditer(text):
        kept += text[begin : piece.start()]
        begin = piece.end()
        if piece[0] == ";":
            if kept.strip():
                yield kept.strip()
            kept = ""
        elif not piece[0].startswith(("--", "/*")):
            kept += piece[0]


def parts(text: str) -> list[str]:
    """What stands between commas outside of parentheses."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [part.strip() for part in found if part.strip()]


def inside(text: str, begin: int) -> str:
    """What stands in the parentheses that open there."""
    depth = 0
    for place in range(begin, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if not depth:
            return text[begin + 1 : place]
    raise ValueError(f"no end of parentheses: {text[begin : begin + 60]}")
