"""Noting down when to do something about a lead, and doing it."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, structs
from sqlalchemy import select

from service import identity
from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.follow_ups.messages import (
    CalendarFeed,
    Feed,
    FollowUp,
    FollowUpChange,
    FollowUpDraft,
)
from service.domain.follow_ups.queries import FOLLOW_UP
from service.vocabulary import Versions, expect_ahead

_ADD = compiled(select(result("add_follow_up", "m lead due text colleague", FOLLOW_UP))).sql
_CHANGE = compiled(select(result("change_follow_up", "m lead id versions new", FOLLOW_UP))).sql


async def add(tx: Tx, m: UUID, lead_id: UUID, data: FollowUpDraft) -> FollowUp:
    """A new one, for oneself or (delegators) for a colleague."""
    expect_ahead(data.due_at, "/due_at")
    new = data.due_at, data.text, data.colleague_id
    return await tx.view(FollowUp, _ADD, m, lead_id, *new)


async def change(
    tx: Tx, m: UUID, lead_id: UUID, follow_up_id: UUID, versions: Versions, data: FollowUpChange
) -> FollowUp:
    """Puts off, ticks off, gives to another; what is not named stays."""
    if data.due_at is not UNSET:
        expect_ahead(data.due_at, "/due_at")
    new: dict[str, Any] = {k: v for k, v in structs.asdict(data).items() if v is not UNSET}
    return await tx.view(FollowUp, _CHANGE, m, lead_id, follow_up_id, versions, new)


async def drop(tx: Tx, m: UUID, lead_id: UUID, follow_up_id: UUID) -> None:
    """Removes one."""
    tx.do("select app.drop_follow_up($1, $2, $3)", m, lead_id, follow_up_id)


async def open_feed(tx: Tx, token: str, base_url: str) -> CalendarFeed:
    """A new secret address for the caller's calendar."""
    tx.do("select app.open_calendar_feed($1)", token)
    return CalendarFeed(f"{base_url}/calendar-feeds/{token}.ics")


async def close_feed(tx: Tx) -> None:
    """Ends it."""
    tx.do("select app.close_calendar_feed()")


async def feed(tx: Tx, token: str, peer: str) -> Feed:
    """What is behind an address."""
    return await tx.value(Feed, "select app.calendar_feed($1, $2)", token, identity.sha256(peer))
