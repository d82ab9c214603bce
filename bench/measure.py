"""Pieces of the benchmark: each measures one thing, takes minutes at most, and keeps its figures.

Contestants take turns, A B C A B C, so that whatever else happens to the machine happens to all.
The first round warms up and is not counted. Every piece is a file in `.data/bench/results/`, with
every turn in it; `goals.py` takes the medians.
"""

import asyncio
import json
import os
import platform
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import contestants, loads, operations, processes, services, world
from bench.before import Before
from bench.cluster import Cluster, memory_mb
from bench.contestants import Contestant
from bench.goals import GROWING
from bench.loads import Figure

ROOT = Path(__file__).resolve().parent.parent
PIECES = (*operations.OPERATIONS, "memory", *(f"growth-{name}" for name in GROWING))
SHARE_OF_PEAK = 0.7
PACED_REQUESTS = 1000  # at least: a p99 of fewer is a maximum
MEMORY_REQUESTS = 100_000


@dataclass(frozen=True)
class Rounds:
    """How long to measure. `warm`: a round that does not count comes first."""

    rounds: int = 5
    seconds: float = 3.0
    warm: bool = True
    memory_requests: int = MEMORY_REQUESTS
    paced_requests: int = PACED_REQUESTS


@dataclass(frozen=True)
class Bench:
    """Where and how pieces run, and where their results go. `tell` shows what is going on."""

    cluster: Cluster
    directory: Path
    results: Path
    plan: Rounds
    tell: Callable[[str], None]
    before: Before | None = None  # the commit that takes part, too


