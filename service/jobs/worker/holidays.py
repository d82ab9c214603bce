"""Public holidays of the federal states, of this year and the two that follow, for SQL to count by.

The library knows them; it is imported only here, because it takes longer than all other jobs.
"""

import asyncio
from typing import Any

import msgspec

#: What all states share, and each of them.
REGIONS = (
    "DE", "BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST",
    "TH",
)  # fmt: skip


async def fill(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Writes the holidays that are missing or called otherwise by now; returns how many."""
    years = await connection.fetchval("select app.holiday_years()", timeout=60)
    days = await asyncio.to_thread(days_of, list(years))
    sql = "select app.set_holidays($1, $2::text::jsonb)"
    return int(
        await connection.fetchval(sql, years, msgspec.json.encode(days).decode(), timeout=60)
    )


def days_of(years: list[int]) -> list[dict[str, Any]]:
    """The holidays of all regions. Those that only parts of a state have (Assumption in Bavaria,
    Corpus Christi in Saxony and Thuringia) are marked; school holidays, which the library counts
    as well, are none. Names are asked for by language, or the environment would decide."""
    from holidays import country_holidays

    found = []
    for region in REGIONS:
        state = None if region == "DE" else region
        names = {
            (category, language): country_holidays(
                "DE", subdiv=state, years=years, categories=category, language=language
            )
            for category in ("public", "catholic")
            for language in ("de", "en_US")
        }
        public, catholic = (names[category, "de"] for category in ("public", "catholic"))
        found += [
            {
                "region": region,
                "day": day.isoformat(),
                "regional": day not in public,
                "name_de": (public if day in public else catholic)[day],
                "name_en": names["public" if day in public else "catholic", "en_US"][day],
            }
            for day in sorted({*public, *catholic})
        ]
    return found
