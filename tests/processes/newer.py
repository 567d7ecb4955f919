"""A program of the next version: today's and one migration more, which adds in every way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import duologue
from duologue.store import schema

NEXT: Final = f"{int(schema.HEAD) + 1:04}"
MIGRATION: Final = f'''
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.HEAD}"


def upgrade():
    op.create_table(
        "moods",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("org_id", sa.Text(), sa.ForeignKey("organizations.id"), nullable=False),
    )
    op.add_column("conversations", sa.Column("mood", sa.Text(), nullable=True))
    op.add_column(
        "messages", sa.Column("weight", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("runs", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_messages_weight", "messages", ["weight"])
'''


def newer(folder: Path) -> Path:
    """Where that program lies, for PYTHONPATH."""
    ours = Path(duologue.__file__).parent
    package = folder / "duologue"
    package.mkdir(parents=True)
    for each in ours.iterdir():
        if each.name != "store":
            (package / each.name).symlink_to(each)
    shutil.copytree(ours / "store", package / "store", ignore=shutil.ignore_patterns("__pycache__"))
    source = package / "store" / "schema.py"
    text = source.read_text(encoding="utf-8")
    moved = text.replace(f'HEAD = "{schema.HEAD}"', f'HEAD = "{NEXT}"')
    moved = moved.replace(f'OLDEST = "{schema.OLDEST}"', f'OLDEST = "{schema.HEAD}"')
    assert moved.count(NEXT) == 1
    source.write_text(moved, encoding="utf-8")
    versions = package / "store" / "migrations" / "versions"
    (versions / f"v{NEXT}_moods.py").write_text(MIGRATION, encoding="utf-8")
    return folder
