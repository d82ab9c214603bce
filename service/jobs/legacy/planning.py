"""The plan: what an import would create and could not, how large it gets, how long it takes."""

import csv
from pathlib import Path
from typing import get_args

import msgspec

from service.jobs.legacy.reasons import Kind, Language, reasons
from service.jobs.legacy.sources import Connection
from service.jobs.rollout.cohorts import Split
from service.jobs.rollout.weeks import Rollout

# Bytes of a row with its share of the indexes, measured with a generated system.
_BYTES = {
    "companies": 250, "colleagues": 340, "marketplaces": 500, "participations": 600,
    "API keys": 350, "leads": 1_100, "prospects": 520, "offers": 800, "engagements": 650,
    "disclosures": 560, "history": 450, "notes": 420, "messages": 460,
}  # fmt: skip
_LOG_FACTOR = 2.5  # write-ahead log while importing, as a multiple of the data
# An import takes so many times as long as the reading and cleaning, wherever both run.
_IMPORT_FACTOR = 2
_PAGE = 50_000  # findings at a time


class Counted(msgspec.Struct):
    """Rows of a legacy table; imported is null where it is counted with the leads."""

    source_table: str
    in_source: int
    importable: int
    imported: int | None


class Found(msgspec.Struct):
    """What was found, how often, with the first legacy numbers."""

    kind: str
    source_table: str
    reason: str
    rows: int
    first_keys: list[str]
    what: str
    heals: str


class Duplicates(msgspec.Struct):
    """What several users share: groups of them, and how many users are in one."""

    kind: str
    groups: int
    users: int


class Cohorts(msgspec.Struct):
    """The weeks that `cohorts assign` would give. weeks: companies by week. groups: of companies
    that share no marketplace with each other, the largest of so many companies."""

    weeks: dict[str, int]
    groups: int
    largest: int
    splits: list[Split]


class LoadPlan(msgspec.Struct):
    """Everything `kollegium legacy plan` says. Sizes in bytes, times in seconds."""

    source: list[Counted]
    creates: dict[str, int]
    findings: list[Found]
    duplicates: list[Duplicates]
    cohorts: Cohorts
    reading_seconds: float
    estimated_seconds: float
    estimated_bytes: int
    estimated_log_bytes: int

    def waiting(self) -> int:
        """Findings that keep a row out."""
        return sum(found.rows for found in self.findings if found.kind == "quarantine")


async def plan_load(
    connection: Connection, load: int, reading_seconds: float, language: Language
) -> LoadPlan:
    """The plan of a staged load. Changes nothing."""
    counts = await connection.fetch("select * from app.legacy_counts($1)", load)
    targets = await connection.fetch("select * from app.legacy_targets($1)", load)
    found = await connection.fetch("select * from app.legacy_findings($1)", load)
    creates = {row["target"]: row["rows"] for row in targets}
    size = sum(rows * _BYTES[target] for target, rows in creates.items())
    duplicates = await connection.fetch("select * from app.legacy_duplicates($1)", load)
    weeks = await Rollout(connection).look_ahead(load)
    known = reasons()
    return LoadPlan(
        source=[msgspec.convert(dict(row), Counted) for row in counts],
        creates=creates,
        findings=[
            Found(
                **dict(row),
                what=known[row["reason"]].what(language),
                heals=known[row["reason"]].heals(language),
            )
            for row in found
        ],
        duplicates=[msgspec.convert(dict(row), Duplicates) for row in duplicates],
        cohorts=Cohorts(
            dict(sorted(weeks.sizes.items())), weeks.components, weeks.largest, weeks.splits
        ),
        reading_seconds=round(reading_seconds, 1),
        estimated_seconds=round(reading_seconds * (1 + _IMPORT_FACTOR), 1),
        estimated_bytes=size,
        estimated_log_bytes=int(size * _LOG_FACTOR),
    )


async def write_findings(connection: Connection, load: int, language: Language, file: Path) -> int:
    """Every finding of a load as a line of a CSV file; returns how many. Raises OSError."""
    known, count = reasons(), 0
    with file.open("w", newline="", encoding="utf-8") as opened:
        lines = csv.writer(opened)
        lines.writerow(
            ["kind", "table", "row", "reason", "columns", "what", "what heals it", "waits for"]
        )
        for kind in get_args(Kind):
            place = 0
            while rows := await connection.fetch(
                "select * from app.legacy_list_findings($1, $2, $3, $4)", load, kind, place, _PAGE
            ):
                for row in rows:
                    reason = known[row["reason"]]
                    lines.writerow(
                        [kind, row["source_table"], row["legacy_key"], row["reason"], row["field"],
                         reason.what(language), reason.heals(language), row["blocked_by"]]
                    )  # fmt: skip
                place, count = rows[-1]["place"], count + len(rows)
    return count
