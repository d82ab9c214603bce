"""The first release: roles, tables, functions, policies."""

from alembic import op

import frozen

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the roles where they are missing (this needs CREATEROLE), then all the rest."""
    frozen.upgrade(op, __file__)
