"""`make bench ARGS="pairs --before COMMIT"`: in a minute or two, what a request costs the service
now, at that commit, and where nothing is done but HTTP.

All three run at once and are asked in turns, operation by operation. Processor time is compared,
not speed: it is counted for the process, so a machine that others use disturbs little.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from bench import contestants, loads, operations, services, world
from bench.before import Before
from bench.loads import Figure
from bench.measure import Bench
from bench.operations import Operation

NAMES = ("get", "list", "offers", "message", "pick")
COLUMNS = ["", "before, µs", "now, µs", "bare, µs", "now / before", "now / bare",
           "PostgreSQL, now / before"]  # fmt: skip


def run(bench: Bench, before: Before, size: str, names: tuple[str, ...]) -> list[list[str]]:
    """A row of COLUMNS for each operation."""
    leads = world.WORLDS[size]
    database = world.database(leads)
    with contextlib.ExitStack() as stack:

        def start(kind: str, who: str, **more: Any) -> services.Running:
            place = bench.directory / "pairs" / who
            at = before.database(database) if who == "before" else database
            return stack.enter_context(services.started(kind, bench.cluster, at, place, **more))

        running = {
            "before": start("service", "before", root=before.root),
            "now": start("service", "now"),
            "bare": start("bare", "bare"),
        }
        forgets = {
            "before": lambda: contestants.undo(
                bench.cluster, before.database(database), before.root / "bench"
            ),
            "now": lambda: contestants.undo(bench.cluster, database),
        }
        rows = []
        for name in names:
            operation = operations.OPERATIONS[name]
            for who in ("before", "now"):
                contestants.refuse_open_door(running[who], operation)
            turns = _turns(bench, operation, leads, running, forgets)
            rows.append([name, *_compared(turns)])
    return rows


def _turns(
    bench: Bench,
    operation: Operation,
    leads: int,
    running: dict[str, services.Running],
    forgets: dict[str, Callable[[], None]],
) -> dict[str, list[Figure]]:
    """Rounds of turns; the first one warms up. Bare always
    gives the same answer: it is asked once."""
    file = loads.request_file(operation, leads // world.BLOCK, bench.directory)
    found: dict[str, list[Figure]] = {who: [] for who in running}
    if operation.name != "get":
        del found["bare"]
        for forget in forgets.values():
            forget()
    for number in range(bench.plan.rounds + 1):
        for who, figures in found.items():
            bench.tell(f"{operation.name}, round {number} of {bench.plan.rounds}: {who}")
            service = running[who]
            figure = loads.wrk(
                *(bench.cluster, service.url, service.pid, file, operation, bench.plan.seconds)
            )
            if operation.writes:
                forgets[who]()
            if number:
                figures.append(figure)
    return found


def _compared(turns: dict[str, list[Figure]]) -> list[str]:
    def best(who: str, field: str) -> float:
        """The cheapest round: others can only make a request dearer."""
        return float(min(getattr(figure, field) for figure in turns[who]))

    cpu = {who: best(who, "service_cpu") for who in turns}
    bare = cpu.get("bare")
    database = best("now", "database_cpu") / best("before", "database_cpu")
    return [
        f"{cpu['before']:.0f}",
        f"{cpu['now']:.0f}",
        f"{bare:.0f}" if bare else "",
        f"{cpu['now'] / cpu['before']:.2f}",
        f"{cpu['now'] / bare:.1f}" if bare else "",
        f"{database:.2f}",
    ]
