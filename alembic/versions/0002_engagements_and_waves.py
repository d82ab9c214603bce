"""Engagements and waves."""

from alembic import op

import frozen

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Its own statements, then what changed in sql/ since 0001 (alembic/frozen.py)."""
    frozen.upgrade(op, __file__)
