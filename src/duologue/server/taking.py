"""Conversations as files: each form of them, one at a time and one after another."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from duologue.pipeline.host import Host
from duologue.store import trace_export
from duologue.trace import otlp_file
from duologue.wire import traces as wire


class Form(ABC):
    """What a file is made of: a beginning, each conversation, an end."""

    ending: str
    media_type: str
    between = b""

    def begin(self) -> bytes:
        """What stands before the first."""
        return b""

    @abstractmethod
    def one(self, whole: wire.WholeTrace) -> bytes:
        """A conversation."""

    def end(self, following: str | None) -> bytes:
        """What stands behind the last; `following` is the cursor of what did not fit."""
        return b""

    def alone(self, whole: wire.WholeTrace) -> bytes:
        """The file of one conversation."""
        return self.several([whole])

    def several(self, wholes: Sequence[wire.WholeTrace], following: str | None = None) -> bytes:
        """The file of some conversations."""
        said = self.between.join(map(self.one, wholes))
        return self.begin() + said + self.end(following)


class Json(Form):
    """As the owners' API has it."""

    ending = "json"
    media_type = "application/json"
    between = b","

    def begin(self) -> bytes:
        """See `Form.begin`."""
        return b'{"items":['

    def one(self, whole: wire.WholeTrace) -> bytes:
        """See `Form.one`."""
        return msgspec.json.encode(whole)

    def end(self, following: str | None) -> bytes:
        """See `Form.end`."""
        return b'],"next":' + msgspec.json.encode(following) + b"}"

    def alone(self, whole: wire.WholeTrace) -> bytes:
        """See `Form.alone`; it is no list."""
        return self.one(whole)


class Csv(Form):
    """A sheet with a line a turn."""

    ending = "csv"
    media_type = "text/csv"

    def begin(self) -> bytes:
        """See `Form.begin`."""
        return wire.as_csv([]).encode()

    def one(self, whole: wire.WholeTrace) -> bytes:
        """See `Form.one`."""
        return wire.as_csv([whole], titled=False).encode()


class Otlp(Form):
    """Lines of OTLP's JSON: spans, and events of turns, runs and the log."""

    ending = "otlp.jsonl"
    media_type = otlp_file.KIND

    def one(self, whole: wire.WholeTrace) -> bytes:
        """See `Form.one`."""
        return otlp_file.lines(whole)


FORMS: Final[Mapping[str, Form]] = {"json": Json(), "csv": Csv(), "otlp": Otlp()}
"""By what addresses call them."""


async def pieces(
    host: Host, org_id: str, form: Form, runs: Sequence[str], following: str | None
) -> AsyncIterator[bytes]:
    """The file of these conversations, one at a time: none is held longer than it takes to send."""
    yield form.begin()
    first = True
    for run in runs:
        whole = await host.db.read(trace_export.whole, org_id, run)
        if whole is None:
            continue  # forgotten since it was listed
        piece = await asyncio.to_thread(form.one, whole)
        yield piece if first else form.between + piece
        first = False
    yield form.end(following)
