"""`kollegium legacy suggestions`: companies that may be one firm."""

from pathlib import Path
from typing import Literal, get_args
from uuid import UUID

import click
import msgspec
from rich.table import Table

from service.commands.connections import connected
from service.commands.output import console, data_dir_option, json_option, print_json, run

Kind = Literal["vat_id", "legacy_group", "email_domain", "name"]
SHOWN = 20


class Suggestion(msgspec.Struct):
    """What companies have in common; label: the name of a group."""

    kind: Kind
    value: str
    label: str | None
    company_ids: list[UUID]
    company_names: list[str]


async def _read(data_dir: Path) -> list[Suggestion]:
    async with connected("staff", data_dir) as connection:
        rows = await connection.fetch("select * from app.list_merge_suggestions()")
        return [msgspec.convert(dict(row), Suggestion) for row in rows]


@click.command()
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only of this kind.")
@click.option("--all", "whole", is_flag=True, help=f"List all, not only the first {SHOWN}.")
@json_option
@data_dir_option
def suggestions(kind: Kind | None, whole: bool, as_json: bool, data_dir: Path) -> None:
    """List companies that may be one firm: hints for staff, nothing merges by itself.

    Equal VAT id, a group of the former service in common, an e-mail domain that is no public mail
    provider's, an equal name. An admin sees the groups alone (GET /company/merge-suggestions): the
    rest is what somebody wrote about himself, and would tell him who else is here.
    """
    found = [one for one in run(_read(data_dir)) if kind in (None, one.kind)]
    if as_json:
        print_json(found)
        return
    if not found:
        console.print("No two companies have anything in common that would suggest a merge.")
        return
    table = Table("why", "in common", "companies", title="Suggestions for merges")
    for one in found if whole else found[:SHOWN]:
        names = [
            f"{name} ({id_})" for name, id_ in zip(one.company_names, one.company_ids, strict=True)
        ]
        more = [f"and {len(names) - 5} more"] if len(names) > 5 else []
        common = f"{one.label} ({one.value})" if one.label else one.value
        table.add_row(one.kind, common, "\n".join(names[:5] + more))
    console.print(table)
    if not whole and len(found) > SHOWN:
        console.print(f"{len(found) - SHOWN} more; --all lists them, --json too.")
