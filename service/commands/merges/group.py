"""`kollegium merge`: bringing companies together on request, and apart again (docs/merging.md)."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from service.commands.merges.output import (
    StaffMerge,
    print_merge,
    print_merges,
    print_rehearsal,
    print_result,
    print_split,
    print_undo,
    waiting,
)
from service.commands.merges.staff import pair, staff
from service.commands.output import console, data_dir_option, json_option, print_json, run

ONE = click.argument("merge_id", metavar="MERGE", type=click.UUID)
REFERENCE = click.option(
    "--reference",
    required=True,
    help="Where the written request is on file, e.g. 'letter 12/2026'.",
)


@click.group()
def merge() -> None:
    """Merge companies on request: rehearse, run, undo, split (as kollegium_staff).

    Connects with DATABASE_STAFF_URL, else with DATABASE_URL and SET ROLE kollegium_staff. A merge
    that staff was asked for in writing goes like this:

    \b
        kollegium merge request --survivor ID --absorbed ID --reference 'letter 12/2026'
        kollegium merge rehearse MERGE
        kollegium merge consent MERGE --side survivor --reference 'mail of 2 October'
        kollegium merge consent MERGE --side absorbed --reference 'mail of 3 October'
        kollegium merge run MERGE
        kollegium merge undo MERGE          # within 30 days

    Admins can ask, read and consent by themselves over HTTP; the worker rehearses and runs those.
    """


@merge.command()
@click.option("--survivor", type=click.UUID, required=True, help="Id of the company that stays.")
@click.option("--absorbed", type=click.UUID, required=True, help="Id of the company it takes in.")
@click.option(
    "--at",
    "execute_at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    help="Let the worker run it then, e.g. 2026-10-12T22:00+0200; without it you run it.",
)
@REFERENCE
@json_option
@data_dir_option
def request(
    survivor: UUID,
    absorbed: UUID,
    execute_at: datetime | None,
    reference: str,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Record a written request. Ids: `kollegium company list`. Nothing is changed yet.

    kollegium merge request --survivor 0199… --absorbed 0199… --reference 'letter 12/2026'
    """

    async def work() -> StaffMerge:
        async with staff(data_dir) as office:
            return await office.request(survivor, absorbed, execute_at, reference)

    made = run(work())
    print_json(made) if as_json else print_merge(made)


@merge.command()
@ONE
@json_option
@data_dir_option
def rehearse(merge_id: UUID, as_json: bool, data_dir: Path) -> None:
    """Perform the merge, take it back, and show what it would do.

    Both companies wait while it lasts (seconds; `took` says how long), nobody else does. Former
    consents are void; admins of both sides are mailed, each with a token to consent.
    """

    async def work() -> StaffMerge:
        with waiting("Rehearsing") as told:
            async with staff(data_dir, told) as office:
                return await office.rehearse(merge_id)

    done = run(work())
    print_json(done) if as_json else print_rehearsal(done)


@merge.command()
@ONE
@click.option(
    "--side",
    type=click.Choice(["survivor", "absorbed"]),
    required=True,
    help="Whose consent it is.",
)
@REFERENCE
@json_option
@data_dir_option
def consent(merge_id: UUID, side: str, reference: str, as_json: bool, data_dir: Path) -> None:
    """Record the written consent of one side to the latest rehearsal."""

    async def work() -> StaffMerge:
        async with staff(data_dir) as office:
            return await office.consent(merge_id, side, reference)

    done = run(work())
    print_json(done) if as_json else print_merge(done)


