"""`kollegium import-leads`: a file of leads, through the code of POST /imports."""

import contextlib
import sys
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from service.commands import connections
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.database.logins import PREFIX, Source
from service.database.transaction import Database
from service.database.urls import with_setting
from service.database.wire import PostgresError
from service.domain.imports import operations
from service.domain.imports.apart import File, read_here
from service.domain.imports.files.refused import ImportRefused
from service.domain.imports.files.uploads import PreparedFile
from service.domain.imports.messages import ImportReport
from service.domain.sessions import operations as sessions
from service.domain.sessions.messages import LogIn
from service.settings import ServiceSettings

_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "pipes", None: "spreadsheet"}


def _content(file: Path) -> bytes:
    """Raises ClickException for a file that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be read: {error.strerror}.") from error


def _upload(file: File) -> PreparedFile:
    """What the file says. Raises ClickException for one that cannot be understood."""
    try:
        return read_here(file)
    except ImportRefused as refused:
        offered = f"\n\nA mapping to begin with:\n\n{refused.mapping}" if refused.mapping else ""
        raise click.ClickException(
            f"{file.name} cannot be imported ({refused.code}): {refused.detail_en}{offered}"
        ) from refused


async def _as_api(source: Source) -> str:
    """A URL whose connections are kollegium_api. Raises ClickException when the login may not."""
    connection = await connections.log_in(source)
    try:
        login = await connection.fetchval("select current_user")
        await connections.become(connection, "api", source)
    finally:
        await connection.close(timeout=5)
    if login == PREFIX + "api":
        return source.url
    return with_setting(source.url, "role", PREFIX + "api")


@contextlib.asynccontextmanager
async def _bearer(database: Database, email: str | None, secret: str) -> AsyncIterator[str]:
    """The token to act with: the API key, or a session for the time of the import."""
    if email is None:
        yield secret
        return
    login = LogIn(email=email, password=secret)
    token, _ = await sessions.log_in(database, login, "command line")
    try:
        yield token
    finally:
        await database.run(token, sessions.log_out)


async def _import(
    source: Source,
    marketplace: UUID,
    file: File,
    email: str | None,
    secret: str,
    progress: Progress,
) -> tuple[ImportReport, int]:
    """The report, and how many rows the file has."""
    task = progress.add_task(f"Reading {file.name}", total=None)
    database = await Database.open(ServiceSettings(database_url=await _as_api(source), pool_size=1))
    try:
        async with _bearer(database, email, secret) as token:
            saved = await database.transaction(token, operations.saved_mappings, reads=True)
            upload = _upload(file._replace(kept=[known.mapping.encode() for known in saved]))
            progress.update(task, description=f"Importing {file.name}", total=upload.rows)
            try:
                report = await operations.import_whole(
                    *(database, token, marketplace, upload),
                    lambda done: progress.update(task, completed=done),
                )
                return report, upload.rows
            except PostgresError as error:
                if error.constraint != "not-found":
                    raise
                raise click.ClickException(
                    f"There is no marketplace {marketplace} for this company: it imports where it "
                    "is the operator, or a giver that has accepted its invitation."
                ) from error
    finally:
        await database.close()


def _secret(email: str | None, api_key_stdin: bool) -> str:
    """The first line of standard input. Raises UsageError unless one way to act is chosen."""
    if (email is None) != api_key_stdin:
        raise click.UsageError(
            "Say who imports: --as-email ADDRESS (password on standard input), or --api-key-stdin."
        )
    if sys.stdin.isatty():
        what = "API key" if api_key_stdin else f"Password of {email}"
        return str(click.prompt(what, hide_input=True, err=True))
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise click.ClickException("Nothing on standard input: the password or API key goes there.")
    return secret.strip() if api_key_stdin else unicodedata.normalize("NFC", secret)


def _show(report: ImportReport) -> None:
    table = Table("row", "result", "column", "why", title=f"Rows of {report.file_name}")
    for row in report.rows:
        if row.outcome != "imported" or not row.warnings:
            why = (
                row.detail.en
                if row.detail
                else {"known": "was imported before", None: ""}.get(row.code, row.code or "")
            )
            table.add_row(str(row.row_number), row.outcome, row.field or "", why)
        for warning in row.warnings:
            table.add_row(str(row.row_number), row.outcome, warning.field or "", warning.detail.en)
    console.print(table)
    for remark in report.remarks:
        console.print(f"Note: {remark.detail.en}")
    for line in report.skipped:
        console.print(f"Row {line.row_number} is no data ({line.reason}).")
    for sheet in report.sheets:
        where = f", rows from {sheet.offset + 1} on" if sheet.outcome == "read" else ""
        console.print(f"Sheet {sheet.name}: {sheet.outcome}{where}.")
    separator = _SEPARATORS.get(report.separator, report.separator)
    verb = "would be imported" if report.dry_run else "imported"
    console.print(
        f"{report.file_name} ({report.format}, {report.encoding}, {separator}): "
        f"{report.imported} {verb}, duplicates: {report.duplicates}, refused: {report.refused}."
    )
    if report.dry_run:
        console.print("Dry run: no lead was kept.")


def _progress() -> Progress:
    """On stderr, and only for people: pipes and logs get none of it."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )


@click.command("import-leads")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--marketplace",
    type=click.UUID,
    required=True,
    help="Id of the marketplace the leads go to (GET /marketplaces).",
)
@click.option(
    "--as-email",
    "email",
    metavar="ADDRESS",
    help="Act as this colleague; the password is the first line of standard input.",
)
@click.option(
    "--api-key-stdin",
    is_flag=True,
    help="Act with an API key of the company, the first line of standard input.",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that names the columns, for formats that are not recognised; "
    "examples/custom-mapping.toml explains itself.",
)
@click.option(
    "--consent/--no-consent",
    default=None,
    help="Whether the persons agreed that their data is passed on, for files without "
    "such a column; without either, leads of such files stay drafts.",
)
@click.option(
    "--interest",
    metavar="TEXT",
    help="What all of them ask for, where no column of the file tells it.",
)
@click.option("--dry-run", is_flag=True, help="Report what would happen, and keep no lead.")
@json_option
@data_dir_option
def import_leads(
    file: Path,
    marketplace: UUID,
    email: str | None,
    api_key_stdin: bool,
    mapping: Path | None,
    consent: bool | None,
    interest: str | None,
    dry_run: bool,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Import a file of leads for a company, with a result for every row.

    CSV in any usual encoding, or XLSX; lists of people with German or English headers and the
    exports of Meta, Google, TikTok, LinkedIn, HubSpot, Salesforce and Pipedrive are recognised, and
    files for which the company keeps a mapping; for others a mapping to begin with is printed. The
    leads belong to the company that imports, and the database believes only real tokens: so the
    command acts with an API key of the company, or logs in as one of its colleagues. Connects as
    kollegium_api (DATABASE_URL). Rows go in fifty at a time; where the command is stopped, the
    worker goes on with the rest. Repeating a file adds nothing.

        kollegium import-leads leads.csv --marketplace ID --as-email anna@huber.example < password
    """
    secret = _secret(email, api_key_stdin)
    source = connections.find("api", data_dir)
    given = _content(mapping) if mapping else None
    sent = File(_content(file), file.name, given, [], consent, interest, dry_run)
    with _progress() as progress:
        report, rows = run(_import(source, marketplace, sent, email, secret, progress))
    if as_json:
        print_json(report)
    else:
        _show(report)
    if report.detail is not None:
        raise click.ClickException(
            f"The import ended after {report.done} of {rows} rows ({report.problem}): "
            f"{report.detail.en} What is done stays; the file can be imported again."
        )
