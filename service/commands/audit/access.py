"""Who sees a lead, as a table."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from rich.table import Column, Table

from service.commands.output import console


class Line(msgspec.Struct):
    """As app.who_sees answers; colleagues by id."""

    company: str
    part: str
    sees: bool
    why: str
    policy: str | None
    since: datetime | None
    until: datetime | None
    shown: str | None
    rows: int | None
    because: str
    detail: str | None
    company_id: UUID
    engagement_id: UUID | None
    known: bool
    colleagues: list[UUID]
    api_keys: int | None


async def who_sees(
    connection: Any, m: UUID, lead: UUID, company: UUID | None, at: datetime | None
) -> list[Line]:
    """Asks as kollegium_auditor; a time without an offset is UTC."""
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    rows = await connection.fetch(
        "select * from app.who_sees($1, $2, $3, $4)", m, lead, company, at
    )
    return [Line(**row) for row in rows]


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def show(lines: list[Line]) -> None:
    """A row for each company and part; who of the company and how many keys, below."""
    table = Table(
        "company",
        "part",
        "sees",
        Column("why", ratio=1),
        "policy",
        "since",
        "until",
        title="who sees the lead",
    )
    for line in lines:
        why = line.why + (f": {line.detail}" if line.detail else "")
        sees = ("yes" if line.sees else "no") if line.known else "not known"
        table.add_row(
            *(line.company, line.part, sees, why, line.policy or ""),
            *(_moment(line.since), _moment(line.until)),
        )
    console.print(table)
    for name, line in {line.company: line for line in lines if line.sees}.items():
        keys = f", {line.api_keys} API keys" if line.api_keys else ""
        console.print(f"{name}: colleagues {', '.join(map(str, line.colleagues)) or 'none'}{keys}")
