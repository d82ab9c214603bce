"""What is told of a lead."""

from uuid import UUID

import msgspec

from service.vocabulary import EventKind, Moment


class LeadEvent(msgspec.Struct, omit_defaults=True):
    """One thing that happened to a lead of the company; thin, so read what it names. `resync`: read
    again what you know (of the marketplace, where one is named)."""

    id: UUID
    kind: EventKind
    at: Moment
    marketplace_id: UUID | None = None
    lead_id: UUID | None = None
    engagement_id: UUID | None = None
    version: int | None = None
    actor: str | None = None
