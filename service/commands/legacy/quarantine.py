"""`kollegium legacy quarantine`: what waits, and what heals it."""

from pathlib import Path

import click

from service.commands.connections import connected
from service.commands.legacy.shown import language_option, show_quarantine
from service.commands.output import data_dir_option, json_option, print_json, run
from service.jobs.legacy.reasons import Language, reasons


@click.command()
@click.option("--reason", help="Only rows with this reason.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="List at most so many rows.",
)
@language_option
@json_option
@data_dir_option
def quarantine(
    reason: str | None, limit: int, language: Language, as_json: bool, data_dir: Path
) -> None:
    """List the legacy rows that wait: which, why, and what heals them.

    Healing happens in the former system, or in its exported files; `kollegium legacy retry` brings
    over what was healed. depends-on names the row that must be healed first.
    """
    if reason is not None and reason not in reasons():
        raise click.BadParameter(f"one of {', '.join(reasons())}", param_hint="--reason")

    async def work() -> list[dict[str, object]]:
        async with connected("staff", data_dir) as connection:
            rows = await connection.fetch(
                "select * from app.legacy_quarantine($1, $2)", reason, limit
            )
            return [dict(row) for row in rows]

    rows = run(work())
    print_json(rows) if as_json else show_quarantine(rows, limit, language)
