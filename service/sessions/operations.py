"""Log-in in three steps: salt from the database, stretch here, compare in the database."""

from collections.abc import Awaitable, Callable

from service import identity
from service.database import Database, Tx
from service.errors import Problem
from service.sessions import queries
from service.sessions.messages import ColleagueCard, CompanyCard, LogIn, Me, Session
from service.turns import Lane
from service.vocabulary import email_address


async def log_in(
    database: Database,
    data: LogIn,
    peer: str,
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
    lane = Lane(True, address + email.encode()) if prepared.known else Lane(False, address)
    proof = await identity.stretch(data.password, prepared.salt, iterations, lane=lane, gone=gone)
    token = identity.new_token("kgs")
    opened = await database.run(
        None, queries.open_session, email, proof, identity.sha256(token), address, fingerprint
    )
    if opened.retry_after:
        raise Problem("too-many-requests", retry_after=opened.retry_after)
    if opened.expires_at is None:
        raise Problem("log-in-failed")
    if iterations is not None:
        salt = identity.new_salt()
        renewed = await identity.stretch(data.password, salt)
        await database.run(None, queries.renew_proof, email, proof, salt, renewed)
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
        )
    company = CompanyCard(caller.company_id, caller.company_name)
    return Me(company, colleague, caller.role, caller.api_key_id)


async def log_out(tx: Tx) -> None:
    """Ends the session in use; a repeated call is unauthenticated."""
    queries.close_session(tx)
