"""Schemas and tables."""

from alembic import op

from frozen import apply

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates everything that holds data, visible to nobody yet."""
    apply(op, "0002_tables.sql")
