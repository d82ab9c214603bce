"""`kollegium company create` and `list`: companies, by staff."""

import sys
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.table import Column, Table

from service import identity
from service.commands.connections import connected
from service.commands.output import console, data_dir_option, json_option, print_json, run, sentence
from service.errors import Problem
from service.vocabulary import Language, Name, email_address

PASSWORD_LENGTH = (10, 1000)


class CreatedCompany(msgspec.Struct):
    """A new company and its first admin."""

    company_id: UUID
    colleague_id: UUID


class Listed(msgspec.Struct):
    """A company as staff sees it; `colleagues` counts the active ones."""

    id: UUID
    name: str
    state: str
    colleagues: int
    created_at: datetime


@click.group()
def company() -> None:
    """Set up companies and list them (as kollegium_staff)."""


def read_password() -> str:
    """The first line of standard input, as HTTP would take it. Raises ClickException."""
    if sys.stdin.isatty():
        given = str(click.prompt("Password", hide_input=True, err=True))
    else:
        try:
            given = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise click.ClickException("The password on standard input is not UTF-8.") from error
    # The web tier normalises every text; without it "ü" typed on another system is another one.
    password = unicodedata.normalize("NFC", given)
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        raise click.ClickException(
            f"The password on standard input has {len(password)} characters; it needs "
            f"{shortest} to {longest}."
        )
    if any(unicodedata.category(character) == "Cc" for character in password):
        raise click.ClickException("The password must not contain control characters.")
    return password


def _name(option: str, text: str) -> str:
    if not text.isprintable():  # surrogates too: an argument that was not UTF-8
        raise click.ClickException(f"{option} must be printable UTF-8 text.")
    try:
        return msgspec.convert(unicodedata.normalize("NFC", text.strip()), Name)
    except msgspec.ValidationError as error:
        raise click.ClickException(
            f"{option} needs 1 to 200 characters, without control characters ({error})."
        ) from error


def _email(text: str) -> str:
    try:
        return email_address(text)
    except Problem as error:
        raise click.ClickException(f"--admin-email: {sentence(error)}") from error


class CompanyStaff:
    """What staff does about companies, over a connection as kollegium_staff."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def companies(self) -> list[Listed]:
        """All companies, by name."""
        records = await self._connection.fetch("select * from app.list_companies()")
        return [msgspec.convert(dict(record), Listed) for record in records]

    async def names(self) -> set[str]:
        """The names of all companies."""
        return {company.name for company in await self.companies()}

    async def create(
        self, name: str, admin: str, email: str, language: str, password: str
    ) -> CreatedCompany:
        """A company with its first admin; KG409 email-taken when the address is in use."""
        salt = identity.new_salt()
        proof = await identity.stretch(password, salt)
        record = await self._connection.fetchrow(
            "select * from app.create_company($1, $2, $3, $4, $5, $6)",
            *(name, admin, email, language, salt, proof),
        )
        return msgspec.convert(dict(record), CreatedCompany)


@company.command()
@click.option("--name", required=True, help="Name of the company, as its partners see it.")
@click.option("--admin-name", required=True, help="Name of its first colleague, an admin.")
@click.option("--admin-email", required=True, help="The address with which the admin logs in.")
@click.option(
    "--password-stdin",
    is_flag=True,
    required=True,
    help="Read the admin's password (10 to 1000 characters) from standard input; there "
    "is no other way, because arguments are visible to everybody on the machine.",
)
@click.option(
    "--language",
    type=click.Choice(["de", "en"]),
    default="de",
    show_default=True,
    help="Language of the company's mails.",
)
@json_option
@data_dir_option
def create(
    name: str,
    admin_name: str,
    admin_email: str,
    password_stdin: bool,
    language: Language,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Make a company with its first admin.

    Connects with DATABASE_STAFF_URL, else with DATABASE_URL and SET ROLE kollegium_staff. The admin
    then invites colleagues over HTTP. An address can belong to one company only.

        echo "$PASSWORD" | kollegium company create --name 'Firma Huber' --admin-name 'Anna Huber'
        --admin-email anna@huber.example --password-stdin
    """
    name, admin_name = _name("--name", name), _name("--admin-name", admin_name)
    email, password = _email(admin_email), read_password()

    async def work() -> CreatedCompany:
        async with connected("staff", data_dir) as connection:
            return await CompanyStaff(connection).create(
                name, admin_name, email, language, password
            )

    made = run(work())
    if as_json:
        print_json(
            {
                "company_id": made.company_id,
                "colleague_id": made.colleague_id,
                "name": name,
                "admin_email": email,
            }
        )
    else:
        console.print(f"Company {name} ({made.company_id}) with its admin {email}.")


@company.command("list")
@json_option
@data_dir_option
def list_(as_json: bool, data_dir: Path) -> None:
    """List all companies with the number of their active colleagues."""

    async def work() -> list[Listed]:
        async with connected("staff", data_dir) as connection:
            return await CompanyStaff(connection).companies()

    companies = run(work())
    if as_json:
        print_json(companies)
        return
    identity = Column("id", no_wrap=True, min_width=36)
    table = Table(identity, "name", "state", "colleagues", "since", title="Companies")
    for found in companies:
        table.add_row(
            str(found.id),
            found.name,
            found.state,
            str(found.colleagues),
            f"{found.created_at:%Y-%m-%d}",
        )
    console.print(table)
