"""The tables as ORM classes; columns that the measured operations do not use are left out."""

import os
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Numeric, Text, Uuid, and_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship


def new_id() -> UUID:
    """A time-ordered UUID (version 7)."""
    stamp = time.time_ns() // 1_000_000
    return UUID(bytes=stamp.to_bytes(6, "big") + b"\x70" + os.urandom(1) + b"\x80" + os.urandom(7))


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        list[UUID]: ARRAY(Uuid),
        dict[str, Any]: JSONB,
    }
    __table_args__ = {"schema": "app"}


class Company(Base):
    __tablename__ = "company"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]


class Colleague(Base):
    __tablename__ = "colleague"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("app.company.id"))
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool]
    language: Mapped[str]
    company: Mapped[Company] = relationship()


class Bearer(Base):
    __tablename__ = "bearer"
    __table_args__ = {"schema": "app_private"}
    token_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    colleague_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]


class Participation(Base):
    __tablename__ = "participation"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    steps: Mapped[list[str]]


class Prospect(Base):
    __tablename__ = "prospect"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    parties: Mapped[list[UUID]]
    name: Mapped[str | None]
    salutation: Mapped[str | None]
    company: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    street: Mapped[str | None]
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    answers: Mapped[dict[str, Any]]


class Engagement(Base):
    __tablename__ = "engagement"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID]
    company_id: Mapped[UUID]
    operator_company_id: Mapped[UUID]
    giver_company_id: Mapped[UUID | None]
    company_name: Mapped[str]
    state: Mapped[str]
    origin: Mapped[str]
    self_pick: Mapped[bool] = mapped_column(default=False)
    picked_by_id: Mapped[UUID | None]
    picked_by_name: Mapped[str | None]
    steps: Mapped[list[str]]
    step: Mapped[str]
    handler_id: Mapped[UUID | None]
    handler_name: Mapped[str | None]
    value: Mapped[float | None] = mapped_column(Numeric(14, 2))
    started_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Lead(Base):
    __tablename__ = "lead"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    operator_company_id: Mapped[UUID]
    giver_company_id: Mapped[UUID | None]
    engaged_company_id: Mapped[UUID | None]
    state: Mapped[str]
    interest: Mapped[str]
    postcode_area: Mapped[str]
    tags: Mapped[list[str]]
    distribution_permission: Mapped[bool]
    source: Mapped[str]
    external_ref: Mapped[str | None]
    rejection_reason: Mapped[str | None]
    operator_name: Mapped[str]
    giver_name: Mapped[str | None]
    engaged_company_name: Mapped[str | None]
    engagement_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    version: Mapped[int]
    prospect: Mapped[Prospect | None] = relationship(
        primaryjoin=lambda: and_(
            Lead.marketplace_id == foreign(Prospect.marketplace_id),
            Lead.id == foreign(Prospect.lead_id),
        ),
        viewonly=True,
    )
    engagement: Mapped[Engagement | None] = relationship(
        primaryjoin=lambda: and_(
            Lead.marketplace_id == foreign(Engagement.marketplace_id),
            Lead.engagement_id == foreign(Engagement.id),
        ),
        viewonly=True,
        uselist=False,
    )


class Brokerage(Base):
    __tablename__ = "brokerage"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID]
    state: Mapped[str]
    closed_at: Mapped[datetime | None]


class Offer(Base):
    __tablename__ = "offer"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    brokerage_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    company_id: Mapped[UUID]
    wave: Mapped[int]
    state: Mapped[str]
    interest: Mapped[str]
    postcode_area: Mapped[str]
    tags: Mapped[list[str]]
    marketplace_name: Mapped[str]
    company_name: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_name: Mapped[str | None]
    decline_reason: Mapped[str | None]


class History(Base):
    __tablename__ = "history"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID]
    parties: Mapped[list[UUID]]
    event: Mapped[str]
    company_id: Mapped[UUID | None]
    company_name: Mapped[str | None]
    colleague_id: Mapped[UUID | None]
    colleague_name: Mapped[str | None]
    created_at: Mapped[datetime]

    @classmethod
    def picked(cls, lead: Lead, me: Colleague, parties: list[UUID], now: datetime) -> "History":
        return cls(
            marketplace_id=lead.marketplace_id,
            id=new_id(),
            lead_id=lead.id,
            parties=parties,
            event="picked",
            company_id=me.company_id,
            company_name=me.company.name,
            colleague_id=me.id,
            colleague_name=me.name,
            created_at=now,
        )


class Disclosure(Base):
    __tablename__ = "disclosure"
    marketplace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID]
    company_id: Mapped[UUID]
    operator_company_id: Mapped[UUID]
    company_name: Mapped[str]
    colleague_name: Mapped[str | None]
    cause: Mapped[str]
    fields: Mapped[list[str]]
    since: Mapped[datetime]

    @classmethod
    def of(cls, lead: Lead, prospect: Prospect, me: Colleague, now: datetime) -> "Disclosure":
        names = ("name", "salutation", "company", "email", "phone", "street", "postcode", "city")
        return cls(
            marketplace_id=lead.marketplace_id,
            id=new_id(),
            lead_id=lead.id,
            company_id=me.company_id,
            operator_company_id=lead.operator_company_id,
            company_name=me.company.name,
            colleague_name=me.name,
            cause="pick",
            fields=[name for name in names if getattr(prospect, name) is not None],
            since=now,
        )


class Mail(Base):
    __tablename__ = "outbox"
    __table_args__ = {"schema": "app_private"}
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    template: Mapped[str]
    recipient: Mapped[str]
    language: Mapped[str]
    company_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]

    @classmethod
    def engaged(cls, person: Colleague, lead: Lead, me: Colleague) -> "Mail":
        return cls(
            id=new_id(),
            kind="mail",
            template="lead-engaged",
            recipient=person.email,
            language=person.language,
            company_id=person.company_id,
            payload={
                "lead": str(lead.id),
                "company": me.company.name,
                "interest": lead.interest[:200],
            },
        )
