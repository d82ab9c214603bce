"""The first release: roles, tables, functions, policies. Unreleased, so `sql/` as it stands."""

from alembic import op

import frozen

revision = "0001"
down_revision = None

READERS = "kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor"


def upgrade() -> None:
    """Creates the roles where they are missing (this needs CREATEROLE), then all the rest."""
    frozen.apply(op, frozen.roles().read_text("utf-8"), role=None)
    op.execute("alter table public.alembic_version owner to kollegium_owner")
    op.execute(f"grant select on public.alembic_version to {READERS}")
    frozen.apply(op, frozen.joined([*frozen.tables(), *frozen.wall()]))
