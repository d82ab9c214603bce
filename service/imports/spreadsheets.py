"""XLSX files, read with calamine, but only after their size is known.

An .xlsx is a ZIP of XML. Three ways to make a small one cost gigabytes are closed here before
calamine sees it: members that unpack to more than they say (calamine gets a copy that we unpacked
ourselves, within bounds), one cell at the far corner (calamine allocates the whole rectangle), and
one long shared string named by every cell. calamine does what it is good at: dates, numbers,
formats.
"""

import abc
import datetime
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from python_calamine import CalamineWorkbook

from service.imports.limits import (
    MAX_AREA,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_PARTS,
    MAX_SHEET_TEXT,
    MAX_UNPACKED,
)
from service.imports.refused import ImportRefused

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password
#: Parts that carry cells; pictures, macros, charts and the rest are not even unpacked.
_NEEDED: Final = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|xl/(_rels/)?workbook\.xml(\.rels)?"
    r"|xl/(worksheets/[^/]+|sharedstrings|styles)\.xml",
    re.IGNORECASE,
)
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)

Cell = (
    int
    | float
    | str
    | bool
    | datetime.time
    | datetime.date
    | datetime.datetime
    | datetime.timedelta
)


def is_spreadsheet(content: bytes) -> bool:
    """Tell by the first bytes whether this is a ZIP or an old Office file."""
    return content.startswith((_ZIP, _OLE))


def rows_of(content: bytes) -> Iterator[list[str]]:
    """Give the rows of the first sheet, from its row 1, each cell as text.

    Raises `ImportRefused` (spreadsheet-broken, spreadsheet-too-large).
    """
    if content.startswith(_OLE):
        raise ImportRefused("spreadsheet-broken", reason=".xls / password")
    parts = _unpack(content)
    _measure(parts)
    for row in _read(_repack(parts)):
        yield [_text(cell) for cell in row]


def _unpack(content: bytes) -> dict[str, bytes]:
    """Unpack the needed parts; a member is never read beyond the size that it declares."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_PARTS:
                raise ImportRefused("spreadsheet-too-large", what=f"{MAX_PARTS} parts")
            needed = [member for member in members if _NEEDED.fullmatch(member.filename)]
            if sum(member.file_size for member in needed) > MAX_UNPACKED:
                raise ImportRefused("spreadsheet-too-large", what=f"{MAX_UNPACKED // 2**20} MiB")
            parts = {member.filename: archive.read(member) for member in needed}
    except _BROKEN as error:
        raise ImportRefused("spreadsheet-broken", reason="ZIP") from error
    if not any(_SHEET.fullmatch(name) for name in parts):
        raise ImportRefused("spreadsheet-broken", reason="no worksheet")
    return parts


def _repack(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _measure(parts: dict[str, bytes]) -> None:
    """Refuse a sheet whose used area or text is out of bounds; which one is the first, only
    calamine knows.
    """
    lengths: list[int] = []
    try:
        for name, data in parts.items():
            if name.casefold() == "xl/sharedstrings.xml":
                lengths = _SharedStrings().read(data)
        for name, data in parts.items():
            if _SHEET.fullmatch(name):
                _Sheet(lengths).read(data)
    except expat.ExpatError as error:
        raise ImportRefused("spreadsheet-broken", reason="XML") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Scanner(abc.ABC):
    """One pass over an XML part. Declarations of entities are refused: spreadsheets have none,
    bombs do.
    """

    def read_events(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(data, True)

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


class _SharedStrings(_Scanner):
    """The length of each shared string."""

    def __init__(self) -> None:
        self._lengths: list[int] = []

    def read(self, data: bytes) -> list[int]:
        self.read_events(data)
        return self._lengths

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "si":
            self._lengths.append(0)

    def end(self, name: str) -> None:
        pass

    def characters(self, data: str) -> None:
        if self._lengths:
            self._lengths[-1] += len(data)


class _Sheet(_Scanner):
    """Used area and amount of text of one sheet, counted as the reader would."""

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = lengths
        self._row = self._column = self._last_row = self._last_column = self._text = 0
        self._shared = False
        self._value: list[str] | None = None

    def read(self, data: bytes) -> None:
        self.read_events(data)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                number = attributes.get("r", "")
                self._row = (
                    int(number) if number.isdecimal() and len(number) <= 7 else self._row + 1
                )
                self._column = 0
            case "c":
                self._shared = attributes.get("t") == "s"
                self._place(attributes.get("r", ""))
            case "v":
                self._value = []

    def end(self, name: str) -> None:
        if _local(name) != "v" or self._value is None:
            return
        number = "".join(self._value).strip()
        self._value = None
        if (
            self._shared
            and number.isdecimal()
            and len(number) <= 7
            and int(number) < len(self._lengths)
        ):
            self._count(self._lengths[int(number)])

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


def _read(content: bytes) -> list[list[Cell]]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            return workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except BaseException as error:
        # A panic of the Rust side is a BaseException that cannot be imported; anything else like
        # that goes on.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ImportRefused("spreadsheet-broken", reason="cells") from error
        raise


def _text(cell: Cell) -> str:
    """A cell as its reader sees it: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
