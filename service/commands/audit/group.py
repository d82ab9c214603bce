"""`kollegium audit`: who sees a lead and why, who may do what, and what changed."""

import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from service.commands import connections
from service.commands.audit import access, differing, matrix
from service.commands.audit.declared import Right
from service.commands.connections import connected
from service.commands.output import data_dir_option, json_option, print_json, run
from service.database.logins import Source


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


@audit.command(name="matrix")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(matrix.FORMATS)),
    default="md",
    show_default=True,
    help="Markdown to read, CSV or JSON to compare.",
)
@click.option("--declared", is_flag=True, help="What the files of this release say; no database.")
@data_dir_option
def show_matrix(form: str, declared: bool, data_dir: Path) -> None:
    """Who may do what: role, object, command, which rows by the policies, which columns.

    Tables, functions, schemas, database, memberships, from the live catalogue. The same with psql:
    sql/audit/matrix.sql.
    """

    async def work() -> list[Right]:
        async with connected("auditor", data_dir) as connection:
            return await matrix.live(connection)

    click.echo(matrix.FORMATS[form](matrix.from_files() if declared else run(work())))


async def _state(url: str) -> differing.State:
    """Of a database, by its URL or by the environment variable that holds it."""
    source = Source(connections.plain_url(os.environ.get(url, url)), url)
    connection = await connections.log_in(source)
    try:
        return await differing.of_database(connection)
    finally:
        await connection.close(timeout=5)


@audit.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--revisions", is_flag=True, help="A and B are revisions (0001 0002), no databases.")
@json_option
def diff(before: str, after: str, revisions: bool, as_json: bool) -> None:
    """What decides over access in B otherwise than in A, in words. Exits with 1 where they differ.

    \b
        kollegium audit diff DATABASE_URL STAGING_URL     # environment variables, or URLs
        kollegium audit diff --revisions 0001 0002        # what releases build; no database

    Any role may read the catalogue. A revision that is not released is what sql/ says now.
    """

    async def work() -> list[str]:
        return differing.in_words(await _state(before), await _state(after))

    try:
        if revisions:
            old, new = differing.of_revision(before), differing.of_revision(after)
            found = differing.in_words(old, new)
        else:
            found = run(work())
    except KeyError as error:
        raise click.UsageError(f"There is no revision {error}.") from error
    print_json({"differences": found}) if as_json else click.echo(
        "\n".join(found) or "No difference."
    )
    if found:
        raise SystemExit(1)
