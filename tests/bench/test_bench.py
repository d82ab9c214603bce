"""The benchmark runs: its smallest world is right, a piece ends with figures, goals are judged.

Nothing is timed here; how fast anything is, `make bench` says.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio

from bench import contestants, loads, measure, operations, pairs, report, stalls, world
from bench.before import checkout
from bench.cluster import Cluster
from bench.goals import judge
from bench.loads import Figure
from bench.measure import Bench, Rounds
from bench.variant import ONE_LEAD, filtered
from tests.fixtures.database import connected, role_password

LEADS = world.BLOCK
NAME = world.database(LEADS)
PLAN = Rounds(rounds=1, seconds=0.3, warm=False, paced_requests=20)


@pytest_asyncio.fixture(scope="module")
async def cluster(server: Any, template: str) -> AsyncIterator[Cluster]:
    """The test server as the benchmark sees it, with a world of 2,000 leads."""
    url = server.superuser_url
    passwords = {
        "kollegium_api": role_password(url, "api"),
        "bench_peer": role_password(url, "bench_peer"),
    }
    cluster = Cluster(url, passwords)
    steps: list[str] = []

    def tell(what: str, *_: int) -> None:
        steps.append(what)

    # Interrupted at once, then resumed: what a large world goes through.
    assert not await world.build(cluster, LEADS, tell, seconds=0, template=template)
    assert await world.build(cluster, LEADS, tell)
    assert {"rows", "keys and indexes", "vacuum"} <= set(steps)
    yield cluster
    await cluster.drop(NAME)
    async with connected(url) as superuser:
        await superuser.execute("drop role bench_peer")


async def test_the_smallest_world_is_what_its_numbers_say(cluster: Cluster) -> None:
    async with cluster.connected(NAME) as superuser:
        assert await superuser.fetchval("select count(*) from app.company") == 2000
        assert await superuser.fetchval("select count(*) from app.colleague") == 10_000
        assert await superuser.fetchval("select count(*) from app.marketplace") == 200
        offers = await superuser.fetch(
            "select count(o.id) from app.lead l left join app.offer o on o.lead_id = l.id"
            " and o.state = 'open' where l.state = 'offered' group by l.id"
        )
        assert sorted({row[0] for row in offers}) == [3, 64]  # 64: the contested ones
        for m, r in ((0, 5), (7, 9), (199, 7)):
            found = await superuser.fetchval(
                "select engaged_company_id::text from app.lead"
                " where marketplace_id = $1 and id = $2",
                world.uid(3, m),
                world.uid(4, world.number(m, 0, r)),
            )
            assert found == world.uid(1, world.engaged_taker(m, 0, r))
        for m, r in ((0, 0), (7, 3), (199, 4)):
            found = await superuser.fetchval(
                "select string_agg(company_id::text, ' ' order by id) from app.offer"
                " where marketplace_id = $1 and lead_id = $2",
                world.uid(3, m),
                world.uid(4, world.number(m, 0, r)),
            )
            takers = [world.offered_taker(m, 0, r, which) for which in range(3)]
            assert found.split() == [world.uid(1, taker) for taker in takers]


async def test_the_world_stands_behind_the_wall(cluster: Cluster) -> None:
    async with connected(cluster.url(NAME, "kollegium_api")) as api:
        assert await api.fetchval("select count(*) from app.lead") == 0
    async with cluster.connected(NAME) as superuser:
        assert await superuser.fetchval("select count(*) from app.lead") == LEADS + 8
        assert (
            await superuser.fetchval("select count(*) from pg_namespace where nspname = 'bench'")
            == 0
        )


@pytest.mark.peers
async def test_a_piece_ends_with_figures_and_leaves_no_trace(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posting messages, beside the same statements in pgbench; then at a fixed rate."""
    monkeypatch.setitem(world.WORLDS, "tiny", LEADS)
    bench = Bench(cluster, tmp_path, tmp_path, PLAN, lambda _: None)
    await asyncio.to_thread(measure.run, bench, "message", "tiny", ("service", "limit"))
    (result,) = measure.kept(tmp_path)
    for who in ("service", "limit"):
        (figure,) = result["turns"][who]
        assert figure["rate"] > 0
        assert figure["database_cpu"] > 0
    for who in ("service", "limit", "alone"):
        (steady,) = result["paced"][who]
        assert 0 < steady["p50"] <= steady["p99"] <= steady["max"]
    assert result["turns"]["service"][0]["service_cpu"] > 0
    async with cluster.connected(NAME) as superuser:
        assert await superuser.fetchval("select count(*) from app.message") == LEADS / 2
        assert await superuser.fetchval("select count(*) from app_private.idempotent_answer") == 0

    rows = await asyncio.to_thread(stalls.stalls, bench, "message", "tiny")
    assert len(rows) == len(stalls.BANDS)
    assert {len(row) for row in rows} == {len(stalls.COLUMNS)}
    assert sum(int(row[1]) for row in rows) > 0

    report.write([result], tmp_path, "tiny", plots=False)
    goals = json.loads((tmp_path / "performance.json").read_text())["goals"]
    assert {frozenset(goal) for goal in goals} == {frozenset(("name", "goal", "measured", "met"))}
    assert [goal["name"] for goal in goals if goal["measured"] != "not measured"] == [
        "message: p99 at 70 % of its peak rate"
    ]
    assert "Post a message" in (tmp_path / "performance.md").read_text()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # all connections come at once


