"""The goals of the request path, and whether what was measured meets them.

A goal is a ratio within one run on one machine wherever it can be; processor time is counted for
each request, because it is the steadier figure. Medians of the rounds are compared.
"""

from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

SHARE_OF_LIMIT = {"get": 0.50, "list": 0.45, "pick": 0.75}
SHARE_OF_PIPELINE = 0.70  # of pgbench that sends the same statements in one pipeline
TIMES_THE_PEERS = {
    "orm": {"get": 12.0, "list": 15.0, "pick": 4.0},
    "django": {"get": 20.0, "list": 12.0},
}
PEERS = {"orm": "the ORM peer", "django": "Django"}
# To the service of an earlier commit in the same rounds: rate at least, processor time at most.
TIMES_BEFORE = {
    "get": (1.5, 0.60),
    "list": (1.35, 0.65),
    "offers": (1.5, 0.62),
    "message": (1.05, 0.80),
    "pick": (1.05, 0.80),
}
GUARANTEE = 1.10
GUARDED = ("get", "list", "offers", "pick", "message")
TIMES_BARE = 4.2
GROWTH = 1.15
GROWING = ("get", "list", "offers", "pick")
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


def paced(result: Result, who: str, field: str) -> float:
    """The median of a field over the rounds at 70 % of the peak rate."""
    return float(median(turn[field] for turn in result["paced"][who]))


def tail(result: Result, who: str) -> float:
    """p99 as a multiple of p50 at 70 % of the peak rate: the median of the rounds, each of which
    has a speed of its own."""
    return float(median(turn["p99"] / turn["p50"] for turn in result["paced"][who]))


def judge(results: list[Result], size: str = MAIN) -> list[Goal]:
    """Every goal for every operation, in the order of the table. What no piece has measured yet is
    there too, and not met."""
    found = {r["piece"]: r for r in results if r["world"] in (size, "all")}
    return [goal for ask in _QUESTIONS for goal in ask(found)]


class _Judge(NamedTuple):
    """A goal that a ratio or a size must reach, or must not exceed."""

    name: str
    goal: str
    bound: float
    at_least: bool

    def says(self, value: float, shown: str) -> Goal:
        met = value >= self.bound if self.at_least else value <= self.bound
        return Goal(self.name, self.goal, shown, met)

    def silent(self) -> Goal:
        return Goal(self.name, self.goal, "not measured", False)


def _rates(found: dict[str, Result], piece: str, one: str, other: str) -> tuple[float, float]:
    """The rates of two contestants of a piece; zeros when one of them took no part."""
    turns = found.get(piece, {}).get("turns", {})
    if not (turns.get(one) and turns.get(other)):
        return 0.0, 0.0
    return middle(found[piece], one, "rate"), middle(found[piece], other, "rate")


def _limit(found: dict[str, Result]) -> Iterator[Goal]:
    for name, bound in SHARE_OF_LIMIT.items():
        yield _share(found, name, bound, "limit", "the pgbench limit")
    yield _share(found, "get", SHARE_OF_PIPELINE, "pipeline", "pgbench in one pipeline")


def _share(found: dict[str, Result], name: str, bound: float, who: str, words: str) -> Goal:
    ask = _Judge(f"{name}: share of {words}", f"≥ {bound:.2f}", bound, True)
    service, limit = _rates(found, name, "service", who)
    if not limit:
        return ask.silent()
    return ask.says(
        service / limit, f"{service / limit:.2f} ({service:,.0f} of {limit:,.0f} a second)"
    )


def _before(found: dict[str, Result]) -> Iterator[Goal]:
    for name, (faster, cheaper) in TIMES_BEFORE.items():
        rate = _Judge(f"{name}: rate to before", f"≥ {faster:.2f} ×", faster, True)
        cpu = _Judge(f"{name}: processor time to before", f"≤ {cheaper:.2f} ×", cheaper, False)
        now, before = _rates(found, name, "service", "before")
        if not before:
            yield from (rate.silent(), cpu.silent())
            continue
        used = middle(found[name], "service", "service_cpu")
        spent = middle(found[name], "before", "service_cpu")
        yield rate.says(now / before, f"{now / before:.2f} ×")
        yield cpu.says(used / spent, f"{used / spent:.2f} ×")


def _peer(found: dict[str, Result]) -> Iterator[Goal]:
    for peer, bounds in TIMES_THE_PEERS.items():
        for name, bound in bounds.items():
            ask = _Judge(f"{name}: against {PEERS[peer]}", f"≥ {bound:.0f} ×", bound, True)
            service, other = _rates(found, name, "service", peer)
            if not other:
                yield ask.silent()
                continue
            said = f"{service / other:.1f} × ({service:,.0f} and {other:,.0f} a second)"
            yield ask.says(service / other, said)


