"""`kollegium legacy set-password`: for whom the former one cannot be checked."""

from pathlib import Path

import click

from service import identity
from service.commands.company import read_password
from service.commands.connections import connected
from service.commands.output import console, data_dir_option, run
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
        salt = identity.new_salt()
        proof = await identity.stretch(password, salt)
        async with connected("staff", data_dir) as connection:
            return bool(
                await connection.fetchval(
                    "select app.set_password($1, $2, $3)", address, salt, proof
                )
            )

    if not run(work()):
        raise click.ClickException(f"There is no active colleague with the address {email}.")
    console.print(f"The password of {email} is set; his sessions have ended.")
