"""The import: batch by batch, each one transaction of the database.

What was imported is known to the database alone; this job keeps nothing. So it may be killed at
any point and run again, run twice, and run twice at once: the primary keys of
`app_private.legacy_*` and the unique `app.company.origin_legacy_user_id` let each legacy row in
once. For the same reason batches of leads may run side by side, each over a connection of its own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec

from service.jobs.legacy.files import SourceError
from service.jobs.legacy.halving import halved, name_of, of_a_row
from service.jobs.legacy.sources import Connection

T = TypeVar("T")

USERS_A_BATCH = 1_000
LEADS_A_BATCH = 2_000
DELETIONS_A_BATCH = 200
_TRIES = 6
_FIRST = -(2**63)  # before every number


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


async def retried(work: Callable[[], Awaitable[T]]) -> T:
    """One transaction; begins again when it lost against somebody else's."""
    for attempt in range(_TRIES):
        try:
            return await work()
        except (
            asyncpg.SerializationError,
            asyncpg.DeadlockDetectedError,
            asyncpg.LockNotAvailableError,
        ):
            if attempt == _TRIES - 1:
                raise
            await asyncio.sleep(0.1 * 2**attempt)
    raise AssertionError("unreachable")


async def call(connection: Connection, query: str, *values: Any) -> Mapping[str, Any]:
    """One statement, retried."""
    return dict(await retried(lambda: connection.fetchrow(query, *values)) or {})


class MovingIn:
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
            "users changed", "users", "select 0 as created, app.legacy_change_users($1) as changed"
        )
        await self._rows_by_number("users", "app.legacy_import_users", USERS_A_BATCH, "users")
        await self._whole(
            "marketplaces", "marketplaces", "select * from app.legacy_import_marketplaces($1)"
        )
        await self._whole(
            "participants", "participants", "select * from app.legacy_import_participations($1)"
        )
        await self._whole("api_keys", "api_keys", "select * from app.legacy_import_api_keys($1)")
        await self._whole("groups", "groups", "select app.legacy_import_groups($1) as seen")
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

    async def _whole(self, step: str, table: str, query: str) -> None:
        began = time.monotonic()
        try:
            self._tell(step, await call(self._connection, query, self._load), began)
        except asyncpg.PostgresError as error:
            await self._halve(self._connection, step, table, (_FIRST, None), query, error)

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

    async def _rows_by_number(
        self, step: str, function: str, limit: int, table: str | None = None
    ) -> None:
        """table: whose rows they are, where one that fails can be put aside."""
        last: int | None = _FIRST if table else 0
        query = f"select * from {function}($1, $2, $3)"  # noqa: S608 - constants
        while last is not None:
            began, after = time.monotonic(), last
            try:
                row = await call(self._connection, query, self._load, last, limit)
            except asyncpg.PostgresError as error:
                if table is None or not of_a_row(error):
                    raise
                rows = await self._rows(self._connection, table, (after, None))
                last = rows[:limit][-1][0]
                await self._halve(
                    self._connection, step, table, (after, last), query, error, (after, None)
                )
                continue
            last = row["last"]
            if last is not None:
                self._tell(step, row, began)

    async def _leads_side_by_side(self) -> None:
        """Each connection takes the next batch until there is none; the first error ends all."""
        starts = await self._connection.fetch(
            "select app.legacy_lead_batches($1, $2)", self._load, self._leads
        )
        bounds = [row[0] for row in starts]
        todo = iter(list(zip(bounds, [*bounds[1:], None], strict=True)))
        try:
            async with asyncio.TaskGroup() as group:
                for connection in self._connections:
                    group.create_task(self._some_leads(connection, todo))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _some_leads(
        self, connection: Connection, todo: Iterator[tuple[int, int | None]]
    ) -> None:
        query = "select * from app.legacy_import_leads($1, $2, $3)"
        for after, last in todo:
            began = time.monotonic()
            try:
                row = await call(connection, query, self._load, after, self._leads)
            except asyncpg.PostgresError as error:
                await self._halve(
                    connection, "leads", "leads", (after, last), query, error,
                    (after, self._leads),
                )  # fmt: skip
                continue
            if row["last"] is not None:
                self._tell("leads", row, began)

    async def _rows(
        self, connection: Connection, table: str, between: tuple[int, int | None]
    ) -> list[list[int]]:
        rows = await connection.fetch(
            "select app.legacy_importable($1, $2, $3, $4)", self._load, table, *between
        )
        return [row[0] for row in rows]

    async def _halve(
        self, connection: Connection, step: str, table: str, between: tuple[int, int | None],
        query: str, failed: asyncpg.PostgresError,
        batch: tuple[int, int | None] | None = None,
    ) -> None:  # fmt: skip
        """A batch that failed as a whole: all go in but the rows that it fails with, which wait.
        batch: after which number the query goes on, and over how many rows (None: all it is given);
        without one it takes the whole table."""
        if not of_a_row(failed):
            raise failed
        rows = await self._rows(connection, table, between)

        async def some(chosen: Sequence[list[int]]) -> None:
            began = time.monotonic()
            kept = {key for row in chosen for key in row}
            others = [key for row in rows for key in row if key not in kept]
            arguments = (self._load, table, others)
            page = () if batch is None else (batch[0], batch[1] or len(chosen))

            async def transaction() -> Mapping[str, Any]:
                async with connection.transaction():
                    await connection.execute("select app.legacy_leave_out($1, $2, $3)", *arguments)
                    row = await connection.fetchrow(query, self._load, *page)
                    await connection.execute("select app.legacy_let_in($1, $2, $3)", *arguments)
                return dict(row or {})

            self._tell(step, await retried(transaction), began)

        aside = await halved(rows, some, failed=failed)
        if len(aside) > 1:
            # Two who exchange an address go in together, or neither does.
            aside = await self._together(aside, some)
        for row, error in aside:
            await connection.execute(
                "select app.legacy_add_findings($1, $2, 'quarantine', 'unforeseen', $3, $4)",
                *(self._load, table, [str(key) for key in row], name_of(error)),
            )

    async def _together(
        self,
        aside: list[tuple[list[int], asyncpg.PostgresError]],
        some: Callable[[Sequence[list[int]]], Awaitable[None]],
    ) -> list[tuple[list[int], asyncpg.PostgresError]]:
        try:
            await some([row for row, _ in aside])
        except asyncpg.PostgresError as error:
            if not of_a_row(error):
                raise
            return aside
        return []

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
    """Imports what a load staged (`staging.staged`). Raises asyncpg's errors, and
    SourceError when much of what came over is missing, unless `deletions`."""
    return await MovingIn(connections, load, told, leads).run(deletions=deletions)
