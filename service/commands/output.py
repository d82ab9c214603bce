"""How commands speak: tables and sentences for people, JSON for programs, errors with a way out."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import click
import msgspec
from rich.console import Console

from service.commands.connections import data_dir_default
from service.database.retries import LOST
from service.database.wire import PostgresError
from service.errors import KINDS, Problem

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

# Names and texts come from people: no markup, no emoji codes. Pipes get enough room for ids.
# Classes of errors whose messages and details repeat values: cardinality, data, integrity, raised.
_OF_VALUES = ("21", "22", "23", "P0")

console = Console(
    highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 120
)

DATA_DIR_HELP = (
    "Where the demo keeps its data; used when no DATABASE… variable is set. Default: "
    "KOLLEGIUM_DATA_DIR, else .data."
)


def data_dir_option(command: F) -> F:
    """`--data-dir`, the same on every command."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=data_dir_default,
        help=DATA_DIR_HELP,
    )(command)


def json_option(command: F) -> F:
    """`--json`, the same on every command."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON on one line instead of a table."
    )(command)


def print_json(value: Any) -> None:
    """One line of JSON on standard output: UTF-8 whatever the terminal, for a program reads it."""
    click.echo(msgspec.json.encode(value))


def sentence(problem: Problem) -> str:
    """A problem of the service as one English sentence, with what its fields say."""
    parts = [KINDS[problem.slug].en]
    parts += [f"{key}: {value}" for key, value in problem.detail.items()]
    parts += [f"{e['pointer'].strip('/')}: {e['detail']}" for e in problem.errors or []]
    return "; ".join(parts) + "."


def explained(error: Exception) -> click.ClickException:
    """What went wrong while a command worked, for the person who ran it."""
    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, Problem):
        return click.ClickException(sentence(error))
    if isinstance(error, PostgresError | asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state.startswith("KG"):
            from service.web.problems import from_database

            return click.ClickException(sentence(from_database(_own(error))))
        if state == "28000":
            return click.ClickException("The token is unknown, expired or revoked.")
        if state == "42501":
            return click.ClickException(
                f"A right is missing ({error}). `kollegium check` and sql/README.md tell which "
                "role may do what; `kollegium migrate` restores the grants of this release."
            )
        if state.startswith(_OF_VALUES):
            return click.ClickException(
                f"PostgreSQL refused a value ({state}{_place(error)}). Its message may name what "
                "belongs to a person and is not shown; the server's log has it."
            )
        return click.ClickException(f"PostgreSQL refused ({state}): {error}")
    return click.ClickException(
        f"The connection to the database was lost ({type(error).__name__}). A transaction that was "
        "open has had no effect; run the command again."
    )


def _place(error: PostgresError | asyncpg.PostgresError) -> str:
    """Table, column and rule, as far as the server names them."""
    if isinstance(error, PostgresError):
        return f", {error.constraint}" if error.constraint else ""
    fields = error.as_dict()
    named = [fields.get(f"{kind}_name") for kind in ("table", "column", "constraint")]
    return "".join(f", {name}" for name in named if name)


def _own(error: PostgresError | asyncpg.PostgresError) -> PostgresError:
    """The same error, whichever driver met it: commands use asyncpg, operations their own."""
    if isinstance(error, PostgresError):
        return error
    fields = {"C": error.sqlstate, "n": error.constraint_name, "D": error.detail}
    return PostgresError({letter: text for letter, text in fields.items() if text})


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's work. Raises ClickException for everything the database may do."""
    try:
        return asyncio.run(work)
    except (Problem, PostgresError, asyncpg.PostgresError, *LOST) as error:
        raise explained(error) from error
