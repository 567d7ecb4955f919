"""Where the process is reached in which a run lives: by others, which carry its clients there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; nobody is carried to a run that is there already."""
    op.add_column("runs", sa.Column("peer", sa.Text()))


def downgrade() -> None:
    """Drops the column: a conversation that is live elsewhere is rebuilt."""
    op.drop_column("runs", "peer")
