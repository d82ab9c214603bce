"""What goes in and out of the merge routes."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Email, Input, LeadState, MergeState, Moment, Reason, Role

Side = Literal["survivor", "absorbed"]


class MergeDraft(Input):
    """With whom to merge: exactly one of the four. The company named as absorbed goes on in mine;
    the one named as survivor takes mine over. Not before execute_at, if that is given."""

    absorbed_company_email: Email | UnsetType = UNSET
    absorbed_company_id: UUID | UnsetType = UNSET
    survivor_company_email: Email | UnsetType = UNSET
    survivor_company_id: UUID | UnsetType = UNSET
    execute_at: Moment | UnsetType = UNSET

    def __post_init__(self) -> None:
        """The moment in UTC: RFC 3339 knows offsets up to 23:59, PostgreSQL up to 15:59. Its year
        is one that the database takes (sql/tables/bounds.sql)."""
        if isinstance(self.execute_at, datetime):
            with suppress(OverflowError):
                self.execute_at = self.execute_at.astimezone(UTC)
            if not 1900 <= self.execute_at.year < 9999:
                raise ValueError("execute_at is outside the years 1900 to 9998")


class Consent(Input):
    """The rehearsal that was read and is consented to."""

    rehearsal_id: UUID


class MergeRefusal(Input):
    """Why, for the other side."""

    reason: Reason | None = None


class TokenAnswer(Input):
    """What the admin decided who got the token by mail."""

    consent: bool


class TokenAnswered(msgspec.Struct):
    """The merge and its state after the answer."""

    merge_id: UUID
    state: MergeState


class Merge(msgspec.Struct):
    """A request to merge two companies. What is known of the other company is null until an admin
    of it answered; named_email or named_company_id is what was asked for."""

    id: UUID
    state: MergeState
    my_side: Side
    asking_company_name: str
    named_email: str | None
    named_company_id: UUID | None
    survivor_company_id: UUID | None
    survivor_name: str | None
    absorbed_company_id: UUID | None
    absorbed_name: str | None
    execute_at: Moment | None
    rehearsal_due: bool
    rehearsal_id: UUID | None
    rehearsed_at: Moment | None
    survivor_consent_at: Moment | None
    absorbed_consent_at: Moment | None
    problem: str | None
    refusal: str | None
    done_at: Moment | None
    undone_at: Moment | None
    created_at: Moment
    version: int


class Block(msgspec.Struct, omit_defaults=True):
    """What forbids the merge."""

    reason: str
    company: str | None = None
    marketplace_id: UUID | None = None
    marketplace: str | None = None


class Visible(msgspec.Struct, rename={"to_": "to", "as_": "as"}):
    """Leads that the colleagues of one side do not see yet, by marketplace and by the capacity in
    which the other side has them."""

    to_: Side
    marketplace_id: UUID
    marketplace: str
    as_: Literal["operator", "giver", "taker"]
    leads: int


class Person(msgspec.Struct):
    """A colleague who comes with a side; his role stays."""

    name: str
    role: Role


class Readable(msgspec.Struct):
    """What else the colleagues of one side read from then on: leads with personal data, open
    offers, internal notes; and whom they get as colleagues."""

    personal_data: int
    open_offers: int
    notes: int
    colleagues: list[Person]


class Setting(msgspec.Struct):
    """A setting of both companies: which value stays, which goes."""

    stays: str | bool
    goes: str | bool


class Effect(msgspec.Struct, omit_defaults=True):
    """A row that collapses (of two one stays; it is in the journal) or changes, and what to."""

    tab: str
    kind: Literal["collapsed", "changed"]
    marketplace_id: UUID | None = None
    id: UUID | None = None
    lead_id: UUID | None = None
    of: Side | None = None
    to: dict[str, str | int | bool | list[str] | None] = {}


class Rehearsal(msgspec.Struct):
    """What the merge would do: it was performed and taken back, unless blocks forbid it. effects
    are the first 1,000 of effects_total; rows says how many rows of each table would change
    hands."""

    merge_id: UUID
    id: UUID
    made_at: Moment
    blocks: list[Block]
    visible: list[Visible]
    to_survivor: Readable
    to_absorbed: Readable
    settings: dict[str, Setting]
    effects: list[Effect]
    effects_total: int
    rows: dict[str, int]


class NewlyVisible(msgspec.Struct):
    """A lead that the colleagues of one side would newly see."""

    marketplace_id: UUID
    id: UUID
    state: LeadState
    personal_data: Annotated[bool, msgspec.Meta(description="There is some; not yet erased")]
