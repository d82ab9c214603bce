"""What the peer answers with: the fields of Kollegium's own answers."""

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

T = TypeVar("T")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ProspectOut(Out):
    name: str | None
    salutation: str | None
    company: str | None
    email: str | None
    phone: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    answers: dict[str, str]


class EngagementOut(Out):
    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    company_id: UUID
    company_name: str
    state: str
    origin: str
    self_pick: bool
    picked_by_name: str | None
    steps: list[str]
    step: str
    handler_id: UUID | None
    handler_name: str | None
    value: float | None
    started_at: datetime
    closed_at: datetime | None


class LeadOut(Out):
    marketplace_id: UUID
    id: UUID
    state: str
    interest: str
    postcode_area: str
    tags: list[str]
    distribution_permission: bool
    source: str
    external_ref: str | None
    rejection_reason: str | None
    operator_company_id: UUID
    operator_name: str
    giver_company_id: UUID | None
    giver_name: str | None
    engaged_company_id: UUID | None
    engaged_company_name: str | None
    created_at: datetime
    submitted_at: datetime | None
    changed_at: datetime
    version: int
    prospect: ProspectOut | None
    engagement: EngagementOut | None


class Teaser(Out):
    interest: str
    postcode_area: str
    tags: list[str]


class OfferOut(Out):
    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    marketplace_name: str
    company_id: UUID
    company_name: str
    state: str
    wave: int
    teaser: Teaser
    opened_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: str | None = Field(validation_alias="answered_by_name")
    decline_reason: str | None

    @model_validator(mode="before")
    @classmethod
    def _teased(cls, offer: object) -> object:
        offer.teaser = offer  # type: ignore[attr-defined]
        return offer


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: UUID | None
