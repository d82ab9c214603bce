"""Where slow answers come from: a load at 70 % of the peak, cut into windows of 50 ms.

A window is as slow as the slowest request that ended in it. Of service and PostgreSQL it shows the
processor time a request, and how long they were ready to run and had no core. A service that does
more work in slow windows shows in its processor time, a machine that is busy elsewhere in the
waits, and one that became slower in the processor time of both.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean

from bench import contestants, loads, operations, processes, services, world
from bench.measure import SHARE_OF_PEAK, Bench
from bench.services import Running

WINDOW = 0.05
# Of a round's p50.
BANDS = ((0.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, float("inf")))
COLUMNS = ["slowest, in p50", "windows", "service µs", "ready", "PostgreSQL µs", "ready", "busy"]


@dataclass(frozen=True)
class Sample:
    """Microseconds so far: the clock's, and of both on a core and ready for one."""

    at: float
    service: tuple[float, float]
    database: tuple[float, float]


@dataclass(frozen=True)
class Window:
    """`slowest` in multiples of p50; microseconds a request; the service's share of a core."""

    slowest: float
    service: float
    service_ready: float
    database: float
    database_ready: float
    busy: float


def stalls(bench: Bench, name: str, size: str) -> list[list[str]]:
    """Rows for COLUMNS, one for each band."""
    operation, leads = operations.OPERATIONS[name], world.WORLDS[size]
    file = loads.request_file(operation, leads // world.BLOCK, bench.directory)
    database = world.database(leads)
    windows: list[Window] = []
    with services.started("service", bench.cluster, database, bench.directory) as service:
        for number in range(bench.plan.rounds):
            bench.tell(f"round {number + 1} of {bench.plan.rounds}")
            target = (bench.cluster, service.url, service.pid, file, operation)
            peak = loads.wrk(*target, bench.plan.seconds).rate
            _forget(bench, operation, database)
            windows += _round(bench, operation, service, file, SHARE_OF_PEAK * peak)
            _forget(bench, operation, database)
    return [_row(low, high, windows) for low, high in BANDS]


def _forget(bench: Bench, operation: operations.Operation, database: str) -> None:
    if operation.writes:
        asyncio.run(contestants.forget(bench.cluster, database))


def _round(
    bench: Bench, operation: operations.Operation, service: Running, file: Path, rate: float
) -> list[Window]:
    moments = bench.directory / "moments"
    arguments = (service.url, file, operation, bench.directory, rate, bench.plan.seconds, moments)
    backends = processes.tree(bench.cluster.postmaster)
    samples: list[Sample] = []
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(loads.pace, *arguments)
        while not load.done():
            at = time.monotonic() * 1e6
            own, other = processes.scheduled([service.pid]), processes.scheduled(backends)
            samples.append(Sample(at, own, other))
            time.sleep(WINDOW)
        p50 = load.result()["p50"]
    pairs = [line.split() for line in moments.read_text().splitlines()]
    requests = [(float(due), float(done)) for due, done in pairs]
    windows = []
    for before, after in pairwise(samples):
        ended = [done - due for due, done in requests if before.at <= done < after.at]
        if len(ended) >= 5:
            windows.append(_window(before, after, max(ended) / p50, len(ended)))
    return windows


def _window(before: Sample, after: Sample, slowest: float, count: int) -> Window:
    on, ready = (b - a for a, b in zip(before.service, after.service, strict=True))
    sql_on, sql_ready = (b - a for a, b in zip(before.database, after.database, strict=True))
    busy = on / (after.at - before.at)
    return Window(slowest, on / count, ready / count, sql_on / count, sql_ready / count, busy)


def _row(low: float, high: float, windows: list[Window]) -> list[str]:
    here = [window for window in windows if low <= window.slowest < high]
    band = f"{low:.0f} to {high:.0f}" if high < float("inf") else f"over {low:.0f}"
    if not here:
        return [band, "0", *["–"] * 5]
    fields = ("service", "service_ready", "database", "database_ready")
    means = [f"{mean(getattr(window, field) for window in here):,.0f}" for field in fields]
    return [band, str(len(here)), *means, f"{mean(window.busy for window in here):.0%}"]
