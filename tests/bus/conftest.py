"""A real Redis for the bus, and bells on it as several processes have them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tests.redis import Redis, server

from duologue.bus.line import Line
from duologue.bus.redis import RedisBell
from duologue.wire import live as wire

SHOWN = wire.Shown(
    conversation="conv_1",
    session="sess_1",
    run="run_1",
    agent="Desk",
    transport="websocket",
    visitor="",
    page="",
    since=0,
    state="listening",
    clients=1,
    holder=None,
    hidden="",
)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A server of this module's own."""
    with server() as running:
        yield running


@asynccontextmanager
async def process(url: str, prefix: str = "duologue:org_1") -> AsyncIterator[RedisBell]:
    """The bell of one process, as long as it lives."""
    line = Line(url)
    bell = RedisBell(line, prefix)
    await line.open(bell)
    try:
        yield bell
    finally:
        await bell.aclose()
        await line.close()
