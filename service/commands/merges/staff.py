"""What staff does about merges, over a connection as kollegium_staff."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import click
import msgspec

from service.commands.connections import connected
from service.commands.merges.output import StaffMerge
from service.commands.merges.refusals import explained
from service.errors import Problem
from service.vocabulary import address_of

# Lost races without effect: a deadlock with somebody who wrote for both companies, or a lock that
# was not free in time.
_RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_ATTEMPTS = 5


def pair(text: str) -> tuple[UUID, UUID]:
    """MARKETPLACE/LEAD. Raises ClickException."""
    market, _, lead = text.partition("/")
    try:
        return UUID(market), UUID(lead)
    except ValueError as error:
        raise click.ClickException(
            f"--lead takes MARKETPLACE/LEAD, two ids; not {text!r}."
        ) from error


Told = Callable[[str, int, int], None]


def _tell(told: Told, notice: str) -> None:
    # app_private.tell_progress: progress DONE ALL TABLE
    word, *values = notice.split()
    if word == "progress" and len(values) == 3:
        told(values[2], int(values[0]), int(values[1]))


class MergeStaff:
    """Each method is a transaction of its own. `told` hears of long ones which table comes next,
    and how many of how many are done."""

    def __init__(self, connection: Any, told: Told | None = None) -> None:
        self._connection = connection
        if told is not None:
            connection.add_log_listener(lambda _, notice: _tell(told, str(notice.message)))

    async def all(self, merge_id: UUID | None = None) -> list[StaffMerge]:
        """Merges, newest first and without their long reports, or one of them with all."""
        without = '{"rehearsal": null, "result": null, "undo_result": null}'
        text = await self._connection.fetchval(
            "select coalesce(json_agg(to_jsonb(m) || $2::text::jsonb), '[]')::text"
            " from app.list_merges($1) m",
            *(merge_id, "{}" if merge_id else without),
        )
        return msgspec.json.decode(text, type=list[StaffMerge])

    async def one(self, merge_id: UUID) -> StaffMerge:
        """One merge. Raises Problem not-found."""
        found = await self.all(merge_id)
        if not found:
            raise Problem("not-found")
        return found[0]

    async def request(
        self, survivor: UUID, absorbed: UUID, execute_at: datetime | None, reference: str
    ) -> StaffMerge:
        """Records a written request."""
        merge_id = await self._connection.fetchval(
            "select app.request_merge_in_writing($1, $2, $3, $4)",
            *(survivor, absorbed, execute_at, reference),
        )
        return await self.one(merge_id)

    @contextlib.asynccontextmanager
    async def _transaction(self, *, keep: bool) -> AsyncIterator[None]:
        """Taken back at its end unless it is to be kept."""
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            yield
            if not keep:  # what a commit would check
                await self._connection.execute("set constraints all immediate")
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.commit() if keep else transaction.rollback())

    async def _performed(self, function: str, merge_id: UUID, *, keep: bool = True) -> StaffMerge:
        """Runs one of the long functions; how long it took is in the answer."""
        for attempt in range(1, _ATTEMPTS + 1):
            begun = time.monotonic()
            try:
                with explained(merge_id):
                    async with self._transaction(keep=keep):
                        await self._connection.fetchval(f"select app.{function}($1)", merge_id)
                        found = await self.one(merge_id)
                break
            except _RETRIED:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(attempt)
        found.took = round(time.monotonic() - begun, 2)
        return found

    async def rehearse(self, merge_id: UUID) -> StaffMerge:
        """Performs the merge and takes it back."""
        return await self._performed("rehearse_merge", merge_id)

    async def run(self, merge_id: UUID) -> StaffMerge:
        """Performs the merge."""
        return await self._performed("run_merge", merge_id)

    async def undo(self, merge_id: UUID, *, keep: bool = True) -> StaffMerge:
        """Takes the merge back; without `keep` only to see what that does."""
        return await self._performed("undo_merge", merge_id, keep=keep)

    async def consent(self, merge_id: UUID, side: str, reference: str) -> StaffMerge:
        """Records the written consent of one side."""
        with explained(merge_id):
            await self._connection.fetchval(
                "select app.record_merge_consent($1, $2, $3)", merge_id, side, reference
            )
        return await self.one(merge_id)

    async def leads_of(self, merge_id: UUID) -> list[tuple[UUID, UUID]]:
        """The leads that came with a merge and are still the survivor's."""
        rows = await self._connection.fetch("select * from app.leads_of_merge($1)", merge_id)
        return [(row["marketplace_id"], row["lead_id"]) for row in rows]

    async def split(
        self,
        email: str,
        name: str,
        leads: Sequence[tuple[UUID, UUID]],
        reference: str,
        *,
        keep: bool = True,
    ) -> dict[str, Any]:
        """A company of his own for a colleague; without `keep` only to see what that does."""
        markets, ids = [market for market, _ in leads], [lead for _, lead in leads]
        async with self._transaction(keep=keep):
            text = await self._connection.fetchval(
                "select app.split_colleague($1, $2, $3, $4, $5)::text",
                *(address_of(email) or email, name, markets, ids, reference),
            )
        done: dict[str, Any] = msgspec.json.decode(text)
        if not keep:  # ids of what was taken back mean nothing
            done = {"rows": done["rows"]}
        return {"colleague": email, "company": name, "leads": len(leads), **done}


@contextlib.asynccontextmanager
async def staff(data_dir: Path, told: Told | None = None) -> AsyncIterator[MergeStaff]:
    """A connection as kollegium_staff for the time of the block."""
    async with connected("staff", data_dir) as connection:
        yield MergeStaff(connection, told)
