"""What is done where leads come in without a log-in: sql/functions/intake/intake.sql."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from service import identity
from service.database.transaction import Database, Tx
from service.domain.intake.messages import IntakeKeyDraft, Kind, NewIntakeKey, OpenIntake, TakenIn


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
    repeats the request."""
    secret = None
    if data.kind == "google":
        secret = f"{identity.sha256(f'secret of {key}').hex()[:40]}"
    sql = "select app.create_intake_key($1, $2, $3, $4, $5, $6, $7, $8)"
    proof = identity.sha256(key), None if secret is None else identity.sha256(secret)
    told = data.marketplace_id, data.kind, data.name, data.interest, data.origins, data.consent_text
    key_id = await tx.value(UUID, sql, *told, *proof)
    path = f"/intake/{key}" + ("" if data.kind == "form" else f"/{data.kind}")
    return NewIntakeKey(key_id, data.name, key, path, secret)


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
