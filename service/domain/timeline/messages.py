"""What goes in and out of the notes, messages and history routes."""

from typing import Any
from uuid import UUID

import msgspec

from service.vocabulary import Input, LongText, Moment


class Entry(Input):
    """A note or message."""

    text: LongText


class Note(msgspec.Struct):
    """Internal to the caller's company. engagement_id: in which it was written; null: before
    any."""

    id: UUID
    engagement_id: UUID | None
    author_id: UUID | None
    author_name: str
    text: str
    created_at: Moment


class Message(msgspec.Struct):
    """Shared by the parties of one engagement; before any (engagement_id null) by operator and
    giver. The author is null where a giver reads what a former taker wrote."""

    id: UUID
    engagement_id: UUID | None
    company_id: UUID | None
    company_name: str | None
    author_id: UUID | None
    author_name: str | None
    text: str
    created_at: Moment


class Event(msgspec.Struct):
    """One thing that happened; actor fields are null when it happened by itself, and where a giver
    reads what a former taker did. engagement_id: in which; null: before any."""

    id: UUID
    engagement_id: UUID | None
    event: str
    company_id: UUID | None
    company_name: str | None
    colleague_id: UUID | None
    colleague_name: str | None
    detail: dict[str, Any]
    created_at: Moment
