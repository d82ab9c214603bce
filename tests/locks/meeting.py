"""Requests that meet at a lock, by hand: one stops before or after it takes each lock, the other
runs in between.

The functions of a test database are given a place to stop around every statement that locks
(`prepare`). A session counts the places that it passes; at the one it was told, it waits for a
gate, an advisory lock that the test holds. Nothing depends on time: the test looks at who waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.locks import source

GATE = 7_215_022
PLACES = f"""
    create schema places;
    grant usage on schema places to public;
    create function places.pass(p_place text) returns boolean language plpgsql volatile as $$
    declare
      v_count constant integer := coalesce(current_setting('places.count', true), '0')::integer + 1;
      v_gate constant integer := array_position(
        string_to_array(current_setting('places.stops', true), ' '), v_count::text);
    begin
      perform set_config('places.count', v_count::text, false);
      raise notice 'place %', p_place;
      if v_gate is not null then
        perform pg_advisory_lock_shared({GATE}, v_gate);
        perform pg_advisory_unlock_shared({GATE}, v_gate);
      end if;
      return true;
    end $$;
    grant execute on function places.pass(text) to public;
"""
# Whether the first is where it was to stop, and whether another waits for one of those who meet.
AT_GATE = f"""
    select exists (select from pg_locks where pid = $1 and not granted and locktype = 'advisory'
      and classid = {GATE} and objid = $2::integer::oid and objsubid = 2)
"""
BEHIND = "select pg_blocking_pids($1) && $2::integer[]"
Doing = Callable[[Any], Awaitable[Any]]
RETRIED = (
    "40001",
    "55P03",
)  # a lost race that the service tries again; a deadlock is none of these


def stops(statement: source.Statement, brokers: dict[str, source.Function]) -> bool:
    """Whether a statement locks rows by itself or through a function in plain SQL."""
    helpers = [brokers[name] for name in source.called(statement.text) if name in brokers]
    texts = [one.text for f in helpers if f.language == "sql" for one in f.statements]
    return any(source.locked(t) or "pg_advisory_xact" in t for t in (statement.text, *texts))


def with_places(function: source.Function, brokers: dict[str, source.Function]) -> str | None:
    """The function with its places to stop; None: it locks nothing by itself. An assertion leaves
    FOUND and the row count as they are."""
    body, changed = function.body, False
    for number, one in reversed(list(enumerate(function.statements))):
        if not stops(one, brokers):
            continue
        for side, at, wanted in (("after", one.end, one.after), ("before", one.start, one.before)):
            if wanted:
                place = f" assert places.pass('{function.name} {number} {side}');\n"
                body, changed = body[:at] + place + body[at:], True
    return function.whole.replace(function.body, body) if changed else None


async def prepare(superuser: Any) -> int:
    """Gives every function its places; returns how many functions have some."""
    found = await source.functions(superuser)
    changed = [
        with_places(f, found)
        for f in found.values()
        if f.language == "plpgsql" and f.volatile and not f.name.startswith("app.enter")
    ]
    await superuser.execute(PLACES)
    for definition in filter(None, changed):
        await superuser.execute(definition)
    return len([one for one in changed if one])


class Refused(str):
    """An answer that is a problem or an error."""


@dataclass
class Session:
    """A connection that acts, and the places it passed since its last beginning."""

    connection: Any
    pid: int
    places: list[str] = field(default_factory=list)

    @classmethod
    async def on(cls, connection: Any) -> "Session":
        """A session over a connection of its own."""
        made = cls(connection, connection.get_server_pid())

        def passed(_: Any, message: Any) -> None:
            text = str(message.message)
            if text.startswith("place "):
                made.places.append(text.removeprefix("place "))

        connection.add_log_listener(passed)
        # Who is kept waiting by hand must not run into the limits of his role on a slow machine.
        await connection.execute("set lock_timeout = '60s'; set statement_timeout = '60s'")
        return made

    async def run(self, act: Doing, *stops: int) -> Any:
        """The act as the service does it: a lost race begins again. Its answer, or the problem."""
        for _ in range(3):
            self.places.clear()
            places = " ".join(map(str, stops))
            await self.connection.execute(f"set places.count = '0'; set places.stops = '{places}'")
            try:
                return await act(self.connection)
            except asyncpg.PostgresError as error:
                stops = ()
                if error.sqlstate not in RETRIED:
                    return Refused(error.constraint_name or f"{error.sqlstate} {error}")
        return Refused("lost every race")


@dataclass
class Met:
    """What came of a meeting. `reached`: how many of its stops the first came to; `blocked`: the
    place before which each of the others had to wait for it, None where one did not."""

    answers: list[Any]
    reached: int
    blocked: list[str | None]


class Meeting:
    """Brings sessions together; one more holds the gates and watches."""

    def __init__(self, watcher: Any) -> None:
        self.watcher = watcher

    async def _settled(self, task: "asyncio.Task[Any]", waits: str, *values: Any) -> bool:
        """Waits until the task is done or it waits as it should; True: done. That it waits for
        something else, as for a moment of the autovacuum's, says nothing."""
        for _ in range(50_000):
            # Asking all the time would keep busy whom it waits for.
            await asyncio.wait({task}, timeout=0.001)
            if task.done():
                return True
            if await self.watcher.fetchval(waits, *values) and not task.done():
                return False
        raise AssertionError("neither done nor waiting")

    async def meet(
        self, first: Session, act: Doing, others: list[tuple[int, Session, Doing]]
    ) -> Met:
        """`act` stops at each of the places, and there one of the others runs as far as it can."""
        gates = range(1, len(others) + 1)
        for gate in gates:
            await self.watcher.execute(f"select pg_advisory_lock({GATE}, {gate})")
        met = Met([], 0, [])
        tasks = [asyncio.create_task(first.run(act, *[stop for stop, _, _ in others]))]
        pids = [first.pid, *(session.pid for _, session, _ in others)]
        try:
            for gate, (_, session, other) in zip(gates, others, strict=True):
                met.reached += not await self._settled(tasks[0], AT_GATE, first.pid, gate)
                tasks.append(asyncio.create_task(session.run(other)))
                done = await self._settled(tasks[-1], BEHIND, session.pid, pids)
                places = len(session.places)
                met.blocked.append(None if done else session.places[-1] if places > 1 else "first")
                await self.watcher.execute(f"select pg_advisory_unlock({GATE}, {gate})")
            met.answers = list(await asyncio.gather(*tasks))
            return met
        finally:
            await self.watcher.execute("select pg_advisory_unlock_all()")
