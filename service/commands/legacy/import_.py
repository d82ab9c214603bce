"""`kollegium legacy import | retry`."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click
import msgspec
from rich.progress import Progress

from service.commands.connections import connected
from service.commands.legacy.plan import planned
from service.commands.legacy.shown import language_option, show_outcome, show_plan
from service.commands.legacy.source import SourcePlace, progress_bar, reading_source, source_options
from service.commands.output import data_dir_option, json_option, print_json, run
from service.jobs.legacy.importing import LEADS_A_BATCH, Outcome, Step, import_load
from service.jobs.legacy.reasons import Language


@contextlib.contextmanager
def _logged(file: IO[bytes] | None) -> Iterator[Callable[[str, object], None]]:
    def log(event: str, what: object) -> None:
        if file is not None:
            fields = msgspec.to_builtins(what)
            line = {"at": datetime.now(UTC).isoformat(), "event": event, **fields}
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()

    yield log


def _import(
    place: SourcePlace, batch: int, jobs: int, log_file: IO[bytes] | None, deletions: bool
) -> Outcome:
    async def work(progress: Progress, log: Callable[[str, object], None]) -> Outcome:
        async with contextlib.AsyncExitStack() as stack:
            read = await stack.enter_async_context(reading_source(place, progress))
            connections = [read.connection]
            for _ in range(jobs - 1):
                connections.append(
                    await stack.enter_async_context(connected("staff", place.data_dir))
                )
            leads = await read.connection.fetchval(
                "select in_source from app.legacy_counts($1) where source_table = 'leads'",
                read.load,
            )
            log("read", {"load": read.load, "leads": leads, "seconds": round(read.seconds, 3)})
            task = progress.add_task("Importing leads", total=leads, rate="")
            began = time.monotonic()
            seen = 0

            def told(step: Step) -> None:
                nonlocal seen, began
                if step.step == "leads":
                    seen += step.seen
                    rate = f"{seen / (time.monotonic() - began):,.0f} leads/s"
                    progress.update(task, completed=seen, rate=rate)
                else:
                    began = time.monotonic()
                log("batch", step)

            outcome = await import_load(connections, read.load, told, batch, deletions=deletions)
            log("done", outcome)
            return outcome

    with progress_bar() as progress, _logged(log_file) as log:
        return run(work(progress, log))


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Batches of leads at the same time, each over a connection of its own. 1 leaves most to "
    "the people who work meanwhile.",
)


deletions_option = click.option(
    "--deletions",
    is_flag=True,
    help="Follow what is deleted in the former system even if it is much: more than a tenth of a "
    "table. Without it, a source that lacks so much is taken for half an export.",
)


@click.command("import")
@source_options
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option(
    "--log", "log_file", type=click.File("ab"), help="Append a line of JSON for each batch."
)
@click.option(
    "--batch",
    type=click.IntRange(1, 20_000),
    default=LEADS_A_BATCH,
    show_default=True,
    help="Leads a transaction.",
)
@jobs_option
@deletions_option
@language_option
@json_option
@data_dir_option
def import_(
    schema: str,
    url: str | None,
    csv: Path | None,
    latin1: bool,
    dry_run: bool,
    log_file: IO[bytes] | None,
    batch: int,
    jobs: int,
    deletions: bool,
    language: Language,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Bring the former system over: a company for each user, and everything that belongs to him.

    A batch is a transaction. Kill it and run it again: it goes on where it was. Run it as often as
    wanted: what changed in the former system meanwhile follows, until `kollegium legacy cut-over`.
    Two runs at once do no harm. What cannot come over waits in quarantine; heal it in the former
    system, then `kollegium legacy retry`. Passwords and API tokens go on working: a user's password
    is taken over as PBKDF2 and replaced by Argon2id when he logs in first.
    """
    place = SourcePlace(schema, url, csv, latin1, data_dir)
    if dry_run:
        made = planned(place, language)
        print_json(made) if as_json else show_plan(made)
        return
    outcome = _import(place, batch, jobs, log_file, deletions)
    print_json(outcome) if as_json else show_outcome(outcome)


@click.command()
@source_options
@click.option(
    "--log", "log_file", type=click.File("ab"), help="Append a line of JSON for each batch."
)
@jobs_option
@deletions_option
@json_option
@data_dir_option
def retry(
    schema: str,
    url: str | None,
    csv: Path | None,
    latin1: bool,
    log_file: IO[bytes] | None,
    jobs: int,
    deletions: bool,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Import what was healed in the former system since it went to quarantine.

    Heal a row where it is read from: with --schema or --url in that database (`kollegium legacy
    quarantine` says which row and what heals it), with --csv in the files, by hand or by exporting
    them anew. Then run this with the same source. A row that is healed comes over with all rows
    that waited for it; who is not yet stays in quarantine. The same as `import`; after the cut-over
    the one that still makes sense, because then only rows that wait in quarantine come over.
    """
    place = SourcePlace(schema, url, csv, latin1, data_dir)
    outcome = _import(place, LEADS_A_BATCH, jobs, log_file, deletions)
    print_json(outcome) if as_json else show_outcome(outcome)
