"""Leads that may be of the same person, as who decides on one reads of them."""

from typing import Literal
from uuid import UUID

import msgspec

from service.vocabulary import LeadState, Moment


class Duplicate(msgspec.Struct):
    """Another lead with the same e-mail address or phone number."""

    id: UUID
    state: LeadState
    created_at: Moment
    matches: list[Literal["email", "phone"]]


class EarlierLead(msgspec.Struct):
    """A lead of the marketplace with the same address, number, or name and postcode."""

    id: UUID
    state: LeadState
    submitted_at: Moment
    matches: list[Literal["email", "phone", "name"]]


class MarkedDuplicate(msgspec.Struct):
    """The person came in before: leads are those of the last duplicate_days, newest first."""

    found_at: Moment
    leads: list[EarlierLead]


class Lookalikes(msgspec.Struct):
    """What of a lead that waits is shown to who decides on it."""

    possible_duplicates: list[Duplicate]
    duplicate: MarkedDuplicate | None
