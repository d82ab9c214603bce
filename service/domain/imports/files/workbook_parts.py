"""What is inside an .xlsx, looked at before calamine sees it: its size, its sheets, and the cells
that calamine does not tell.

An .xlsx is a ZIP of XML. Three ways to make a small one cost gigabytes are closed here: members
that unpack to more than they say (calamine gets a copy of what was unpacked here, within bounds),
one cell at the far corner (calamine allocates the whole rectangle), and one long shared string
named by every cell.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, Final, NamedTuple
from xml.parsers import expat

from service.domain.imports.files.limits import MAX_AREA, MAX_PARTS, MAX_UNPACKED
from service.domain.imports.files.refused import ImportRefused
from service.domain.imports.files.sheet_scanners import (
    Attributes,
    SharedStrings,
    SheetScanner,
    Styles,
)

#: Parts that carry cells; pictures, macros, charts and the rest are not even unpacked.
_NEEDED: Final = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|xl/(_rels/)?workbook\.xml(\.rels)?"
    r"|xl/(worksheets/[^/]+|sharedstrings|styles)\.xml",
    re.IGNORECASE,
)
_PIECE: Final = 64 * 1024
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


class Marks(NamedTuple):
    """Cells of one sheet, by row and column from 0, that calamine gives as something else."""

    errors: dict[tuple[int, int], str]  #: it gives nothing
    midnights: set[tuple[int, int]]  #: a date with its time, which it gives without


class Parts(NamedTuple):
    """A workbook within bounds: the bytes for calamine, and the marks of its sheets by name."""

    content: bytes
    marks: dict[str, Marks]


def parts_of(content: bytes) -> Parts:
    """Unpack, measure and repack, a piece at a time. Raises `ImportRefused` (spreadsheet-broken,
    spreadsheet-too-large).
    """
    buffer = io.BytesIO()
    measured = _Measured()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _needed(archive)
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
                for member in members:
                    with copy.open(member.filename, "w", force_zip64=True) as written:
                        measured.read(member.filename, _pieces(archive, member, written))
    except expat.ExpatError as error:
        raise ImportRefused("spreadsheet-broken", reason="XML") from error
    except _BROKEN as error:
        raise ImportRefused("spreadsheet-broken", reason="ZIP") from error
    named = {
        name: measured.marks[part]
        for name, part in measured.sheet_names().items()
        if part in measured.marks
    }
    return Parts(buffer.getvalue(), named)


def _needed(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that are read, those first by which the sheets are."""
    members = archive.infolist()
    if len(members) > MAX_PARTS:
        raise ImportRefused("spreadsheet-too-large", what=f"{MAX_PARTS} parts")
    # Of two that have one name the last counts, as for whoever unpacks them.
    needed = {one.filename: one for one in members if _NEEDED.fullmatch(one.filename)}
    if sum(one.file_size for one in needed.values()) > MAX_UNPACKED:
        raise ImportRefused("spreadsheet-too-large", what=f"{MAX_UNPACKED // 2**20} MiB")
    if not any(_SHEET.fullmatch(name) for name in needed):
        raise ImportRefused("spreadsheet-broken", reason="no worksheet")
    return sorted(needed.values(), key=lambda one: bool(_SHEET.fullmatch(one.filename)))


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo, copy: IO[bytes]) -> Iterator[bytes]:
    """A member, never beyond the size that it declares; what is read is copied."""
    with archive.open(member) as source:
        while piece := source.read(_PIECE):
            copy.write(piece)
            yield piece


class _Measured:
    """What the parts say, one after the other. Raises when the used area or the text of all is out
    of bounds."""

    def __init__(self) -> None:
        self.marks: dict[str, Marks] = {}
        self._lengths: Sequence[int] = ()
        self._stamped: set[int] = set()
        self._area = 0
        self._names, self._targets = Attributes("sheet"), Attributes("relationship")

    def read(self, name: str, pieces: Iterator[bytes]) -> None:
        """One part."""
        match name.casefold():
            case "xl/sharedstrings.xml":
                self._lengths = SharedStrings().read(pieces)
            case "xl/styles.xml":
                self._stamped = Styles().read(pieces)
            case "xl/workbook.xml":
                self._names.read_events(pieces)
            case "xl/_rels/workbook.xml.rels":
                self._targets.read_events(pieces)
            case part if _SHEET.fullmatch(name):
                sheet = SheetScanner(self._lengths, self._stamped)
                sheet.read_events(pieces)
                self.marks[part] = Marks(sheet.errors, sheet.midnights)
                self._area += sheet.area
                if self._area > MAX_AREA:
                    raise ImportRefused("spreadsheet-too-large", what=f"{MAX_AREA} cells")
            case _:
                deque(pieces, maxlen=0)  # copied, and not looked at

    def sheet_names(self) -> dict[str, str]:
        """Each sheet's name and its part."""
        target_of = {one.get("id", ""): one.get("target", "") for one in self._targets.found}
        return {
            found.get("name", ""): posixpath.normpath(
                posixpath.join("/xl", target_of.get(found.get("id", ""), ""))
            )
            .lstrip("/")
            .casefold()
            for found in self._names.found
        }
