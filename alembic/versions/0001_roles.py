"""Roles, and the schema version readable for those who check it."""

from alembic import op

from frozen import apply

revision = "0001"
down_revision = None

READERS = "kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor"


def upgrade() -> None:
    """Creates the roles where they are missing; this needs CREATEROLE."""
    apply(op, "0001_roles.sql", role=None)
    op.execute("alter table public.alembic_version owner to kollegium_owner")
    op.execute(f"grant select on public.alembic_version to {READERS}")
