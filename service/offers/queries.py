"""The SQL of offers."""

from uuid import UUID

from service.database import Tx
from service.offers.messages import Offer
from service.vocabulary import Page

_COLUMNS = """id, marketplace_id, lead_id, marketplace_name, company_id, company_name, state, wave,
    json_build_object('interest', interest, 'postcode_area', postcode_area, 'tags', tags)
      as teaser, opened_at, expires_at, answered_at, answered_by_name as answered_by,
    decline_reason"""


async def offers(
    tx: Tx, as_operator: bool, state: str | None, cursor: str | None, limit: int
) -> Page[Offer]:
    """Offers to the caller's company, or of its marketplaces, newest first."""
    if state == "declined" and not as_operator:
        sql = f"select {_COLUMNS} from app.offers_to_reopen()"
        return await tx.page(Offer, sql, cursor=cursor, limit=limit)
    column = "operator_company_id" if as_operator else "company_id"
    sql = f"select {_COLUMNS} from app.offer where {column} = (select app.current_company_id())"
    if state is None:
        return await tx.page(Offer, sql, cursor=cursor, limit=limit)
    # Overdue ones wait for the timer; nobody can pick them any more.
    overdue = " and expires_at > now()" if state == "open" else ""
    return await tx.page(Offer, f"{sql} and state = $1{overdue}", state, cursor=cursor, limit=limit)


def pick(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """One company wins; nothing happens when a colleague has it already. Attempts are counted."""
    tx.attempt("select app.attempt_pick($1, $2)", marketplace_id, lead_id)


async def decline(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str | None) -> Offer:
    """For the whole company."""
    return await tx.view(
        Offer,
        f"select {_COLUMNS} from app.decline_offer($1, $2, $3)",
        marketplace_id,
        lead_id,
        reason,
    )


async def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Offer:
    """The company's own refusal, taken back."""
    return await tx.view(
        Offer, f"select {_COLUMNS} from app.reopen_offer($1, $2)", marketplace_id, lead_id
    )
