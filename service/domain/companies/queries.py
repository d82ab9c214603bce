"""The SQL of companies. Policies show a company its own rows; changes go through functions."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns, compiled, listed
from service.database.transaction import Tx
from service.domain.companies.messages import (
    Accepted,
    ApiKey,
    Colleague,
    Company,
    Invitation,
    MergeSuggestion,
)
from service.vocabulary import Page, Versions

_COLLEAGUE = "id name email role active language created_at version"
_COLLEAGUES = select(*columns(tables.colleague, _COLLEAGUE))
_ONE_COLLEAGUE = compiled(_COLLEAGUES.where(tables.colleague.c.id == bindparam("id"))).sql
_SUGGESTIONS = listed("select * from app.my_merge_suggestions()", "company_id company_name groups")


async def company(tx: Tx) -> Company:
    """The one company that the policy shows."""
    return await tx.view(
        Company,
        "select c.id, c.name, c.delegator_role, c.language, c.created_at, c.version,"
        " json_build_object('on', f.features_on, 'week', f.week) as colleague_features"
        " from app.company c, app.colleague_features() f",
    )


async def merge_suggestions(tx: Tx, cursor: str | None, limit: int) -> Page[MergeSuggestion]:
    """Companies that shared a group of the former service with the caller's."""
    return await tx.page(
        MergeSuggestion, _SUGGESTIONS, cursor=cursor, limit=limit, key="company_id"
    )


def change_company(
    tx: Tx, versions: Versions, name: str | None, delegator_role: bool | None, language: str | None
) -> None:
    """None stays."""
    tx.do("select app.change_company($1, $2, $3, $4)", versions, name, delegator_role, language)


async def colleagues(tx: Tx, cursor: str | None, limit: int) -> Page[Colleague]:
    """Active and former colleagues, oldest first."""
    return await tx.page(Colleague, _COLLEAGUES, cursor=cursor, limit=limit, oldest_first=True)


async def change_colleague(
    tx: Tx,
    colleague_id: UUID,
    versions: Versions,
    role: str | None,
    active: bool | None,
    name: str | None,
    language: str | None,
) -> Colleague:
    """None stays. Returns him as he is now."""
    return await tx.view(
        Colleague,
        "select * from json_to_record(app.change_colleague($1, $2, $3, $4, $5, $6))"
        " as c (id uuid, name text, email text, role text, active boolean, language text,"
        " created_at timestamptz, version integer)",
        colleague_id,
        versions,
        role,
        active,
        name,
        language,
    )


async def invite(tx: Tx, email: str, role: str, token: str) -> UUID:
    """Writes the invitation and its mail; returns its id."""
    return await tx.value(UUID, "select app.invite_colleague($1, $2, $3)", email, role, token)


_INVITATIONS = select(*columns(tables.invitation, "id email role state created_at expires_at"))
_ONE_INVITATION = compiled(_INVITATIONS.where(tables.invitation.c.id == bindparam("id"))).sql
_API_KEYS = select(*columns(tables.api_key, "id name created_at revoked_at"))


async def invitation(tx: Tx, invitation_id: UUID) -> Invitation:
    """One invitation of the company."""
    return await tx.view(Invitation, _ONE_INVITATION, invitation_id)


async def invitations(tx: Tx, cursor: str | None, limit: int) -> Page[Invitation]:
    """All invitations of the company, newest first."""
    return await tx.page(Invitation, _INVITATIONS, cursor=cursor, limit=limit)


def revoke_invitation(tx: Tx, invitation_id: UUID) -> None:
    """Takes an open invitation back."""
    tx.do("select app.revoke_invitation($1)", invitation_id)


async def invitation_stands(tx: Tx, token: str) -> bool:
    """Whether an invitation has this token, open or not."""
    return await tx.value(bool, "select app.invitation_stands($1)", token)


async def accept(tx: Tx, token: str, name: str, salt: bytes, proof: bytes) -> Accepted:
    """Makes the invited address a colleague."""
    return await tx.view(
        Accepted,
        "select colleague_id, email, role, company_id, company_name"
        " from app.accept_invitation($1, $2, $3, $4)",
        token,
        name,
        salt,
        proof,
    )


async def api_keys(tx: Tx, cursor: str | None, limit: int) -> Page[ApiKey]:
    """Keys of the company, revoked ones too, newest first."""
    return await tx.page(ApiKey, _API_KEYS, cursor=cursor, limit=limit)


async def create_api_key(tx: Tx, name: str, token_sha256: bytes) -> UUID:
    """Returns the id of the new key."""
    return await tx.value(UUID, "select app.create_api_key($1, $2)", name, token_sha256)


def revoke_api_key(tx: Tx, key_id: UUID) -> None:
    """Ends the key at once."""
    tx.do("select app.revoke_api_key($1)", key_id)
