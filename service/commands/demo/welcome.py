"""What the demo says when it is ready: who can log in, and what to try first."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich import box
from rich.table import Table

from service.commands import connections
from service.commands.demo import mailbox
from service.commands.output import console
from service.database.shipped import EXAMPLES
from service.database.transaction import Database
from service.demo import build, people
from service.demo.build import DemoWorld
from service.domain.offers import queries as offers
from service.domain.offers.messages import OfferFilter
from service.errors import Problem

# Who may try to pick, in this order: the first with an open offer is shown.
_TAKERS = (people.HUBER, people.KLEIN, people.SPREE, people.KUECHEN, people.MALER)


def for_programs(base_url: str, urls: dict[str, str]) -> dict[str, Any]:
    """The one line of `--json`."""
    database = {role: urls[role] for role in ("api", "auditor", "owner")}
    return {"base_url": base_url, "logins": build.logins(), "database": database}


async def calls(database: Database, base_url: str) -> list[str]:
    """Three lines to copy: log in, list open offers, pick one. Empty when nothing is open."""
    world = DemoWorld(database, EXAMPLES)
    for name in _TAKERS:
        try:
            actor = await world.actor(name)
            found = (await actor.do(offers.offers, OfferFilter(state="open"), None, 1)).items
            await world.log_out()
        except (Problem, asyncpg.PostgresError):
            continue  # its users changed something: the password, the colleague
        if found:
            email = people.firm(name).admin_email
            lead = f"{base_url}/marketplaces/{found[0].marketplace_id}/leads/{found[0].lead_id}"
            return [
                f"TOKEN=$(curl -s {base_url}/sessions -H 'Content-Type: application/json' "
                f'-d \'{{"email": "{email}", "password": "{people.PASSWORD}"}}\' '
                """| sed -E 's/.*"token":"([^"]+)".*/\\1/')""",
                f"curl -s '{base_url}/offers?state=open&limit=3' "
                '-H "Authorization: Bearer $TOKEN"',
                f'curl -s -X POST {lead}/pick -H "Authorization: Bearer $TOKEN"',
            ]
    return []


def show(base_url: str, lines: list[str], data_dir: Path) -> None:
    """The same for people."""
    table = Table(
        "company", "colleague", "e-mail", "role", "capacities", title="Log-ins", box=box.SIMPLE_HEAD
    )
    shown = ""
    for login in build.logins():
        company = "" if login.company == shown else login.company
        shown = login.company
        table.add_row(
            company, login.colleague, login.email, login.role, ", ".join(login.capacities)
        )
    console.print(table)
    click.echo(f"Everybody's password: {people.PASSWORD}")
    click.echo(f"Service: {base_url}   API description: {base_url}/docs\n")
    for line in lines:
        click.echo(line)
    program = _program(data_dir)
    click.echo(f"\nMails, invitations among them: {base_url}{mailbox.PATH} or {program} mails")
    click.echo(f"The database as a role sees it: {program} psql --as api")
    click.echo("End: Ctrl-C")


def _program(data_dir: Path) -> str:
    """How this command is called from here, with the data directory where it matters."""
    name = "kollegium"
    if shutil.which(name) is None and os.path.basename(sys.argv[0]) == name:
        name = shlex.quote(os.path.relpath(sys.argv[0]))
    if data_dir == connections.data_dir_default().absolute():
        return name
    return f"KOLLEGIUM_DATA_DIR={shlex.quote(str(data_dir))} {name}"
