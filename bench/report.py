"""docs/evidence/performance.md and .json from the results of the pieces."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.goals import MAIN, Goal, Result, judge, middle, paced, tail
from bench.operations import OPERATIONS

WHO = {
    "service": "Kollegium",
    "before": "Kollegium before",
    "pipeline": "pgbench, the same statements in one pipeline",
    "limit": "pgbench, the same statements under the same policies (limit)",
    "where": "pgbench, hand-written filters, no policies",
    "filters": "Kollegium, filters in SQL, no policies",
    "orm": "FastAPI + SQLAlchemy ORM, filters",
    "django": "Django + REST framework, the same policies",
    "attempts": "pgbench, the same function in one call, 64 clients",
    "bare": "the server alone: ASGI, one constant answer",
    "alone": "A loop alone",
    "attempts-10": "the same with 10 clients",
}
HEAD = """# Evidence: speed

Written by `make bench`; [bench/README.md](../../bench/README.md) says what is measured and how, and
[performance.json](performance.json) has the goals for programs. Figures of one run on one machine:
compare them with each other, not with another machine's. *Rounds* are the slowest and the fastest;
*elsewhere* is how many cores were busy with something that was not measured.
"""


def as_json(goals: list[Goal]) -> str:
    """The goals for programs."""
    return json.dumps({"goals": [goal._asdict() for goal in goals]}, indent=1, ensure_ascii=False)


def write(results: list[Result], directory: Path, size: str = MAIN, plots: bool = True) -> None:
    """Writes both files, and the plots."""
    directory.mkdir(parents=True, exist_ok=True)
    goals = judge(results, size)
    drawn: list[str] = []
    if plots:
        from bench import plots as drawing

        drawn = drawing.draw(results, directory, size)
    (directory / "performance.json").write_text(as_json(goals) + "\n", "utf-8")
    text = "\n".join(_document(results, goals, drawn, size))
    (directory / "performance.md").write_text(text.rstrip() + "\n", "utf-8")


def _document(
    results: list[Result], goals: list[Goal], drawn: list[str], size: str
) -> Iterator[str]:
    yield HEAD
    yield from _machines(results)
    yield from table(
        ["goal", "", "measured", "met"],
        [[g.name, g.goal, g.measured, "yes" if g.met else "**no**"] for g in goals],
        "## Goals",
    )
    for name in drawn:
        yield f"![{name}]({name}.png)\n"
    here = [r for r in results if r["world"] == size and "turns" in r]
    for result in sorted(here, key=lambda r: list(OPERATIONS).index(r["piece"])):
        yield from _operation(result)
    yield from _growth([r for r in results if r["piece"].startswith("growth-")])


def _machines(results: list[Result]) -> Iterator[str]:
    """One line for each machine and commit, so that a mixture is seen."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for result in results:
        m = result["machine"]
        key = (m["processor"], m["memory"], m["python"], m["postgresql"], m["commit"])
        seen.setdefault(key, []).append(m["at"])
    for (processor, memory, python, postgresql, commit), times in seen.items():
        yield (
            f"{processor}, {memory}; Python {python}, PostgreSQL {postgresql}; commit {commit},"
            f" {min(times)} to {max(times)}; one worker.\n"
        )


def table(head: list[str], rows: list[list[str]], title: str) -> Iterator[str]:
    """A table of Markdown with its heading."""
    yield f"{title}\n"
    yield from _rows(head, rows)


def _rows(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def rows_of(result: Result, names: dict[str, str] = WHO) -> list[list[str]]:
    """A line for each contestant: rate, processor time, latency, and what disturbed it."""
    return [
        [
            # "service 5m" is Kollegium on the largest world.
            names.get(who.partition(" ")[0], who.partition(" ")[0]) + who[who.find(" ") :]
            if " " in who
            else names.get(who, who),
            f"{middle(result, who, 'rate'):,.0f}",
            _micro(middle(result, who, "service_cpu")),
            _micro(middle(result, who, "database_cpu")),
            _latency(result, who),
            _spread(result["turns"][who]),
            f"{middle(result, who, 'elsewhere'):.2f}",
        ]
        for who in result["turns"]
    ]


COLUMNS = ["", "a second", "service µs", "PostgreSQL µs", "p50 / p99 ms", "rounds", "elsewhere"]


def _operation(result: Result) -> Iterator[str]:
    title = OPERATIONS[result["piece"]].title
    title = f"## {title[0].upper()}{title[1:]}"
    yield from table(COLUMNS, rows_of(result), title)
    if result.get("paced"):
        yield from _paced(result)


def _paced(result: Result) -> Iterator[str]:
    yield "At a constant 70 % of its own peak, from when a request is due:\n"
    rows = [
        [
            WHO[who],
            f"{paced(result, who, 'asked'):,.0f}",
            *(f"{paced(result, who, field) / 1000:.1f}" for field in ("p50", "p99", "max")),
            f"{tail(result, who):.1f}",
            " ".join(f"{turn['p99'] / turn['p50']:.1f}" for turn in rounds),
        ]
        for who, rounds in result["paced"].items()
    ]
    head = ["", "a second", "p50 ms", "p99 ms", "longest ms", "p99 ÷ p50", "of each round"]
    yield from _rows(head, rows)


def _growth(results: list[Result]) -> Iterator[str]:
    for result in results:
        name = result["piece"].removeprefix("growth-")
        yield from table(COLUMNS, rows_of(result), f"## Growth: {OPERATIONS[name].title}")


def _micro(value: float) -> str:
    return f"{value:,.0f}" if value else "–"


def _latency(result: Result, who: str) -> str:
    if result["turns"][who][0]["p50"] is None:
        return "–"
    return " / ".join(f"{middle(result, who, field) / 1000:.1f}" for field in ("p50", "p99"))


def _spread(turns: list[dict[str, Any]]) -> str:
    """The slowest and the fastest round against each other."""
    rates = [turn["rate"] for turn in turns]
    return f"{min(rates):,.0f}–{max(rates):,.0f}"
