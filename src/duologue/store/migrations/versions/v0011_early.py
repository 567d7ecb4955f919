"""How much of a model's delay lay within the wait for the end of what the user said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; of turns that are there already it is not known."""
    op.add_column("turns", sa.Column("early_ms", sa.Double()))


def downgrade() -> None:
    """Drops the column: where a model was asked early, its delay counts until nothing is left."""
    op.drop_column("turns", "early_ms")
