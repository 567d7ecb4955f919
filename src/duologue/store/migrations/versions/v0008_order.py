"""The order of what happened in a trace: its end is read without its beginning."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the indexes."""
    op.create_index("ix_spans_order", "spans", ["trace_seq", "start_ns"])
    op.create_index("ix_logs_order", "logs", ["trace_seq", "at_ns"])


def downgrade() -> None:
    """Drops them."""
    op.drop_index("ix_logs_order", table_name="logs")
    op.drop_index("ix_spans_order", table_name="spans")
