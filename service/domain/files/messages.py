"""What goes in and out of the routes of files."""

from uuid import UUID

import msgspec

from service.vocabulary import Moment


class LeadFile(msgspec.Struct):
    """A file of a lead. shared: by the parties of one engagement, before any (engagement_id null)
    by operator and giver; otherwise internal to the caller's company. Who put it in is null where
    a giver looks at what a former taker shared, company_name for internal ones."""

    id: UUID
    engagement_id: UUID | None
    shared: bool
    company_id: UUID | None
    company_name: str | None
    author_id: UUID | None
    author_name: str | None
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: Moment


class Part(msgspec.Struct):
    """Some of what is in a file."""

    content: bytes
