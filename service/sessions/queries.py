"""The SQL of log-in and log-out."""

from service.database import Tx
from service.sessions.messages import Caller, Opened, Prepared


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
    tx: Tx, email: str, proof: bytes, token_sha256: bytes, address: bytes, fingerprint: bytes
) -> Opened:
    """Opens the session when the proof is right; counts the failure otherwise."""
    return await tx.view(
        Opened,
        "select expires_at, retry_after from app.open_session($1, $2, $3, $4, $5)",
        email,
        proof,
        token_sha256,
        address,
        fingerprint,
    )


async def renew_proof(tx: Tx, email: str, proof: bytes, salt: bytes, new_proof: bytes) -> None:
    """Replaces a proof of the former system."""
    tx.do("select app.renew_proof($1, $2, $3, $4)", email, proof, salt, new_proof)


async def who_am_i(tx: Tx) -> Caller:
    """The caller as the database sees him at this moment."""
    return await tx.view(Caller, "select * from app.who_am_i()")


def close_session(tx: Tx) -> None:
    """Ends the session in use."""
    tx.do("select app.close_session()")
