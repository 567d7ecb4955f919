"""What a visitor agreed to, the page where a session began, and what was thought of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns and the table; of sessions that are there already nothing is known."""
    op.add_column("sessions", sa.Column("consent", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("page", sa.Text(), nullable=True))
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "agent_id"],
            ["agents.org_id", "agents.id"],
            name=op.f("fk_feedback_org_id_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name=op.f("fk_feedback_org_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_feedback_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("session_id", name=op.f("uq_feedback_session_id")),
    )
    op.create_index(op.f("ix_feedback_org_id_id"), "feedback", ["org_id", "id"], unique=False)
    op.create_index(
        op.f("ix_feedback_conversation_id_org_id"),
        "feedback",
        ["conversation_id", "org_id"],
        unique=False,
    )


def downgrade() -> None:
    """Drops them, and with them what was agreed to and thought."""
    op.drop_table("feedback")
    op.drop_column("sessions", "page")
    op.drop_column("sessions", "consent")
