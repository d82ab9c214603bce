"""`kollegium legacy prove`: every user sees after the import what he saw before."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec
from rich.progress import Progress
from rich.table import Table

from service.commands.connections import connected
from service.commands.legacy.source import (
    Read,
    SourcePlace,
    progress_bar,
    reading_source,
    source_options,
)
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.jobs.rollout.proving import PolicyShowsMore, Prover, User
from service.jobs.rollout.report import Report, as_csv, as_json
from service.jobs.rollout.totals import totals

SHOWN = 20
STATES = {
    "ready": "company of one, compared through a session of its own",
    "deleted": "deleted in the former system: saw nothing and cannot log in",
    "waits": "in quarantine, has no company yet",
    "missing": "has no company, for no reason: run the import again",
    "joined": "no longer alone: merged, or has colleagues; the company is compared once",
}


class Wanted(msgspec.Struct):
    """Whom to prove, and how."""

    user: int | None
    week: str | None
    out: Path | None
    sample: int
    jobs: int


def _chosen(users: list[User], wanted: Wanted) -> list[User]:
    """Raises ClickException when there is nobody."""
    chosen = [
        user
        for user in users
        if wanted.user in (None, user.legacy_user) and wanted.week in (None, user.week)
    ]
    if chosen:
        return chosen
    if wanted.user is not None:
        raise click.ClickException(f"The former system has no user {wanted.user}.")
    if wanted.week is not None:
        raise click.ClickException(
            f"Nobody is in {wanted.week}: `kollegium legacy cohorts assign` gives weeks."
        )
    raise click.ClickException("The former system has no users.")


def _sample(users: list[User], size: int) -> frozenset[int]:
    """Evenly spread over those who have a session."""
    ready = [user.legacy_user for user in users if user.state == "ready"]
    return frozenset(ready[:: max(1, len(ready) // size)][:size]) if size else frozenset()


async def _prove(read: Read, data_dir: Path, wanted: Wanted, progress: Progress) -> Report:
    async with AsyncExitStack() as stack:
        apis = [
            await stack.enter_async_context(connected("api", data_dir)) for _ in range(wanted.jobs)
        ]
        prover = Prover(read.connection, apis, read.load)
        users = _chosen(await prover.users(), wanted)
        task = progress.add_task("Proving users", total=len(users), rate="")
        report = Report()
        proofs = prover.prove(
            users,
            whole=wanted.user is not None,
            unfiltered=_sample(users, wanted.sample),
            done=lambda count: progress.advance(task, count),
        )
        async for proof in proofs:
            report.add(proof)
            if wanted.out is not None:
                csv = wanted.out.suffix == ".csv"
                wanted.out.write_bytes(as_csv(proof) if csv else as_json(proof))
        if wanted.user is None and wanted.week is None:
            report.totals = await totals(read.connection, read.load)
        return report


def _show(report: Report) -> None:
    table = Table("users", "state", title="Who was proven")
    for state, count in report.states.items():
        table.add_row(f"{count:,}", f"{state}: {STATES[state]}")
    console.print(table)
    table = Table("rows", "seen before", "seen now", title="What they see")
    for kind, before in report.before.items():
        table.add_row(kind, f"{before:,}", f"{report.after[kind]:,}")
    console.print(table)
    if report.totals:
        columns = (
            "table", "legacy", "in quarantine", "here", "only here", "won, legacy", "won, here"
        )  # fmt: skip
        table = Table(*columns, title="Each table, counts and sums")
        for one in report.totals:
            sums = ("", "") if one.value_legacy is None else (
                f"{one.value_legacy:,.2f}", f"{one.value_here or 0:,.2f}"
            )  # fmt: skip
            only_here = "" if one.only_here is None else f"{one.only_here:,}"
            counts = (f"{one.legacy:,}", f"{one.waiting:,}", f"{one.here:,}", only_here)
            table.add_row(one.what, *counts, *sums)
        console.print(table)


def _conclude(report: Report) -> None:
    if report.waiting:
        console.print(
            f"{report.waiting:,} rows that they saw wait in quarantine "
            "(`kollegium legacy quarantine`) and are not expected."
        )
    if report.since_import:
        console.print(
            f"{report.since_import:,} rows were made or worked here since the import; they are no "
            "differences."
        )
    for found in report.listed[:SHOWN]:
        row = found.row
        here = f"lead {row.lead_id}" if row.lead_id else f"id {row.part_id}"
        which = f"legacy row {row.legacy_key}" if row.legacy_key else here
        what = f"{row.reason} {', '.join(row.fields)}".strip()
        console.print(f"  user {found.legacy_user}, {row.what}, {which}: {what}")
    if report.differences > SHOWN:
        console.print(f"  {report.differences - SHOWN:,} more; --json lists up to 1,000.")
    for one in report.disagreeing:
        missing = one.legacy - one.waiting - one.here
        if missing:
            console.print(f"{missing:,} {one.what} are neither here nor in quarantine.")
        else:
            console.print(
                f"The value of won {one.what} is {one.value_legacy or 0:,.2f} there and "
                f"{one.value_here or 0:,.2f} here."
            )
    if report.equal:
        console.print("Proven: nobody sees more or less than before.")
    else:
        console.print(
            f"NOT proven. Rows that differ: {report.differences:,}, of users: "
            f"{report.differing_users:,}."
        )


@click.command()
@source_options
@click.option("--user", type=int, metavar="NUMBER", help="Only this legacy user, all his rows.")
@click.option("--week", metavar="WEEK", help="Only companies of this week, such as 2026-W41.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="With --user: write his proof to this file, as CSV when it ends in .csv, else as JSON. "
    "It names rows and fields and contains no personal data.",
)
@click.option(
    "--sample",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    help="Users whose tables are also counted without any condition, to see that the policies "
    "alone show no more. Each reads the tables from end to end.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=2,
    show_default=True,
    help="Connections as kollegium_api at the same time.",
)
@json_option
@data_dir_option
def prove(
    schema: str,
    url: str | None,
    csv: Path | None,
    latin1: bool,
    user: int | None,
    week: str | None,
    out: Path | None,
    sample: int,
    jobs: int,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Prove that each user's company sees the leads, personal data and offers that he saw.

    Before: the legacy rules (sql/legacy/schema.sql, L1 to L8) over the former system. Now: through
    row security, as kollegium_api, with a session of the company that staff opens for five minutes
    and ends; both is in the audit log. Differences are listed row by row and end the command with
    status 1. The outcome of each company is kept: `cohorts switch on` asks for it. Changes nothing
    else. Connects as kollegium_staff and kollegium_api.
    """
    if out is not None and user is None:
        raise click.UsageError("--out needs --user NUMBER: a proof is of one user.")
    wanted = Wanted(user, week, out, sample, jobs)
    place = SourcePlace(schema, url, csv, latin1, data_dir)

    async def work(progress: Progress) -> Report:
        async with reading_source(place, progress) as read:
            return await _prove(read, data_dir, wanted, progress)

    try:
        with progress_bar() as progress:
            report = run(work(progress))
    except PolicyShowsMore as error:
        raise click.ClickException(
            f"The wall is open: {error}. Stop the roll-out; `kollegium check` and sql/README.md."
        ) from error
    if as_json:
        print_json({"equal": report.equal, **msgspec.to_builtins(report)})
    else:
        _show(report)
        _conclude(report)
        if out is not None:
            console.print(f"The proof is in {out}.")
    if not report.equal:
        sys.exit(1)
