"""Which programs may work on the database: those of an older version read it here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table; `schema.migrate` writes its one row."""
    op.create_table(
        "schema_readers",
        sa.Column("oldest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("oldest", name=op.f("pk_schema_readers")),
    )


def downgrade() -> None:
    """Drops it: programs of 0008 and before take their own version only."""
    op.drop_table("schema_readers")
