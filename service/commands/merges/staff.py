"""How the commands reach what staff does about merges, and what they are given."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import click

from service.commands.connections import connected
from service.commands.merges.refusals import explained
from service.jobs.staff.merges import MergeStaff, Told


def pair(text: str) -> tuple[UUID, UUID]:
    """MARKETPLACE/LEAD. Raises ClickException."""
    market, _, lead = text.partition("/")
    try:
        return UUID(market), UUID(lead)
    except ValueError as error:
        raise click.ClickException(
            f"--lead takes MARKETPLACE/LEAD, two ids; not {text!r}."
        ) from error


@contextlib.asynccontextmanager
async def staff(data_dir: Path, told: Told | None = None) -> AsyncIterator[MergeStaff]:
    """A connection as kollegium_staff for the time of the block. Raises ClickException for what the
    database refuses."""
    async with connected("staff", data_dir) as connection:
        with explained():
            yield MergeStaff(connection, told)
