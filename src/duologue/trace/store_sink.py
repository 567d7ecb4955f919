"""Entries into the store: the only place where the ledger knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import organizations, schema, traces
from duologue.store.database import Database
from duologue.store.trace_records import LogRow, SpanRow, TraceEntry, TraceRow, TurnRow
from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.sinks import Refused

_T = TypeVar("_T")
_encoder: Final = msgspec.json.Encoder(enc_hook=str)
_KNOWN: Final = tuple(name for name in TraceRow.__struct_fields__ if name not in ("trace", "usage"))


class StoreSink:
    """Writes a batch in one unit of work; what it was given before changes nothing."""

    name = "store"
    remote = False
    content = True

    def __init__(
        self,
        db: Database,
        org_id: str | Callable[[str], str | None],
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        talk: Callable[[str], str | None] = lambda trace: None,
    ) -> None:
        self._db = db
        self._org = (lambda trace: org_id) if isinstance(org_id, str) else org_id
        self._clock = clock
        self._talk = talk

    async def write(self, batch: Sequence[Entry]) -> None:
        """Writes all of a batch, or nothing of it; entries of nobody's traces are left out.

        So are those of a `talk`, the conversation of a trace, that was deleted meanwhile.
        """
        by_org: dict[str, list[Entry]] = {}
        for entry in batch:
            org = self._org(entry.trace)
            if org is not None:
                by_org.setdefault(org, []).append(entry)
        if by_org:
            found = {entry.trace: self._talk(entry.trace) for entry in batch}
            talks = {trace: talk for trace, talk in found.items() if talk is not None}
            await self._db.write(_put, by_org, talks, self._clock())

    async def close(self) -> None:
        """Holds nothing of its own."""


class LocalStore:
    """The database of this machine's server, opened by the first batch and closed at the end."""

    name = "local store"
    remote = False
    content = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: Database | None = None
        self._sink: StoreSink | None = None

    async def write(self, batch: Sequence[Entry]) -> None:
        """Writes a batch for the organization `default`."""
        if self._db is None:
            self._db = await self._open()
        if self._sink is None:
            found = await self._db.read(organizations.get, "default")
            self._sink = StoreSink(self._db, lambda trace: None if found is None else found.id)
        await self._sink.write(batch)

    async def _open(self) -> Database:
        """The database, made if it is missing: that of a server is not brought to our version."""
        try:
            return await Database.open(self._url, schema.join)
        except DuologueError as error:
            if error.code != "not_ready":
                raise
            raise Refused(str(error)) from None

    async def close(self) -> None:
        """Closes what it opened."""
        db, self._db, self._sink = self._db, None, None
        if db is not None:
            await db.close()


def row_of(entry: Entry) -> TraceEntry:
    """The entry as the store takes it."""
    match entry:
        case Span():
            return SpanRow(
                trace=entry.trace,
                id=entry.id,
                parent=entry.parent,
                name=entry.name,
                kind=entry.kind,
                start_ns=entry.start_ns,
                end_ns=entry.end_ns,
                status=entry.status,
                error=entry.error,
                turn=entry.turn,
                attributes=_json(entry.attributes),
                events=_json(entry.events),
            )
        case Turn():
            return TurnRow(**{name: getattr(entry, name) for name in TurnRow.__struct_fields__})
        case Log():
            return LogRow(
                trace=entry.trace,
                id=entry.id,
                at_ns=entry.at_ns,
                level=entry.level,
                text=entry.text,
                span=entry.span,
                logger=entry.logger,
                attributes=_json(entry.attributes),
            )
        case Trace():
            told: dict[str, Any] = {name: _said(getattr(entry, name)) for name in _KNOWN}
            usage = None if entry.usage is UNSET else _json(entry.usage)
            return TraceRow(trace=entry.trace, usage=usage, **told)


def _put(
    conn: Connection,
    by_org: Mapping[str, Iterable[Entry]],
    talks: Mapping[str, str],
    now: int,
) -> None:
    """Everything of a batch, in the writer's thread: turning entries into rows is work, too."""
    for org in sorted(by_org):
        traces.put(conn, org, [row_of(entry) for entry in by_org[org]], now, talks)


def _said(value: _T) -> _T | None:
    return None if value is UNSET else value


def _json(value: Any) -> str:
    return _encoder.encode(value).decode()
