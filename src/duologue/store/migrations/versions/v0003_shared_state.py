"""The state that a conversation's agent and clients share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; conversations that are there already share nothing yet."""
    column = sa.Column("state", sa.Text(), server_default="{}", nullable=False)
    op.add_column("conversations", column)


def downgrade() -> None:
    """Drops the column, and with it what was shared."""
    op.drop_column("conversations", "state")
