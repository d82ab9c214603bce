"""The import: batch by batch, each one transaction of the database.

What was imported is known to the database alone; this job keeps nothing. So it may be killed at
any point and run again, run twice, and run twice at once: the primary keys of
`app_private.legacy_*` and the unique `app.company.origin_legacy_user_id` let each legacy row in
once. For the same reason batches of leads may run side by side, each over a connection of its own.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from service.legacy.files import SourceError
from service.legacy.sources import Connection

USERS_A_BATCH = 1_000
LEADS_A_BATCH = 2_000
DELETIONS_A_BATCH = 200
_TRIES = 6


class Step(msgspec.Struct):
    """A batch that is committed; `seen` rows were looked at."""

    step: str
    seen: int
    created: int
    changed: int
    last: int | None
    seconds: float


class Outcome(msgspec.Struct):
    """What a run did: rows created and changed by step, and how the quarantine stands."""

    created: dict[str, int] = msgspec.field(default_factory=dict)
    changed: dict[str, int] = msgspec.field(default_factory=dict)
    waiting: int = 0
    healed: int = 0
    seconds: float = 0.0

    def count(self, step: Step) -> None:
        """Adds a batch."""
        self.created[step.step] = self.created.get(step.step, 0) + step.created
        self.changed[step.step] = self.changed.get(step.step, 0) + step.changed


Told = Callable[[Step], None]


async def call(connection: Connection, query: str, *values: Any) -> Mapping[str, Any]:
    """One transaction; begins again when it lost against somebody else's."""
    for attempt in range(_TRIES):
        try:
            return dict(await connection.fetchrow(query, *values) or {})
        except (
            asyncpg.SerializationError,
            asyncpg.DeadlockDetectedError,
            asyncpg.LockNotAvailableError,
        ):
            if attempt == _TRIES - 1:
                raise
            await asyncio.sleep(0.1 * 2**attempt)
    raise AssertionError("unreachable")


class Import:
    """Imports a load over connections of kollegium_staff; the first is the one that holds it."""

    def __init__(
        self, connections: Sequence[Connection], load: int, told: Told, leads: int = LEADS_A_BATCH
    ):
        """`leads` is the number of leads a batch; `told` hears of each batch after its commit."""
        self._connections, self._load, self._told, self._leads = connections, load, told, leads
        self._connection = connections[0]
        self._outcome = Outcome()

    async def run(self, *, deletions: bool = False) -> Outcome:
        """All steps, in the order in which later ones need earlier ones. deletions: that much of
        what came over is missing is meant."""
        began = time.monotonic()
        if not deletions:
            await self._expect_whole_source()
        await self._quarantine(heal=False)
        await self._whole(
            "users changed", "select 0 as created, app.legacy_change_users($1) as changed"
        )
        await self._rows_by_number("users", "app.legacy_import_users", USERS_A_BATCH)
        await self._whole("marketplaces", "select * from app.legacy_import_marketplaces($1)")
        await self._whole("participants", "select * from app.legacy_import_participations($1)")
        await self._whole("api_keys", "select * from app.legacy_import_api_keys($1)")
        await self._whole("groups", "select app.legacy_import_groups($1) as seen")
        await self._leads_side_by_side()
        await self._rows_by_number(
            "deleted there", "app.legacy_follow_deletions", DELETIONS_A_BATCH
        )
        await self._quarantine(heal=True)
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    async def _quarantine(self, *, heal: bool) -> None:
        row = await call(
            self._connection, "select * from app.legacy_keep_quarantine($1, $2)", self._load, heal
        )
        self._outcome.waiting, self._outcome.healed = row["waiting"], row["healed"]

    async def _whole(self, step: str, query: str) -> None:
        began = time.monotonic()
        row = await call(self._connection, query, self._load)
        self._tell(step, row, began)

    async def _expect_whole_source(self) -> None:
        try:
            await self._connection.execute("select app.legacy_expect_whole_source($1)", self._load)
        except asyncpg.PostgresError as error:
            if error.as_dict().get("constraint_name") != "deletions-too-many":
                raise
            lacks = msgspec.json.decode(error.as_dict()["detail"])
            raise SourceError(
                f"The source lacks {lacks['missing']} of the {lacks['known']} {lacks['table']} "
                "that came over before. If it is not the whole source, export it anew; if they are "
                "deleted there, run this with --deletions. Nothing was changed."
            ) from error

    async def _rows_by_number(self, step: str, function: str, limit: int) -> None:
        last: int | None = 0
        query = f"select * from {function}($1, $2, $3)"  # noqa: S608 - constants
        while True:
            began = time.monotonic()
            row = await call(self._connection, query, self._load, last, limit)
            last = row["last"]
            if last is None:
                return
            self._tell(step, row, began)

    async def _leads_side_by_side(self) -> None:
        """Each connection takes the next batch until there is none; the first error ends all."""
        starts = await self._connection.fetch(
            "select app.legacy_lead_batches($1, $2)", self._load, self._leads
        )
        todo = (row[0] for row in starts)
        try:
            async with asyncio.TaskGroup() as group:
                for connection in self._connections:
                    group.create_task(self._some_leads(connection, todo))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _some_leads(self, connection: Connection, todo: Iterator[int]) -> None:
        query = "select * from app.legacy_import_leads($1, $2, $3)"
        for after in todo:
            began = time.monotonic()
            row = await call(connection, query, self._load, after, self._leads)
            if row["last"] is not None:
                self._tell("leads", row, began)

    def _tell(self, step: str, row: Mapping[str, Any], began: float) -> None:
        done = Step(
            step,
            row.get("seen") or 0,
            row.get("created") or 0,
            row.get("changed") or 0,
            row.get("last"),
            round(time.monotonic() - began, 4),
        )
        self._outcome.count(done)
        self._told(done)


async def import_load(
    connections: Sequence[Connection],
    load: int,
    told: Told,
    leads: int = LEADS_A_BATCH,
    *,
    deletions: bool = False,
) -> Outcome:
    """Imports what a load staged (`service.legacy.staging.staged`). Raises asyncpg's errors, and
    SourceError when much of what came over is missing, unless `deletions`."""
    return await Import(connections, load, told, leads).run(deletions=deletions)
