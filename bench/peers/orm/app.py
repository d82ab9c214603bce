"""The peer: the same four operations as one would write them with FastAPI and SQLAlchemy's ORM.

No row security: every query filters by the caller's company, which a dependency looks up from the
bearer token. It runs on the copy of a world whose policies are off, in an environment of its own.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from models import (
    Bearer,
    Brokerage,
    Colleague,
    Company,
    Disclosure,
    Engagement,
    History,
    Lead,
    Mail,
    Offer,
    Participation,
    Prospect,
    new_id,
)
from schemas import EngagementOut, LeadOut, OfferOut, Page
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=int(os.environ["KOLLEGIUM_POOL_SIZE"]),
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened, opened.begin():
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def caller(db: Session, authorization: Annotated[str, Header()] = "") -> Colleague:
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    found = await db.scalar(
        select(Colleague)
        .join(Bearer, Bearer.colleague_id == Colleague.id)
        .join(Company, Company.id == Colleague.company_id)
        .where(
            Bearer.token_sha256 == digest,
            Bearer.expires_at > datetime.now(UTC),
            Colleague.active,
            Company.state == "active",
        )
        .options(joinedload(Colleague.company))
    )
    if found is None:
        raise HTTPException(401)
    return found


Caller = Annotated[Colleague, Depends(caller)]


def visible(company_id: UUID):
    """The leads a company may see: the filter that no query may forget."""
    return or_(
        Lead.operator_company_id == company_id,
        Lead.giver_company_id == company_id,
        Lead.engaged_company_id == company_id,
    )


WHOLE = (joinedload(Lead.prospect), joinedload(Lead.engagement))


@app.get("/me")
async def who_am_i(me: Caller) -> dict[str, str]:
    return {"name": me.name, "company": me.company.name}


@app.get("/marketplaces/{m}/leads/{lead_id}")
async def show(m: UUID, lead_id: UUID, me: Caller, db: Session) -> LeadOut:
    lead = await db.scalar(
        select(Lead)
        .where(Lead.marketplace_id == m, Lead.id == lead_id, visible(me.company_id))
        .options(*WHOLE)
    )
    if lead is None:
        raise HTTPException(404)
    return LeadOut.model_validate(lead)


@app.get("/leads")
async def list_leads(
    me: Caller, db: Session, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Page[LeadOut]:
    found = await db.scalars(
        select(Lead)
        .where(visible(me.company_id))
        .order_by(Lead.id.desc())
        .limit(limit + 1)
        .options(*WHOLE)
    )
    leads = found.all()
    after = leads[limit - 1].id if len(leads) > limit else None
    return Page(items=[LeadOut.model_validate(lead) for lead in leads[:limit]], next_cursor=after)


@app.get("/offers")
async def list_offers(
    me: Caller, db: Session, state: str = "open", limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Page[OfferOut]:
    found = await db.scalars(
        select(Offer)
        .where(
            Offer.company_id == me.company_id,
            Offer.state == state,
            Offer.expires_at > datetime.now(UTC),
        )
        .order_by(Offer.id.desc())
        .limit(limit + 1)
    )
    offers = found.all()
    after = offers[limit - 1].id if len(offers) > limit else None
    return Page(items=[OfferOut.model_validate(o) for o in offers[:limit]], next_cursor=after)


@app.post("/marketplaces/{m}/leads/{lead_id}/pick")
async def pick(m: UUID, lead_id: UUID, me: Caller, db: Session) -> EngagementOut:
    offer = await db.scalar(
        select(Offer).where(
            Offer.marketplace_id == m, Offer.lead_id == lead_id, Offer.company_id == me.company_id
        )
    )
    if offer is None:
        raise HTTPException(404)
    lead = await db.scalar(
        select(Lead)
        .where(Lead.marketplace_id == m, Lead.id == lead_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if lead is None:
        raise HTTPException(404)
    await db.refresh(offer)
    if lead.state != "offered" or offer.state != "open" or offer.expires_at <= datetime.now(UTC):
        raise HTTPException(409)
    card = await db.get(Participation, (m, me.company_id))
    if card is None or card.state != "active":
        raise HTTPException(409)
    return EngagementOut.model_validate(await engage(db, me, lead, offer, card.steps))


async def engage(
    db: AsyncSession, me: Colleague, lead: Lead, offer: Offer, steps: list[str]
) -> Engagement:
    now = datetime.now(UTC)
    offer.state, offer.answered_at, offer.answered_by_name = "picked", now, me.name
    await db.flush()
    same_lead = (Offer.marketplace_id == lead.marketplace_id, Offer.lead_id == lead.id)
    await db.execute(
        update(Offer).where(*same_lead, Offer.state == "open").values(state="lost", answered_at=now)
    )
    await db.execute(
        update(Brokerage)
        .where(
            Brokerage.marketplace_id == lead.marketplace_id,
            Brokerage.lead_id == lead.id,
            Brokerage.state == "open",
        )
        .values(state="placed", closed_at=now)
    )
    engagement = Engagement(
        marketplace_id=lead.marketplace_id,
        id=new_id(),
        lead_id=lead.id,
        company_id=me.company_id,
        operator_company_id=lead.operator_company_id,
        giver_company_id=lead.giver_company_id,
        company_name=me.company.name,
        state="active",
        origin="pick",
        picked_by_id=me.id,
        picked_by_name=me.name,
        steps=steps,
        step=steps[0],
        handler_id=me.id,
        handler_name=me.name,
        started_at=now,
    )
    db.add(engagement)
    lead.state, lead.engaged_company_id = "engaged", me.company_id
    lead.engaged_company_name, lead.engagement_id = me.company.name, engagement.id
    lead.changed_at, lead.version = now, lead.version + 1
    parties = [lead.operator_company_id, lead.giver_company_id, me.company_id]
    parties = [company for company in parties if company is not None]
    prospect = await db.get_one(Prospect, (lead.marketplace_id, lead.id))
    prospect.parties = parties
    await db.execute(
        update(History)
        .where(History.marketplace_id == lead.marketplace_id, History.lead_id == lead.id)
        .values(parties=parties)
    )
    db.add(History.picked(lead, me, parties, now))
    db.add(Disclosure.of(lead, prospect, me, now))
    for company_id in {lead.operator_company_id, lead.giver_company_id} - {None, me.company_id}:
        people = await db.scalars(
            select(Colleague).where(Colleague.company_id == company_id, Colleague.active)
        )
        db.add_all(Mail.engaged(person, lead, me) for person in people)
    await db.flush()
    return engagement
