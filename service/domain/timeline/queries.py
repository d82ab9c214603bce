"""What is read of the notes, messages and history of a lead.

Of an engagement that has ended the names of its taker stand on its card, which the giver does not
see. Without `engagement_id` a taker is shown its latest engagement; operator and giver see all.
"""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select

from service.database.statements import listed
from service.database.transaction import Lane, Tx
from service.domain.leads.queries import known
from service.domain.timeline.messages import Event, Message, Note
from service.vocabulary import Page

T = TypeVar("T")

MESSAGES = Lane("messages", seconds=5)
NOTE = "id, engagement_id, author_id, author_name, text, created_at"
MESSAGE = """id, engagement_id, company_id, company_name, author_id, author_name, text,
    created_at"""
_EVENT = """id, engagement_id, event, company_id, company_name, colleague_id, colleague_name,
    detail, created_at"""
_MINE = "(select app.current_company_id())"
LATEST = f"""coalesce(x.engagement_id >= (
    select e.id from app.engagement e
    where e.marketplace_id = :m and e.lead_id = :lead and e.company_id = {_MINE}
      and e.operator_company_id <> {_MINE} and e.giver_company_id is distinct from {_MINE}
    order by e.id desc limit 1), true)"""
NAMED = "x.engagement_id = :engagement"
CARD = """left join app.engagement_card c
    on c.marketplace_id = x.marketplace_id and c.id = x.engagement_id"""
_SHOWN_MESSAGE = """x.id, x.engagement_id,
    case when x.company_name <> '' or c.id is not null then x.company_id end as company_id,
    coalesce(c.names -> x.id::text ->> 'company_name', nullif(x.company_name, '')) as company_name,
    case when x.company_name <> '' or c.id is not null then x.author_id end as author_id,
    coalesce(c.names -> x.id::text ->> 'author_name', nullif(x.author_name, '')) as author_name,
    x.text, x.created_at"""
_SHOWN_EVENT = """x.id, x.engagement_id, x.event,
    case when x.company_name is not null or c.id is not null then x.company_id end as company_id,
    coalesce(c.names -> x.id::text ->> 'company_name', x.company_name) as company_name,
    case when x.company_name is not null or c.id is not null then x.colleague_id end
      as colleague_id,
    coalesce(c.names -> x.id::text ->> 'colleague_name', x.colleague_name) as colleague_name,
    case when c.names -> x.id::text ? 'detail' then x.detail || (c.names -> x.id::text -> 'detail')
      else x.detail end as detail, x.created_at"""


def _of_lead(shown: str, source: str, names: str) -> dict[bool, Select[Any]]:
    """Both shapes: of one engagement, and without naming one."""
    return {
        named: listed(
            f"select {shown} from {source}"
            " where x.marketplace_id = :m and x.lead_id = :lead"
            f" and {NAMED if named else LATEST}",
            names.replace(",", " "),
        )
        for named in (True, False)
    }


_NOTES = _of_lead(f"x.{NOTE.replace(', ', ', x.')}", "app.note x", NOTE)
NOTES = _NOTES[False]
_MESSAGES = _of_lead(_SHOWN_MESSAGE, f"app.message x {CARD}", MESSAGE)
_EVENTS = _of_lead(_SHOWN_EVENT, f"app.history x {CARD}", _EVENT)


async def found(page: Page[T], tx: Tx, m: UUID, lead_id: UUID) -> Page[T]:
    """Nothing is an answer only where there is something that the caller may know of; else Problem
    not-found."""
    if not page.items:
        await known(tx, m, lead_id)
    return page


async def notes(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Note]:
    """Notes of the caller's company, newest first."""
    statement = _NOTES[engagement is not None]
    page = await tx.page(
        Note, statement, m=m, lead=lead_id, engagement=engagement, cursor=cursor, limit=limit
    )
    return await found(page, tx, m, lead_id)


async def messages(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Message]:
    """Messages of the lead, newest first."""
    page = await tx.page(
        Message, _MESSAGES[engagement is not None], m=m, lead=lead_id, engagement=engagement,
        cursor=cursor, limit=limit, lane=MESSAGES,
    )  # fmt: skip
    return await found(page, tx, m, lead_id)


async def history(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Event]:
    """What happened to the lead, newest first."""
    statement = _EVENTS[engagement is not None]
    page = await tx.page(
        Event, statement, m=m, lead=lead_id, engagement=engagement, cursor=cursor, limit=limit
    )
    return await found(page, tx, m, lead_id)
