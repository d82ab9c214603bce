"""The plots of the evidence: throughput, processor time, growth."""

from pathlib import Path
from typing import Any

from bench import tools
from bench.goals import Result, middle
from bench.operations import OPERATIONS
from bench.world import WORLDS

COLOURS = {
    "service": "#1b6e53",
    "limit": "#8a8a8a",
    "where": "#c9c9c9",
    "filters": "#7fbfa5",
    "orm": "#c0504d",
    "django": "#e0a899",
    "attempts": "#8a8a8a",
}
LABELS = {
    "service": "Kollegium",
    "limit": "pgbench, same statements and policies",
    "where": "pgbench, filters, no policies",
    "filters": "Kollegium, filters, no policies",
    "orm": "FastAPI + SQLAlchemy ORM",
    "django": "Django + REST framework, same policies",
}


def draw(results: list[Result], directory: Path, size: str) -> list[str]:
    """Draws what was measured; the names of the files, without suffix."""
    tools.plotting()
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    measured = [
        result
        for name in OPERATIONS
        for result in results
        if result["piece"] == name and result["world"] == size and "limit" in result["turns"]
    ]
    growing = [result for result in results if result["piece"].startswith("growth-")]
    names: list[str] = []
    if measured:
        _throughput(pyplot, measured, directory / "performance-throughput.png")
        _processor(pyplot, measured, directory / "performance-cpu.png")
        names += ["performance-throughput", "performance-cpu"]
    if growing:
        _growth(pyplot, growing, directory / "performance-growth.png")
        names.append("performance-growth")
    return names


def _save(pyplot: Any, figure: Any, file: Path) -> None:
    figure.tight_layout()
    # No date or version in the file: the same figures give the same bytes.
    figure.savefig(file, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _throughput(pyplot: Any, measured: list[Result], file: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 4))
    contestants = [who for who in LABELS if any(who in r["turns"] for r in measured)]
    width = 0.8 / len(contestants)
    for place, who in enumerate(contestants):
        at = [n + place * width for n, r in enumerate(measured) if who in r["turns"]]
        rates = [middle(r, who, "rate") for r in measured if who in r["turns"]]
        bars = axes.bar(at, rates, width, label=LABELS[who], color=COLOURS[who])
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], fontsize=6, rotation=90, padding=2)
    axes.set_xticks([n + 0.4 - width / 2 for n in range(len(measured))])
    axes.set_xticklabels([r["piece"] for r in measured])
    axes.set_ylabel("requests or transactions a second")
    axes.margins(y=0.15)
    axes.legend(fontsize=7, frameon=False)
    axes.set_title("Throughput, one worker, medians of interleaved rounds")
    _save(pyplot, figure, file)


def _processor(pyplot: Any, measured: list[Result], file: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 4))
    contestants = [who for who in LABELS if any(who in r["turns"] for r in measured)]
    width = 0.8 / len(contestants)
    for place, who in enumerate(contestants):
        here = [(n, r) for n, r in enumerate(measured) if who in r["turns"]]
        at = [n + place * width for n, _ in here]
        service = [middle(r, who, "service_cpu") for _, r in here]
        database = [middle(r, who, "database_cpu") for _, r in here]
        axes.bar(at, database, width, color=COLOURS[who], label=LABELS[who])
        axes.bar(at, service, width, bottom=database, color=COLOURS[who], hatch="////", alpha=0.6)
    axes.set_xticks([n + 0.4 - width / 2 for n in range(len(measured))])
    axes.set_xticklabels([r["piece"] for r in measured])
    axes.set_ylabel("µs of processor time a request")
    axes.legend(fontsize=7, frameon=False)
    axes.set_title("Processor time: PostgreSQL (plain) and service (hatched)")
    _save(pyplot, figure, file)


def _growth(pyplot: Any, growing: list[Result], file: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for result in growing:
        sizes = [size for size in WORLDS if f"service {size}" in result["turns"]]
        times = [1 / middle(result, f"service {size}", "rate") for size in sizes]
        label = OPERATIONS[result["piece"].removeprefix("growth-")].title
        axes.plot(
            [WORLDS[size] for size in sizes], [t / times[0] for t in times], "o-", label=label
        )
    axes.axhline(1.15, color="#8a8a8a", linestyle=":", label="goal: 1.15 ×")
    axes.set_xscale("log")
    axes.set_xticks(list(WORLDS.values()))
    axes.set_xticklabels([f"{leads:,}" for leads in WORLDS.values()])
    axes.set_xlabel("leads")
    axes.set_ylabel("time a request, smallest world = 1")
    axes.set_ylim(bottom=0.8)
    axes.legend(fontsize=7, frameon=False)
    axes.set_title("Growth, one worker, warm")
    _save(pyplot, figure, file)
