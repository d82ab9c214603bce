"""The mailbox of the demo: what waits in its outbox, as pages, in place of a mail server. It shows
everybody's mails, tokens included; nothing but `kollegium demo` serves it."""

from html import escape
from uuid import UUID

import asyncpg
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from service.commands.mails import Waiting, waiting
from service.errors import Problem
from service.web.answers import HtmlPage
from service.web.calls import Call

PATH = "/demo/mails"
_SHOWN = 200
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


def mailbox(worker_url: str) -> list[ControllerRouterHandler]:
    """The two routes; they read as the worker does."""

    @get(PATH, public=True, include_in_schema=False)
    async def box(call: NamedDependency[Call]) -> HtmlPage:
        """All that waits, newest first."""
        return HtmlPage(_list(await _mails(worker_url, call.base_url)), headers=_HEADERS)

    @get(f"{PATH}/{{mail_id:uuid}}", public=True, include_in_schema=False)
    async def mail(call: NamedDependency[Call], mail_id: FromPath[UUID]) -> HtmlPage:
        """One as its reader gets it; its links lead into this demo."""
        for one in await _mails(worker_url, call.base_url):
            if one.id == mail_id:
                return HtmlPage(one.html, headers=_HEADERS)
        raise Problem("not-found")

    return [box, mail]


async def _mails(url: str, base_url: str) -> list[Waiting]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select * from app.read_mails($1)", _SHOWN)
    finally:
        await connection.close(timeout=5)
    return [waiting(row, base_url) for row in rows]


def _list(mails: list[Waiting]) -> str:
    lines = "".join(
        f'<li>{mail.created_at:%Y-%m-%d %H:%M} UTC, {escape(mail.to)}: <a href="{PATH}/{mail.id}">'
        f"{escape(mail.subject)}</a></li>"
        for mail in mails
    )
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails of the demo</title>'
    return f"{head}<h1>Mails of the demo</h1><p>Nothing is sent.</p><ul>{lines}</ul></html>"
