"""What is inside an .xlsx, looked at before calamine sees it: its size, its sheets, and the cells
that calamine does not tell.

An .xlsx is a ZIP of XML. Three ways to make a small one cost gigabytes are closed here: members
that unpack to more than they say (calamine gets a copy that we unpacked ourselves, within bounds),
one cell at the far corner (calamine allocates the whole rectangle), and one long shared string
named by every cell.
"""

import io
import posixpath
import re
import zipfile
import zlib
from typing import Final, NamedTuple
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
    """Unpack, measure and repack. Raises `ImportRefused` (spreadsheet-broken,
    spreadsheet-too-large).
    """
    parts = _unpack(content)
    try:
        marks = _measure(parts)
        names = _sheet_names(parts)
    except expat.ExpatError as error:
        raise ImportRefused("spreadsheet-broken", reason="XML") from error
    named = {name: marks[part] for name, part in names.items() if part in marks}
    return Parts(_repack(parts), named)


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


def _measure(parts: dict[str, bytes]) -> dict[str, Marks]:
    """The marks of each sheet. Raises when the used area or the text of all is out of bounds."""
    lengths: list[int] = []
    stamped: set[int] = set()
    for name, data in parts.items():
        if name.casefold() == "xl/sharedstrings.xml":
            lengths = SharedStrings().read(data)
        elif name.casefold() == "xl/styles.xml":
            stamped = Styles().read(data)
    marks: dict[str, Marks] = {}
    area = 0
    for name, data in parts.items():
        if _SHEET.fullmatch(name):
            sheet = SheetScanner(lengths, stamped)
            sheet.read_events(data)
            marks[name.casefold()] = Marks(sheet.errors, sheet.midnights)
            area += sheet.area
            if area > MAX_AREA:
                raise ImportRefused("spreadsheet-too-large", what=f"{MAX_AREA} cells")
    return marks


def _sheet_names(parts: dict[str, bytes]) -> dict[str, str]:
    """Each sheet's name and its part."""
    by_name = {name.casefold(): data for name, data in parts.items()}
    names, targets = Attributes("sheet"), Attributes("relationship")
    names.read_events(by_name.get("xl/workbook.xml", b"<workbook/>"))
    targets.read_events(by_name.get("xl/_rels/workbook.xml.rels", b"<none/>"))
    target_of = {found.get("id", ""): found.get("target", "") for found in targets.found}
    return {
        found.get("name", ""): posixpath.normpath(
            posixpath.join("/xl", target_of.get(found.get("id", ""), ""))
        )
        .lstrip("/")
        .casefold()
        for found in names.found
    }