@merge.command("run")
@ONE
@click.option("--dry-run", is_flag=True, help="Show what was consented to and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@data_dir_option
def run_(merge_id: UUID, dry_run: bool, yes: bool, as_json: bool, data_dir: Path) -> None:
    """Merge: in one transaction, exactly what was consented to, or nothing.

    Refuses when the result would differ from the rehearsal in anything but rows added since. Waits
    for what both companies have under way; tried again, at most five times, when a lock is lost.
    """

    async def look() -> StaffMerge:
        async with staff(data_dir) as office:
            return await office.one(merge_id)

    async def work() -> StaffMerge:
        with waiting("Merging") as told:
            async with staff(data_dir, told) as office:
                return await office.run(merge_id)

    found = run(look())
    if dry_run:
        print_json(found) if as_json else print_rehearsal(found)
        return
    if not yes:
        print_rehearsal(found)
        click.confirm(
            f"{found.survivor_name} absorbs {found.absorbed_name}. Go ahead?", abort=True, err=True
        )
    done = run(work())
    print_json(done) if as_json else print_result(done)


@merge.command()
@ONE
@click.option("--dry-run", is_flag=True, help="Undo it, show what that did, and take it back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@data_dir_option
def undo(merge_id: UUID, dry_run: bool, yes: bool, as_json: bool, data_dir: Path) -> None:
    """Take a merge back within 30 days: what there was before is whose it was.

    What was made since stays with the survivor and is listed. Refused, with the reason, when the
    survivor merged again since.
    """

    async def look() -> StaffMerge:
        async with staff(data_dir) as office:
            return await office.one(merge_id)

    async def work() -> StaffMerge:
        with waiting("Undoing") as told:
            async with staff(data_dir, told) as office:
                return await office.undo(merge_id, keep=not dry_run)

    found = run(look())
    if not (yes or dry_run):
        console.print(f"Merged on {found.done_at:%Y-%m-%d %H:%M} UTC." if found.done_at else "")
        click.confirm(
            f"Make {found.absorbed_name} and {found.survivor_name} two companies again?",
            abort=True,
            err=True,
        )
    done = run(work())
    print_json(done) if as_json else print_undo(done, dry_run=dry_run)


@merge.command()
@click.option("--colleague", required=True, help="E-mail address of who leaves.")
@click.option("--name", required=True, help="Name of the company made for him.")
@click.option(
    "--lead", "leads", multiple=True, metavar="MARKETPLACE/LEAD", help="A lead that goes with him."
)
@click.option(
    "--leads-of",
    type=click.UUID,
    metavar="MERGE",
    help="All leads that came with this merge and are still the company's.",
)
@click.option("--dry-run", is_flag=True, help="Split, show what that did, and take it back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@REFERENCE
@json_option
@data_dir_option
def split(
    colleague: str,
    name: str,
    leads: tuple[str, ...],
    leads_of: UUID | None,
    dry_run: bool,
    yes: bool,
    reference: str,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Give a colleague a company of his own, with chosen leads of the company he leaves.

    He becomes its admin and stays logged in. Leads that his company gives or works can go with him.

        kollegium merge split --colleague ben@huber.example --name 'Ben Huber Solar'
        --leads-of 0199… --reference 'letter 14/2026'
    """
    chosen = [pair(text) for text in leads]

    async def look() -> list[tuple[UUID, UUID]]:
        async with staff(data_dir) as office:
            more = await office.leads_of(leads_of) if leads_of else []
            return list(dict.fromkeys([*chosen, *more]))

    going = run(look())
    if not (yes or dry_run):
        click.confirm(
            f"{colleague} leaves with {len(going)} leads. Go ahead?", abort=True, err=True
        )

    async def work() -> dict[str, object]:
        async with staff(data_dir) as office:
            return await office.split(colleague, name, going, reference, keep=not dry_run)

    done = run(work())
    print_json(done) if as_json else print_split(done)


@merge.command("list")
@json_option
@data_dir_option
def list_(as_json: bool, data_dir: Path) -> None:
    """All merges, newest first: who, how far, and what is missing. Reports: `show`."""

    async def work() -> list[StaffMerge]:
        async with staff(data_dir) as office:
            return await office.all()

    found = run(work())
    print_json(found) if as_json else print_merges(found)


@merge.command()
@ONE
@json_option
@data_dir_option
def show(merge_id: UUID, as_json: bool, data_dir: Path) -> None:
    """One merge with its rehearsal, and what became of it."""

    async def work() -> StaffMerge:
        async with staff(data_dir) as office:
            return await office.one(merge_id)

    found = run(work())
    if as_json:
        print_json(found)
        return
    print_merge(found)
    if found.rehearsal is not None:
        print_rehearsal(found)
    if found.result is not None:
        print_result(found)
    if found.undo_result is not None:
        print_undo(found)
