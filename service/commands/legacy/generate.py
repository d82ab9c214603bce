"""`kollegium legacy generate`: an invented former system to try everything on."""

from pathlib import Path

import click

from service.commands.connections import connected, log_in, plain_url
from service.commands.legacy.source import progress_bar
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.database.logins import Source
from service.jobs.legacy.practice.filling import SchemaExists, fill_directory, fill_schema
from service.jobs.legacy.practice.generating import Generator, api_token
from service.jobs.legacy.practice.invented import PASSWORD


@click.command()
@click.option(
    "--users", type=click.IntRange(10), default=10_000, show_default=True, help="How many users."
)
@click.option(
    "--leads", type=click.IntRange(0), default=500_000, show_default=True, help="How many leads."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed, the same rows."
)
@click.option("--schema", default="legacy", show_default=True, help="Name of the new schema.")
@click.option("--url", help="Make the schema in another PostgreSQL.")
@click.option(
    "--csv",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write CSV files to a directory instead.",
)
@json_option
@data_dir_option
def generate(
    users: int,
    leads: int,
    seed: int,
    schema: str,
    url: str | None,
    csv: Path | None,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Make an invented former system: German data, and the dirt that real ones have.

    Connects as kollegium_owner (DATABASE_OWNER_URL, else DATABASE_URL), makes the schema of
    sql/legacy/schema.sql and lets kollegium_staff read it. All users have the password
    kollegium-demo. What exists already is left alone, with an error.

        kollegium legacy generate --users 300 --leads 5000
    """
    generator = Generator(users, leads, seed)
    rows: dict[str, int] = {}
    with progress_bar() as progress:
        task = progress.add_task("Generating leads", total=leads, rate="")

        def told(table: str, count: int) -> None:
            rows[table] = rows.get(table, 0) + count
            progress.update(task, completed=rows.get("leads", 0))

        async def work() -> None:
            if csv is not None:
                fill_directory(csv, generator.chunks(), told)
            elif url is not None:
                connection = await log_in(Source(plain_url(url), "--url"))
                try:
                    await fill_schema(connection, schema, generator.chunks(), None, told)
                finally:
                    await connection.close(timeout=5)
            else:
                async with connected("owner", data_dir) as connection:
                    await connection.execute("set statement_timeout = 0")
                    chunks = generator.chunks()
                    await fill_schema(connection, schema, chunks, "kollegium_staff", told)

        try:
            run(work())
        except SchemaExists as error:
            raise click.ClickException(
                f"{error} is there already and was left alone; choose another name or remove it."
            ) from error
    if as_json:
        print_json({"rows": rows, "seed": seed, "api_token_of_key_1": api_token(seed, 1)})
        return
    where = csv or f"schema {schema}"
    console.print(f"Generated into {where}: " + ", ".join(f"{n:,} {t}" for t, n in rows.items()))
    console.print(f"Everybody's password: {PASSWORD}. Token of API key 1: {api_token(seed, 1)}")
