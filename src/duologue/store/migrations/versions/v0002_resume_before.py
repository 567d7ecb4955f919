"""The resume token before the newest: an answer to authorize may be lost on its way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Statements that SQLite knows itself, hence no batch: that would make the table anew, and with
# foreign keys on, the rows that refer to it do not let the old one go.


def upgrade() -> None:
    """Adds the column; of conversations that are there already, only the newest token is known."""
    op.add_column("conversations", sa.Column("resume_before_hash", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_conversations_resume_before_hash"),
        "conversations",
        ["resume_before_hash"],
        unique=True,
    )


def downgrade() -> None:
    """Drops the column, and with it the tokens before the newest."""
    op.drop_index(op.f("ix_conversations_resume_before_hash"), table_name="conversations")
    op.drop_column("conversations", "resume_before_hash")
