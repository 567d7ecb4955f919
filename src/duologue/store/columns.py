"""What tables are made of: one kind of column for each kind of value, on both databases alike."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def own_id() -> Column[str]:
    """The key of a row that stands for itself."""
    return Column("id", Text, primary_key=True)


def text(name: str, *, null: bool = False) -> Column[str]:
    """Words, or JSON."""
    return Column(name, Text, nullable=null)


def time(name: str, *, null: bool = False) -> Column[int]:
    """A point in time."""
    return Column(name, BigInteger, nullable=null)


def count(name: str) -> Column[int]:
    """A number of something, from 0 on."""
    return Column(name, BigInteger, nullable=False, server_default="0")


def org() -> Column[str]:
    """Whose row it is."""
    return Column("org_id", Text, ForeignKey("organizations.id"), nullable=False)


def refers(name: str, table: str) -> ForeignKeyConstraint:
    """A reference that cannot leave the organization: both rows must name the same one."""
    return ForeignKeyConstraint(["org_id", name], [f"{table}.org_id", f"{table}.id"])


def made_by_browsers() -> tuple[Column[str], Column[str], PrimaryKeyConstraint]:
    """An id that a page made: it means something beside its organization only."""
    key = PrimaryKeyConstraint("org_id", "id")
    return Column("id", Text, nullable=False), org(), key


def by_id() -> UniqueConstraint:
    """What such references point at; lists of an organization are read along it, too."""
    return UniqueConstraint("org_id", "id")
