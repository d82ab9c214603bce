"""What goes in and out of the follow-up routes."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Input, Language, Moment, Text

Whose = Literal["mine", "covered", "nobody"]


class FollowUpDraft(Input):
    """When, what, and for whom; without colleague_id for whoever makes it."""

    due_at: Moment
    text: Text | None = None
    colleague_id: UUID | None = None


class FollowUpChange(Input):
    """Fields that are not named stay. A later due_at reminds again; done ticks off or opens."""

    due_at: Moment | UnsetType = UNSET
    text: Text | UnsetType | None = UNSET
    colleague_id: UUID | UnsetType = UNSET
    done: bool | UnsetType = UNSET


class FollowUp(msgspec.Struct):
    """A date for a lead. colleague_id is null when he who had it left the company."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    colleague_id: UUID | None
    due_at: Moment
    text: str | None
    done_at: Moment | None
    created_at: Moment
    version: int


class CalendarFeed(msgspec.Struct):
    """The address that a calendar program subscribes to; shown this once."""

    address: str


class FeedItem(msgspec.Struct):
    """An open follow-up, without what it says."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    marketplace: str
    due_at: Moment
    created_at: Moment
    version: int


class Feed(msgspec.Struct):
    """What is behind an address, or why there is nothing."""

    language: Language = "de"
    items: list[FeedItem] = []
    problem: str | None = None
    retry_after: int = 0
