"""Finding traces by words that were said in them.

A word is what stands between spaces and signs, large and small letters alike; accents count. All
words must have been said, in whichever turns. SQLite asks its index of words, PostgreSQL its own.
"""

from __future__ import annotations

import string
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Connection,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    select,
    table,
)

from duologue.errors import DuologueError
from duologue.store.trace_facts import legible
from duologue.store.trace_tables import traces, turns
from duologue.store.traces import MOST_TURNS

LONGEST: Final = 200
COMMON: Final = 5000
"""A word of more turns than this is looked for in each trace that a list comes by, and not in all:
of a common word's traces a page is found at once, and of a rare one's all are."""
_SPACES: Final = " " * len(string.punctuation)
_SIGNS: Final = str.maketrans(string.punctuation, _SPACES)

_index = table("turn_words", column("rowid"), column("turn_words"))
_place = _index.c.rowid
_quoted = string.punctuation.replace("'", "''")
# Word for word what the index of migration 0006 is made of, or it would not be used.
_vector: Any = literal_column(
    "to_tsvector('simple', translate(left(turns.user_text, 100000) || ' ' || "
    f"left(turns.agent_text, 100000), '{_quoted}', '{_SPACES}'))"
)


class Word(msgspec.Struct, frozen=True):
    """A word, or how it begins."""

    text: str
    begins: bool = False


def words(text: str) -> list[Word]:
    """The words of what somebody typed into a search field."""
    if len(text) > LONGEST:
        reason = f"text has {len(text)} characters; at most {LONGEST} are looked for"
        raise DuologueError("bad_request", reason=reason)
    found = []
    for typed in legible(text).split():
        parts = typed.translate(_SIGNS).split()
        found += [Word(part) for part in parts[:-1]]
        found += [Word(part, typed.endswith("*")) for part in parts[-1:]]
    return [each for each in found if any(map(str.isalnum, each.text))]


def conditions(conn: Connection, text: str) -> list[Any]:
    """What a trace must fulfil in which all words of the text were said."""
    asked = words(text)
    if not asked:
        return [false()]
    one = _sqlite if conn.dialect.name == "sqlite" else _postgresql
    return [one(conn, word) for word in dict.fromkeys(asked)]


def _sqlite(conn: Connection, word: Word) -> Any:
    match = _index.c.turn_words.op("MATCH")(f'"{word.text}"' + " *" * word.begins)
    found = conn.execute(select(_place).where(match).limit(COMMON + 1)).scalars().all()
    if len(found) <= COMMON:
        # Spelt out: of a subquery SQLite would not know how few they are.
        seqs = ",".join(map(str, {place // MOST_TURNS for place in found}))
        return literal_column(f"traces.seq IN ({seqs})")
    if word.begins:
        return traces.c.seq.in_(select(_place.op("/")(MOST_TURNS)).where(match))
    first = traces.c.seq * MOST_TURNS
    here = _place.between(first, first + (MOST_TURNS - 1))
    return exists(select(literal(1)).select_from(_index).where(match, here))


def _postgresql(_conn: Connection, word: Word) -> Any:
    asked = func.to_tsquery(literal_column("'simple'"), f"'{word.text}'" + ":*" * word.begins)
    return traces.c.seq.in_(select(turns.c.trace_seq).where(_vector.op("@@")(asked)))
