"""Merging companies: requests, rehearsal, run, undo, split."""

from alembic import op

from frozen import apply

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates the tables and applies the frozen copy of what is new or changed in sql/."""
    apply(op, "0006_merging_tables.sql")
    apply(op, "0006_merging.sql")
