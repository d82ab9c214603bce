"""What is read of a company. Policies show it its own rows."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns, compiled, listed
from service.database.transaction import Tx
from service.domain.companies.messages import (
    ApiKey,
    Colleague,
    Company,
    Invitation,
    MergeSuggestion,
)
from service.vocabulary import Page

_COLLEAGUE = "id name email role active language created_at version"
_COLLEAGUES = select(*columns(tables.colleague, _COLLEAGUE))
_ONE_COLLEAGUE = compiled(_COLLEAGUES.where(tables.colleague.c.id == bindparam("id"))).sql
_INVITATIONS = select(*columns(tables.invitation, "id email role state created_at expires_at"))
_ONE_INVITATION = compiled(_INVITATIONS.where(tables.invitation.c.id == bindparam("id"))).sql
_API_KEYS = select(*columns(tables.api_key, "id name created_at revoked_at"))
_SUGGESTIONS = listed("select * from app.my_merge_suggestions()", "company_id company_name groups")


async def company(tx: Tx) -> Company:
    """The one company that the policy shows."""
    return await tx.view(
        Company,
        "select c.id, c.name, c.delegator_role, c.language, c.created_at, c.version,"
        " c.returns_need_release,"
        " json_build_object('on', f.features_on, 'week', f.week) as colleague_features"
        " from app.company c, app.colleague_features() f",
    )


async def merge_suggestions(tx: Tx, cursor: str | None, limit: int) -> Page[MergeSuggestion]:
    """Companies that shared a group of the former service with the caller's."""
    return await tx.page(
        MergeSuggestion, _SUGGESTIONS, cursor=cursor, limit=limit, key="company_id"
    )


async def colleagues(tx: Tx, cursor: str | None, limit: int) -> Page[Colleague]:
    """Active and former colleagues, oldest first."""
    return await tx.page(Colleague, _COLLEAGUES, cursor=cursor, limit=limit, oldest_first=True)


async def invitation(tx: Tx, invitation_id: UUID) -> Invitation:
    """One invitation of the company."""
    return await tx.view(Invitation, _ONE_INVITATION, invitation_id)


async def invitations(tx: Tx, cursor: str | None, limit: int) -> Page[Invitation]:
    """All invitations of the company, newest first."""
    return await tx.page(Invitation, _INVITATIONS, cursor=cursor, limit=limit)


async def invitation_stands(tx: Tx, token: str) -> bool:
    """Whether an invitation has this token, open or not."""
    return await tx.value(bool, "select app.invitation_stands($1)", token)


async def api_keys(tx: Tx, cursor: str | None, limit: int) -> Page[ApiKey]:
    """Keys of the company, revoked ones too, newest first."""
    return await tx.page(ApiKey, _API_KEYS, cursor=cursor, limit=limit)
