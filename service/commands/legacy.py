"""`kollegium legacy`: from the users of the former service to companies."""

import click

from service.commands.legacy_generate import generate
from service.commands.legacy_import import cut_over, import_, plan, quarantine, retry, set_password


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