def _guarantee(found: dict[str, Result]) -> Iterator[Goal]:
    for name in GUARDED:
        title = f"{name}: what the guarantee costs over HTTP"
        ask = _Judge(title, f"≤ {GUARANTEE:.2f}", GUARANTEE, False)
        filters, service = _rates(found, name, "filters", "service")
        yield (
            ask.says(
                filters / service,
                f"{filters / service:.2f} ({filters:,.0f} with filters, {service:,.0f} guarded)",
            )
            if service
            else ask.silent()
        )


def _processor(found: dict[str, Result]) -> Iterator[Goal]:
    title = "get: processor time of the service to the server's own answer"
    ask = _Judge(title, f"≤ {TIMES_BARE:.1f} ×", TIMES_BARE, False)
    if "bare" not in found.get("get", {}).get("turns", {}):
        yield ask.silent()
        return
    used = middle(found["get"], "service", "service_cpu")
    bare = middle(found["get"], "bare", "service_cpu")
    yield ask.says(used / bare, f"{used / bare:.1f} ×")


def _growth(found: dict[str, Result]) -> Iterator[Goal]:
    for name in GROWING:
        title = f"{name}: growth from 50,000 to 5,000,000 leads"
        ask = _Judge(title, f"≤ {GROWTH:.2f} ×", GROWTH, False)
        small, large = _rates(found, f"growth-{name}", "service 50k", "service 5m")
        yield (
            ask.says(
                small / large, f"{small / large:.2f} × ({small:,.0f} and {large:,.0f} a second)"
            )
            if large
            else ask.silent()
        )


def _contested(found: dict[str, Result]) -> Iterator[Goal]:
    title = "64 clients pick one lead: "
    share = _Judge(
        f"{title}share of pgbench with the same function",
        f"≥ {CONTESTED_SHARE:.1f}",
        CONTESTED_SHARE,
        True,
    )
    tail = _Judge(f"{title}p99", f"≤ {CONTESTED_TAIL:.0f} × p50", CONTESTED_TAIL, False)
    service, attempts = _rates(found, "contested", "service", "attempts")
    if not attempts:
        yield from (share.silent(), tail.silent())
        return
    fewer = middle(found["contested"], "attempts-10", "rate")
    yield share.says(
        service / attempts,
        f"{service / attempts:.2f} ({service:,.0f} of {attempts:,.0f} attempts a second;"
        f" {fewer:,.0f} with 10 clients)",
    )
    p50, p99 = (middle(found["contested"], "service", field) for field in ("p50", "p99"))
    yield tail.says(p99 / p50, f"{p99 / p50:.1f} × ({p99 / 1000:.1f} and {p50 / 1000:.1f} ms)")


def _memory(found: dict[str, Result]) -> Iterator[Goal]:
    size = _Judge("memory of a worker", f"≤ {MEMORY_MB:.0f} MB", MEMORY_MB, False)
    title = "memory of a worker: growth over the second half"
    growth = _Judge(title, f"≤ {MEMORY_GROWTH:.0%}", MEMORY_GROWTH, False)
    if "memory" not in found:
        yield from (size.silent(), growth.silent())
        return
    samples = found["memory"]["samples"]
    last = samples[-1]
    half = next(s for s in samples if s["requests"] >= last["requests"] / 2)
    shown = f"{last['megabytes']:.0f} MB after {last['requests']:,} requests"
    yield size.says(last["megabytes"], shown)
    grown = last["megabytes"] / half["megabytes"] - 1
    yield growth.says(
        grown,
        f"{grown:.1%} ({half['megabytes']:.1f} MB after {half['requests']:,} requests,"
        f" {last['megabytes']:.1f} MB after {last['requests']:,})",
    )


def _tail(found: dict[str, Result]) -> Iterator[Goal]:
    for name in TAILED:
        ask = _Judge(f"{name}: p99 at 70 % of its peak rate", f"≤ {TAIL:.0f} × p50", TAIL, False)
        if not found.get(name, {}).get("paced"):
            yield ask.silent()
            continue
        p50, p99 = (paced(found[name], "service", field) / 1000 for field in ("p50", "p99"))
        value = tail(found[name], "service")
        said = f"{value:.1f} × (p99 {p99:.1f}, p50 {p50:.1f} ms)"
        for who, words in (("limit", "pgbench"), ("alone", "a loop alone")):
            if found[name]["paced"].get(who):
                said += f"; {words} {tail(found[name], who):.1f} ×"
        yield ask.says(value, said)


_QUESTIONS = (_before, _limit, _peer, _guarantee, _processor, _growth, _contested, _memory, _tail)
