"""The command `kollegium`, one module per command; this is the table of contents."""

import ast
import importlib
from pathlib import Path
from typing import Any

import click

# name -> module and attribute; imported when needed, so that `--help` answers at once.
COMMANDS = {
    "demo": "demo.command:demo",
    "serve": "serve:serve",
    "worker": "worker:worker",
    "migrate": "migrate:migrate",
    "check": "check:check",
    "company": "company:company",
    "merge": "merges.group:merge",
    "import-leads": "import_leads:import_leads",
    "mails": "mails:mails",
    "vapid-key": "vapid_key:vapid_key",
    "psql": "psql:psql",
    "audit": "audit.group:audit",
    "legacy": "legacy.group:legacy",
}


class _Lazy(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table, which is the order of a first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: Any = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What each says of itself, read and not imported: that would take a second."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        shown = [click.Command(name, help=_said_of(name)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl([(str(c.name), c.get_short_help_str(limit)) for c in shown])


def _said_of(name: str) -> str | None:
    """The text of a command's function."""
    module, _, attribute = COMMANDS[name].partition(":")
    source = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py")
    functions = (
        f for f in ast.parse(source.read_text("utf-8")).body if isinstance(f, ast.FunctionDef)
    )
    return next(ast.get_docstring(f) for f in functions if f.name == attribute)


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="kollegium")
def kollegium() -> None:
    """Colleagues of a company share picked leads, guaranteed by PostgreSQL.

    Each command connects as the role it needs: DATABASE_URL (web tier), DATABASE_OWNER_URL,
    DATABASE_STAFF_URL, DATABASE_WORKER_URL, DATABASE_AUDITOR_URL. With a superuser's DATABASE_URL
    alone, commands switch with SET ROLE; with none of them they use the running demo.
    """
