"""What goes in and out of the follow-up routes."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Input, Moment, Text

Whose = Literal["mine", "nobody"]


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
