"""Pushes: what colleagues are to hear of offers, encrypted for each browser and given to its push
service. Claimed with a lease, sent outside of any transaction, settled by the number of the attempt
(sql/functions/push/pushing.sql)."""

import asyncio
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import structlog

from service.outgoing.addresses import Resolver, reach_of, target_of
from service.outgoing.sending import Courier, Reply
from service.outgoing.webpush import Browser, KeyUnusable, authorization, encrypted, public_key
from service.settings import SettingMissing

log = structlog.get_logger()

PLACES = 16  # browsers of one worker at once
LEASE_SECONDS = 60  # an attempt takes a quarter of it at the most
_LONGEST = 28 * 86400  # that push services keep a message
_SQL_SECONDS = 60.0
_DERIVE = "select app.derive_pushes()"
_CLAIM = "select * from app.claim_pushes($1, $2)"
_SETTLE = "select app.settle_push($1, $2, $3, $4)"
# For one offer and for several.
_WORDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("de", "offer.opened"): ("Neuer Lead", "{} neue Leads"),
    ("de", "offer.last_call"): ("Ein Angebot endet bald", "{} Angebote enden bald"),
    ("en", "offer.opened"): ("A new lead", "{} new leads"),
    ("en", "offer.last_call"): ("An offer ends soon", "{} offers end soon"),
}


class Push(msgspec.Struct, omit_defaults=True):
    """What the page's service worker gets: ids and words, nothing of a person. lead_id only where
    it is one lead. The same id again is the same push."""

    id: str
    kind: str
    count: int
    title: str
    path: str
    ends_at: str
    marketplace_id: str | None = None
    lead_id: str | None = None


class Pushing(NamedTuple):
    """How requests are sent; by which key, and who stands for it."""

    courier: Courier
    key: str
    contact: str
    places: int = PLACES
    lease_seconds: int = LEASE_SECONDS

    async def work(self, connection: Any, stop: asyncio.Event) -> int:
        """Makes messages of what has happened and sends what is due; returns how many arrived."""
        total = 0
        await connection.fetchval(_DERIVE, timeout=_SQL_SECONDS)
        while not stop.is_set():
            claimed = await connection.fetch(
                _CLAIM, self.places, self.lease_seconds, timeout=_SQL_SECONDS
            )
            if not claimed:
                break
            outcomes = await asyncio.gather(*(self._one(one) for one in claimed))
            for one, outcome in zip(claimed, outcomes, strict=True):
                which = one["subscription_id"], one["event_ids"], one["attempt"], outcome
                await connection.fetchval(_SETTLE, *which, timeout=_SQL_SECONDS)
                total += outcome == "taken"
        return total

    async def _one(self, claimed: Any) -> str:
        target = target_of(claimed["endpoint"])
        try:
            browser = Browser(claimed["p256dh"], claimed["auth"])
            body = encrypted(msgspec.json.encode(push_of(claimed)), browser)
        except KeyUnusable:
            return "gone"
        left = int((claimed["ends_at"] - datetime.now(UTC)).total_seconds())
        origin = target.url[: target.url.index("/", len(target.scheme) + 3)]
        headers = {
            "Authorization": authorization(self.key, origin, self.contact, time.time()),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(min(max(left, 0), _LONGEST)),
            "Urgency": "high",
        }
        reply = await self.courier.post(target.url, headers, body)  # type: ignore[arg-type]
        outcome = outcome_of(reply)
        if outcome != "taken":
            log.info("push_not_taken", outcome=outcome, status=reply.status, failure=reply.failure)
        return outcome


def push_of(claimed: Any) -> Push:
    """In the language of its reader."""
    one, several = _WORDS[claimed["language"], claimed["kind"]]
    alone = claimed["count"] == 1
    return Push(
        id=str(claimed["event_ids"][-1]),
        kind=claimed["kind"],
        count=claimed["count"],
        title=one if alone else several.format(claimed["count"]),
        path="/app/offers",
        ends_at=claimed["ends_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        marketplace_id=str(claimed["marketplace_id"]) if alone else None,
        lead_id=str(claimed["lead_id"]) if alone else None,
    )


def outcome_of(reply: Reply) -> str:
    """What an answer of a push service means (RFC 8030)."""
    status = reply.status
    if status is None:
        return "refused" if reply.failure == "forbidden" else "later"
    if 200 <= status < 300:
        return "taken"
    if status in (404, 410):
        return "gone"
    return "later" if status in (408, 429) or status >= 500 else "refused"


def pushing(networks: str) -> Pushing | None:
    """As the settings say, also to these networks; None without KOLLEGIUM_VAPID_KEY. Raises
    SettingMissing."""
    key = os.environ.get("KOLLEGIUM_VAPID_KEY")
    if not key:
        return None
    public_key(key)
    contact = os.environ.get("KOLLEGIUM_PUBLIC_URL", "")
    if not contact.startswith(("https://", "http://")):
        raise SettingMissing(
            "Set KOLLEGIUM_PUBLIC_URL to the address under which people reach the service "
            "(https://…): push services are told it."
        )
    return Pushing(Courier(reach_of(networks), Resolver(threads=PLACES)), key, contact)
