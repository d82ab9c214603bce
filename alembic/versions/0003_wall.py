"""The wall: functions, policies and grants."""

from alembic import op

from frozen import apply

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Applies the frozen copy of sql/functions and sql/policies."""
    apply(op, "0003_wall.sql")
