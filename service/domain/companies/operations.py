"""What a company does about itself. Who may is decided in sql/functions/companies/companies.sql."""

from uuid import UUID

from service import identity
from service.database.transaction import Database, Tx
from service.domain.companies import queries
from service.domain.companies.messages import (
    Acceptance,
    Accepted,
    ApiKeyDraft,
    Colleague,
    ColleagueChange,
    Company,
    CompanyChange,
    Invitation,
    InvitationDraft,
    NewApiKey,
)
from service.errors import Problem
from service.turns import TurnLane
from service.vocabulary import Versions, email_address, given


async def change_company(tx: Tx, versions: Versions, data: CompanyChange) -> Company:
    """Changes it (admin)."""
    new = given(data.name), given(data.delegator_role), given(data.language)
    release = given(data.returns_need_release)
    tx.do("select app.change_company($1, $2, $3, $4, $5)", versions, *new, release)
    return await queries.company(tx)


async def change_colleague(
    tx: Tx, colleague_id: UUID, versions: Versions, data: ColleagueChange
) -> Colleague:
    """Role and activity (admin), own name and language. Returns him as he is now."""
    new = given(data.role), given(data.active), given(data.name), given(data.language)
    return await tx.view(
        Colleague,
        "select * from json_to_record(app.change_colleague($1, $2, $3, $4, $5, $6))"
        " as c (id uuid, name text, email text, role text, active boolean, language text,"
        " created_at timestamptz, version integer)",
        *(colleague_id, versions, *new),
    )


async def invite(tx: Tx, data: InvitationDraft, token: str | None = None) -> Invitation:
    """Invites an address (admin); the token, a new one unless it is given, goes there by mail."""
    asked = email_address(data.email), data.role, token or identity.new_token("kgi")
    made = await tx.value(UUID, "select app.invite_colleague($1, $2, $3)", *asked)
    return await queries.invitation(tx, made)


async def revoke_invitation(tx: Tx, invitation_id: UUID) -> None:
    """Takes an open invitation back (admin)."""
    tx.do("select app.revoke_invitation($1)", invitation_id)


async def accept(database: Database, token: str, data: Acceptance, peer: str) -> Accepted:
    """Sets name and password of the invited person, who becomes a colleague. The stretching holds
    no connection, and nothing is stretched for a token that nobody was sent: Problem not-found."""
    if not await database.transaction(
        None, lambda tx: queries.invitation_stands(tx, token), reads=True
    ):
        raise Problem("not-found")
    salt = identity.new_salt()
    lane = TurnLane(False, identity.sha256(peer))  # anybody can send a token
    proof = await identity.stretch(data.password, salt, lane=lane)
    sql = (
        "select colleague_id, email, role, company_id, company_name"
        " from app.accept_invitation($1, $2, $3, $4)"
    )
    accepted = token, data.name, salt, proof
    return await database.transaction(None, lambda tx: tx.view(Accepted, sql, *accepted))


async def create_api_key(tx: Tx, data: ApiKeyDraft, token: str) -> NewApiKey:
    """A new key (admin) with this token, which is shown this once."""
    sql = "select app.create_api_key($1, $2)"
    key_id = await tx.value(UUID, sql, data.name, identity.sha256(token))
    return NewApiKey(key_id, data.name, token)


async def revoke_api_key(tx: Tx, key_id: UUID) -> None:
    """Ends a key at once (admin)."""
    tx.do("select app.revoke_api_key($1)", key_id)
