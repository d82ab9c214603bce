"""The goals of the request path, and whether what was measured meets them.

A goal is a ratio within one run on one machine wherever it can be; processor time is counted for
each request, because it is the steadier figure. Medians of the rounds are compared.
"""

from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

SHARE_OF_LIMIT = {"get": 0.50, "list": 0.45, "pick": 0.75}
TIMES_THE_PEER = {"get": 7.0, "list": 7.0, "pick": 4.0}
GUARANTEE = 1.10
GUARDED = ("get", "list", "offers", "pick", "message")
CPU_OF_GET = 150.0
GROWTH = 1.15
CONTESTED_SHARE, CONTESTED_TAIL = 0.6, 5.0
MEMORY_MB, MEMORY_GROWTH = 120.0, 0.02
TAIL = 6.0
TAILED = (*GUARDED, "log-in")
MAIN = "500k"


class Goal(NamedTuple):
    """A line of docs/evidence/performance.json."""

    name: str
    goal: str
    measured: str
    met: bool


Result = dict[str, Any]


def middle(result: Result, who: str, field: str) -> float:
    """The median of a field over the rounds of a contestant."""
    return float(median(turn[field] for turn in result["turns"][who]))


def paced(result: Result, field: str) -> float:
    """The median of a field over the rounds at 70 % of the peak rate."""
    return float(median(turn[field] for turn in result["paced"]))


def judge(results: list[Result], size: str = MAIN) -> list[Goal]:
    """Every goal whose pieces were measured on the world, in the order of the table."""
    found = {r["piece"]: r for r in results if r["world"] in (size, "all")}
    return [goal for ask in _QUESTIONS for goal in ask(found)]


def _compared(
    found: dict[str, Result], names: Any, one: str, other: str
) -> Iterator[tuple[str, float, float]]:
    """(operation, rate of one, rate of the other) wherever both took part."""
    for name in names:
        turns = found.get(name, {}).get("turns", {})
        if turns.get(one) and turns.get(other):
            yield name, middle(found[name], one, "rate"), middle(found[name], other, "rate")


def _limit(found: dict[str, Result]) -> Iterator[Goal]:
    for name, service, limit in _compared(found, SHARE_OF_LIMIT, "service", "limit"):
        yield Goal(
            f"{name}: share of the pgbench limit",
            f"≥ {SHARE_OF_LIMIT[name]:.2f}",
            f"{service / limit:.2f} ({service:,.0f} of {limit:,.0f} a second)",
            service / limit >= SHARE_OF_LIMIT[name],
        )


def _peer(found: dict[str, Result]) -> Iterator[Goal]:
    for name, service, orm in _compared(found, TIMES_THE_PEER, "service", "orm"):
        yield Goal(
            f"{name}: against the ORM peer",
            f"≥ {TIMES_THE_PEER[name]:.0f} ×",
            f"{service / orm:.1f} × ({service:,.0f} and {orm:,.0f} a second)",
            service / orm >= TIMES_THE_PEER[name],
        )


def _guarantee(found: dict[str, Result]) -> Iterator[Goal]:
    for name, filters, service in _compared(found, GUARDED, "filters", "service"):
        yield Goal(
            f"{name}: what the guarantee costs over HTTP",
            f"≤ {GUARANTEE:.2f}",
            f"{filters / service:.2f} ({filters:,.0f} with filters, {service:,.0f} guarded)",
            filters / service <= GUARANTEE,
        )


def _processor(found: dict[str, Result]) -> Iterator[Goal]:
    if "get" in found:
        used = middle(found["get"], "service", "service_cpu")
        yield Goal(
            "get: processor time of the service",
            f"≤ {CPU_OF_GET:.0f} µs",
            f"{used:.0f} µs",
            used <= CPU_OF_GET,
        )


def _growth(found: dict[str, Result]) -> Iterator[Goal]:
    for piece, result in found.items():
        if piece.startswith("growth-"):
            small, large = (middle(result, f"service {size}", "rate") for size in ("50k", "5m"))
            yield Goal(
                f"{piece.removeprefix('growth-')}: growth from 50,000 to 5,000,000 leads",
                f"≤ {GROWTH:.2f} ×",
                f"{small / large:.2f} × ({small:,.0f} and {large:,.0f} a second)",
                small / large <= GROWTH,
            )


def _contested(found: dict[str, Result]) -> Iterator[Goal]:
    for _, service, attempts in _compared(found, ("contested",), "service", "attempts"):
        fewer = middle(found["contested"], "attempts-10", "rate")
        yield Goal(
            "64 clients pick one lead: share of pgbench with the same function",
            f"≥ {CONTESTED_SHARE:.1f}",
            f"{service / attempts:.2f} ({service:,.0f} of {attempts:,.0f} attempts a second;"
            f" {fewer:,.0f} with 10 clients)",
            service / attempts >= CONTESTED_SHARE,
        )
        p50, p99 = (middle(found["contested"], "service", field) for field in ("p50", "p99"))
        yield Goal(
            "64 clients pick one lead: p99",
            f"≤ {CONTESTED_TAIL:.0f} × p50",
            f"{p99 / p50:.1f} × ({p99 / 1000:.1f} and {p50 / 1000:.1f} ms)",
            p99 / p50 <= CONTESTED_TAIL,
        )


def _memory(found: dict[str, Result]) -> Iterator[Goal]:
    if "memory" not in found:
        return
    samples = found["memory"]["samples"]
    last = samples[-1]
    half = next(s for s in samples if s["requests"] >= last["requests"] / 2)
    yield Goal(
        "memory of a worker",
        f"≤ {MEMORY_MB:.0f} MB",
        f"{last['megabytes']:.0f} MB after {last['requests']:,} requests",
        last["megabytes"] <= MEMORY_MB,
    )
    grown = last["megabytes"] / half["megabytes"] - 1
    yield Goal(
        "memory of a worker: growth over the second half",
        f"≤ {MEMORY_GROWTH:.0%}",
        f"{grown:.1%} ({half['megabytes']:.1f} MB after {half['requests']:,} requests,"
        f" {last['megabytes']:.1f} MB after {last['requests']:,})",
        grown <= MEMORY_GROWTH,
    )


def _tail(found: dict[str, Result]) -> Iterator[Goal]:
    for name in TAILED:
        if found.get(name, {}).get("paced"):
            p50, p99 = (paced(found[name], field) for field in ("p50", "p99"))
            yield Goal(
                f"{name}: p99 at 70 % of its peak rate",
                f"≤ {TAIL:.0f} × p50",
                f"{p99 / p50:.1f} × ({p99 / 1000:.1f} and {p50 / 1000:.1f} ms"
                f" at {paced(found[name], 'asked'):,.0f} a second)",
                p99 / p50 <= TAIL,
            )


_QUESTIONS = (_limit, _peer, _guarantee, _processor, _growth, _contested, _memory, _tail)
