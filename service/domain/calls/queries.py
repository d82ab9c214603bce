"""The SQL of calls."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Tx
from service.domain.calls.messages import CallAttempt, CallState, Claim, Outcome
from service.vocabulary import Page

_ATTEMPT = (
    "id, engagement_id, colleague_id, colleague_name, outcome, note, call_back_at, created_at"
)
_CALLER = "json_build_object('id', c.colleague_id, 'name', c.colleague_name)"
_ATTEMPTS = select(*columns(tables.call_attempt, _ATTEMPT)).where(
    tables.call_attempt.c.marketplace_id == bindparam("m"),
    tables.call_attempt.c.lead_id == bindparam("lead"),
)


async def claim(tx: Tx, m: UUID, lead_id: UUID) -> Claim:
    """The caller is calling."""
    sql = f"select {_CALLER} as colleague, c.until from app.claim_call($1, $2) c"
    return await tx.view(Claim, sql, m, lead_id)


async def state(tx: Tx, m: UUID, lead_id: UUID) -> CallState:
    """Who is calling, and what was tried so far."""
    return await tx.view(
        CallState,
        f"select case when c.colleague_id is not null then {_CALLER} end as colleague, c.until,"
        " c.attempts, c.first_attempt_at from app.call_state($1, $2) c",
        m,
        lead_id,
    )


def release(tx: Tx, m: UUID, lead_id: UUID) -> None:
    """Drops the caller's claim."""
    tx.do("select app.release_call($1, $2)", m, lead_id)


async def log(tx: Tx, m: UUID, lead_id: UUID, data: Outcome) -> CallAttempt:
    """What a call brought."""
    return await tx.view(
        CallAttempt,
        f"select {_ATTEMPT} from app.log_call($1, $2, $3, $4, $5)",
        *(m, lead_id, data.outcome, data.note, data.call_back_at),
    )


async def attempts(
    tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int
) -> Page[CallAttempt]:
    """Calls of the caller's company, newest first."""
    return await tx.page(CallAttempt, _ATTEMPTS, m=m, lead=lead_id, cursor=cursor, limit=limit)
