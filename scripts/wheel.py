"""What a wheel carries beside the code; the build backend calls it (pyproject.toml).

An editable install needs none of it: there everything lies in the checkout
(service/database/shipped.py).
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("alembic", "alembic.ini", "examples", "sql")


class Shipped(BuildHookInterface[Any]):
    """Puts them below the package: a top-level `alembic/` would shadow the library."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are collected; `version` is "standard" or "editable"."""
        if version == "standard":
            build_data["force_include"] |= {name: f"service/_shipped/{name}" for name in SHIPPED}
