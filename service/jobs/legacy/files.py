"""Files of the former system, record by record: CSV with a header, and COPY's text format.

Nothing is parsed but the ends of records: PostgreSQL reads the values. A record that is no UTF-8
ends the reading, or is read as Windows-1252 where the operator asked for it, and is told.
"""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from service.jobs.legacy.contract import LegacyTable

_BLOCK = 1 << 20


class SourceError(Exception):
    """The source cannot be read; the message says where and what to do."""


class Recoded(NamedTuple):
    """A record that was read as Windows-1252: its number, or its place where it has none."""

    key: str


def csv_header(file: Path, table: LegacyTable) -> tuple[str, ...]:
    """The columns that a CSV file names, in its order. Raises SourceError."""
    with file.open("rb") as opened:
        first = opened.readline().decode("utf-8-sig", "replace")
    found = tuple(name.strip().lower() for name in next(csv.reader([first]), []))
    unknown = [name for name in found if name not in table.names]
    missing = [name for name in table.names if name not in found]
    if not set(found) & set(table.names):  # a row, perhaps a person's: not to be repeated
        raise SourceError(
            f"{file}: the first line must name the columns of {table.name} in "
            "sql/legacy/schema.sql, and names none of them: export it with its header."
        )
    if unknown or missing:
        raise SourceError(
            f"{file}: the first line must name the columns of {table.name} in sql/legacy/schema.sql"
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + "."
        )
    return found


def _lines(file: Path) -> Iterator[list[bytes]]:
    """Lines of a file with their ends, a block at a time; the last line may lack its end."""
    rest = b""
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            yield [line + b"\n" for line in lines]
    if rest:
        yield [rest + b"\n"]


def _whole(lines: list[bytes], open_record: list[bytes]) -> Iterator[bytes]:
    """Records of CSV lines: a line with an odd number of quotes opens or closes a quoted value."""
    for line in lines:
        odd = line.count(b'"') % 2 == 1
        if not open_record and not odd:
            yield line
            continue
        open_record.append(line)
        if odd and len(open_record) > 1:
            yield b"".join(open_record)
            open_record.clear()


def _readable(
    records: list[bytes], readable: Callable[[bytes, int], bytes], number: int
) -> list[bytes]:
    try:
        b"".join(records).decode()
    except UnicodeDecodeError:
        return [readable(record, number + place) for place, record in enumerate(records)]
    return records


def csv_records(
    file: Path, latin1: bool, recoded: list[Recoded], key: int
) -> Iterator[list[bytes]]:
    """Blocks of the file's records; the header is left out."""
    open_record: list[bytes] = []
    number = 0

    def key_of(text: str) -> str:
        return (next(csv.reader([text]), [])[key:] or [""])[0]

    for lines in _lines(file):
        records = list(_whole(lines, open_record))
        checked = _readable(records, _recoder(file, latin1, recoded, key_of), number + 1)
        if number == 0:
            checked = checked[1:]
        number += len(records)
        if checked:
            yield checked
    if open_record:
        raise SourceError(f"{file}: a quoted value is still open at the end of the file.")


def copy_lines(file: Path, latin1: bool, recoded: list[Recoded]) -> Iterator[list[bytes]]:
    """Blocks of the lines of a COPY in text format; its end marker is left out."""
    number = 0
    recode = _recoder(file, latin1, recoded, lambda text: text.split("\t")[0])
    for lines in _lines(file):
        kept = [line for line in lines if line not in (b"\\.\n", b"\n")]
        checked = _readable(kept, recode, number + 1)
        number += len(lines)
        if checked:
            yield checked


def _recoder(
    file: Path, latin1: bool, recoded: list[Recoded], key_of: Callable[[str], str]
) -> Callable[[bytes, int], bytes]:
    def recode(record: bytes, number: int) -> bytes:
        try:
            record.decode()
            return record
        except UnicodeDecodeError as error:
            if not latin1:
                raise SourceError(
                    f"{file}, record {number}: not UTF-8. Export with client_encoding UTF8, or "
                    "give --latin1 to read such records as Windows-1252; each is then listed as "
                    "text-recoded."
                ) from error
        text = record.decode("cp1252", "replace")
        key = key_of(text).strip()
        recoded.append(Recoded(key if re.fullmatch("[0-9]{1,18}", key) else f"row {number}"))
        return text.encode()

    return recode
