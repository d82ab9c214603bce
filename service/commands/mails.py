"""`kollegium mails`: what the outbox is to send, and what could not be sent."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.commands.connections import connected, read_urls
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.jobs.mail.rendering import TemplateFails, TemplateUnknown, render
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
    html: str
    payload: dict[str, Any]
    created_at: datetime


def waiting(record: Any, base_url: str) -> Waiting:
    """A row of app.read_mails with its text."""
    payload = json.loads(record["payload"])
    try:
        mail = render(record["template"], record["language"], payload, base_url=base_url)
        subject, text, html = mail
    except (TemplateUnknown, TemplateFails):
        subject, text = f"({record['template']})", "This release has no text for this mail."
        html = f"<p>{text}</p>"
    return Waiting(
        id=record["id"],
        to=record["recipient"],
        language=record["language"],
        template=record["template"],
        subject=subject,
        text=text,
        html=html,
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
    envvar="KOLLEGIUM_PUBLIC_URL",
    help="Where the service is reached; the calls in the mails name it. Default: "
    "KOLLEGIUM_PUBLIC_URL, else the running demo's.",
)
@click.option("--failed", is_flag=True, help="Show those that were given up instead, and why.")
@click.option(
    "--allow",
    metavar="ADDRESS",
    help="Send to this address again, which the mail server said does not exist; ends then.",
)
@json_option
@data_dir_option
def mails(
    recipient: str | None,
    limit: int,
    base_url: str | None,
    failed: bool,
    allow: str | None,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Show the mails that wait in the outbox, with the text that their readers get.

    Connects with DATABASE_WORKER_URL, else with DATABASE_URL and SET ROLE kollegium_worker. Mails
    contain tokens: whoever may run this may accept invitations and set passwords. What was sent or
    given up keeps no text.
    """
    if allow:
        _allow(allow, data_dir)
        return
    if failed:
        _show_failed(recipient, limit, as_json, data_dir)
        return
    _ask(data_dir, "select app.mail_events()")
    rows = _ask(data_dir, "select * from app.read_mails($1)", _SEARCHED if recipient else limit)
    base_url = base_url or read_urls(data_dir).get("base_url") or "http://127.0.0.1:8000"
    address = recipient and (address_of(recipient) or recipient)
    found = [record for record in rows if address in (None, record["recipient"])]
    shown = [waiting(record, base_url) for record in found[:limit]]
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


def _ask(data_dir: Path, sql: str, *values: object) -> list[Any]:
    async def work() -> list[Any]:
        async with connected("worker", data_dir) as connection:
            return list(await connection.fetch(sql, *values))

    return run(work())


def _allow(text: str, data_dir: Path) -> None:
    address = address_of(text) or text
    [[known]] = _ask(data_dir, "select app.allow_mails($1)", address)
    if not known:
        raise click.ClickException(f"{address} is not suppressed: mails to it are sent as it is.")
    console.print(f"What is written from now on is sent to {address} again.")


def _show_failed(recipient: str | None, limit: int, as_json: bool, data_dir: Path) -> None:
    rows = _ask(data_dir, "select * from app.failed_mails($1)", _SEARCHED if recipient else limit)
    address = recipient and (address_of(recipient) or recipient)
    found = [dict(row) for row in rows if address in (None, row["recipient"])][:limit]
    if as_json:
        print_json(found)
        return
    if not found:
        console.print(f"No mail{f' to {address}' if address else ''} was given up.")
        return
    table = Table("given up", "to", "mail", "attempts", "why", box=None)
    for mail in found:
        why = f"{mail['failure']}{', address suppressed' if mail['suppressed'] else ''}"
        given_up = f"{mail['failed_at']:%Y-%m-%d %H:%M} UTC"
        table.add_row(
            given_up, Text(mail["recipient"]), mail["template"], str(mail["attempts"]), why
        )
    console.print(table)
    console.print("An address exists again: kollegium mails --allow ADDRESS", style="dim")
