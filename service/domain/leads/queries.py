"""The SQL of a lead. Whether it comes back is decided by the policies. Lists: listing.py."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, true

from service.database.statements import compiled
from service.database.transaction import Lane, Tx
from service.domain.leads.messages import Counts, Created, Duplicate, Lead, Whereabouts
from service.domain.leads.view import LEAD, PROSPECT, WAITING, duplicates, duplicates_of, view
from service.vocabulary import Versions

_PLACE = LEAD.c.marketplace_id == bindparam("m"), LEAD.c.id == bindparam("lead")
_READ = compiled(view().where(*_PLACE)).sql
_WRITTEN = compiled(view(LEAD, duplicates()).where(*_PLACE)).sql
_FOUND = duplicates_of(PROSPECT).lateral("d")
_DUPLICATES_OF_ONE = compiled(
    select(_FOUND)
    .select_from(PROSPECT.join(_FOUND, true()))
    .where(PROSPECT.c.marketplace_id == bindparam("m"), PROSPECT.c.lead_id == bindparam("lead"))
    .order_by(_FOUND.c.id.desc())
).sql
ONE = Lane("lead", seconds=5)
COUNTS = Lane("counts", seconds=5)


async def lead(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """One lead; not-found when the policy hides it or there is none. A read looks for duplicates
    when the state asks for it: preparing to look costs a tenth of all other leads."""
    if not tx.reads:
        return await tx.view(Lead, _WRITTEN, marketplace_id, lead_id)
    found = await tx.view(Lead, _READ, marketplace_id, lead_id, lane=ONE)
    if found.state in WAITING:
        found.possible_duplicates = await tx.rows(
            Duplicate, _DUPLICATES_OF_ONE, marketplace_id, lead_id
        )
    return found


async def whereabouts(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Whereabouts | None:
    """Where the person lives, as far as it is known; None when the caller may not see him."""
    return await tx.row(
        Whereabouts,
        "select country, city, postcode from app.prospect"
        " where marketplace_id = $1 and lead_id = $2",
        marketplace_id,
        lead_id,
    )


_MINE = "(select app.current_company_id())"
_LEADS = f"app.lead where operator_company_id = {_MINE} and state ="
_ENGAGEMENTS = f"app.engagement where company_id = {_MINE} and state = 'active' and handler_id"
_WAITING = {
    "offers": f"app.offer where company_id = {_MINE} and state = 'open' and expires_at > now()",
    "submitted": f"{_LEADS} 'submitted'",
    "available": f"{_LEADS} 'available'",
    "unplaced": f"{_LEADS} 'unplaced'",
    "returns": f"app.engagement where operator_company_id = {_MINE} and state = 'return_requested'",
    "mine": f"{_ENGAGEMENTS} = (select app.current_colleague_id())",
    "unassigned": f"{_ENGAGEMENTS} is null",
}


async def counts(tx: Tx) -> Counts:
    """What waits for the caller. Each count ends at 1,000: a badge tells no more."""
    columns = (
        f"(select count(*) from (select from {rows} limit 1000) x) as {name}"
        for name, rows in _WAITING.items()
    )
    return await tx.one(Counts, f"select {', '.join(columns)}", lane=COUNTS)


async def create(
    tx: Tx,
    marketplace_id: UUID,
    interest: str,
    tags: list[str],
    permission: bool,
    prospect: dict[str, Any],
    submit: bool,
    source: str,
    external_ref: str | None,
    received_at: datetime | None,
) -> Created:
    """Puts a lead in, as giver or operator."""
    return await tx.one(
        Created,
        "select id, created from app.create_lead($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        marketplace_id,
        interest,
        tags,
        permission,
        prospect,
        submit,
        source,
        external_ref,
        received_at,
    )


def change(
    tx: Tx,
    marketplace_id: UUID,
    lead_id: UUID,
    versions: Versions,
    envelope: dict[str, Any],
    prospect: dict[str, Any],
) -> None:
    """Keys that are absent stay."""
    tx.do(
        "select app.change_lead($1, $2, $3, $4, $5)",
        marketplace_id,
        lead_id,
        versions,
        envelope,
        prospect,
    )


def submit(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """draft → submitted."""
    tx.do("select app.submit_lead($1, $2)", marketplace_id, lead_id)


def accept(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """submitted → available."""
    tx.do("select app.accept_lead($1, $2)", marketplace_id, lead_id)


def reject(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str) -> None:
    """submitted → rejected."""
    tx.do("select app.reject_lead($1, $2, $3)", marketplace_id, lead_id, reason)


def offer(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, companies: list[UUID] | None, hours: int | None
) -> None:
    """available or unplaced → offered."""
    tx.do("select app.offer_lead($1, $2, $3, $4)", marketplace_id, lead_id, companies, hours)


def assign(tx: Tx, marketplace_id: UUID, lead_id: UUID, company_id: UUID) -> None:
    """Directly to one taker."""
    tx.do("select app.assign_lead($1, $2, $3)", marketplace_id, lead_id, company_id)


def withdraw(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str | None) -> None:
    """Back before the pick."""
    tx.do("select app.withdraw_lead($1, $2, $3)", marketplace_id, lead_id, reason)
