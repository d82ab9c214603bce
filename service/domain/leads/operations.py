"""What is done with a lead. The life cycle and who may are in sql/functions/leads/leads.sql."""

from typing import Any
from uuid import UUID

import msgspec

from service.database.transaction import Tx
from service.domain.leads import contact, queries
from service.domain.leads.messages import (
    Assignment,
    Created,
    Lead,
    LeadChange,
    LeadDraft,
    OfferDraft,
    Rejection,
    Remark,
    Withdrawal,
)
from service.errors import Problem
from service.vocabulary import Versions, given


async def create(tx: Tx, m: UUID, data: LeadDraft) -> Lead:
    """A draft, by giver or operator, submitted at once on request. Raises lead-exists for a known
    external_ref."""
    prospect, remarks = contact.drafted(msgspec.to_builtins(data.prospect), submit=data.submit)
    if data.received_at is not None:
        contact.expect_past(data.received_at, "/received_at")
    created = await tx.one(
        Created,
        "select id, created from app.create_lead($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(m, data.interest, data.tags, data.distribution_permission, prospect, data.submit),
        *(data.source or "api", data.external_ref, data.received_at),
    )
    if not created.created:
        raise Problem("lead-exists", lead_id=created.id)
    return _with(remarks, await queries.lead(tx, m, created.id))


async def change(tx: Tx, m: UUID, lead_id: UUID, versions: Versions, data: LeadChange) -> Lead:
    """Corrections; fields that are not named stay."""
    named: dict[str, Any] = msgspec.to_builtins(given(data.prospect)) or {}
    prospect, remarks = await contact.corrected(tx, m, lead_id, named)
    envelope = msgspec.to_builtins(data)
    envelope.pop("prospect", None)
    sql = "select app.change_lead($1, $2, $3, $4, $5)"
    tx.do(sql, m, lead_id, versions, envelope, prospect)
    return _with(remarks, await queries.lead(tx, m, lead_id))


def _with(remarks: list[Remark], lead: Lead) -> Lead:
    lead.remarks = remarks or None
    return lead


async def submit(tx: Tx, m: UUID, lead_id: UUID) -> Lead:
    """draft → submitted, and on where the marketplace says so."""
    tx.do("select app.submit_lead($1, $2)", m, lead_id)
    return await queries.lead(tx, m, lead_id)


async def accept(tx: Tx, m: UUID, lead_id: UUID) -> Lead:
    """submitted → available."""
    tx.do("select app.accept_lead($1, $2)", m, lead_id)
    return await queries.lead(tx, m, lead_id)


async def reject(tx: Tx, m: UUID, lead_id: UUID, data: Rejection) -> Lead:
    """submitted → rejected, with a reason for the giver."""
    tx.do("select app.reject_lead($1, $2, $3)", m, lead_id, data.reason)
    return await queries.lead(tx, m, lead_id)


async def offer(tx: Tx, m: UUID, lead_id: UUID, data: OfferDraft | None) -> Lead:
    """available or unplaced → offered: to all matching or to chosen takers, in one wave."""
    chosen = data or OfferDraft()
    sql = "select app.offer_lead($1, $2, $3, $4)"
    tx.do(sql, m, lead_id, chosen.company_ids, chosen.response_hours)
    return await queries.lead(tx, m, lead_id)


async def assign(tx: Tx, m: UUID, lead_id: UUID, data: Assignment) -> Lead:
    """Directly to one taker; open offers become lost."""
    tx.do("select app.assign_lead($1, $2, $3)", m, lead_id, data.company_id)
    return await queries.lead(tx, m, lead_id)


async def withdraw(tx: Tx, m: UUID, lead_id: UUID, data: Withdrawal | None) -> Lead:
    """Back before the pick."""
    tx.do("select app.withdraw_lead($1, $2, $3)", m, lead_id, data.reason if data else None)
    return await queries.lead(tx, m, lead_id)
