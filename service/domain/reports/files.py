"""Tables as files of CSV, as a spreadsheet opens them in the reader's language.

German: semicolons, a decimal comma, days as 05.11.2026. English: commas, a decimal point, ISO days.
Both begin with a byte order mark, without which a spreadsheet reads umlauts wrongly.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

Cell = str | int | None
# What makes a spreadsheet calculate instead of show, in its wide spellings, too.
_BEGINS = tuple("=+-@\t\r\n＝＋－＠")


def text(value: str) -> str:
    """A text that somebody wrote, as no formula."""
    return f"'{value}" if value.startswith(_BEGINS) else value


def amount(cents: int, language: str) -> str:
    """Hundredths as a number of the language."""
    sign, (whole, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    return f"{sign}{whole}{',' if language == 'de' else '.'}{rest:02}"


def number(value: float | None, language: str) -> str:
    """A number of the language; none where there is none."""
    if value is None:
        return ""
    shown = f"{value:.4f}".rstrip("0").rstrip(".")
    return shown.replace(".", "," if language == "de" else ".")


def moment(day: str, language: str) -> str:
    """A time on the wall, given as 2026-11-05 14:30."""
    return datetime.fromisoformat(day).strftime("%d.%m.%Y %H:%M") if language == "de" else day


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> bytes:
    """The table; cells are what the functions above made of values."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=";" if language == "de" else ",", lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return made.getvalue().encode("utf-8-sig")
