"""What is read of the files of a lead.

Internal ones and shared ones together. Of an engagement that has ended the names of its taker stand
on its card, as with messages; so does what is shown without naming an engagement.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam

from service.database.statements import compiled, listed
from service.database.transaction import Tx
from service.domain.files.messages import LeadFile
from service.domain.timeline.queries import CARD, LATEST, NAMED, found
from service.vocabulary import Page

_FILE = """id engagement_id shared company_id company_name author_id author_name name media_type
    size sha256 created_at"""
_OF_NOTES = """select x.id, x.engagement_id, false as shared, x.company_id,
    null::text as company_name, x.author_id, x.author_name, x.name, x.media_type, x.size,
    encode(x.sha256, 'hex') as sha256, x.created_at from app.note_file x"""
_OF_MESSAGES = f"""select x.id, x.engagement_id, true as shared,
    case when x.company_name <> '' or c.id is not null then x.company_id end as company_id,
    coalesce(c.names -> x.id::text ->> 'company_name', nullif(x.company_name, '')) as company_name,
    case when x.company_name <> '' or c.id is not null then x.author_id end as author_id,
    coalesce(c.names -> x.id::text ->> 'author_name', nullif(x.author_name, '')) as author_name,
    x.name, x.media_type, x.size, encode(x.sha256, 'hex') as sha256, x.created_at
    from app.message_file x {CARD}"""
_LEAD = "x.marketplace_id = :m and x.lead_id = :lead"


def _both(which: str) -> Select[Any]:
    where = f" where {_LEAD} and {which}"
    return listed(f"{_OF_NOTES}{where} union all {_OF_MESSAGES}{where}", _FILE)


_LISTED = {named: _both(NAMED if named else LATEST) for named in (True, False)}
LISTED = _LISTED[False]
_ALL = _both("true")
_ONE = compiled(_ALL.where(_ALL.selected_columns.id == bindparam("file")))


async def files(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[LeadFile]:
    """Files of the lead, newest first."""
    page = await tx.page(
        LeadFile, _LISTED[engagement is not None], m=m, lead=lead_id, engagement=engagement,
        cursor=cursor, limit=limit,
    )  # fmt: skip
    return await found(page, tx, m, lead_id)


async def file(tx: Tx, m: UUID, lead_id: UUID, file_id: UUID) -> LeadFile:
    """One of them. Raises Problem not-found."""
    return await tx.view(
        LeadFile, _ONE.sql, *_ONE.values({"m": m, "lead": lead_id, "file": file_id})
    )
