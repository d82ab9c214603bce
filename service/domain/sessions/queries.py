"""The SQL of log-in and log-out, sessions and passwords."""

from uuid import UUID

from service.database.statements import listed
from service.database.transaction import Lane, Tx
from service.domain.sessions.messages import Caller, Changed, Opened, OpenSession, Prepared
from service.vocabulary import Page, Versions

_SESSIONS = listed(
    "select * from app.my_sessions()", "id client opened_at expires_at same_address current"
)


async def prepare(tx: Tx, email: str, address: bytes, fingerprint: bytes) -> Prepared:
    """Salt of the address (known or not) and the seconds to wait."""
    return await tx.view(
        Prepared,
        "select encode(salt, 'base64') as salt, pbkdf2_iterations, retry_after, known "
        "from app.begin_log_in($1, $2, $3)",
        email,
        address,
        fingerprint,
    )


async def open_session(
    tx: Tx,
    email: str,
    proof: bytes,
    token_sha256: bytes,
    address: bytes,
    fingerprint: bytes,
    client: str | None,
) -> Opened:
    """Opens the session when the proof is right; counts the failure otherwise."""
    return await tx.view(
        Opened,
        "select expires_at, retry_after from app.open_session($1, $2, $3, $4, $5, $6)",
        email,
        proof,
        token_sha256,
        address,
        fingerprint,
        client,
    )


async def renew_proof(
    tx: Tx, proof: bytes, salt: bytes, new_proof: bytes, address: bytes, fingerprint: bytes
) -> None:
    """Replaces the caller's proof of the former system."""
    sql = "select app.renew_proof($1, $2, $3, $4, $5)"
    tx.do(sql, proof, salt, new_proof, address, fingerprint)


ME = Lane("me", seconds=5)


async def who_am_i(tx: Tx) -> Caller:
    """The caller as the database sees him at this moment."""
    return await tx.view(Caller, "select * from app.who_am_i()", lane=ME)


def change_me(tx: Tx, versions: Versions, name: str | None, language: str | None) -> None:
    """None stays."""
    tx.do("select app.change_me($1, $2, $3)", versions, name, language)


def close_session(tx: Tx) -> None:
    """Ends the session in use."""
    tx.do("select app.close_session()")


async def sessions(tx: Tx, cursor: str | None, limit: int) -> Page[OpenSession]:
    """The caller's open sessions, newest first."""
    return await tx.page(OpenSession, _SESSIONS, cursor=cursor, limit=limit)


def end_session(tx: Tx, session_id: UUID) -> None:
    """Ends one of them."""
    tx.do("select app.end_session($1)", session_id)


async def prepare_change(tx: Tx, address: bytes, fingerprint: bytes) -> Prepared:
    """How to stretch the caller's present password, and the seconds to wait."""
    return await tx.view(
        Prepared,
        "select encode(salt, 'base64') as salt, pbkdf2_iterations, retry_after, true as known "
        "from app.begin_password_change($1, $2)",
        address,
        fingerprint,
    )


async def change_password(
    tx: Tx, proof: bytes, salt: bytes, new_proof: bytes, address: bytes, fingerprint: bytes
) -> Changed:
    """Replaces the password when the present proof is right; counts the failure otherwise."""
    return await tx.view(
        Changed,
        "select changed, retry_after from app.change_password($1, $2, $3, $4, $5)",
        proof,
        salt,
        new_proof,
        address,
        fingerprint,
    )


async def request_reset(tx: Tx, email: str, token: str) -> None:
    """Asks for a mail to whoever has the address; the same two rows for everybody."""
    tx.do("select app.request_password_reset($1, $2)", email, token)


async def reset_stands(tx: Tx, token: str) -> bool:
    """Whether a token for a new password is open."""
    return await tx.value(bool, "select app.password_reset_stands($1)", token)


async def reset_password(tx: Tx, token: str, salt: bytes, proof: bytes, address: bytes) -> None:
    """Sets the password, once."""
    tx.do("select app.reset_password($1, $2, $3, $4)", token, salt, proof, address)
