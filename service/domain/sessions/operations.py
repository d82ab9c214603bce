"""Log-in in three steps: salt from the database, stretch here, compare in the database. And what a
colleague does about his own account."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from service import identity
from service.database.transaction import Database, Tx
from service.domain.sessions import queries
from service.domain.sessions.messages import (
    Changed,
    LogIn,
    Me,
    MeChange,
    NewPassword,
    Opened,
    PasswordChange,
    Prepared,
    ResetRequest,
    Session,
)
from service.errors import Problem
from service.turns import TurnLane
from service.vocabulary import Versions, email_address, given

T = TypeVar("T")

# The salt of an address (known or not), and the seconds to wait.
_PREPARED = (
    "select encode(salt, 'base64') as salt, pbkdf2_iterations, retry_after, known"
    " from app.begin_log_in($1, $2, $3)"
)
_PREPARED_TO_CHANGE = (
    "select encode(salt, 'base64') as salt, pbkdf2_iterations, retry_after, true as known"
    " from app.begin_password_change($1, $2)"
)
# When the proof is right; else the failure is counted.
_OPENED = "select expires_at, retry_after from app.open_session($1, $2, $3, $4, $5, $6)"
_CHANGED = "select changed, retry_after from app.change_password($1, $2, $3, $4, $5)"


async def log_in(
    database: Database,
    data: LogIn,
    peer: str,
    client: str | None = None,
    gone: Callable[[], Awaitable[None]] | None = None,
) -> tuple[str, Session]:
    """Opens a session, and its token. Raises Problem log-in-failed or too-many-requests.

    The stretching happens between two transactions, so that no connection waits for it. It is no
    longer waited for when `gone` returns: the client has left.
    """
    try:
        email = email_address(data.email)
    except Problem as problem:
        raise Problem("log-in-failed") from problem
    address, fingerprint = identity.sha256(peer), identity.fingerprint(data.password)
    prepared = await _ask(database, None, Prepared, _PREPARED, email, address, fingerprint)
    if prepared.retry_after:
        raise Problem("too-many-requests", retry_after=prepared.retry_after)
    iterations = prepared.pbkdf2_iterations
    lane = TurnLane(True, address + email.encode()) if prepared.known else TurnLane(False, address)
    proof = await identity.stretch(data.password, prepared.salt, iterations, lane=lane, gone=gone)
    token = identity.new_token("kgs")
    who = identity.sha256(token), address, fingerprint, client
    opened = await _ask(database, None, Opened, _OPENED, email, proof, *who)
    if opened.retry_after:
        raise Problem("too-many-requests", retry_after=opened.retry_after)
    if opened.expires_at is None:
        raise Problem("log-in-failed")
    if iterations is not None:
        salt = identity.new_salt()
        renewed = await identity.stretch(data.password, salt)
        await database.run(token, _renew, proof, salt, renewed, address, fingerprint)
    me = await database.run(token, queries.who_am_i)
    if me.colleague is None:
        raise Problem("log-in-failed")
    return token, Session(opened.expires_at, me.colleague, me.company)


async def _ask(database: Database, token: str | None, kind: type[T], sql: str, *values: Any) -> T:
    """One row of a function that counts attempts, in a transaction of its own."""
    return await database.transaction(token, lambda tx: tx.view(kind, sql, *values))


async def _renew(tx: Tx, *values: bytes) -> None:
    """Replaces the caller's proof of the former system."""
    tx.do("select app.renew_proof($1, $2, $3, $4, $5)", *values)


async def log_out(tx: Tx) -> None:
    """Ends the session in use; a repeated call is unauthenticated."""
    tx.do("select app.close_session()")


async def change_me(tx: Tx, versions: Versions, data: MeChange) -> Me:
    """Own name and language; the name where it is printed and live, too."""
    new = given(data.name), given(data.language)
    tx.do("select app.change_me($1, $2, $3)", versions, *new)
    return await queries.who_am_i(tx)


async def end_session(tx: Tx, session_id: UUID) -> None:
    """Ends one of the caller's sessions."""
    tx.do("select app.end_session($1)", session_id)


async def change_password(database: Database, token: str, data: PasswordChange, peer: str) -> None:
    """Against the present password, which is limited as log-ins are; other sessions end.

    Raises Problem password-wrong or too-many-requests. Stretched between two transactions.
    """
    address, fingerprint = identity.sha256(peer), identity.fingerprint(data.current_password)
    limits = address, fingerprint
    prepared = await _ask(database, token, Prepared, _PREPARED_TO_CHANGE, *limits)
    if prepared.retry_after:
        raise Problem("too-many-requests", retry_after=prepared.retry_after)
    lane, salt = TurnLane(True, identity.sha256(token)), identity.new_salt()
    proof = await identity.stretch(
        data.current_password, prepared.salt, prepared.pbkdf2_iterations, lane=lane
    )
    new = await identity.stretch(data.password, salt, lane=lane)
    changed = await _ask(database, token, Changed, _CHANGED, proof, salt, new, *limits)
    if changed.retry_after:
        raise Problem("too-many-requests", retry_after=changed.retry_after)
    if not changed.changed:
        raise Problem("password-wrong")


async def request_reset(tx: Tx, data: ResetRequest) -> None:
    """Mails a token to whoever has the address; says nothing about whether anybody has."""
    asked = email_address(data.email), identity.new_token("kgp")
    tx.do("select app.request_password_reset($1, $2)", *asked)


async def reset_password(database: Database, token: str, data: NewPassword, peer: str) -> None:
    """Sets the password with the token of the mail, once. Raises Problem not-found.

    Nothing is stretched for a token that is not open.
    """
    if not await database.transaction(None, lambda tx: queries.reset_stands(tx, token), reads=True):
        raise Problem("not-found")
    salt = identity.new_salt()
    proof = await identity.stretch(data.password, salt)
    await database.run(None, _reset, token, salt, proof, identity.sha256(peer))


async def _reset(tx: Tx, *values: Any) -> None:
    tx.do("select app.reset_password($1, $2, $3, $4)", *values)
