"""How plan, outcome and quarantine are shown to people."""

import click
from rich.table import Table

from service.commands.output import console
from service.jobs.legacy.importing import Outcome
from service.jobs.legacy.planning import LoadPlan
from service.jobs.legacy.reasons import Language, reasons

_TITLES = {
    "quarantine": "Quarantine: not imported until healed in the former system",
    "adjusted": "Adjusted: imported by a rule of docs/legacy-mapping.md",
    "warning": "Worth a look: imported as it is, or among the answers",
}
_SHARED = {"name": "a firm's name", "vat_id": "a VAT id", "legacy_group": "a group"}

language_option = click.option(
    "--language",
    type=click.Choice(["en", "de"]),
    default="en",
    show_default=True,
    help="Of the words.",
)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def show_plan(plan: LoadPlan) -> None:
    """What is there, what comes of it, what does not, and how long it takes."""
    table = Table("legacy table", "rows", "can come over", "came over before", title="The source")
    for row in plan.source:
        before = "" if row.imported is None else f"{row.imported:,}"
        table.add_row(row.source_table, f"{row.in_source:,}", f"{row.importable:,}", before)
    console.print(table)
    made = ", ".join(f"{rows:,} {target}" for target, rows in plan.creates.items())
    console.print(f"Into an empty database this makes {made}.")
    for kind, title in _TITLES.items():
        found = [row for row in plan.findings if row.kind == kind]
        if not found:
            continue
        columns = ["table", "reason", "rows", "what", "first rows"]
        table = Table(*columns, *(["what heals it"] if kind == "quarantine" else []), title=title)
        for one in found:
            cells = [
                one.source_table,
                one.reason,
                f"{one.rows:,}",
                one.what,
                ", ".join(one.first_keys),
            ]
            table.add_row(*cells, *([one.heals] if kind == "quarantine" else []))
        console.print(table)
    if plan.waiting():
        console.print(
            f"{plan.waiting():,} findings would wait in quarantine, in nobody's way: import the "
            "rest, heal them where the former system is read from (its database, or the exported "
            "files), and `kollegium legacy retry` with the same source brings over what is healed."
        )
    else:
        console.print("Nothing would go to quarantine.")
    _show_duplicates_and_weeks(plan)
    console.print(
        f"Read in {_duration(plan.reading_seconds)}; a first import takes about "
        f"{_duration(plan.estimated_seconds)}, {plan.estimated_bytes / 1e9:.2f} GB of data "
        f"and indexes and {plan.estimated_log_bytes / 1e9:.2f} GB of write-ahead log."
    )
    console.print("Nothing was changed.")


def _show_duplicates_and_weeks(plan: LoadPlan) -> None:
    for one in plan.duplicates:
        console.print(f"{one.users:,} users share {_SHARED[one.kind]} with others.")
    if plan.duplicates:
        console.print("Each stays a company of its own; merges are suggested from it later.")
    weeks = ", ".join(f"{size:,} in {week}" for week, size in plan.cohorts.weeks.items())
    console.print(
        f"Weeks that `cohorts assign` would give: {weeks}. The companies belong to "
        f"{plan.cohorts.groups:,} groups that share no marketplace with each other, the largest of "
        f"{plan.cohorts.largest:,} companies"
        + (", which does not fit into one week." if plan.cohorts.splits else ".")
    )


def show_outcome(outcome: Outcome) -> None:
    """What a run brought over."""
    table = Table("step", "created", "changed", title="Imported")
    for step in outcome.created:
        if step == "groups":
            continue
        table.add_row(step, f"{outcome.created[step]:,}", f"{outcome.changed[step]:,}")
    console.print(table)
    console.print(f"{_duration(outcome.seconds)}; {outcome.healed:,} findings healed.")
    if outcome.waiting:
        console.print(
            f"{outcome.waiting:,} findings wait in quarantine; `kollegium legacy quarantine` lists "
            "them with what heals each, `kollegium legacy retry` brings over what was healed."
        )
    else:
        console.print("Nothing waits in quarantine.")


def show_quarantine(rows: list[dict[str, object]], limit: int, language: Language) -> None:
    """Rows that wait, the cause before what depends on it."""
    if not rows:
        console.print("Nothing waits in quarantine.")
        return
    known = reasons()
    titles = ("table", "row", "columns", "reason", "what", "what heals it")
    table = Table(*titles, title="Quarantine")
    for row in rows:
        reason = known[str(row["reason"])]
        heals = str(row["blocked_by"] or reason.heals(language))
        cells = (
            row["source_table"],
            row["legacy_key"],
            row["field"] or "",
            row["reason"],
            reason.what(language),
            heals,
        )
        table.add_row(*map(str, cells))
    console.print(table)
    if len(rows) == limit:
        console.print(f"The first {limit}; --limit shows more.")
