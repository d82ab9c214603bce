"""Reads that share a connection: each keeps its own context, its own answer and its own failure.

Two companies ask in turn, always, so that an answer in the wrong place is another company's.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from service.database.transaction import Database
from service.database.wire import (
    Connection,
    ConnectionLost,
    Lane,
    Lanes,
    Pool,
    PoolExhausted,
    PostgresError,
    Statement,
)
from service.database.wire.connection import as_texts
from service.database.wire.login import address
from service.settings import ServiceSettings
from tests.fixtures.cutter import Cutter
from tests.fixtures.database import Urls, connected
from tests.fixtures.pooler import pooler
from tests.fixtures.sizes import sized
from tests.fixtures.world import World

CANCELLED = sized(300, whole=600, name="KOLLEGIUM_CANCELLATIONS")
ENTER = "select app.enter_to_read($1)"
COMPANY = "select app.current_company_id()::text"
LANE, OTHER = Lane("test", seconds=5), Lane("other", seconds=5)


def lending(url: str, *, size: int = 1, seconds: float = 5, named: bool = True) -> Pool:
    """A pool as kollegium_api."""
    return Pool(address(url), size=size, seconds=seconds, named=named)


async def company(lanes: Lanes, token: str | None, lane: Lane = LANE, sql: str = COMPANY) -> Any:
    """What the statement says in the context of the token."""
    enter = [] if token is None else [Statement(ENTER, (token,))]
    found = await lanes.ask(lane, as_texts([*enter, Statement(sql)]))
    return (found[-1][0] or b"").decode()


class Two:
    """Two companies, by turns, and what each of them has to hear."""

    def __init__(self, world: World) -> None:
        self.tokens = (world.anna.token, world.cora.token)
        self.companies = (str(world.huber.id), str(world.klein.id))

    def ask(self, lanes: Lanes, count: int, **more: Any) -> list[Any]:
        """So many reads, one after the other of one and the other."""
        return [company(lanes, self.tokens[n % 2], **more) for n in range(count)]

    def says(self, count: int) -> list[str]:
        """The answers to them."""
        return [self.companies[n % 2] for n in range(count)]


@pytest.fixture
def two(world: World) -> Two:
    """Huber and Klein."""
    return Two(world)


@pytest_asyncio.fixture
async def pool(world_database: Urls) -> AsyncIterator[Pool]:
    """One connection."""
    made = lending(world_database.api)
    yield made
    await made.close()


async def test_what_comes_in_one_turn_goes_out_in_one_write(pool: Pool, two: Two) -> None:
    lanes = Lanes(pool, "", 1)
    await company(lanes, two.tokens[0])
    async with pool.lend() as connection:
        before = connection.trips
    assert await asyncio.gather(*two.ask(lanes, 20)) == two.says(20)
    async with pool.lend() as connection:
        assert connection.trips == before + 1
        # The control: one after the other they are twenty.
        pass
    for ask in two.ask(lanes, 5):
        await ask
    async with pool.lend() as connection:
        assert connection.trips == before + 6


async def test_context_ends_with_each_read(pool: Pool, two: Two) -> None:
    """Nobody's read between two of theirs sees neither; nor does the next user of the loan."""
    lanes = Lanes(pool, "", 1)
    asked = [company(lanes, token) for token in (two.tokens[0], None, two.tokens[1], None)]
    assert await asyncio.gather(*asked) == [two.companies[0], "", two.companies[1], ""]
    async with pool.lend() as connection:
        assert await connection.batch([Statement(COMPANY)], seconds=5) == [[None]]


async def test_a_refusal_is_its_own_readers_alone(pool: Pool, two: Two) -> None:
    """A dead token and a broken statement stand between others, and are the first of a name."""
    lanes = Lanes(pool, "", 1)
    reads: list[Any] = [company(lanes, "kgs_nobody")]  # prepares what the others use
    for number, ask in enumerate(two.ask(lanes, 8)):
        reads += [ask, company(lanes, two.tokens[number % 2], sql="select (1 / 0)::text")]
    found = await asyncio.gather(*reads, return_exceptions=True)
    assert found[1::2] == two.says(8)
    states = [error.sqlstate for error in found[::2] if isinstance(error, PostgresError)]
    assert states == ["28000", *["22012"] * 8]
    assert await asyncio.gather(*two.ask(lanes, 4)) == two.says(4)


async def test_a_value_without_a_text_form_disturbs_nobody(pool: Pool, two: Two) -> None:
    lanes = Lanes(pool, "", 1)

    async def wrong() -> None:
        await lanes.ask(LANE, as_texts([Statement("select $1::text", (object(),))]))

    found = await asyncio.gather(*two.ask(lanes, 2), wrong(), return_exceptions=True)
    assert found[:2] == two.says(2)
    assert isinstance(found[2], TypeError)


