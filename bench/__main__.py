"""`make bench`: worlds, measurements, evidence; whole or in pieces."""

import asyncio
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import (
    contestants,
    measure,
    operations,
    pairs,
    report,
    search,
    search_world,
    stalls,
    world,
)
from bench.before import Before, build, checkout
from bench.cluster import Cluster
from bench.goals import MAIN, judge
from bench.loads import LoadError
from bench.measure import PIECES, Bench, Rounds
from bench.tools import ToolMissing
from service.commands.connections import data_dir_default
from service.embedded.server import EmbeddedServerError

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "docs" / "evidence"
QUICK = Rounds(rounds=1, seconds=1, memory_requests=2_000, paced_requests=200)
QUICK_PIECES = ("get", "list", "offers", "pick", "contested", "message", "log-in", "memory")
console = Console()


def _pieces(text: str | None, quick: bool) -> list[str]:
    """The pieces of `--only`; `growth` is all of its kind."""
    if text is None:
        return list(QUICK_PIECES if quick else PIECES)
    wanted: list[str] = []
    for name in text.split(","):
        found = [piece for piece in PIECES if piece == name or piece.startswith(f"{name}-")]
        if not found:
            raise click.BadParameter(f"{name} is none of {', '.join(PIECES)}")
        wanted += found
    return wanted


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as shown:
        shown.console.print(title)
        yield shown


def _build(directory: Path, size: str, minutes: float, before: Before | None = None) -> bool:
    """Builds a world unless it is there, and that of an earlier commit. False: the time was up, the
    next call goes on."""
    leads = world.WORLDS[size]
    if before is not None:
        with Cluster.start(directory, durable=False) as cluster:
            asyncio.run(build(cluster, before, world.database(leads), leads))
    with Cluster.start(directory) as cluster:
        asyncio.run(contestants.drop_unfit(cluster, leads))
        if world.database(leads) in asyncio.run(cluster.databases()):
            asyncio.run(contestants.bring_to_head(cluster, leads))
            return True
    # Filling is done without fsync; the server of the measurements is started anew.
    with (
        Cluster.start(directory, durable=False) as cluster,
        _progress(f"Building the world of {leads:,} leads") as shown,
    ):
        bars: dict[str, int] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what, total=total)
            shown.update(bars[what], completed=done)  # type: ignore[arg-type]

        return asyncio.run(world.build(cluster, leads, tell, minutes * 60))


@contextmanager
def _benching(
    directory: Path, kept: Path, plan: Rounds, title: str, before: Before | None = None
) -> Iterator[Bench]:
    with Cluster.start(directory) as cluster, _progress(title) as shown:
        bar = shown.add_task(title, total=None)

        def tell(text: str) -> None:
            shown.update(bar, description=text)

        yield Bench(cluster, directory, kept, plan, tell, before)


def _measure(
    directory: Path, kept: Path, piece: str, size: str, plan: Rounds, before: Before | None
) -> None:
    with _benching(directory, kept, plan, f"Measuring {piece} ({size})", before) as bench:
        result = measure.run(bench, piece, size)
    if "turns" in result:
        _show(f"{piece}, {result['world']}", report.COLUMNS, report.rows_of(result, {}))


def _pair(directory: Path, before: Before, size: str, only: str | None, plan: Rounds) -> None:
    """The quick comparison with an earlier commit."""
    names = tuple(only.split(",")) if only else pairs.NAMES
    unknown = set(names) - set(pairs.NAMES)
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: none of {', '.join(pairs.NAMES)}")
    title = f"Beside {before.commit}, {size}: processor time of a request"
    with _benching(directory, directory, plan, title) as bench:
        rows = pairs.run(bench, before, size, names)
    _show(title, pairs.COLUMNS, rows)


def _show_stalls(directory: Path, name: str, size: str, plan: Rounds) -> None:
    title = f"{name} ({size}) at 70 % of its peak, in windows of 50 ms"
    with _benching(directory, directory, plan, title) as bench:
        rows = stalls.stalls(bench, name, size)
    _show(title, stalls.COLUMNS, rows)


