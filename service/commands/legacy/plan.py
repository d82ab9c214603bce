"""`kollegium legacy plan`: what an import would do."""

from pathlib import Path

import click
from rich.progress import Progress

from service.commands.legacy.shown import language_option, show_plan
from service.commands.legacy.source import SourcePlace, progress_bar, reading_source, source_options
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.jobs.legacy.planning import LoadPlan, plan_load, write_findings
from service.jobs.legacy.reasons import Language


def planned(place: SourcePlace, language: Language, rows: Path | None = None) -> LoadPlan:
    """What an import would do; every single finding into the file `rows`."""

    async def work(progress: Progress) -> LoadPlan:
        async with reading_source(place, progress) as read:
            if rows is not None:
                await write_findings(read.connection, read.load, language, rows)
            return await plan_load(read.connection, read.load, read.seconds, language)

    with progress_bar() as progress:
        return run(work(progress))


@click.command()
@source_options
@click.option(
    "--rows",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Also write every single row that was found, with its reason, to this file (CSV).",
)
@language_option
@json_option
@data_dir_option
def plan(
    schema: str,
    url: str | None,
    csv: Path | None,
    latin1: bool,
    rows: Path | None,
    language: Language,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Say what an import would do: rows, what cannot come over and what heals it, size and time.

    Also what several users share and the weeks that `cohorts assign` would give. Reads the former
    system and changes nothing, there or here. Connects as kollegium_staff.
    """
    made = planned(SourcePlace(schema, url, csv, latin1, data_dir), language, rows)
    print_json(made) if as_json else show_plan(made)
    if rows is not None and not as_json:
        console.print(f"Every row is in {rows}.")
