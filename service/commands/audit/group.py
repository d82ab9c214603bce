"""`kollegium audit`: who sees a lead and why, as kollegium_auditor."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from service.commands.audit import access
from service.commands.connections import connected
from service.commands.output import data_dir_option, json_option, print_json, run


@click.group()
def audit() -> None:
    """Answer a DBA's questions about the wall (as kollegium_auditor; nothing is changed).

    Connects with DATABASE_AUDITOR_URL, else with DATABASE_URL and SET ROLE kollegium_auditor. The
    same with psql alone: sql/README.md.
    """


def _lead(text: str, marketplace: UUID | None) -> tuple[UUID, UUID]:
    market, _, lead = text.rpartition("/")
    try:
        return (UUID(market) if market else marketplace or UUID("")), UUID(lead)
    except ValueError as error:
        raise click.UsageError(
            "Name the lead as MARKETPLACE/LEAD, two ids, or LEAD with --marketplace ID."
        ) from error


@audit.command(name="who-sees")
@click.argument("lead", metavar="MARKETPLACE/LEAD")
@click.option("--marketplace", type=click.UUID, help="Its id, where LEAD is the lead's alone.")
@click.option("--company", type=click.UUID, help="One company; also what it does not see, and why.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d"]),
    help="A past moment, from what is kept, e.g. 2026-10-12T22:00+0200; a day is its begin, UTC.",
)
@json_option
@data_dir_option
def who_sees(
    lead: str,
    marketplace: UUID | None,
    company: UUID | None,
    at: datetime | None,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Who sees a lead: which company which part, by which policy, because of what, since when.

    \b
        kollegium audit who-sees 0199…/0199…
        kollegium audit who-sees 0199…/0199… --company 0199…      # and why not
        kollegium audit who-sees 0199…/0199… --at 2026-10-12

    Exits with 1 where a policy shows a row that no fact of the market explains, or hides one.
    """
    key = _lead(lead, marketplace)

    async def work() -> list[access.Line]:
        async with connected("auditor", data_dir) as connection:
            return await access.who_sees(connection, *key, company, at)

    lines = run(work())
    print_json({"at": at, "items": lines}) if as_json else access.show(lines)
    if any(line.because in ("unexplained", "withheld") for line in lines):
        raise SystemExit(1)
