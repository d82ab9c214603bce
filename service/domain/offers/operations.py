"""What a company does about an offer. One winner per lead: sql/functions/offers/offers.sql."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.leads.messages import Engagement
from service.domain.leads.queries import lead
from service.domain.offers import queries
from service.domain.offers.messages import Offer, OfferFilter, Refusal
from service.errors import Problem
from service.vocabulary import Page


async def list_offers(tx: Tx, narrow: OfferFilter, cursor: str | None, limit: int) -> Page[Offer]:
    """Offers to the caller's company, or of its marketplaces."""
    return await queries.offers(tx, narrow, cursor, limit)


async def pick(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Engagement:
    """Takes the lead; when a colleague picked it before, that engagement is the answer."""
    queries.pick(tx, marketplace_id, lead_id)
    picked = await lead(tx, marketplace_id, lead_id)
    if picked.engagement is None:
        raise Problem("not-found")
    return picked.engagement


async def decline(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Refusal | None) -> Offer:
    """Declines for the whole company."""
    return await queries.decline(tx, marketplace_id, lead_id, data.reason if data else None)


async def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Offer:
    """Takes the company's own refusal back while the lead is still offered."""
    return await queries.reopen(tx, marketplace_id, lead_id)
