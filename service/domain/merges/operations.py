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
    TokenAnswer,
    TokenAnswered,
)
from service.errors import Problem
from service.vocabulary import email_address, given

_ONE_COMPANY = {
    "pointer": "",
    "code": "one-of",
    "detail": "Name exactly one company: by e-mail or id, as absorbed or as survivor",
    "detail_de": "Bitte genau eine Firma nennen: mit E-Mail oder Id, als aufgehende oder bleibende",
}


def _address(email: str | UnsetType, side: str) -> str | None:
    """In its one spelling. Raises validation-failed that names the field of the draft."""
    return None if isinstance(email, UnsetType) else email_address(email, f"/{side}_company_email")


async def request(tx: Tx, data: MergeDraft) -> Merge:
    """Asks (admin). Raises validation-failed unless exactly one company is named."""
    named = [
        ("survivor", data.absorbed_company_email, data.absorbed_company_id),
        ("absorbed", data.survivor_company_email, data.survivor_company_id),
    ]
    sides = [
        (side, email, company_id)
        for side, email, company_id in named
        if email is not UNSET or company_id is not UNSET
    ]
    if len(sides) != 1 or UNSET not in sides[0]:
        raise Problem("validation-failed", errors=[_ONE_COMPANY])
    side, email, company_id = sides[0]
    address = _address(email, "absorbed" if side == "survivor" else "survivor")
    merge_id = await tx.value(
        UUID,
        "select app.request_merge($1, $2, $3, $4)",
        *(side, address, given(company_id), given(data.execute_at)),
    )
    return await queries.merge(tx, merge_id)


async def order_rehearsal(tx: Tx, merge_id: UUID) -> Merge:
    """The worker rehearses within seconds (admin)."""
    tx.do("select app.order_rehearsal($1)", merge_id)
    return await queries.merge(tx, merge_id)


async def consent(tx: Tx, merge_id: UUID, data: Consent) -> Merge:
    """To the rehearsal that was read (admin)."""
    tx.do("select app.consent_to_merge($1, $2)", merge_id, data.rehearsal_id)
    return await queries.merge(tx, merge_id)


async def refuse(tx: Tx, merge_id: UUID, data: MergeRefusal) -> Merge:
    """Or takes the request or consent back (admin)."""
    tx.do("select app.refuse_merge($1, $2)", merge_id, data.reason)
    return await queries.merge(tx, merge_id)


async def answer_by_token(tx: Tx, token: str, data: TokenAnswer) -> TokenAnswered:
    """By the admin who got the token by mail."""
    sql = "select * from app.answer_merge_by_token($1, $2)"
    return await tx.view(TokenAnswered, sql, token, data.consent)
