"""The migration of the former, user-based system: staging, mapping, functions."""

from alembic import op

from frozen import apply

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the tables and applies the frozen copy of what is new in sql/."""
    apply(op, "0004_legacy_tables.sql")
    apply(op, "0004_legacy.sql")
