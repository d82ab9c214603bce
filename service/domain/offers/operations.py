"""What a company does about an offer. One winner per lead: sql/functions/offers/offers.sql."""

from uuid import UUID

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.leads.messages import Engagement
from service.domain.leads.queries import lead
from service.domain.offers.messages import Offer, Refusal
from service.domain.offers.queries import NAMES, view
from service.errors import Problem

_DECLINED = compiled(view(result("decline_offer", "m lead reason", NAMES))).sql
_REOPENED = compiled(view(result("reopen_offer", "m lead", NAMES))).sql


async def pick(tx: Tx, m: UUID, lead_id: UUID) -> Engagement:
    """Takes the lead: one company wins. When a colleague picked it before, that engagement is the
    answer. Attempts are counted."""
    tx.attempt("select app.attempt_pick($1, $2)", m, lead_id)
    picked = await lead(tx, m, lead_id)
    if picked.engagement is None:
        raise Problem("not-found")
    return picked.engagement


async def decline(tx: Tx, m: UUID, lead_id: UUID, data: Refusal | None) -> Offer:
    """Declines for the whole company."""
    return await tx.view(Offer, _DECLINED, m, lead_id, data.reason if data else None)


async def reopen(tx: Tx, m: UUID, lead_id: UUID) -> Offer:
    """Takes the company's own refusal back while the lead is still offered."""
    return await tx.view(Offer, _REOPENED, m, lead_id)
