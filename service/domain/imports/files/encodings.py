"""From bytes to text: which encoding a file has, and which of its lines have another one.

UTF-8 proves itself. The single-byte encodings do not, every byte means something in each of them,
so they are told apart by what they make of the text: `MŸnchen` has a capital within a word,
`M¸nchen` a sign, `München` neither. A file that was put together from several sources has lines of
several encodings; each line is read as what it is, and told. Where nothing speaks for one reading
the file is refused with advice.
"""

import re
from itertools import islice
from typing import Final, NamedTuple

from service.domain.imports.files.refused import ImportRefused

#: Encodings that a mapping file may name.
ENCODINGS: Final[frozenset[str]] = frozenset(
    {
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "cp1250",
        "cp1252",
        "cp850",
        "iso-8859-1",
        "iso-8859-15",
        "mac-roman",
    }
)
_BOMS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: Single-byte encodings that are told apart, the usual one first: it wins a tie.
_SINGLE: Final = ("cp1252", "mac-roman", "cp850")
#: Only where none of them makes sense: of many Western letters it makes Eastern ones.
_EASTERN: Final = "cp1250"
#: By how many points a reading must be better than any other.
_CLEAR: Final = 0.75
_SAMPLE_BYTES: Final = 4096
#: Characters outside ASCII that are looked at to tell what a whole file is.
_LOOKED_AT: Final = 5_000
#: Letters of Western and Central European names; others that an encoding may show are a doubt.
_LETTERS: Final = frozenset(
    "äöüßÄÖÜéèêëàáâãåæçíìÞþðÐîïñóòôõøœúùûýÿÉÈÊÀÁÂÅÆÇÍÎÑÓÔØŒÚąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎŘŠŤŽőűŐŰășțăđĐ"
)
#: The ones that German texts are full of.
_GERMAN: Final = frozenset("äöüßÄÖÜ")
#: Signs that people write, and those of them that stand within words.
_SIGNS: Final = frozenset("€§°²³µ–—…“”„’‘‚«»½¼¾®©™±·•×\u00a0\u00ad´")
_WITHIN_WORDS: Final = frozenset("’·´–—\u00ad\u00a0")
#: Letters of frequent names that stand where another encoding has a German one.
_SLAVIC: Final = frozenset("šžŠŽ")
_HIGH: Final = re.compile(r"[^\x00-\x7f]")
#: Stands for a byte that no reading explains.
REPLACED: Final = "\ufffd"


class Text(NamedTuple):
    """The text of a file, the encoding of most of it, and the lines (from 1) that have another
    one: its name, or `REPLACED` where bytes of the line could not be read.
    """

    text: str
    encoding: str
    other_lines: dict[int, str]


def decode_text(content: bytes, encoding: str | None = None) -> Text:
    """Decode `content`; `encoding` overrides the detection.

    Raises `ImportRefused`: encoding-unknown, encoding-unclear, nul-characters.
    """
    name = encoding or detect_encoding(content)
    others: dict[int, str] = {}
    if encoding is None and not name.startswith("utf-16") and not _is_utf8(content):
        text, name, others = _by_line(content)
    else:
        try:
            text = content.decode(name)
        except UnicodeDecodeError as error:
            raise ImportRefused("encoding-unknown", encoding=name) from error
    if "\x00" in text:
        raise ImportRefused("nul-characters")
    return Text(text.removeprefix("\ufeff"), name, others)


