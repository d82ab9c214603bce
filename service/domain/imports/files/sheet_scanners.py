"""One pass over each XML part of an .xlsx: how much it holds, and the marks of its cells."""

import abc
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Final
from xml.parsers import expat

from service.domain.imports.files.limits import MAX_AREA, MAX_COLUMNS, MAX_LINES, MAX_SHEET_TEXT
from service.domain.imports.files.refused import ImportRefused

_REFERENCE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
#: What stands in a cell whose formula was never calculated.
NOT_CALCULATED: Final = "#FORMULA!"
#: Built-in formats of numbers that show a date and a time; formats of dates or times alone.
_DATE_AND_TIME: Final = frozenset({22})
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class Scanner(abc.ABC):
    """One pass over an XML part. Declarations of entities are refused: spreadsheets have none,
    bombs do.
    """

    def read_events(self, pieces: Iterable[bytes]) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self._refuse
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    @abc.abstractmethod
    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    @abc.abstractmethod
    def end(self, name: str) -> None:
        """An element ends."""

    @abc.abstractmethod
    def characters(self, data: str) -> None:
        """Text of an element, perhaps a part of it."""

    def _refuse(self, *_: object) -> None:
        raise ImportRefused("spreadsheet-broken", reason="DOCTYPE")


class Attributes(Scanner):
    """The attributes of all elements of one name, prefixes left out and in lower case."""

    def __init__(self, element: str) -> None:
        self._element = element
        self.found: list[dict[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name).casefold() == self._element:
            self.found.append({_local(key).casefold(): text for key, text in attributes.items()})

    def end(self, name: str) -> None:
        pass

    def characters(self, data: str) -> None:
        pass


class Styles(Scanner):
    """The cell styles that show a date and a time, by their number."""

    def __init__(self) -> None:
        self._formats: dict[str, str] = {}
        self._used: list[str] = []
        self._cells = False

    def read(self, pieces: Iterable[bytes]) -> set[int]:
        self.read_events(pieces)
        return {index for index, number in enumerate(self._used) if self._shows_both(number)}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "numFmt":
                self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            case "cellXfs":
                self._cells = True
            case "xf" if self._cells:
                self._used.append(attributes.get("numFmtId", ""))

    def end(self, name: str) -> None:
        if _local(name) == "cellXfs":
            self._cells = False

    def characters(self, data: str) -> None:
        pass

    def _shows_both(self, number: str) -> bool:
        if number in self._formats:
            code = _QUOTED.sub("", self._formats[number]).casefold()
            return "h" in code and ("d" in code or "y" in code)
        return number.isdecimal() and int(number) in _DATE_AND_TIME


class SharedStrings(Scanner):
    """The length of each shared string."""

    def __init__(self) -> None:
        self._lengths: array[int] = array("L")

    def read(self, pieces: Iterable[bytes]) -> Sequence[int]:
        self.read_events(pieces)
        return self._lengths

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "si":
            self._lengths.append(0)

    def end(self, name: str) -> None:
        pass

    def characters(self, data: str) -> None:
        if self._lengths:
            self._lengths[-1] += len(data)


class SheetScanner(Scanner):
    """Used area and amount of text of one sheet, counted as the reader would."""

    def __init__(self, lengths: Sequence[int], stamped: set[int]) -> None:
        self._lengths = lengths
        self._stamped = stamped  # styles that show a date and a time
        self.errors: dict[tuple[int, int], str] = {}
        self.midnights: set[tuple[int, int]] = set()
        self._row = self._column = self._last_row = self._last_column = self._text = 0
        self._first_row = 0
        self._kind = ""
        self._stamp = self._formula = False
        self._value: list[str] | None = None

    @property
    def area(self) -> int:
        """Cells of the used rectangle."""
        return self._last_row * self._last_column

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                number = attributes.get("r", "")
                self._row = (
                    int(number) if number.isdecimal() and len(number) <= 7 else self._row + 1
                )
                self._column = 0
            case "c":
                self._kind = attributes.get("t", "n")
                style = attributes.get("s", "")
                self._stamp = len(style) <= 5 and style.isdecimal() and int(style) in self._stamped
                self._formula, self._value = False, None
                self._place(attributes.get("r", ""))
            case "f":
                self._formula = True
            case "v":
                self._value = []

    def end(self, name: str) -> None:
        if _local(name) == "c":
            self._mark("".join(self._value or ()).strip())
            self._value = None

    def _mark(self, value: str) -> None:
        place = (self._row - 1, self._column - 1)
        if self._kind == "s":
            if value.isdecimal() and len(value) <= 7 and int(value) < len(self._lengths):
                self._count(self._lengths[int(value)])
        elif self._kind == "e" or (self._formula and not value and self._kind != "str"):
            self.errors[place] = value[:16] or NOT_CALCULATED
        elif self._stamp and re.fullmatch(r"[0-9]{1,7}(?:\.0*)?", value):
            self.midnights.add(place)

    def characters(self, data: str) -> None:
        if self._value is not None and sum(map(len, self._value)) < 16:
            self._value.append(data)
        self._count(len(data))

    def _place(self, reference: str) -> None:
        self._column += 1
        found = _REFERENCE.fullmatch(reference)
        if found:
            self._row = int(found[2])
            self._column = 0
            for letter in found[1].upper():
                self._column = self._column * 26 + ord(letter) - 64
        self._last_row = max(self._last_row, self._row)
        self._last_column = max(self._last_column, self._column)
        if self._last_column > MAX_COLUMNS or self._last_row > MAX_LINES:
            raise ImportRefused("spreadsheet-too-large", what=f"{MAX_LINES} × {MAX_COLUMNS}")
        if self._last_row * self._last_column > MAX_AREA:
            raise ImportRefused("spreadsheet-too-large", what=f"{MAX_AREA} cells")

    def _count(self, characters: int) -> None:
        self._text += characters
        if self._text > MAX_SHEET_TEXT:
            raise ImportRefused(
                "spreadsheet-too-large", what=f"{MAX_SHEET_TEXT // 2**20} Mi characters"
            )
