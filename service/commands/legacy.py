"""`kollegium legacy`: from the users of the former service to companies."""

import click

from service.commands.cohorts import cohorts, status


@click.group()
def legacy() -> None:
    """Bring the users of the former service over, prove it, and roll the new features out."""


legacy.add_command(cohorts)
legacy.add_command(status)
