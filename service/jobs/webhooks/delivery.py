"""Delivery: events that are due are posted to webhooks, many at once; none waits for a slow one.

No transaction is open while a receiver is spoken to: a delivery is claimed with a lease, sent, and
settled by the number of its attempt. A worker that dies in between sends it once more, with the
same id. How many of one receiver go at once is decided in sql/functions/webhooks/delivering.sql.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
import structlog
from standardwebhooks import Webhook

from service.outgoing.addresses import Resolver, reach_of
from service.outgoing.sending import Courier, Headers, Reply

log = structlog.get_logger()

PLACES = 16  # deliveries of one worker at once
LEASE_SECONDS = 60  # an attempt takes a quarter of it at the most
LOOK_SECONDS = 0.5  # how soon a worker that is sending looks for more
_SLOW_SECONDS = 3.0
_LAST_SECONDS = 2.0  # for what is under way when the worker stops
_SQL_SECONDS = 60.0
_DERIVE = "select app.derive_deliveries(5000)"
_CLAIM = "select * from app.claim_deliveries($1, $2)"
_STOPPED = Reply(None, "stopped", 0.0)


class Delivering(NamedTuple):
    """How requests are sent, and how many at once."""

    courier: Courier
    places: int = PLACES
    lease_seconds: int = LEASE_SECONDS

    async def work(self, connection: Any, stop: asyncio.Event) -> int:
        """Makes deliveries of what has happened, and sends what is due until nothing is; returns
        how many were taken."""
        sending: dict[asyncio.Task[Reply], Any] = {}
        total = 0
        try:
            while not stop.is_set():
                made = await connection.fetchval(_DERIVE, timeout=_SQL_SECONDS)
                free = self.places - len(sending)
                claimed = await connection.fetch(
                    _CLAIM, free, self.lease_seconds, timeout=_SQL_SECONDS
                )
                for one in claimed:
                    sending[asyncio.create_task(self._one(one))] = one
                if not sending:
                    if made:
                        continue
                    break
                ready, _ = await asyncio.wait(
                    sending, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in ready:
                    total += await _settle(connection, sending.pop(task), task.result())
            return total + await self._end(connection, sending)
        finally:
            for task in sending:
                task.cancel()

    async def _end(self, connection: Any, sending: dict[asyncio.Task[Reply], Any]) -> int:
        """What is under way when the worker stops may have arrived: it comes again, with its id."""
        total = 0
        if sending:
            await asyncio.wait(sending, timeout=_LAST_SECONDS)
        for task, one in list(sending.items()):
            answer = task.result() if task.done() else _STOPPED
            task.cancel()
            total += await _settle(connection, one, answer)
            del sending[task]
        return total

    async def _one(self, claimed: Any) -> Reply:
        body = claimed["body"]
        now = datetime.now(UTC)
        signatures = [
            Webhook(secret).sign(str(claimed["id"]), now, body) for secret in claimed["secrets"]
        ]
        headers: Headers = {
            "Content-Type": "application/json",
            "User-Agent": "Kollegium",
            "webhook-id": str(claimed["id"]),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return await self.courier.post(claimed["url"], headers, body.encode())


async def _settle(connection: Any, one: Any, answer: Reply) -> bool:
    """Says how it went; whether it was taken. Of a webhook that a merge holds it cannot be said:
    that one comes again when its lease is over, and all others go on."""
    with contextlib.suppress(asyncpg.LockNotAvailableError):
        await connection.fetchval(
            "select app.settle_delivery($1, $2, $3, $4, $5, $6)",
            one["webhook_id"],
            one["id"],
            one["attempt"],
            answer.status,
            answer.failure,
            answer.seconds > _SLOW_SECONDS,
            timeout=_SQL_SECONDS,
        )
    taken = answer.status is not None and 200 <= answer.status < 300
    if not taken and answer is not _STOPPED:
        log.info(
            "webhook_not_taken",
            webhook=str(one["webhook_id"]),
            status=answer.status,
            failure=answer.failure,
        )
    return taken


def delivering(networks: str) -> Delivering:
    """To the public internet and to these networks. Raises SettingMissing."""
    return Delivering(Courier(reach_of(networks), Resolver(threads=PLACES)))
