"""What is done with a lead. The life cycle and who may are in sql/functions/leads/leads.sql."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.leads import contact, listing, queries
from service.domain.leads.messages import (
    Assignment,
    Counts,
    Lead,
    LeadChange,
    LeadDraft,
    LeadFilter,
    OfferDraft,
    Rejection,
    Remark,
    Withdrawal,
)
from service.errors import Problem
from service.vocabulary import Page, Versions


async def show(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """One lead as the caller may see it."""
    return await queries.lead(tx, marketplace_id, lead_id)


async def list_leads(tx: Tx, narrow: LeadFilter, cursor: str | None, limit: int) -> Page[Lead]:
    """A page of the leads the caller may see."""
    return await listing.leads(tx, narrow, cursor, limit)


async def counts(tx: Tx) -> Counts:
    """What waits for the caller, in one look."""
    return await queries.counts(tx)


async def create(tx: Tx, marketplace_id: UUID, data: LeadDraft) -> Lead:
    """A draft, submitted at once on request. Raises lead-exists for a known external_ref."""
    prospect, remarks = contact.drafted(msgspec.to_builtins(data.prospect), submit=data.submit)
    if data.received_at is not None:
        contact.expect_past(data.received_at, "/received_at")
    created = await queries.create(
        tx,
        marketplace_id,
        data.interest,
        data.tags,
        data.distribution_permission,
        prospect,
        data.submit,
        data.source or "api",
        data.external_ref,
        data.received_at,
    )
    if not created.created:
        raise Problem("lead-exists", lead_id=created.id)
    return _with(remarks, await show(tx, marketplace_id, created.id))


async def change(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, versions: Versions, data: LeadChange
) -> Lead:
    """Corrections; fields that are not named stay."""
    given: dict[str, Any] = {} if data.prospect is UNSET else msgspec.to_builtins(data.prospect)
    prospect, remarks = await contact.corrected(tx, marketplace_id, lead_id, given)
    envelope = msgspec.to_builtins(data)
    envelope.pop("prospect", None)
    queries.change(tx, marketplace_id, lead_id, versions, envelope, prospect)
    return _with(remarks, await show(tx, marketplace_id, lead_id))


def _with(remarks: list[Remark], lead: Lead) -> Lead:
    lead.remarks = remarks or None
    return lead


async def submit(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """draft → submitted, and on where the marketplace says so."""
    queries.submit(tx, marketplace_id, lead_id)
    return await show(tx, marketplace_id, lead_id)


async def accept(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """submitted → available."""
    queries.accept(tx, marketplace_id, lead_id)
    return await show(tx, marketplace_id, lead_id)


async def reject(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Rejection) -> Lead:
    """submitted → rejected, with a reason for the giver."""
    queries.reject(tx, marketplace_id, lead_id, data.reason)
    return await show(tx, marketplace_id, lead_id)


async def offer(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: OfferDraft | None) -> Lead:
    """To all matching or to chosen takers, in one wave."""
    wanted = data or OfferDraft()
    queries.offer(tx, marketplace_id, lead_id, wanted.company_ids, wanted.response_hours)
    return await show(tx, marketplace_id, lead_id)


async def assign(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Assignment) -> Lead:
    """Directly to one taker; open offers become lost."""
    queries.assign(tx, marketplace_id, lead_id, data.company_id)
    return await show(tx, marketplace_id, lead_id)


async def withdraw(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Withdrawal | None) -> Lead:
    """Back before the pick."""
    queries.withdraw(tx, marketplace_id, lead_id, data.reason if data else None)
    return await show(tx, marketplace_id, lead_id)