def run(bench: Bench, piece: str, size: str, who: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Measures a piece on a world (`growth-…`: on all three) and keeps the result."""
    about: dict[str, Any] = {"piece": piece, "world": size}
    if piece.startswith("growth-"):
        about["world"] = "all"
        result = growth(bench, piece.removeprefix("growth-"))
    elif piece == "memory":
        result = memory(bench, size)
    else:
        result = operation(bench, piece, size, who)
    about |= {"rounds": bench.plan.rounds, "seconds": bench.plan.seconds, "machine": machine(bench)}
    keep(bench.results, about | result)
    return about | result


def operation(
    bench: Bench, name: str, size: str, who: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """An operation beside its peers, then the service alone at 70 % of its peak rate."""
    op, leads = operations.OPERATIONS[name], world.WORLDS[size]
    who = who or op.contestants
    if bench.before is not None and op.beside_before:
        who = (who[0], "before", *who[1:])
    if {"where", "filters", "orm"} & set(who):
        asyncio.run(contestants.copy_unguarded(bench.cluster, leads))
    with contestants.prepared(
        bench.cluster, leads, op, bench.directory, who, bench.before
    ) as found:
        turns = interleaved(bench, found, writes=op.writes)
        steady = {who: found[who] for who in found if who in ("service", "before", "limit")}
        paced = _paced(bench, steady, writes=op.writes)
    return {"turns": _plain(turns), "paced": paced}


def interleaved(
    bench: Bench, found: dict[str, Contestant], *, writes: bool
) -> dict[str, list[Figure]]:
    """Rounds of turns; after a turn that wrote the world is as before."""
    turns: dict[str, list[Figure]] = {name: [] for name in found}
    first = 0 if bench.plan.warm else 1
    for number in range(first, bench.plan.rounds + 1):
        for name, contestant in found.items():
            bench.tell(f"round {number} of {bench.plan.rounds}: {name}")
            figure = contestant.turn(bench.plan.seconds)
            if writes:
                contestant.forget(bench.cluster)
            if number:
                turns[name].append(figure)
    return turns


def _paced(
    bench: Bench, found: dict[str, Contestant], *, writes: bool
) -> dict[str, list[dict[str, float]]]:
    """Rounds at 70 % of the peak. The peak is measured right before each: a machine that others use
    too is not as fast as some minutes ago, and 70 % of then may be 100 % of now. Beside them a
    loop alone, as often a second as the service answers: its tail is the machine's."""
    paced: dict[str, list[dict[str, float]]] = {name: [] for name in (*found, "alone")}
    for number in range(1, bench.plan.rounds + 1):
        said = f"at a constant rate, round {number} of {bench.plan.rounds}"
        for name, contestant in found.items():
            bench.tell(f"{said}: {name}")
            peak = contestant.turn(bench.plan.seconds).rate
            if writes:
                contestant.forget(bench.cluster)
            rate = SHARE_OF_PEAK * peak
            seconds = max(bench.plan.seconds, bench.plan.paced_requests / rate)
            paced[name].append(contestant.paced(rate, seconds))
            if writes:
                contestant.forget(bench.cluster)
            if name == "service":
                bench.tell(f"{said}: a loop alone")
                paced["alone"].append(
                    loads.alone(bench.directory, 1e6 / peak, seconds, SHARE_OF_PEAK)
                )
    return paced


def growth(bench: Bench, name: str) -> dict[str, Any]:
    """The same operation on all worlds in the same loop: the service, and its SQL in pgbench."""
    op = operations.OPERATIONS[name]
    with ExitStack() as stack:
        everybody: dict[str, Contestant] = {}
        for size, leads in world.WORLDS.items():
            found = stack.enter_context(
                contestants.prepared(
                    bench.cluster, leads, op, bench.directory / size, ("service", "limit")
                )
            )
            everybody |= {f"{who} {size}": contestant for who, contestant in found.items()}
        _warm(bench, op, everybody)
        return {"turns": _plain(interleaved(bench, everybody, writes=op.writes))}


def _warm(bench: Bench, op: operations.Operation, everybody: dict[str, Contestant]) -> None:
    """Every request of the file once, so that each world is asked for what it has in memory."""
    if op.writes:
        return
    for size, leads in world.WORLDS.items():
        service = everybody[f"service {size}"].running
        file = loads.request_file(op, leads // world.BLOCK, bench.directory)
        if service is not None:
            bench.tell(f"warming {size}")
            seconds = operations.LINES / 1000
            loads.wrk(bench.cluster, service.url, service.pid, file, op, min(seconds, 20))


def memory(bench: Bench, size: str) -> dict[str, Any]:
    """Resident memory of a worker while it answers 100,000 requests of four kinds."""
    leads = world.WORLDS[size]
    mixture = tuple(operations.OPERATIONS[name] for name in ("get", "list", "offers", "message"))
    samples: list[dict[str, float]] = []
    database = world.database(leads)
    with services.started("service", bench.cluster, database, bench.directory) as service:
        answered = 0
        while answered < bench.plan.memory_requests:
            bench.tell(f"{answered} requests answered")
            for op in mixture:
                file = loads.request_file(op, leads // world.BLOCK, bench.directory)
                figure = loads.wrk(
                    bench.cluster, service.url, service.pid, file, op, bench.plan.seconds
                )
                answered += figure.requests
                if op.writes:
                    asyncio.run(contestants.forget(bench.cluster, database))
            resident = processes.resident_mb(service.pid)
            samples.append({"requests": answered, "megabytes": resident})
    return {"samples": samples}


def machine(bench: Bench) -> dict[str, str]:
    """On what it was measured; figures of different machines do not compare."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip() or "unknown",
        "processor": f"{os.cpu_count()} × {model}",
        "memory": f"{memory_mb()} MB",
        "python": platform.python_version(),
        "postgresql": asyncio.run(bench.cluster.setting("server_version")),
    }


def keep(directory: Path, result: dict[str, Any]) -> None:
    """Writes a piece's result in place of an earlier one."""
    file = directory / "results" / f"{result['piece']}-{result['world']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1) + "\n")


def kept(directory: Path) -> list[dict[str, Any]]:
    """The results of all pieces that were measured."""
    files = sorted((directory / "results").glob("*.json"))
    return [json.loads(file.read_text()) for file in files]


def _plain(turns: dict[str, list[Figure]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [figure.as_dict() for figure in figures] for name, figures in turns.items()}
