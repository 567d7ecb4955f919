"""Whole tables as lines of JSON, the same from either database: read, counted, written, compared.

What is read are the tables that there are, not those of this version: so a database of any version
can be copied, and is migrated afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Connection,
    Double,
    Float,
    TableClause,
    column,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy import insert as insertion
from sqlalchemy import text as sql

from duologue.errors import DuologueError
from duologue.store import schema, tables

Progress = Callable[[str, int, int], None]
"""Is told a table, how many of its rows are done, and how many there are."""
Row = dict[str, Any]

PAGE: Final = 500
"""Rows that are held at once."""
BESIDES: Final = ("alembic_version", "turn_words", "sqlite_")
"""How tables begin that are made by migrations and by SQLite, and fill themselves."""
NUL: Final = b"\\u0000"


class Holding(msgspec.Struct, frozen=True):
    """What a table holds: equal ones hold the same rows, in whatever order."""

    rows: int
    checksum: str


class Count:
    """Counts the rows of a table, and adds up their hashes."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """One more row, as its line."""
        self._rows += 1
        self._sum += int.from_bytes(sha256(line).digest())

    @property
    def held(self) -> Holding:
        """All rows so far."""
        return Holding(self._rows, f"{self._sum % 2**256:064x}")


def all_of(conn: Connection) -> list[TableClause]:
    """The tables that there are, those first that others refer to; columns by their names."""
    order = {each.name: number for number, each in enumerate(tables.metadata.sorted_tables)}
    found = {
        name: table(name, *(column(c["name"], c["type"]) for c in sorted(columns, key=_name)))
        for (_, name), columns in inspect(conn).get_multi_columns().items()
        if not name.startswith(BESIDES)
    }
    return [found[name] for name in sorted(found, key=lambda name: (order.get(name, 999), name))]


def size(conn: Connection, of: TableClause) -> int:
    """How many rows a table has."""
    return int(conn.execute(select(func.count()).select_from(of)).scalar_one())


def read(conn: Connection, of: TableClause) -> Iterator[list[Row]]:
    """Its rows, by the page."""
    names = [each.name for each in of.columns]
    floats = _floats(of)
    for page in _pages(conn, of):
        rows = [dict(zip(names, values, strict=True)) for values in page]
        for row in rows if floats else ():
            for name in floats:
                # JSON has no number for them.
                if row[name] is not None and not math.isfinite(row[name]):
                    row[name] = str(row[name])
        yield rows


def _pages(conn: Connection, of: TableClause) -> Iterator[Sequence[Any]]:
    query = select(*of.columns)
    if conn.dialect.name == "sqlite":
        yield from conn.execute(query, execution_options={"yield_per": PAGE}).partitions()
        return
    # The driver's own cursor stays open until the transaction ends, and a table that is read
    # cannot be migrated.
    compiled = query.compile(dialect=conn.dialect)
    # A name of its own: the driver remembers what FETCH of a name gives.
    name = f"copying_{of.name}"
    conn.exec_driver_sql(f"DECLARE {name} NO SCROLL CURSOR FOR {compiled}")
    while page := conn.exec_driver_sql(f"FETCH {PAGE} FROM {name}").fetchall():
        yield page
    conn.exec_driver_sql(f"CLOSE {name}")


def write(conn: Connection, of: TableClause, rows: Sequence[Row]) -> None:
    """Adds rows as `read` gave them."""
    if not rows:
        return
    for name in _floats(of):
        for row in rows:
            if isinstance(row[name], str):
                row[name] = float(row[name])
    conn.execute(insertion(of), rows)


def line_of(row: Row) -> bytes:
    """A row as a line without its end, the same from either database."""
    return msgspec.json.encode(row)


def held(conn: Connection, of: TableClause) -> Holding:
    """What a table holds now."""
    count = Count()
    for page in read(conn, of):
        for row in page:
            count.add(line_of(row))
    return count.held


def keepable(row: Row, line: bytes) -> bool:
    """Whether PostgreSQL can keep a row; the character that it cannot keep is replaced in it."""
    if NUL not in line:
        return True
    wrong = [name for name, value in row.items() if isinstance(value, str) and "\0" in value]
    for name in wrong:
        row[name] = row[name].replace("\0", "\ufffd")
    return not wrong


def pour(
    pages: Iterable[list[Row]], conn: Connection, into: TableClause, total: int, progress: Progress
) -> tuple[Holding, int]:
    """Writes all pages into a table; what should be there now, and how many rows had to change."""
    count, changed, done = Count(), 0, 0
    careful = conn.dialect.name == "postgresql"
    progress(into.name, 0, total)
    for page in pages:
        for row in page:
            line = line_of(row)
            if careful and not keepable(row, line):
                changed += 1
                line = line_of(row)
            count.add(line)
        write(conn, into, page)
        done += len(page)
        progress(into.name, done, total)
    return count.held, changed


def compare(conn: Connection, of: TableClause, expected: Holding) -> None:
    """Refuses a table that does not hold what was put into it."""
    found = held(conn, of)
    if found != expected:
        raise DuologueError("copy_differs", table=of.name, expected=expected.rows, found=found.rows)


def set_numbers_on(conn: Connection) -> None:
    """Lets PostgreSQL count up behind what was copied; SQLite does so by itself."""
    if conn.dialect.name != "postgresql":
        return
    for each in all_of(conn):
        for name in (c.name for c in each.columns if c.name == "seq"):
            counter = conn.execute(
                sql("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": each.name, "column": name},
            ).scalar()
            top = conn.execute(select(func.max(each.c[name]))).scalar()
            if counter is not None and top is not None:
                conn.execute(sql("SELECT setval(:counter, :top)"), {"counter": counter, "top": top})


def strangers(conn: Connection) -> list[str]:
    """Tables of another program, or of a newer version of this one."""
    ours = {each.name for each in tables.metadata.sorted_tables}
    return [each.name for each in all_of(conn) if each.name not in ours]


def rows_of_people(conn: Connection) -> dict[str, int]:
    """How many rows there are by table, without those that a first start makes."""
    found = {}
    for each in all_of(conn):
        query = select(func.count()).select_from(each)
        if each.name == schema.readers.name:
            continue
        if each.name == "organizations":
            query = query.where(each.c.slug != "default")
        if number := conn.execute(query).scalar_one():
            found[each.name] = int(number)
    return found


def clear(conn: Connection) -> None:
    """Drops all our tables, with what is in them."""
    present = set(inspect(conn).get_table_names())
    for each in reversed(all_of(conn)):
        conn.execute(sql(f'DROP TABLE "{each.name}"'))
    for name in ("turn_words", "alembic_version"):
        if name in present:
            conn.execute(sql(f"DROP TABLE {name}"))


def _floats(of: TableClause) -> list[str]:
    return [each.name for each in of.columns if isinstance(each.type, Float | Double)]


def _name(found: Any) -> str:
    return str(found["name"])
