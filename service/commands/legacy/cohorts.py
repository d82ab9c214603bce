"""`kollegium legacy cohorts` and `status`: the staged roll-out of the colleague features."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from rich.table import Column, Table

from service.commands.connections import connected
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.jobs.rollout.cohorts import WeekAssignment
from service.jobs.rollout.weeks import (
    CompanyUnknown,
    Imported,
    Member,
    Rollout,
    Switched,
    Week,
    counted,
)

T = TypeVar("T")
SHOWN = 20

# outcome -> what it means for the company, for people
OUTCOMES = {
    "switched": "switched",
    "already": "was so before",
    "unproven": "stays off: not proven since the last import (kollegium legacy prove)",
    "differs": "stays off: its proof found differences (kollegium legacy prove --user NUMBER)",
    "colleagues": "stays on: it has several colleagues",
    "invited": "stays on: an invitation is open (revoke it first)",
}

week_argument = click.argument("week", metavar="WEEK")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would happen, and keep nothing."
)


def as_staff(data_dir: Path, work: Callable[[Rollout], Awaitable[T]]) -> T:
    """Runs work over a connection as kollegium_staff."""

    async def whole() -> T:
        async with connected("staff", data_dir) as connection:
            return await work(Rollout(connection))

    return run(whole())


async def expect_week(rollout: Rollout, week: str) -> None:
    """Raises ClickException, naming the weeks there are."""
    weeks = [str(one.week) for one in await rollout.status() if one.week is not None]
    if week not in weeks:
        raise click.ClickException(f"There is no week {week}; the roll-out has {', '.join(weeks)}.")


@click.group()
def cohorts() -> None:
    """Weeks of the roll-out: which companies may invite colleagues and be merged.

    Companies of the former service get the colleague features with their week; companies that were
    set up here have them. Connects as kollegium_staff. The order: assign, show, then each week
    `switch on`. deploy/rollout-weeks-41-43.md is the whole procedure.
    """


@cohorts.command()
@click.option(
    "--anew",
    is_flag=True,
    help="Assign also those that have a week, but for those chosen by hand (move) or switched on.",
)
@dry_run_option
@json_option
@data_dir_option
def assign(anew: bool, dry_run: bool, as_json: bool, data_dir: Path) -> None:
    """Give every company without a week one.

    Companies that share a marketplace, directly or over others, get the same week as far as the
    weeks stay of equal size. What is too large for a week is split along its marketplaces, and
    said so. Repeating changes nothing; companies imported later join their neighbours.
    """
    result = as_staff(data_dir, lambda rollout: rollout.assign(anew=anew, dry_run=dry_run))
    if as_json:
        print_json({"dry_run": dry_run, "assigned": len(result.weeks), "result": result})
    else:
        _show_assignment(result, dry_run)


def _show_assignment(result: WeekAssignment, dry_run: bool) -> None:
    verb = "would get" if dry_run else "got"
    console.print(
        f"{len(result.weeks)} companies {verb} a week. They belong to {result.components} groups "
        f"that share no marketplace with each other, the largest of {result.largest} companies."
    )
    table = Table("week", "companies", "of them new")
    for week, size in sorted(result.sizes.items()):
        new = sum(one == week for one in result.weeks.values())
        table.add_row(week, str(size), str(new))
    console.print(table)
    for split in result.splits:
        pieces = ", ".join(f"{count} in {week}" for week, count in split.pieces.items())
        console.print(
            f"A group of {split.companies} companies does not fit into one week and is split: "
            f"{pieces}. Of its {split.marketplaces} marketplaces {split.marketplaces_cut} have "
            "companies in several weeks."
        )
    if dry_run:
        console.print("Dry run: nothing was kept.")


@cohorts.command()
@click.argument("company", metavar="COMPANY")
@week_argument
@data_dir_option
def move(company: str, week: str, data_dir: Path) -> None:
    """Put one COMPANY into a WEEK by hand; later assignments keep to it.

    COMPANY is its id or the number of its legacy user. It keeps its present state: whoever is off
    is switched on with the next `switch on` of the week.
    """

    async def work(rollout: Rollout) -> Member:
        await expect_week(rollout, week)
        try:
            member = await rollout.find(company)
        except CompanyUnknown as error:
            raise click.ClickException(
                f"No active company of the former service has the id or legacy number {company}; "
                "`kollegium legacy cohorts show` lists them."
            ) from error
        await rollout.move(member.company_id, week)
        return member

    member = as_staff(data_dir, work)
    console.print(f"{member.name} ({member.company_id}): {week}, was {member.week or 'in none'}.")


@cohorts.command()
@click.argument("week", metavar="[WEEK]", required=False)
@click.option(
    "--all", "whole", is_flag=True, help=f"List every company, not only the first {SHOWN}."
)
@json_option
@data_dir_option
def show(week: str | None, whole: bool, as_json: bool, data_dir: Path) -> None:
    """List the companies of a WEEK, or of all weeks."""

    async def work(rollout: Rollout) -> list[Member]:
        if week is not None:
            await expect_week(rollout, week)
        return await rollout.members(week)

    members = as_staff(data_dir, work)
    if as_json:
        print_json(members)
        return
    if not members:
        console.print(
            f"No company is in {week}: `kollegium legacy cohorts assign` gives weeks."
            if week
            else "There is no company of the former service: `kollegium legacy import` makes them."
        )
        return
    id_ = Column("id", no_wrap=True, min_width=36)
    table = Table("week", "user", "company", id_, "features", "colleagues", "proof")
    for member in members if whole else members[:SHOWN]:
        proof = {None: "none", 0: "equal"}.get(member.differences, f"{member.differences} differ")
        table.add_row(
            f"{member.week or '-'}{' (by hand)' if member.overridden else ''}",
            member.legacy_user_id,
            member.name,
            str(member.company_id),
            "on" if member.features_on else "off",
            str(member.colleagues),
            proof,
        )
    console.print(table)
    if not whole and len(members) > SHOWN:
        console.print(f"{len(members) - SHOWN} more; --all lists them, --json too.")


@cohorts.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@week_argument
@click.option(
    "--unproven",
    is_flag=True,
    help="Switch on also companies without a proof, or whose proof found differences.",
)
@dry_run_option
@json_option
@data_dir_option
def switch(
    state: str, week: str, unproven: bool, dry_run: bool, as_json: bool, data_dir: Path
) -> None:
    """Switch the colleague features of a WEEK on or off, in one transaction.

    On: for companies that were proven equal since the last import; their admins get an e-mail.
    Off: only while a company has one colleague and no open invitation; the others are listed and
    stay on. Repeating is safe and takes along who was left out and is ready now.
    """
    if unproven and state == "off":
        raise click.UsageError("--unproven belongs to `switch on`.")

    async def work(rollout: Rollout) -> list[Switched]:
        await expect_week(rollout, week)
        return await rollout.switch(week, on=state == "on", unproven=unproven, dry_run=dry_run)

    companies = as_staff(data_dir, work)
    if as_json:
        print_json(
            {
                "week": week,
                "state": state,
                "dry_run": dry_run,
                "outcomes": counted(companies),
                "left": [one for one in companies if one.outcome not in ("switched", "already")],
            }
        )
        return
    _show_switched(companies, week, state, dry_run)


def _show_switched(companies: list[Switched], week: str, state: str, dry_run: bool) -> None:
    outcomes = counted(companies)
    title = f"{week} switched {state}" + (" (dry run)" if dry_run else "")
    table = Table("companies", "outcome", title=title)
    for outcome, meaning in OUTCOMES.items():
        if outcome in outcomes:
            table.add_row(str(outcomes[outcome]), meaning)
    if companies:
        console.print(table)
    else:
        console.print(f"No company is in {week}: `kollegium legacy cohorts assign` gives weeks.")
    left = [one for one in companies if one.outcome not in ("switched", "already")]
    for one in left[:SHOWN]:
        console.print(f"  {one.name} (legacy user {one.legacy_user_id}): {OUTCOMES[one.outcome]}")
    if len(left) > SHOWN:
        console.print(f"  {len(left) - SHOWN} more; --json lists them all.")
    if dry_run:
        console.print("Dry run: nothing was kept, and nobody gets an e-mail.")


def _day(week: Week) -> str:
    if week.week is None:
        return "assign them"
    return (
        f"{'on' if week.switched_on else 'off'} since {week.switched_at:%Y-%m-%d %H:%M}"
        if (week.switched_at)
        else "not yet"
    )


@click.command()
@json_option
@data_dir_option
def status(as_json: bool, data_dir: Path) -> None:
    """The roll-out at a glance: what is here, and each week with its companies and proofs."""

    async def work(rollout: Rollout) -> tuple[list[Week], Imported]:
        return await rollout.status(), await rollout.imported()

    weeks, imported = as_staff(data_dir, work)
    if as_json:
        print_json({"imported": imported, "weeks": weeks})
        return
    cut = f"cut over at {imported.cut_over_at:%Y-%m-%d %H:%M}" if imported.cut_over_at else (
        "the former system still leads"
    )  # fmt: skip
    console.print(
        f"{imported.users:,} users and {imported.leads:,} leads are here, {imported.waiting:,} "
        f"findings wait in quarantine; {cut}."
    )
    table = Table(
        "week", "switched", "companies", "on", "several colleagues", "by hand",
        "proven equal", "differ", "unproven", "latest proof",
        title="Roll-out of the colleague features",
    )  # fmt: skip
    for week in weeks:
        numbers = (
            week.companies, week.features_on, week.several_colleagues, week.overridden,
            week.proven, week.differing, week.unproven,
        )  # fmt: skip
        proof = f"{week.latest_proof:%Y-%m-%d %H:%M}" if week.latest_proof else "-"
        table.add_row(week.week or "none", _day(week), *(str(number) for number in numbers), proof)
    console.print(table)
