"""What goes in and out of the notes, messages and history routes."""

from typing import Any
from uuid import UUID

import msgspec

from service.vocabulary import Input, LongText, Moment


class Entry(Input):
    """A note or message."""

    text: LongText


class Note(msgspec.Struct):
    """Internal to the caller's company."""

    id: UUID
    author_id: UUID | None
    author_name: str
    text: str
    created_at: Moment


class Message(msgspec.Struct):
    """Shared by all parties of the lead."""

    id: UUID
    company_id: UUID
    company_name: str
    author_id: UUID | None
    author_name: str
    text: str
    created_at: Moment


class Event(msgspec.Struct):
    """One thing that happened; actor fields are null when it happened by itself."""

    id: UUID
    event: str
    company_id: UUID | None
    company_name: str | None
    colleague_id: UUID | None
    colleague_name: str | None
    detail: dict[str, Any]
    created_at: Moment
