"""Where entries go in the end: what a ledger asks of each of its sinks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from duologue.trace.entries import Entry


class Refused(Exception):
    """A sink will never take a batch, or some of it: sending it again is no use."""

    lost: int | None = None
    """How many of the batch are gone; none means all of them."""


class Sink(Protocol):
    """Takes batches one after the other; what it raises but `Refused` is tried again."""

    name: str
    """What it is called in reports and logs."""
    remote: bool
    """Whether what it is given leaves this machine."""
    content: bool
    """Whether it is given what was said, or only how long it took."""

    async def write(self, batch: Sequence[Entry]) -> None:
        """Takes a batch; when it returns, the batch is its own business."""

    async def close(self) -> None:
        """Lets go of what it holds; may be called more than once."""
