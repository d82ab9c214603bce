"""What a company does about itself. Who may is decided in sql/functions/companies/companies.sql."""

from typing import TypeVar
from uuid import UUID

from msgspec import UNSET, UnsetType

from service import identity
from service.database.transaction import Database, Tx
from service.domain.companies import queries
from service.domain.companies.messages import (
    Acceptance,
    Accepted,
    ApiKey,
    ApiKeyDraft,
    Colleague,
    ColleagueChange,
    Company,
    CompanyChange,
    Invitation,
    InvitationDraft,
    MergeSuggestion,
    NewApiKey,
)
from service.errors import Problem
from service.turns import TurnLane
from service.vocabulary import Page, Versions, email_address

T = TypeVar("T")


def _given(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


async def show_company(tx: Tx) -> Company:
    """The caller's company."""
    return await queries.company(tx)


async def change_company(tx: Tx, versions: Versions, data: CompanyChange) -> Company:
    """Changes it (admin)."""
    queries.change_company(
        tx, versions, _given(data.name), _given(data.delegator_role), _given(data.language)
    )
    return await queries.company(tx)


async def list_merge_suggestions(tx: Tx, cursor: str | None, limit: int) -> Page[MergeSuggestion]:
    """Companies that may be one firm with the caller's (admin)."""
    return await queries.merge_suggestions(tx, cursor, limit)


async def list_colleagues(tx: Tx, cursor: str | None, limit: int) -> Page[Colleague]:
    """Active and former colleagues."""
    return await queries.colleagues(tx, cursor, limit)


async def change_colleague(
    tx: Tx, colleague_id: UUID, versions: Versions, data: ColleagueChange
) -> Colleague:
    """Role and activity (admin), own name and language."""
    return await queries.change_colleague(
        tx,
        colleague_id,
        versions,
        _given(data.role),
        _given(data.active),
        _given(data.name),
        _given(data.language),
    )


async def invite(tx: Tx, data: InvitationDraft) -> Invitation:
    """Invites an address (admin); the token goes there by mail."""
    token = identity.new_token("kgi")
    return await queries.invitation(
        tx, await queries.invite(tx, email_address(data.email), data.role, token)
    )


async def list_invitations(tx: Tx, cursor: str | None, limit: int) -> Page[Invitation]:
    """Open and past invitations, newest first."""
    return await queries.invitations(tx, cursor, limit)


async def revoke_invitation(tx: Tx, invitation_id: UUID) -> None:
    """Takes an open invitation back (admin)."""
    queries.revoke_invitation(tx, invitation_id)


async def accept(database: Database, token: str, data: Acceptance, peer: str) -> Accepted:
    """Sets name and password of the invited person. The stretching holds no connection, and nothing
    is stretched for a token that nobody was sent: Problem not-found."""
    if not await database.transaction(
        None, lambda tx: queries.invitation_stands(tx, token), reads=True
    ):
        raise Problem("not-found")
    salt = identity.new_salt()
    lane = TurnLane(False, identity.sha256(peer))  # anybody can send a token
    proof = await identity.stretch(data.password, salt, lane=lane)
    return await database.run(None, queries.accept, token, data.name, salt, proof)


async def list_api_keys(tx: Tx, cursor: str | None, limit: int) -> Page[ApiKey]:
    """Keys of the company, newest first."""
    return await queries.api_keys(tx, cursor, limit)


async def create_api_key(tx: Tx, data: ApiKeyDraft, token: str) -> NewApiKey:
    """A new key (admin) with this token, which is shown this once."""
    key_id = await queries.create_api_key(tx, data.name, identity.sha256(token))
    return NewApiKey(key_id, data.name, token)


async def revoke_api_key(tx: Tx, key_id: UUID) -> None:
    """Ends a key at once (admin)."""
    queries.revoke_api_key(tx, key_id)