async def _kinds(asked: list[Any]) -> list[Any]:
    """What came back: answers, or the names of what was raised."""
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [type(each).__name__ if isinstance(each, BaseException) else each for each in found]


async def test_a_fault_at_every_message_boundary(world_database: Urls, two: Two) -> None:
    """The line is cut after each message of the server, and in the middle of each: who was answered
    has his own answer, all others are told that there is none, and the next read is well."""
    async with Cutter(world_database.api).open() as line:
        pool = lending(line.url)
        lanes = Lanes(pool, "", 1)
        await company(lanes, two.tokens[0])  # logged in, and prepared
        line.arm(None)
        assert await asyncio.gather(*two.ask(lanes, 6)) == two.says(6)
        messages, answered = line.passed, set()
        assert messages > 6 * 5
        for number in range(messages):
            for halfway in (False, True):
                line.arm(number, halfway=halfway)
                found = await _kinds(two.ask(lanes, 6))
                assert found == two.says(6)[: line.ready] + ["ConnectionLost"] * (6 - line.ready)
                answered.add(line.ready)
                line.arm(None)
                assert await company(lanes, two.tokens[1]) == two.companies[1]
        assert answered == set(range(6))
        await pool.close()


async def test_cancelled_readers_lose_their_answer_and_nobody_elses(
    world_database: Urls, two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two companies and nobody, three quarters of them cancelled somewhere; lanes and loans."""
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.SystemRandom().randrange(2**32)))
    dice, seen = random.Random(seed), Counter[str]()
    database = await Database.open(ServiceSettings(database_url=world_database.api, pool_size=4))
    who = [*zip(two.tokens, two.companies, strict=True), (None, "")]

    async def client() -> None:
        token, expected = dice.choice(who)
        sql = dice.choice([COMPANY, f"{COMPANY} from pg_sleep(0.002)"])
        read = asyncio.ensure_future(
            company(database.lanes, token, dice.choice([LANE, OTHER]), sql)
        )
        if dice.random() < 0.75:
            await asyncio.sleep(dice.uniform(0, 0.012))
            read.cancel()
        try:
            assert await read == expected
            seen["answered"] += 1
        except asyncio.CancelledError:
            seen["cancelled"] += 1

    async def nobody() -> None:
        async with database.pool.lend("reads") as connection:
            assert await connection.batch([Statement(COMPANY)], seconds=5) == [[None]]

    backends = set()
    while seen["cancelled"] < CANCELLED:
        await asyncio.gather(*(client() for _ in range(24)), nobody(), nobody())
        backends.add(await company(database.lanes, None, sql="select pg_backend_pid()::text"))
    assert len(backends) <= 4  # a reader who leaves costs no connection
    await database.close()
    with capsys.disabled():
        print(f"\ncancelled on lanes: {dict(seen)}, no answer to another (seed {seed})")
    assert seen["answered"] > CANCELLED / 20


async def test_who_left_before_it_was_sent_is_not_sent(pool: Pool, two: Two) -> None:
    lanes = Lanes(pool, "", 1)
    async with pool.lend() as connection:
        left = [asyncio.ensure_future(ask) for ask in two.ask(lanes, 4)]
        await asyncio.sleep(0.05)  # they wait for the one connection
        before = connection.trips
        for read in left:
            read.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    assert await company(lanes, two.tokens[0]) == two.companies[0]
    async with pool.lend() as connection:
        assert connection.trips == before + 1


async def test_a_slow_read_delays_nobody_outside_its_kind(world_database: Urls, two: Two) -> None:
    """A lock holds up one lane; those behind it wait for as long as the lane may take, are told
    so, and the connection is closed. Meanwhile another lane and loans go on."""
    pool = lending(world_database.api, size=2)
    lanes = Lanes(pool, "", 1)
    slow = Lane("slow", seconds=0.7)
    async with connected(world_database.superuser) as holder:
        await holder.fetchval("select pg_advisory_lock(4711)")
        held = "select pg_advisory_lock_shared(4711)::text"
        waiting = [
            asyncio.ensure_future(company(lanes, two.tokens[0], slow, held)),
            *map(asyncio.ensure_future, two.ask(lanes, 3, lane=slow)),
        ]
        await asyncio.sleep(0.1)
        for _ in range(5):
            assert await asyncio.gather(*two.ask(lanes, 6)) == two.says(6)
        assert not any(read.done() for read in waiting)
        assert await _kinds(waiting) == ["TimeoutError"] * 4
        await holder.fetchval("select pg_advisory_unlock(4711)")
    assert await company(lanes, two.tokens[0], slow) == two.companies[0]
    await pool.close()


async def test_lanes_leave_connections_for_the_rest(world_database: Urls, two: Two) -> None:
    """Two slow reads of a lane that may have one connection: the other one is on loan meanwhile.
    Who waits for the lane longer than anybody may is told."""
    pool = lending(world_database.api, size=2, seconds=0.5)
    lanes = Lanes(pool, "", 1)
    first = asyncio.ensure_future(
        company(lanes, two.tokens[0], sql=f"{COMPANY} from pg_sleep(1.2)")
    )
    await asyncio.sleep(0.1)
    late = [asyncio.ensure_future(ask) for ask in two.ask(lanes, 2)]
    await asyncio.sleep(0.05)
    async with pool.lend() as connection:
        assert await connection.batch([Statement("select '1'")], seconds=5) == [[b"1"]]
    assert await _kinds(late) == [PoolExhausted.__name__] * 2
    assert await first == two.companies[0]
    assert await asyncio.gather(*two.ask(lanes, 4)) == two.says(4)
    await pool.close()


async def test_a_lane_whose_state_is_unsure_is_closed(pool: Pool, two: Two) -> None:
    """An open transaction would hand its context on; what stands behind it is not believed."""
    lanes = Lanes(pool, "", 1)
    opens = company(lanes, two.tokens[0], sql="begin")
    found = await _kinds([two.ask(lanes, 1)[0], opens, *two.ask(lanes, 2)])
    assert found == [two.companies[0], *[ConnectionLost.__name__] * 3]
    assert await company(lanes, None) == ""


async def test_a_server_that_answers_more_or_less_than_asked_is_not_believed(
    pool: Pool, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that cannot be counted belongs to nobody."""
    lanes = Lanes(pool, "", 1)
    assert await company(lanes, two.tokens[0]) == two.companies[0]
    async with pool.lend() as connection:
        received = connection._protocol.data_received
    swallowed = False

    def lossy(data: bytes) -> None:
        nonlocal swallowed
        cut = data.find(b"2\0\0\0\4D")  # the first row, with what announces it and its completion
        if cut >= 0 and not swallowed:
            swallowed = True
            end = data.index(b"C\0\0\0", cut)
            data = data[:cut] + data[end + 1 + int.from_bytes(data[end + 1 : end + 5], "big") :]
        received(data)

    monkeypatch.setattr(connection._protocol, "data_received", lossy)
    found = await _kinds(two.ask(lanes, 3))
    assert found == [ConnectionLost.__name__] * 3
    assert swallowed


async def test_a_killed_backend_fails_what_was_in_its_lane(world_database: Urls, two: Two) -> None:
    pool = lending(world_database.api, size=2)
    lanes = Lanes(pool, "", 1)
    pid = int(await company(lanes, None, sql="select pg_backend_pid()::text"))
    slow = company(lanes, two.tokens[0], sql="select pg_sleep(5)::text")
    asked = [*two.ask(lanes, 2), slow, *two.ask(lanes, 2)]
    reads = [asyncio.ensure_future(ask) for ask in asked]
    await asyncio.gather(*reads[:2])
    async with connected(world_database.superuser) as superuser:
        await superuser.fetchval("select pg_terminate_backend($1)", pid)
    found = await _kinds(reads)
    assert found[:2] == two.says(2)
    assert found[2:] == ["PostgresError", "ConnectionLost", "ConnectionLost"]
    assert await asyncio.gather(*two.ask(lanes, 4)) == two.says(4)
    await pool.close()


async def test_a_burst_is_cut_into_lines(pool: Pool, two: Two, monkeypatch: Any) -> None:
    """However many come at once, one write has a bounded number of them, in their order."""
    lanes, lines = Lanes(pool, "", 1), []
    send = Connection._send

    def noted(self: Connection, batches: Any) -> None:
        lines.append(len(batches))
        send(self, batches)

    monkeypatch.setattr(Connection, "_send", noted)
    assert await asyncio.gather(*two.ask(lanes, 100)) == two.says(100)
    assert lines == [32, 32, 32, 4]


@pytest.mark.peers
async def test_lanes_through_pgbouncer(world_database: Urls, two: Two) -> None:
    """Four services with lanes of their own share two server connections; a third of the readers
    leave."""
    async with pooler(world_database, 2) as url:
        pools = [lending(url, size=2, named=False) for _ in range(4)]
        lanes = [Lanes(pool, "", 2) for pool in pools]
        dice, backends = random.Random(20261128), Counter[str]()
        for _ in range(30):
            reads = []
            for number in range(48):
                ask = company(lanes[number % 4], two.tokens[number // 4 % 2])
                reads.append((asyncio.ensure_future(ask), two.companies[number // 4 % 2]))
            await asyncio.sleep(dice.uniform(0, 0.02))
            for read, _ in dice.sample(reads, 16):
                read.cancel()
            for read, expected in reads:
                try:
                    assert await read == expected
                except asyncio.CancelledError:
                    continue
            for each in lanes:
                assert await company(each, None) == ""
                backends[await company(each, None, sql="select pg_backend_pid()::text")] += 1
        assert len(backends) <= 2
        for pool in pools:
            await pool.close()
