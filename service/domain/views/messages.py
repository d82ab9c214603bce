"""What goes in and out of the routes of saved views and of presence."""

from typing import Annotated
from uuid import UUID

import msgspec

from service.vocabulary import NAME, Input, Moment, whole

ViewName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=whole(NAME))]
#: A path below /app/ with its query, in the characters that an address has.
Address = Annotated[
    str,
    msgspec.Meta(
        max_length=1000,
        pattern=whole(r"/app/[A-Za-z0-9/_.~%-]*(?:\?[A-Za-z0-9/_.~%&=+:,@!$'()*;?-]*)?"),
        examples=["/app/leads?handler=me&state=engaged"],
    ),
]


class ViewDraft(Input):
    """A list as it is to be found again: its name, and its address in the workbench."""

    name: ViewName
    address: Address


class SavedView(msgspec.Struct):
    """A list that a colleague saved for all colleagues of the company."""

    id: UUID
    name: str
    address: str
    saved_by: str
    saved_at: Moment


class Presence(msgspec.Struct):
    """Names of the caller's colleagues who look at the lead now, himself not among them."""

    colleagues: list[str]
