"""${message}"""

from alembic import op
from frozen import apply

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """${message}"""
    apply(op, "${up_revision}_${message.lower().replace(' ', '_')}.sql")