class _Refusing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.peers
def test_refusals_are_noticed(tmp_path: Path) -> None:
    """The control: a load that is refused fails instead of being fast."""
    get = operations.OPERATIONS["get"]
    file = loads.request_file(get, 1, tmp_path)
    with _Server(("127.0.0.1", 0), _Refusing) as refusing:
        Thread(target=refusing.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{refusing.server_port}"
        with pytest.raises(loads.LoadError, match="10 refused"):
            loads.pace(url, file, get, tmp_path, 100, 0.1)
        refusing.shutdown()


def test_filters_stand_where_a_policy_stood() -> None:
    """The control of the copy without policies: a statement that it must narrow is narrowed."""
    sql = f"select 1 from app.lead l {ONE_LEAD}"
    assert "any (l.parties)" in filtered(sql)
    with pytest.raises(RuntimeError, match="filter"):
        contestants.where_script(operations.OPERATIONS["get"], [("select 1 from app.lead l", [])])


@pytest.mark.upgrade
def test_an_earlier_commit_has_a_tree_and_a_world_of_its_own(tmp_path: Path) -> None:
    before = checkout(tmp_path, "HEAD")
    assert (before.root / "service").is_dir()
    assert before.database("world_1") != "world_1"
    with pytest.raises(RuntimeError, match="no commit"):
        checkout(tmp_path, "0" * 40)


def test_a_pair_compares_the_cheapest_rounds() -> None:
    def figures(*spent: float) -> list[Figure]:
        return [Figure(1, 1, service_cpu=micro, database_cpu=2 * micro) for micro in spent]

    turns = {"before": figures(300, 200), "now": figures(900, 100), "bare": figures(50)}
    assert pairs._compared(turns) == ["200", "100", "50", "0.50", "2.0", "0.50"]


def _result(piece: str, **rates: float) -> dict[str, Any]:
    turn = {"service_cpu": 200.0, "database_cpu": 1.0, "p50": 10, "p99": 40}
    return {
        "piece": piece,
        "world": "500k",
        "turns": {who: [{"rate": rate, **turn}] for who, rate in rates.items()},
        "paced": {"service": [{"p50": 1000, "p99": 7000, "max": 8000, "asked": 10.0}]},
    }


def test_goals_are_met_or_missed() -> None:
    def judged(result: dict[str, Any]) -> list[bool]:
        return [goal.met for goal in judge([result]) if goal.measured != "not measured"]

    met = _result(
        "get", service=80, limit=100, pipeline=110, orm=6, django=3, filters=85, before=50
    )
    missed = _result(
        "get", service=40, limit=100, pipeline=110, orm=6, django=6, filters=50, before=50
    )
    # Rate and processor time to before, both shares of pgbench, two peers, guarantee, tail.
    assert judged(met) == [True, False, True, True, True, True, True, False]
    assert judged(missed) == [False, False, False, False, False, False, False, False]


def test_what_was_not_measured_is_not_met() -> None:
    goals = judge([])
    assert len(goals) == 39
    assert not any(goal.met for goal in goals)
    assert {goal.measured for goal in goals} == {"not measured"}
