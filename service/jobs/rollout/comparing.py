"""Two sides of one user's proof, row by row."""

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

import msgspec

from service.jobs.rollout import seen

Verdict = Literal["equal", "differs", "waits", "since-import"]


class Row(msgspec.Struct):
    """One row of a proof. legacy_key: its number in the former system, where it was seen before.
    part_id: of an offer or a participant the company, of a user his colleague, of anything else
    without a lead its id.
    verdict `waits`: in quarantine, for `reason`; `since-import`: made or worked here since."""

    what: str
    verdict: Verdict
    legacy_key: str | None
    lead_id: UUID | None
    part_id: UUID | None
    reason: str = ""
    fields: list[str] = []


# A row, and the marketplace in which its lead is found.
Compared = tuple[Row, UUID | None]

MISSING, NEW = "seen before and not now", "seen now and not before"


def compared(before: Iterable[Any], after: Iterable[Any]) -> Iterable[Compared]:
    """Every row of either side once, with the marketplace in which its lead is found."""
    old: dict[Any, Any] = {}
    for record in sorted(before, key=lambda record: bool(record["waits"])):
        place = record["marketplace_id"], record["lead_id"], record["part_id"]
        # What was not imported has neither, and is known by its number.
        key = (record["what"], *(place if any(place[1:]) else (None, record["legacy_key"], None)))
        # Of two offers to one user the second waits, and both would have the key.
        old[(*key, record["legacy_key"]) if key in old else key] = record
    new = {
        (record["what"], record["marketplace_id"], record["lead_id"], record["part_id"]): record
        for record in after
    }
    for key in [*old, *(key for key in new if key not in old)]:
        row = _row(key, old.get(key), new.get(key))
        yield row, (old.get(key) or new[key])["marketplace_id"]


def _row(key: tuple[Any, ...], old: Any, new: Any) -> Row:
    lead_id = key[2] if isinstance(key[2], UUID) else None
    row = Row(key[0], "equal", old and old["legacy_key"], lead_id, key[3])
    known = lead_id or row.part_id
    if old and old["waits"]:  # it may have come over before
        row.verdict, row.reason = "waits", ", ".join(old["reasons"])
    elif new is None:
        row.verdict = "differs"
        row.reason = MISSING if known else "not imported yet"
    elif old is None:
        row.verdict, row.reason = "differs", NEW
    elif old["fields"] != new["fields"]:
        row.verdict, row.reason = "differs", "other content"
        fields = zip(seen.FIELDS[row.what], old["fields"], new["fields"], strict=True)
        row.fields = [name for name, one, other in fields if one != other]
    return row


async def explain(staff: Any, load: int, company: UUID | None, rows: list[Compared]) -> None:
    """Tells what was made or worked here since the import from what is a difference of what the
    company sees."""
    open_ = [(row, m) for row, m in rows if row.verdict == "differs" and (m or row.part_id)]
    since = await staff.fetch(
        "select app.prove_since_import($1, $2, $3, $4, $5, $6, $7) as since",
        load,
        company,
        [row.what for row, _ in open_],
        [m for _, m in open_],
        [row.lead_id for row, _ in open_],
        [row.part_id for row, _ in open_],
        [row.reason in (MISSING, NEW) for row, _ in open_],
    )
    for (row, _), answer in zip(open_, since, strict=True):
        if answer["since"]:
            row.verdict = "since-import"
