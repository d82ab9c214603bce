"""`kollegium legacy set-password`: for whom the former one cannot be checked."""

from pathlib import Path

import click

from service.commands.company import read_password
from service.commands.connections import connected
from service.commands.output import console, data_dir_option, run
from service.jobs.staff.companies import CompanyStaff
from service.vocabulary import address_of


@click.command("set-password")
@click.option("--email", required=True, help="The colleague's address.")
@click.option(
    "--password-stdin", is_flag=True, required=True, help="Read the password from standard input."
)
@data_dir_option
def set_password(email: str, password_stdin: bool, data_dir: Path) -> None:
    """Set the password of a colleague whose former one cannot be checked; ends his sessions."""
    address = address_of(email)
    password = read_password()

    async def work() -> bool:
        async with connected("staff", data_dir) as connection:
            return await CompanyStaff(connection).set_password(address, password)

    if not run(work()):
        raise click.ClickException(f"There is no active colleague with the address {email}.")
    console.print(f"The password of {email} is set; his sessions have ended.")
