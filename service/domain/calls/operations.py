"""Calling the person of a lead without two colleagues ringing at once."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.calls.messages import CallAttempt, Claim, Outcome
from service.domain.calls.queries import ATTEMPT, CALLER
from service.vocabulary import expect_ahead

_CLAIM = f"select {CALLER} as colleague, c.until from app.claim_call($1, $2) c"
_LOG = f"select {ATTEMPT} from app.log_call($1, $2, $3, $4, $5)"


async def claim(tx: Tx, m: UUID, lead_id: UUID) -> Claim:
    """For 15 minutes colleagues are told that the caller is calling."""
    return await tx.view(Claim, _CLAIM, m, lead_id)


async def release(tx: Tx, m: UUID, lead_id: UUID) -> None:
    """He did not call after all."""
    tx.do("select app.release_call($1, $2)", m, lead_id)


async def log(tx: Tx, m: UUID, lead_id: UUID, data: Outcome) -> CallAttempt:
    """What a call brought; the caller's claim ends with it."""
    if data.call_back_at is not None:
        expect_ahead(data.call_back_at, "/call_back_at")
    entered = data.outcome, data.note, data.call_back_at
    return await tx.view(CallAttempt, _LOG, m, lead_id, *entered)
