"""Leads that Meta's webhook named are fetched from the Graph API, a few at once.

No transaction is open while Graph is spoken to: a lead is claimed with a lease, fetched, and taken
in or settled by the number of its attempt. A worker that dies in between fetches it once more, and
it is the same lead.
"""

import asyncio
import contextlib
import os
from typing import Any, NamedTuple

import asyncpg
import msgspec
import structlog

from service.domain.intake.forms import from_meta
from service.domain.intake.messages import MetaLead
from service.errors import Problem
from service.outgoing.addresses import Resolver, reach_of
from service.outgoing.sending import Courier, Reply
from service.settings import SettingMissing

log = structlog.get_logger()

PLACES = 8  # leads of one worker at once
LEASE_SECONDS = 60  # an attempt takes a quarter of it at the most
GRAPH_URL = "https://graph.facebook.com"
GRAPH_VERSION = "v24.0"
_MOST_BYTES = 256 * 1024
_FIELDS = "created_time,field_data,custom_disclaimer_responses"
_SQL_SECONDS = 60.0
_CLAIM = "select * from app.claim_meta_leads($1, $2)"
_TAKE = "select app.take_meta_lead($1, $2, $3, $4, $5)"
_SETTLE = "select app.settle_meta_lead($1, $2, $3, $4, $5, $6)"
# Codes of Graph's errors: a token that is void, and a right that it does not have.
_TOKEN = frozenset({102, 190})
_RIGHTS = frozenset({3, 10, *range(200, 300)})
_TOO_MUCH = frozenset({4, 17, 32, 613, *range(80000, 80015)})
_ABSENT = 100  # no such object, or none that this token may see


class GraphError(msgspec.Struct):
    """What an answer says of an error; its text may name people, so it is not read."""

    code: int = 0


class GraphRefusal(msgspec.Struct):
    """An answer that is none."""

    error: GraphError


class Missed(NamedTuple):
    """Why an attempt brought nothing: an outcome of `app.settle_meta_lead`, and a word."""

    outcome: str
    failure: str


class Fetching(NamedTuple):
    """How requests are sent, and where Graph is."""

    courier: Courier
    base: str
    places: int = PLACES
    lease_seconds: int = LEASE_SECONDS

    async def work(self, connection: Any, stop: asyncio.Event) -> int:
        """Fetches what is due until nothing is; returns how many leads came in."""
        total = 0
        while not stop.is_set():
            claimed = await connection.fetch(
                _CLAIM, self.places, self.lease_seconds, timeout=_SQL_SECONDS
            )
            if not claimed:
                break
            found = await asyncio.gather(*(self._one(one) for one in claimed))
            for one, lead in zip(claimed, found, strict=True):
                total += await _settle(connection, one, lead)
        return total

    async def _one(self, claimed: Any) -> dict[str, Any] | Missed | None:
        proof = f"appsecret_proof={claimed['proof']}"
        url = f"{self.base}/{claimed['leadgen_id']}?fields={_FIELDS}&{proof}"
        headers = {
            "Authorization": f"Bearer {claimed['access_token']}",
            "Accept": "application/json",
            "User-Agent": "Kollegium",
        }
        reply = await self.courier.get(url, headers, _MOST_BYTES)  # type: ignore[arg-type]
        if reply.status != 200:
            return missed(reply)
        try:
            lead = msgspec.json.decode(reply.body, type=MetaLead)
        except (msgspec.DecodeError, UnicodeError):
            return Missed("later", "answer-unreadable")
        try:
            return from_meta(lead, claimed["leadgen_id"], claimed["sent_at"], claimed["interest"])
        except Problem:
            return Missed("unusable", "lead-unreadable")


def missed(reply: Reply) -> Missed:
    """What an answer other than 200 means."""
    if reply.status is None:
        return Missed("later", str(reply.failure))
    try:
        code = msgspec.json.decode(reply.body, type=GraphRefusal).error.code
    except (msgspec.DecodeError, UnicodeError):
        code = 0
    if code in _TOKEN or (reply.status == 401 and not code):
        return Missed("token-refused", "token-refused")
    if code in _RIGHTS:
        return Missed("permission-missing", "permission-missing")
    if code in _TOO_MUCH or reply.status == 429:
        return Missed("later", "too-many-requests")
    return Missed("later", "not-found" if code == _ABSENT else f"status-{reply.status}")


async def _settle(connection: Any, one: Any, found: dict[str, Any] | Missed | None) -> bool:
    """Takes it in, or says how it went; whether it came in. Of one whose company is being merged it
    cannot be said: it comes again when its lease is over."""
    which = one["marketplace_id"], one["intake_key_id"], one["leadgen_id"], one["attempt"]
    try:
        if not isinstance(found, Missed):
            lead = None if found is None else msgspec.json.encode(found).decode()
            return bool(await connection.fetchval(_TAKE, *which, lead, timeout=_SQL_SECONDS))
    except (
        asyncpg.LockNotAvailableError,
        asyncpg.SerializationError,
        asyncpg.DeadlockDetectedError,
    ):
        return False
    except asyncpg.PostgresError as error:
        if not str(error.sqlstate).startswith("KG"):
            raise
        found = Missed("unusable", "not-let-in")  # its company does not take part any more
    log.info("lead_not_fetched", key=str(one["intake_key_id"]), failure=found.failure)
    with contextlib.suppress(asyncpg.LockNotAvailableError):
        await connection.fetchval(_SETTLE, *which, *found, timeout=_SQL_SECONDS)
    return False


def fetching(networks: str) -> Fetching:
    """From the Graph API that the settings name, also in these networks. Raises SettingMissing."""
    url = os.environ.get("KOLLEGIUM_META_GRAPH_URL") or GRAPH_URL
    version = os.environ.get("KOLLEGIUM_META_GRAPH_VERSION") or GRAPH_VERSION
    if not url.startswith(("https://", "http://")):
        raise SettingMissing("KOLLEGIUM_META_GRAPH_URL is no address of the Graph API (https://…).")
    courier = Courier(reach_of(networks), Resolver(threads=PLACES))
    return Fetching(courier, f"{url.rstrip('/')}/{version}")
