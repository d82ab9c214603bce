"""`make soak`: long runs of what tests do briefly, within a time; figures for docs/evidence/."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tests.soak.parts import PARTS, Part

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
GROUPS = "main,peers,browser"


@dataclass
class Run:
    """What came of a part: seeds that passed, what was measured, the seed that failed."""

    seeds: list[int] = field(default_factory=list)
    goals: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0
    failed: int | None = None
    cut: int | None = None


def _pytest(part: Part, seed: int, figures: Path, seconds: float) -> tuple[int | None, str]:
    """A round: its exit status, None when the time was up, and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-s", "--groups", GROUPS]
    command += ["-p", "no:cacheprovider", *part.tests(seed)]
    environment = {**os.environ, **part.environment(seed), "KOLLEGIUM_FIGURES": str(figures)}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            status: int | None = process.wait(timeout=seconds)
        except BaseException as error:
            # As Ctrl-C: the run takes its servers down with it.
            os.killpg(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            status = None
        out.seek(0)
        return status, out.read().decode(errors="replace")


def _rounds(name: str, first: int, seconds: float, most: int) -> Run:
    """Rounds from a seed on until the time is up; ends with the first failure."""
    run, part, began = Run(), PARTS[name], time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        figures = Path(directory) / "figures"
        for seed in range(first, first + most):
            left = seconds - (time.monotonic() - began)
            if left <= 0:
                break
            status, text = _pytest(part, seed, figures, left)
            spent = time.monotonic() - began
            click.echo(f"{name}: seed {seed}, {_word(status)}, {spent:.0f} s so far")
            if status is None:
                run.cut = seed
            elif status == 0:
                run.seeds.append(seed)
            else:
                run.failed = seed
                click.echo(text[-8000:])
            if status != 0:
                break
        if figures.exists():
            run.goals = [json.loads(line) for line in figures.read_text("utf-8").splitlines()]
    run.seconds = round(time.monotonic() - began, 1)
    return run


def _word(status: int | None) -> str:
    return "the time was up" if status is None else "passed" if status == 0 else "FAILED"


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip() or "unknown"


def write(evidence: Path, runs: dict[str, Run], loads: list[list[float]]) -> None:
    """Adds these parts to soak.json; of a part the last run counts."""
    file = evidence / "soak.json"
    kept = json.loads(file.read_text("utf-8"))["parts"] if file.exists() else {}
    now, commit = datetime.now(UTC).date().isoformat(), _commit()
    for name, run in runs.items():
        kept[name] = {
            "date": now, "commit": commit, "what": PARTS[name].what,
            "seconds": run.seconds, "passed": len(run.seeds), "seeds": run.seeds,
            "failed": run.failed, "cut short": run.cut, "goals": run.goals,
            "machine": {"cores": os.cpu_count(), "load before and after": loads},
        }  # fmt: skip
    goals = [goal for part in kept.values() for goal in part["goals"]]
    written = {"date": now, "commit": commit, "goals": goals, "parts": kept}
    evidence.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[PART]...", type=click.Choice(list(PARTS)))
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), default=30, show_default=True
)
@click.option("--rounds", type=click.IntRange(min=1), default=10**6, help="At most, of each part.")
@click.option("--seed", type=int, help="The first; the others follow it.  [default: a random one]")
@click.option("--list", "only_list", is_flag=True, help="Say which parts there are.")
@click.option(
    "--evidence", type=click.Path(file_okay=False, path_type=Path), default=EVIDENCE,
    help="Where soak.json goes.  [default: docs/evidence]",
)  # fmt: skip
def main(
    names: tuple[str, ...],
    minutes: float,
    rounds: int,
    seed: int | None,
    only_list: bool,
    evidence: Path,
) -> None:
    """Run PARTs for so long, one after the other, each its share of the time; without a name all.

    Prints the seed of each round, ends with status 1 at the first failure, and writes what passed
    and what was measured to soak.json. A round that the time cuts short is no failure.
    """
    if only_list:
        for name, part in PARTS.items():
            click.echo(f"{name:15} {part.what}")
        return
    # Whoever ends the run ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = list(dict.fromkeys(names or PARTS))
    first = random.SystemRandom().randrange(10**6) if seed is None else seed
    until, runs, loads = time.monotonic() + minutes * 60, dict[str, Run](), [list(os.getloadavg())]
    for place, name in enumerate(wanted):
        share = (until - time.monotonic()) / (len(wanted) - place)
        runs[name] = _rounds(name, first, share, rounds)
        if runs[name].failed is not None:
            break
    loads.append(list(os.getloadavg()))
    write(evidence, runs, loads)
    failed = [(name, run.failed) for name, run in runs.items() if run.failed is not None]
    for name, at in failed:
        click.echo(f'Again: make soak ARGS="--seed {at} {name}"', err=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
