"""What is read of calls."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Tx
from service.domain.calls.messages import CallAttempt, CallState
from service.domain.leads.queries import known
from service.vocabulary import Page

ATTEMPT = "id, engagement_id, colleague_id, colleague_name, outcome, note, call_back_at, created_at"
_STATE = """select case when colleague_id is not null then
    json_build_object('id', colleague_id, 'name', colleague_name) end as colleague,
    until, attempts, first_attempt_at, contact_by
  from app.call_state($1, $2)"""
_ATTEMPTS = select(*columns(tables.call_attempt, ATTEMPT)).where(
    tables.call_attempt.c.marketplace_id == bindparam("m"),
    tables.call_attempt.c.lead_id == bindparam("lead"),
)


async def state(tx: Tx, m: UUID, lead_id: UUID) -> CallState:
    """Who is calling now, and what was tried so far."""
    return await tx.view(CallState, _STATE, m, lead_id)


async def attempts(
    tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int
) -> Page[CallAttempt]:
    """Calls of the caller's company, newest first, also after it lost sight of the lead."""
    page = await tx.page(CallAttempt, _ATTEMPTS, m=m, lead=lead_id, cursor=cursor, limit=limit)
    if not page.items:
        await known(tx, m, lead_id)
    return page
