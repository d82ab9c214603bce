"""Merges as staff reads them: a row in a list, a rehearsal, what was done, what was undone."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from service.commands.merges.refusals import TABLES, block_text
from service.commands.output import console
from service.jobs.staff.merges import StaffMerge


@contextlib.contextmanager
def waiting(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar while both companies wait; it yields what is to be told of each table that comes."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[table]}")
    quiet = not console.is_terminal
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=quiet
    ) as progress:
        task = progress.add_task(f"{what}; both companies wait …", total=None, table="")

        def told(table: str, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, table=table.partition(".")[2])

        yield told


_NEXT = {
    "requested": "the side that was asked has not answered",
    "answered": "rehearse it",
    "rehearsed": "consent of both sides",
    "consented": "run it",
    "done": "can be undone for 30 days",
    "undone": "",
    "refused": "",
}


def _waits_for(merge: StaffMerge) -> str:
    if merge.problem:
        return f"{_NEXT[merge.state]} (last attempt: {merge.problem['slug']})"
    if merge.state == "rehearsed":
        missing = [s for s in ("survivor", "absorbed") if not getattr(merge, f"{s}_consent")]
        return f"consent of {' and '.join(missing)}"
    if merge.state == "consented" and merge.execute_at:
        return f"the worker runs it after {merge.execute_at:%Y-%m-%d %H:%M} UTC"
    return _NEXT[merge.state]


def print_merges(merges: list[StaffMerge]) -> None:
    """A table, or why there is none."""
    if not merges:
        console.print(
            "No merges yet. Admins ask with POST /merges; `kollegium merge request` records a "
            "written request."
        )
        return
    # Ids are for copying: whatever gets narrow, it is not they.
    identity = Column("id", no_wrap=True, min_width=36)
    table = Table(identity, "survivor", "absorbed", "state", "waits for", title="Merges")
    for merge in merges:
        table.add_row(
            str(merge.id),
            merge.survivor_name or merge.asking_company_name,
            merge.absorbed_name or "(asked, not answered)",
            merge.state,
            _waits_for(merge),
        )
    console.print(table)


def print_merge(merge: StaffMerge) -> None:
    """One merge in two lines."""
    names = f"{merge.survivor_name or merge.asking_company_name} absorbs "
    names += merge.absorbed_name or "a company that has not answered"
    console.print(f"Merge {merge.id}: {names}.")
    console.print(f"State {merge.state}; next: {_waits_for(merge) or 'nothing'}.")


def _took(merge: StaffMerge) -> str:
    return f" in {merge.took:.2f} s" if merge.took is not None else ""


def print_rehearsal(merge: StaffMerge) -> None:
    """What the merge would do."""
    found = merge.rehearsal
    if found is None:
        console.print(f"Not rehearsed yet: kollegium merge rehearse {merge.id}")
        return
    console.print(
        f"{merge.survivor_name} absorbs {merge.absorbed_name}, rehearsed "
        f"{merge.rehearsed_at:%Y-%m-%d %H:%M} UTC{_took(merge)}."
    )
    for block in found["blocks"]:
        console.print(f"FORBIDDEN: {block_text(block)}")
    table = Table("seen newly by colleagues of", "marketplace", "as", "leads", title="Visible")
    names = {"survivor": merge.survivor_name, "absorbed": merge.absorbed_name}
    for group in found["visible"]:
        table.add_row(names[group["to"]], group["marketplace"], group["as"], str(group["leads"]))
    console.print(table if found["visible"] else "No lead becomes visible to anybody.")
    for side in names:
        more = found[f"to_{side}"]
        people = ", ".join(f"{one['name']} ({one['role']})" for one in more["colleagues"])
        console.print(
            f"Colleagues of {names[side]} also read {more['personal_data']} contact data, "
            f"{more['open_offers']} open offers, {more['notes']} notes and {more['files']} files; "
            f"they work with {people}."
        )
    for name, value in found["settings"].items():
        if value["stays"] != value["goes"]:
            console.print(f"{name}: {value['stays']} stays, {value['goes']} goes.")
    _print_effects(found.get("effects", []))


def _print_effects(effects: list[dict[str, Any]]) -> None:
    if not effects:
        return
    table = Table("what", "of", "becomes", "lead or marketplace", title="Collapses and changes")
    for effect in effects[:40]:
        to = ", ".join(f"{key} {value}" for key, value in effect.get("to", {}).items())
        table.add_row(
            TABLES.get(effect["tab"], effect["tab"]),
            effect.get("of", ""),
            "removed (journal)" if effect["kind"] == "collapsed" else to or "handed over",
            effect.get("lead_id") or effect.get("marketplace_id", ""),
        )
    console.print(table)
    if len(effects) > 40:
        console.print(f"… and {len(effects) - 40} more: --json")


def _print_rows(title: str, rows: dict[str, int]) -> None:
    table = Table("table", "rows", title=title)
    for name, count in rows.items():
        if count:
            table.add_row(name, f"{count:,}")
    console.print(table)


def print_result(merge: StaffMerge) -> None:
    """What the merge did."""
    result = merge.result or {"rows": {}, "added": []}
    console.print(f"{merge.survivor_name} has absorbed {merge.absorbed_name}{_took(merge)}.")
    _print_rows("Changed hands", result["rows"])
    if result["added"]:
        console.print(f"Beyond the rehearsal, of rows added since: {len(result['added'])}")
        _print_effects(result["added"])
    console.print(f"To take it back within 30 days: kollegium merge undo {merge.id}")


def print_undo(merge: StaffMerge, *, dry_run: bool = False) -> None:
    """What undoing did (or would do), and what stays where it is."""
    result = merge.undo_result or {"rows": {}, "since": {}}
    are = "would be two companies again" if dry_run else "are two companies again"
    console.print(f"{merge.absorbed_name} and {merge.survivor_name} {are}{_took(merge)}.")
    _print_rows("Given back", result["rows"])
    if not result["since"]:
        console.print(f"Nothing was made since the merge that stays with {merge.survivor_name}.")
    else:
        since = {name: found["rows"] for name, found in result["since"].items()}
        _print_rows(f"Made since, stays with {merge.survivor_name} (ids: --json)", since)
    if dry_run:
        console.print("Nothing was changed.")


def print_split(done: dict[str, Any]) -> None:
    """A colleague and the leads that go with him; without the company's id: would go."""
    if "company_id" in done:
        console.print(
            f"{done['colleague']} is the admin of {done['company']} ({done['company_id']}), with "
            f"{done['leads']} leads."
        )
    else:
        console.print(
            f"{done['colleague']} would leave with {done['leads']} leads into {done['company']}. "
            "Nothing was changed."
        )
    _print_rows("Go with him", done["rows"])
