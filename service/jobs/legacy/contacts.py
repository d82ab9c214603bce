"""Contact data of a load, brought to what every door stores: `service.domain.contact` reads it.

The import stores what is found here, and the proof expects it anew from the former system's rows.
"""

import asyncio
import functools
import re
from collections import defaultdict
from typing import Any, NamedTuple

import msgspec

from service.domain.contact import cleaned, country_of
from service.domain.contact.reading import one_line, plain
from service.jobs.legacy.reasons import reasons
from service.jobs.legacy.sources import Connection

_AT_ONCE = 10_000  # leads
_KNOWN = 50_000  # persons who are remembered, for those who come again
_CODE = re.compile(r"[A-Za-z]{2}")
_UNKNOWN = "ZZ"  # a country of which nothing is known, neither its numbers nor its postcodes


class Contact(NamedTuple):
    """What is stored. answers: what was written and is more than a value, as JSON; found: reasons
    and the columns that they are about."""

    email: str | None
    phone: str | None
    postcode: str | None
    city: str | None
    country: str | None
    answers: str
    found: tuple[tuple[str, str], ...]


@functools.lru_cache(maxsize=_KNOWN)
def contact(
    email: str | None,
    phone: str | None,
    postcode: str | None,
    city: str | None,
    written_country: str | None,
) -> Contact:
    """The contact data of a lead of the former system, as every door would store it."""
    country, known, reason = _country(written_country)
    given = {"email": email, "phone": phone, "postcode": postcode, "city": city}
    person = cleaned({**given, "country": country if known else _UNKNOWN})
    values, answers = person.values, person.answers
    found = [(remark.code, f"contact_{remark.field}") for remark in person.remarks]
    if not known:
        values["country"] = None
        answers = {**answers, "country": plain(written_country or "")[0]}
    if reason:
        found.append((reason, "contact_country"))
    return Contact(
        values["email"],
        values["phone"],
        values["postcode"],
        values["city"],
        values["country"],
        msgspec.json.encode(answers).decode(),
        tuple(found),
    )


def _country(written: str | None) -> tuple[str | None, bool, str | None]:
    """The code of a country, whether what was written says one or nothing, and what to tell."""
    text = one_line(written or "")
    if not text:
        return None, True, None
    code = country_of(text) or (text.upper() if _CODE.fullmatch(text) else None)
    if code is None:
        return None, False, "country-kept-as-answer"
    return code, True, None if code == written else "country-formatted"


async def clean_contacts(connection: Connection, load: int) -> None:
    """Cleans the leads of a load; every value that changes becomes a finding of its column."""
    last = -(2**63)
    while rows := await connection.fetch(
        "select * from app.legacy_contacts($1, $2, $3)", load, last, _AT_ONCE
    ):
        last = rows[-1]["id"]
        contacts = await asyncio.to_thread(lambda rows: [contact(*row[1:]) for row in rows], rows)
        columns: list[list[Any]] = [list(column) for column in zip(*contacts, strict=True)]
        await connection.execute(
            "select app.legacy_keep_contacts($1, $2, $3, $4, $5, $6, $7, $8)",
            *(load, [row["id"] for row in rows], *columns[:6]),
        )
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for row, one in zip(rows, contacts, strict=True):
            for finding in one.found:
                found[finding].append(str(row["id"]))
        for (reason, column), keys in found.items():
            await connection.execute(
                "select app.legacy_add_findings($1, 'leads', $2, $3, $4, $5)",
                *(load, reasons()[reason].kind, reason, keys, column),
            )
