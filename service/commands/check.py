"""`kollegium check`: may the service run on this database?"""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from service.commands import connections
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.database import readiness
from service.database.readiness import Finding

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


async def _inspect(data_dir: Path) -> list[Finding]:
    # As the login is: whether it needs SET ROLE is one of the questions.
    connection = await connections.log_in(connections.find("api", data_dir))
    try:
        return await readiness.inspect(connection)
    finally:
        await connection.close(timeout=5)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "result", "what was found", title="kollegium check")
    for finding in findings:
        detail = finding.detail + (f"\n→ {finding.advice}" if finding.advice else "")
        table.add_row(finding.check, Text(finding.status, _STYLES[finding.status]), detail)
    return table


@click.command()
@json_option
@data_dir_option
def check(as_json: bool, data_dir: Path) -> None:
    """Check the database as the web tier meets it (DATABASE_URL).

    Asks: has the web role any privilege, is the schema at head, is row security forced on every
    table, is the server patched, do the clocks agree, do settings keep what was acknowledged. Exits
    with 1 when anything failed; warnings alone exit with 0.
    """
    findings = run(_inspect(data_dir))
    failed = [finding for finding in findings if finding.status == "failed"]
    if as_json:
        print_json({"ok": not failed, "findings": findings})
    else:
        console.print(_table(findings))
    if failed:
        raise SystemExit(1)
