"""What is done where leads come in without a log-in: sql/functions/intake/intake.sql."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from service import identity
from service.database.transaction import Database, Tx
from service.domain.intake import forms
from service.domain.intake.messages import (
    IntakeKeyDraft,
    Kind,
    MetaAccess,
    MetaNotification,
    NewIntakeKey,
    OpenIntake,
    TakenIn,
)
from service.errors import Problem

_SIGNED = re.compile("sha256=([0-9a-f]{64})")
_BLOCK = 64  # of SHA-256, which HMAC fills up to
_NEEDED = ("A key of this kind needs it", "Ein Schlüssel dieser Art braucht das")
_OTHERS = ("Only keys of the kind meta take it", "Nur Schlüssel der Art meta haben das")


class Door(NamedTuple):
    """By which key something comes, and from where: origin is the web site of a browser's script,
    peer the address."""

    key: str
    kind: Kind
    secret: str | None
    origin: str | None
    peer: str

    @property
    def proof(self) -> tuple[bytes, str, bytes | None]:
        """What the database compares."""
        secret = None if self.secret is None else identity.sha256(self.secret)
        return identity.sha256(self.key), self.kind, secret


async def create(tx: Tx, data: IntakeKeyDraft, key: str) -> NewIntakeKey:
    """A new key (admin); a platform's secret is made of it, so that both are shown again to who
    repeats the request. Raises validation-failed where `meta` is missing or too much."""
    if (data.meta is not None) != (data.kind == "meta"):
        detail, german = _NEEDED if data.meta is None else _OTHERS
        told = {"code": "needed", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[{"pointer": "/meta", **told}])
    secret = None
    if data.kind != "form":
        secret = f"{identity.sha256(f'secret of {key}').hex()[:40]}"
    sql = "select app.create_intake_key($1, $2, $3, $4, $5, $6, $7, $8)"
    proof = identity.sha256(key), None if secret is None else identity.sha256(secret)
    given = data.name, data.interest, data.origins, data.consent_text
    key_id = await tx.value(UUID, sql, data.marketplace_id, data.kind, *given, *proof)
    if data.meta is not None:
        await set_access(tx, key_id, data.meta)
    path = f"/intake/{key}" + ("" if data.kind == "form" else f"/{data.kind}")
    return NewIntakeKey(key_id, data.name, key, path, secret)


async def set_access(tx: Tx, key_id: UUID, data: MetaAccess) -> None:
    """With what a key of Meta's lead ads works from now on (admin). The app secret is kept in the
    two parts of HMAC alone."""
    secret = data.app_secret.encode()
    block = (secret if len(secret) <= _BLOCK else hashlib.sha256(secret).digest()).ljust(
        _BLOCK, b"\0"
    )
    inner, outer = bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)
    sql = "select app.set_meta_access($1, $2, $3, $4)"
    tx.do(sql, key_id, inner, outer, data.access_token)


async def revoke(tx: Tx, key_id: UUID) -> None:
    """Nothing comes in by it any more (admin)."""
    tx.do("select app.revoke_intake_key($1)", key_id)


async def take_in(
    database: Database, door: Door, read: Callable[[str], dict[str, Any] | None]
) -> TakenIn:
    """Takes in what `read` makes of what was sent, given what a lead is about by default; None:
    nothing. Reading holds no connection. Raises not-found, origin-not-allowed, too-many-requests,
    and what `read` raises."""
    opening = "select interest from app.open_intake($1, $2, $3, $4, $5) interest"
    who = *door.proof, door.origin, door.peer
    opened = await database.transaction(None, lambda tx: tx.view(OpenIntake, opening, *who))
    lead = read(opened.interest)
    if lead is None:
        return TakenIn()
    taking = "select received from app.take_in($1, $2, $3, $4) received"
    return await database.transaction(None, lambda tx: tx.view(TakenIn, taking, *door.proof, lead))


async def confirm_meta(database: Database, door: Door) -> None:
    """Whether this is the address of a key and its verify token. Raises not-found."""
    sql = "select interest from app.open_intake($1, $2, $3, $4, $5) interest"
    who = *door.proof, door.origin, door.peer
    await database.transaction(None, lambda tx: tx.view(OpenIntake, sql, *who))


async def hear_of_meta(
    database: Database, key: str, signature: bytes, body: bytes, sent: MetaNotification
) -> TakenIn:
    """Keeps the leads that a notification names, if its signature is that of its body as it came.
    Raises not-found, too-many-requests, validation-failed."""
    signed = _SIGNED.fullmatch(signature.decode("latin-1"))
    proof = bytes.fromhex(signed[1]) if signed else b""
    sql = "select received from app.hear_of_meta_leads($1, $2, $3, $4) received"
    told = identity.sha256(key), proof, body, {"leads": forms.named_by(sent)}
    return await database.transaction(None, lambda tx: tx.view(TakenIn, sql, *told))
