"""`kollegium check`: may the service run on this database?"""

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from service.commands import connections
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.database import readiness
from service.database.drift import watching
from service.database.drift.comparing import Drift, compare
from service.database.drift.expected import HouseUnreadable
from service.database.readiness import Finding

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
#: What `--only drift` ends with, so that whoever calls it needs not read.
DIFFERS, OPEN = 3, 4


async def _drifts(connection: Any) -> list[Drift]:
    try:
        return await compare(connection)
    except HouseUnreadable as error:
        raise click.ClickException(str(error)) from error


async def _inspect(data_dir: Path) -> list[Finding]:
    # As the login is: whether it needs SET ROLE is one of the questions.
    connection = await connections.log_in(connections.find("api", data_dir))
    try:
        findings = await readiness.inspect(connection)
        if any(finding.check == "schema" and finding.status != "ok" for finding in findings):
            return findings  # another release's files would say otherwise of everything
        return [*findings, *_as_findings(await _drifts(connection))]
    finally:
        await connection.close(timeout=5)


async def _only_drift(data_dir: Path) -> list[Drift]:
    connection = await connections.log_in(connections.find("api", data_dir))
    try:
        async with connection.transaction():
            schema = await readiness.schema_finding(connection)
        if schema.status != "ok":
            raise click.ClickException(f"{schema.detail}. {schema.advice}")
        return await _drifts(connection)
    finally:
        await connection.close(timeout=5)


def _as_findings(drifts: list[Drift]) -> list[Finding]:
    if not drifts:
        return [Finding("drift", "ok", "the catalogue is what sql/ says")]
    return [
        Finding(f"drift: {drift.level}", "failed", drift.detail, f"{drift.file} says otherwise")
        for drift in drifts
    ]


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "result", "what was found", title="kollegium check")
    for finding in findings:
        detail = finding.detail + (f"\n→ {finding.advice}" if finding.advice else "")
        table.add_row(finding.check, Text(finding.status, _STYLES[finding.status]), detail)
    return table


@click.command()
@click.option(
    "--only",
    type=click.Choice(["drift"]),
    help="Only whether the catalogue is what sql/ says. Exits with 0: it is; 3: something differs; "
    "4: somebody may see or change more than the files say.",
)
@click.option(
    "--unlatch",
    metavar="REASON",
    help="Look again, and when nothing is open let readiness go green; as kollegium_staff, who "
    "says why. The reason is kept in the audit log.",
)
@json_option
@data_dir_option
def check(only: str | None, unlatch: str | None, as_json: bool, data_dir: Path) -> None:
    """Check the database as the web tier meets it (DATABASE_URL).

    Asks: has the web role any privilege, is the schema at head, is row security forced on every
    table, is the server patched, do the clocks agree, do settings keep what was acknowledged, is
    the catalogue what sql/ says, object by object. Exits with 1 when anything failed; warnings
    alone exit with 0.
    """
    if unlatch is not None:
        _unlatch(unlatch, data_dir)
    elif only:
        _report(run(_only_drift(data_dir)), as_json)
    else:
        findings = run(_inspect(data_dir))
        failed = [finding for finding in findings if finding.status == "failed"]
        if as_json:
            print_json({"ok": not failed, "findings": findings})
        else:
            console.print(_table(findings))
        if failed:
            raise SystemExit(1)


def _report(drifts: list[Drift], as_json: bool) -> None:
    level = drifts[0].level if drifts else "ok"
    if as_json:
        print_json({"level": level, "findings": drifts})
    elif drifts:
        for drift in drifts:
            console.print(f"{drift.level}: {drift.detail}\n  → {drift.file}", soft_wrap=True)
    else:
        console.print("The catalogue is what sql/ says.")
    if drifts:
        raise SystemExit(OPEN if level == "open" else DIFFERS)


def _unlatch(reason: str, data_dir: Path) -> None:
    kept = run(_look_and_unlatch(reason, data_dir))
    if not kept:
        console.print("Nothing is latched.")
    for name, why in kept:
        console.print(f"{name}: {f'stays, for {why}' if why else 'readiness may go green'}")
    if any(why for _, why in kept):
        raise SystemExit(1)


async def _look_and_unlatch(reason: str, data_dir: Path) -> list[tuple[str, str | None]]:
    web = await connections.log_in(connections.find("api", data_dir))
    try:
        await watching.look(web)
    except HouseUnreadable as error:
        raise click.ClickException(str(error)) from error
    finally:
        await web.close(timeout=5)
    async with connections.connected("staff", data_dir) as staff:
        return await watching.unlatch(staff, reason)
