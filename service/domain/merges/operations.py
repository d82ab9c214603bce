"""Merging as the two companies see it. Who may: sql/functions/merging/requests.sql."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from service.database.transaction import Tx
from service.domain.merges import queries
from service.domain.merges.messages import (
    Consent,
    Merge,
    MergeDraft,
    MergeRefusal,
    NewlyVisible,
    Rehearsal,
    Side,
    TokenAnswer,
    TokenAnswered,
)
from service.errors import Problem
from service.vocabulary import Page, cut, decode_cursor, email_address, fetched

_ONE_COMPANY = {
    "pointer": "",
    "code": "one-of",
    "detail": "Name exactly one company: by e-mail or id, as absorbed or as survivor",
    "detail_de": "Bitte genau eine Firma nennen: mit E-Mail oder Id, als aufgehende oder bleibende",
}


def _address(given: str | UnsetType, side: str) -> str | None:
    """In its one spelling. Raises validation-failed that names the field of the draft."""
    if given is UNSET or isinstance(given, UnsetType):
        return None
    return email_address(given, f"/{side}_company_email")


async def request(tx: Tx, data: MergeDraft) -> Merge:
    """Asks (admin). Raises validation-failed unless exactly one company is named."""
    named = [
        ("survivor", data.absorbed_company_email, data.absorbed_company_id),
        ("absorbed", data.survivor_company_email, data.survivor_company_id),
    ]
    given = [
        (side, email, company_id)
        for side, email, company_id in named
        if email is not UNSET or company_id is not UNSET
    ]
    if len(given) != 1 or UNSET not in given[0]:
        raise Problem("validation-failed", errors=[_ONE_COMPANY])
    side, email, company_id = given[0]
    merge_id = await queries.request(
        tx,
        "survivor" if side == "survivor" else "absorbed",
        _address(email, "absorbed" if side == "survivor" else "survivor"),
        company_id if isinstance(company_id, UUID) else None,
        None if data.execute_at is UNSET else data.execute_at,
    )
    return await queries.merge(tx, merge_id)


async def list_merges(tx: Tx, cursor: str | None, limit: int) -> Page[Merge]:
    """Requests of and to the caller's company."""
    return await queries.merges(tx, cursor, limit)


async def show(tx: Tx, merge_id: UUID) -> Merge:
    """One of them."""
    return await queries.merge(tx, merge_id)


async def order_rehearsal(tx: Tx, merge_id: UUID) -> Merge:
    """The worker rehearses within seconds (admin)."""
    queries.order_rehearsal(tx, merge_id)
    return await queries.merge(tx, merge_id)


async def show_rehearsal(tx: Tx, merge_id: UUID) -> Rehearsal:
    """The latest one. Raises merge-not-rehearsed."""
    if not await queries.is_rehearsed(tx, merge_id):
        raise Problem("merge-not-rehearsed")
    return await queries.rehearsal(tx, merge_id)


async def list_leads(
    tx: Tx, merge_id: UUID, side: Side, cursor: str | None, limit: int
) -> Page[NewlyVisible]:
    """Which leads the colleagues of a side would newly see."""
    await queries.is_rehearsed(tx, merge_id)
    found = await queries.leads(tx, merge_id, side, decode_cursor(cursor), fetched(limit))
    return cut(found, limit, "id")


async def consent(tx: Tx, merge_id: UUID, data: Consent) -> Merge:
    """To the rehearsal that was read (admin)."""
    queries.consent(tx, merge_id, data.rehearsal_id)
    return await queries.merge(tx, merge_id)


async def refuse(tx: Tx, merge_id: UUID, data: MergeRefusal) -> Merge:
    """Or takes the request or consent back (admin)."""
    queries.refuse(tx, merge_id, data.reason)
    return await queries.merge(tx, merge_id)


async def answer_by_token(tx: Tx, token: str, data: TokenAnswer) -> TokenAnswered:
    """By the admin who got the token by mail."""
    return await queries.answer_by_token(tx, token, data.consent)
