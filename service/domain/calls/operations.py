"""Calling the person of a lead without two colleagues ringing at once."""

from uuid import UUID

from sqlalchemy import select

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.calls.messages import CallAttempt, CallClaim, CallResult
from service.domain.calls.queries import ATTEMPT
from service.vocabulary import expect_ahead

_CLAIM = """select json_build_object('id', colleague_id, 'name', colleague_name) as colleague, until
  from app.claim_call($1, $2)"""
_LOG = compiled(select(result("log_call", "m lead outcome note again", ATTEMPT))).sql


async def claim(tx: Tx, m: UUID, lead_id: UUID) -> CallClaim:
    """For 15 minutes colleagues are told that the caller is calling."""
    return await tx.view(CallClaim, _CLAIM, m, lead_id)


async def release(tx: Tx, m: UUID, lead_id: UUID) -> None:
    """He did not call after all."""
    tx.do("select app.release_call($1, $2)", m, lead_id)


async def log(tx: Tx, m: UUID, lead_id: UUID, data: CallResult) -> CallAttempt:
    """What a call brought; the caller's claim ends with it."""
    if data.call_back_at is not None:
        expect_ahead(data.call_back_at, "/call_back_at")
    entered = data.outcome, data.note, data.call_back_at
    return await tx.view(CallAttempt, _LOG, m, lead_id, *entered)
