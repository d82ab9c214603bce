"""What goes out of the route of who sees a lead."""

from typing import Literal
from uuid import UUID

import msgspec

from service.vocabulary import Moment

Part = Literal["offer", "lead", "person", "conversation", "record"]
Because = Literal[
    "operator", "giver", "engaged", "worked", "offered", "picked", "may-reopen", "might-reopen",
    "received", "unexplained", "withheld", "not-yet", "absorbed", "returned", "revoked", "recycled",
    "went-over", "offer-alone", "assigned", "own-lead", "offer-lost", "offer-declined",
    "offer-expired", "offer-withdrawn", "left-out", "no-card", "card-invited", "card-declined",
    "card-ended", "not-taker", "never-offered", "nothing-there",
]  # fmt: skip


class AccessLine(msgspec.Struct):
    """One company and one part of the lead. record: what is kept of an engagement (card, entries of
    the ledger, charges, ratings, requests to return it). why: because in words. colleagues: who of
    the caller's own company; null of another: all that it has. known: false where it is not kept
    whose it was then. left_out: by which rule it was offered nothing."""

    company_id: UUID
    company_name: str
    part: Part
    sees: bool
    because: Because
    why: str
    policy: str | None
    since: Moment | None
    until: Moment | None
    engagement_id: UUID | None
    known: bool
    left_out: str | None
    colleagues: list[str] | None


class Access(msgspec.Struct):
    """Who sees the lead, at `at`; null: now."""

    at: Moment | None
    items: list[AccessLine]
