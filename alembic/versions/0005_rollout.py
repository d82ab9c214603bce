"""The staged roll-out of the colleague features, its proof, and suggestions for merges."""

from alembic import op

from frozen import apply

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds tables, and functions beside and in place of those of before."""
    apply(op, "0005_rollout_tables.sql")
    apply(op, "0005_rollout.sql")
