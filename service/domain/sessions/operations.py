"""Log-in in three steps: salt from the database, stretch here, compare in the database. And what a
colleague does about his own account."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from msgspec import UNSET

from service import identity
from service.database.transaction import Database, Tx
from service.domain.sessions import queries
from service.domain.sessions.messages import (
    ColleagueCard,
    CompanyCard,
    LogIn,
    Me,
    MeChange,
    NewPassword,
    OpenSession,
    PasswordChange,
    ResetRequest,
    Session,
)
from service.errors import Problem
from service.turns import TurnLane
from service.vocabulary import Page, Versions, email_address


async def log_in(
    database: Database,
    data: LogIn,
    peer: str,
    client: str | None = None,
    gone: Callable[[], Awaitable[None]] | None = None,
) -> Session:
    """Opens a session. Raises Problem log-in-failed or too-many-requests.

    The stretching happens between two transactions, so that no connection waits for it. It is no
    longer waited for when `gone` returns: the client has left.
    """
    try:
        email = email_address(data.email)
    except Problem as problem:
        raise Problem("log-in-failed") from problem
    address, fingerprint = identity.sha256(peer), identity.fingerprint(data.password)
    prepared = await database.run(None, queries.prepare, email, address, fingerprint)
    if prepared.retry_after:
        raise Problem("too-many-requests", retry_after=prepared.retry_after)
    iterations = prepared.pbkdf2_iterations
    lane = TurnLane(True, address + email.encode()) if prepared.known else TurnLane(False, address)
    proof = await identity.stretch(data.password, prepared.salt, iterations, lane=lane, gone=gone)
    token = identity.new_token("kgs")
    opened = await database.run(
        None,
        queries.open_session,
        email,
        proof,
        identity.sha256(token),
        address,
        fingerprint,
        client,
    )
    if opened.retry_after:
        raise Problem("too-many-requests", retry_after=opened.retry_after)
    if opened.expires_at is None:
        raise Problem("log-in-failed")
    if iterations is not None:
        salt = identity.new_salt()
        renewed = await identity.stretch(data.password, salt)
        await database.run(token, queries.renew_proof, proof, salt, renewed, address, fingerprint)
    me = await database.run(token, who_am_i)
    if me.colleague is None:
        raise Problem("log-in-failed")
    return Session(token, opened.expires_at, me.colleague, me.company)


async def who_am_i(tx: Tx) -> Me:
    """The caller as the database sees it at this moment."""
    caller = await queries.who_am_i(tx)
    colleague = None
    if caller.colleague_id is not None:
        colleague = ColleagueCard(
            caller.colleague_id,
            caller.colleague_name,
            caller.email or "",
            caller.role,
            caller.language,
        )
    company = CompanyCard(caller.company_id, caller.company_name)
    return Me(company, colleague, caller.role, caller.api_key_id)


async def log_out(tx: Tx) -> None:
    """Ends the session in use; a repeated call is unauthenticated."""
    queries.close_session(tx)


async def change_me(tx: Tx, versions: Versions, data: MeChange) -> Me:
    """Own name and language; the name where it is printed and live, too."""
    name = None if data.name is UNSET else data.name
    queries.change_me(tx, versions, name, None if data.language is UNSET else data.language)
    return await who_am_i(tx)


async def list_sessions(tx: Tx, cursor: str | None, limit: int) -> Page[OpenSession]:
    """The caller's open sessions, newest first."""
    return await queries.sessions(tx, cursor, limit)


async def end_session(tx: Tx, session_id: UUID) -> None:
    """Ends one of the caller's sessions."""
    queries.end_session(tx, session_id)


async def change_password(database: Database, token: str, data: PasswordChange, peer: str) -> None:
    """Against the present password, which is limited as log-ins are; other sessions end.

    Raises Problem password-wrong or too-many-requests. Stretched between two transactions.
    """
    address, fingerprint = identity.sha256(peer), identity.fingerprint(data.current_password)
    prepared = await database.run(token, queries.prepare_change, address, fingerprint)
    if prepared.retry_after:
        raise Problem("too-many-requests", retry_after=prepared.retry_after)
    lane, salt = TurnLane(True, identity.sha256(token)), identity.new_salt()
    proof = await identity.stretch(
        data.current_password, prepared.salt, prepared.pbkdf2_iterations, lane=lane
    )
    new = await identity.stretch(data.password, salt, lane=lane)
    changed = await database.run(
        token, queries.change_password, proof, salt, new, address, fingerprint
    )
    if changed.retry_after:
        raise Problem("too-many-requests", retry_after=changed.retry_after)
    if not changed.changed:
        raise Problem("password-wrong")


async def request_reset(tx: Tx, data: ResetRequest) -> None:
    """Mails a token to whoever has the address; says nothing about whether anybody has."""
    await queries.request_reset(tx, email_address(data.email), identity.new_token("kgp"))


async def reset_password(database: Database, token: str, data: NewPassword, peer: str) -> None:
    """Sets the password with the token of the mail, once. Raises Problem not-found.

    Nothing is stretched for a token that is not open.
    """
    if not await database.transaction(None, lambda tx: queries.reset_stands(tx, token), reads=True):
        raise Problem("not-found")
    salt = identity.new_salt()
    proof = await identity.stretch(data.password, salt)
    address = identity.sha256(peer)
    await database.run(None, queries.reset_password, token, salt, proof, address)
