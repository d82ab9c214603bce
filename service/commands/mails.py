"""`kollegium mails`: what the outbox would send."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.panel import Panel
from rich.text import Text

from service.commands.connections import connected, read_urls
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.jobs.mail.rendering import TemplateUnknown, render
from service.vocabulary import address_of

# app.read_mails cannot filter by recipient; with --to this many are read at most.
_SEARCHED = 10_000


class Waiting(msgspec.Struct):
    """A mail in the outbox with its text."""

    id: UUID
    to: str
    language: str
    template: str
    subject: str
    text: str
    payload: dict[str, Any]
    created_at: datetime


def _waiting(record: Any, base_url: str) -> Waiting:
    payload = json.loads(record["payload"])
    try:
        subject, text = render(record["template"], record["language"], payload, base_url=base_url)
    except TemplateUnknown:
        subject, text = f"({record['template']})", "This release has no text for this mail."
    return Waiting(
        id=record["id"],
        to=record["recipient"],
        language=record["language"],
        template=record["template"],
        subject=subject,
        text=text,
        payload=payload,
        created_at=record["created_at"],
    )


@click.command()
@click.option("--to", "recipient", metavar="ADDRESS", help="Only mails to this address.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="At most so many, the newest first.",
)
@click.option(
    "--base-url",
    envvar="KOLLEGIUM_BASE_URL",
    help="Where the service is reached; the calls in the mails name it. Default: "
    "KOLLEGIUM_BASE_URL, else the running demo's.",
)
@json_option
@data_dir_option
def mails(
    recipient: str | None, limit: int, base_url: str | None, as_json: bool, data_dir: Path
) -> None:
    """Show the mails in the outbox, with the text that their readers get.

    Connects with DATABASE_WORKER_URL, else with DATABASE_URL and SET ROLE kollegium_worker. Mails
    contain tokens: whoever may run this may accept invitations and set passwords.
    """

    async def work() -> list[Any]:
        async with connected("worker", data_dir) as connection:
            return await connection.fetch(
                "select * from app.read_mails($1)", _SEARCHED if recipient else limit
            )

    base_url = base_url or read_urls(data_dir).get("base_url") or "http://127.0.0.1:8000"
    address = recipient and (address_of(recipient) or recipient)
    found = [record for record in run(work()) if address in (None, record["recipient"])]
    shown = [_waiting(record, base_url) for record in found[:limit]]
    if as_json:
        print_json(shown)
        return
    if not shown:
        console.print(f"No mail{f' to {address}' if address else ''} is waiting.")
    for mail in shown:
        console.print(
            Panel(
                Text(mail.text.rstrip()),
                title=Text(mail.subject),
                title_align="left",
                subtitle=Text(f"{mail.created_at:%Y-%m-%d %H:%M} UTC · to {mail.to}"),
                subtitle_align="right",
            )
        )
