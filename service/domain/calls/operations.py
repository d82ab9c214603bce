"""Calling the person of a lead without two colleagues ringing at once."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.calls import queries
from service.domain.calls.messages import CallAttempt, CallState, Claim, Outcome
from service.domain.leads.queries import lead
from service.vocabulary import Page, expect_ahead


async def claim(tx: Tx, m: UUID, lead_id: UUID) -> Claim:
    """For 15 minutes colleagues are told that the caller is calling."""
    return await queries.claim(tx, m, lead_id)


async def show(tx: Tx, m: UUID, lead_id: UUID) -> CallState:
    """Who is calling now, and what was tried so far."""
    return await queries.state(tx, m, lead_id)


async def release(tx: Tx, m: UUID, lead_id: UUID) -> None:
    """He did not call after all."""
    queries.release(tx, m, lead_id)


async def log(tx: Tx, m: UUID, lead_id: UUID, data: Outcome) -> CallAttempt:
    """What a call brought; the caller's claim ends with it."""
    if data.call_back_at is not None:
        expect_ahead(data.call_back_at, "/call_back_at")
    return await queries.log(tx, m, lead_id, data)


async def list_calls(
    tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int
) -> Page[CallAttempt]:
    """Calls of the caller's company, also after it lost sight of the lead."""
    found = await queries.attempts(tx, m, lead_id, cursor, limit)
    if not found.items:
        await lead(tx, m, lead_id)
    return found