def detect_encoding(content: bytes) -> str:
    """Name the encoding: by byte order mark, by where the NUL bytes are, UTF-8 when valid, else the
    single-byte encoding that makes the best of it.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    sample = content[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        # Latin script in UTF-16 has a zero in nearly every second byte: behind the letter in LE,
        # before it in BE.
        half = max(1, len(sample) // 2)
        low, high = sample[0::2].count(0) / half, sample[1::2].count(0) / half
        if high >= 0.4 and low < 0.1:
            return "utf-16-le"
        if low >= 0.4 and high < 0.1:
            return "utf-16-be"
    return "utf-8" if _is_utf8(content) else _guess(content).name


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _by_line(content: bytes) -> tuple[str, str, dict[int, str]]:
    """Text that is not UTF-8 as a whole. Lines that are, and say so, make the file UTF-8."""
    lines = content.splitlines(keepends=True)
    high = [index for index, line in enumerate(lines) if not line.isascii()]
    proven = {index for index in high if _is_utf8(lines[index])}
    # A stray byte among others that are UTF-8.
    torn = {index for index in high if index not in proven and _sequences(lines[index])}
    rest = [index for index in high if index not in proven | torn]
    unproven = b"".join(lines[index] for index in rest)
    usual = _guess(unproven)
    main = "utf-8" if proven or torn else _sure(usual, unproven)
    others = dict.fromkeys(torn, REPLACED)
    for index in rest:
        own = _of_line(lines[index], usual) if main == "utf-8" or usual.sure else None
        if own != main:
            others[index] = own or REPLACED
    text = (_decoded(line, others.get(index, main)) for index, line in enumerate(lines))
    return "".join(text), main, {index + 1: name for index, name in others.items()}


def _decoded(line: bytes, name: str) -> str:
    return line.decode("utf-8", "replace") if name == REPLACED else line.decode(name)


def _sequences(line: bytes) -> int:
    """How many characters of a line are whole in UTF-8 beyond ASCII."""
    return len(_HIGH.findall(line.decode("utf-8", "ignore")))


class _Guess(NamedTuple):
    """The single-byte encoding that makes the most of some bytes; sure when no other comes near."""

    name: str
    sure: bool


def _sure(guess: _Guess, content: bytes) -> str:
    if guess.sure:
        return guess.name
    code = "encoding-unclear" if _text(content, _SINGLE[0]) is not None else "encoding-unknown"
    raise ImportRefused(code, encoding=guess.name)


def _of_line(line: bytes, usual: _Guess) -> str | None:
    """The encoding of one line: that of the others, unless it makes nonsense of this one and
    another does not; None where its bytes stay unread.
    """
    if usual.sure and _line_score(line, usual.name) >= 0:
        return usual.name
    own = _guess(line)
    if own.sure:
        return own.name
    return usual.name if usual.sure and _text(line, usual.name) is not None else None


def _line_score(line: bytes, name: str) -> float:
    text = _text(line, name)
    return -1.0 if text is None else _score(text)


def _guess(content: bytes) -> _Guess:
    """Which single-byte encoding `content` has."""
    texts = {name: _text(content, name) for name in _SINGLE}
    scores = {name: _score(text) for name, text in texts.items() if text is not None}
    if max(scores.values(), default=-1.0) <= 0:
        text = _text(content, _EASTERN)
        if text is not None:
            texts[_EASTERN], scores[_EASTERN] = text, _score(text)
    best = max(scores, key=lambda name: scores[name], default=_SINGLE[0])
    if best == _SINGLE[0]:
        return _Guess(best, scores.get(best, 0.0) > 0)
    rivals = (score for name, score in scores.items() if texts[name] != texts[best])
    margin = scores[best] - max(0.0, *rivals) if len(scores) > 1 else scores[best]
    return _Guess(best, margin >= _CLEAR)


def _text(content: bytes, name: str) -> str | None:
    """The text in an encoding; None when a byte is no character of it."""
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        return None


def _score(text: str) -> float:
    """How well a text reads: more for each letter where one belongs, less for each sign or capital
    within a word and for signs that nobody writes.
    """
    places = islice(_HIGH.finditer(text), _LOOKED_AT)
    return sum(_points(text, found.start()) for found in places)


def _points(text: str, index: int) -> float:
    char = text[index]
    before = text[index - 1] if index else " "
    after = text[index + 1] if index + 1 < len(text) else " "
    if not char.isalpha():
        if before.isalpha() and after.isalpha() and char not in _WITHIN_WORDS:
            return -2.0
        return 0.25 if char in _SIGNS else -1.0
    if char.isupper():
        odd = before.isalpha() and (before.islower() or after.islower())
    else:
        odd = after.isupper()
    if odd:
        return -2.0
    if char not in _LETTERS:
        return -1.0
    if not (before.isalpha() or (after.isalpha() and (char.isupper() or char in _GERMAN))):
        return 0.25 if char in _GERMAN else 0.0
    return 1.0 if char in _GERMAN else 0.5 if char in _SLAVIC else 0.25
