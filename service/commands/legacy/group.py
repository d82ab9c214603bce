"""`kollegium legacy`: from the users of the former service to companies."""

import click

from service.commands.legacy.cohorts import cohorts, status
from service.commands.legacy.cut_over import cut_over
from service.commands.legacy.generate import generate
from service.commands.legacy.import_ import import_, retry
from service.commands.legacy.password import set_password
from service.commands.legacy.plan import plan
from service.commands.legacy.prove import prove
from service.commands.legacy.quarantine import quarantine
from service.commands.legacy.suggestions import suggestions


@click.group()
def legacy() -> None:
    """Bring the users of the former service over, prove it, and roll the new features out."""


legacy.add_command(generate)
legacy.add_command(plan)
legacy.add_command(import_)
legacy.add_command(retry)
legacy.add_command(quarantine)
legacy.add_command(cut_over)
legacy.add_command(set_password)
legacy.add_command(prove)
legacy.add_command(cohorts)
legacy.add_command(status)
legacy.add_command(suggestions)