def _show(title: str, head: list[str], rows: list[list[str]]) -> None:
    table = Table(*head, title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _search(home: Path, evidence: Path, quick: bool, rounds: int, seconds: float) -> None:
    """The search beside the build of before."""
    leads = 20_000 if quick else 1_000_000
    with _progress(f"The search, {leads:,} leads, beside {search_world.BEFORE}") as shown:
        bar = shown.add_task("", total=None)

        def tell(text: str) -> None:
            shown.update(bar, description=text)

        given = (1, 0.2) if quick else (rounds, min(seconds, 1.0))
        result = search.run(home, evidence, leads, *given, tell)
    goals = [[str(goal[key]) for key in ("name", "goal", "measured", "met")]
             for goal in result["goals"]]  # fmt: skip
    _show("Goals", ["", "goal", "measured", "met"], goals)
    console.print(f"Written: {evidence}/search.json")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", type=click.Choice(["search", "pairs"]), required=False)
@click.option("--quick", is_flag=True, help="A minute or two: 50,000 leads, one round of a second.")
@click.option("--only", metavar="PIECES", help=f"Some of {', '.join(PIECES)}; growth: all four.")
@click.option(
    "--world",
    "size",
    type=click.Choice(list(world.WORLDS)),
    default=None,
    help=f"Where pieces are measured (growth: on all).  [default: {MAIN}; --quick: 50k]",
)
@click.option("--build", "only_build", is_flag=True, help="Build the world, measure nothing.")
@click.option(
    "--minutes",
    type=float,
    default=math.inf,
    help="Stop building after so many minutes; the next call goes on.",
)
@click.option(
    "--stalls",
    "stalls_of",
    type=click.Choice([name for name in operations.OPERATIONS if name != "contested"]),
    default=None,
    help="Show where slow answers of an operation come from; keeps nothing.",
)
@click.option("--report", "only_report", is_flag=True, help="Write the evidence from what is kept.")
@click.option(
    "--before",
    "commit",
    metavar="COMMIT",
    help="The service of that commit takes part in the same rounds, on a world of its own.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seconds", type=float, default=3.0, show_default=True, help="Of one turn.")
@click.option(
    "--evidence",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where the report goes.  [default: docs/evidence; --quick: .data/bench/quick]",
)
def main(
    what: str | None,
    quick: bool,
    only: str | None,
    size: str | None,
    only_build: bool,
    minutes: float,
    stalls_of: str | None,
    only_report: bool,
    rounds: int,
    seconds: float,
    evidence: Path | None,
    commit: str | None,
) -> None:
    """Measure Kollegium beside pgbench and an ORM service, in turns, and write docs/evidence/.

    `search`: the search and the operator's open offers beside the build of before, at a million
    leads (--quick: 20,000); writes search.json.

    `pairs --before COMMIT`: in two minutes, what get, list, offers, message and pick cost the
    service beside that commit and a bare answer, at 50,000 leads; keeps nothing.

    Without options everything: three worlds (about 25 GB in .data/bench, half an hour the first
    time), then about forty minutes of measuring. Each piece is kept, so a run may be split with
    --only and ended with --report. Needs wrk, pgbench (postgresql-15) and a C compiler.
    """
    # Whoever ends the run ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    size = size or ("50k" if quick or what == "pairs" else MAIN)
    home = (data_dir_default() / "bench").resolve()
    evidence = evidence or (home / "quick" if quick else EVIDENCE)
    kept = home / "quick" if quick else home
    try:
        if what == "search":
            _search(home, evidence, quick, rounds, seconds)
            return
        before = checkout(home, commit) if commit else None
        pieces = [] if only_build or only_report or stalls_of or what else _pieces(only, quick)
        sizes = list(world.WORLDS) if any(p.startswith("growth") for p in pieces) else [size]
        for needed in [] if only_report else sizes:
            if not _build(home, needed, minutes, before if needed == size else None):
                console.print("The time is up; the same command goes on where it stopped.")
                return
        plan = QUICK if quick else Rounds(rounds=rounds, seconds=seconds)
        if what == "pairs":
            if before is None:
                raise click.UsageError("pairs needs --before COMMIT")
            _pair(home, before, size, only, Rounds(rounds=min(rounds, 3), seconds=1))
            return
        if stalls_of:
            _show_stalls(home, stalls_of, size, plan)
            return
        for piece in pieces:
            _measure(home, kept, piece, size, plan, before)
    except (LoadError, ToolMissing, EmbeddedServerError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    if only_build or (only is not None and not quick):
        return
    results = measure.kept(kept)
    goals = judge(results, size)
    _show("Goals", ["", "goal", "measured", "met"], [[*g[:3], str(g.met)] for g in goals])
    report.write(results, evidence, size)
    console.print(f"Written: {evidence}/performance.md, performance.json and plots")


if __name__ == "__main__":
    main()
