"""Two servers on one memory and one Redis: what is ordered at one is obeyed at the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.pipeline.stage import Stage, stage
from tests.redis import Redis, server

from duologue.access.console import Reader
from duologue.agents.registry import Catalog
from duologue.bus.bell import one_of
from duologue.bus.open import opened
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import console_live, health, metrics, ordering
from duologue.server.ordering import order
from duologue.server.serve import now_ms
from duologue.wire import live as wire

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A server of this module's own."""
    with server() as running:
        yield running


@asynccontextmanager
async def two(redis: Redis, folder: Path) -> AsyncIterator[tuple[Stage, Host]]:
    """A server with a desk, and one beside it that has no conversations."""
    async with (
        opened(redis.url, "org_1") as first,
        opened(redis.url, "org_1") as second,
        stage(folder) as desk,
    ):
        desk.host.bell = first.bell
        yield (
            desk,
            Host(
                desk.host.db,
                desk.host.settings,
                Catalog(),
                clock=now_ms,
                bell=second.bell,
                counts=second.counts,
            ),
        )


async def test_what_is_ordered_at_one_is_obeyed_at_the_other(redis: Redis, tmp_path: Path) -> None:
    """And what happens there is watched here."""
    async with two(redis, tmp_path) as (desk, other):
        client = await desk.join()
        await client.said("Hello.")
        with other.bell.subscribe(one_of(desk.org_id, desk.conversation)) as watching:
            shown = await order(other, desk.org_id, desk.conversation, wire.Look())
            assert (shown.conversation, shown.clients) == (desk.conversation, 1)
            await order(other, desk.org_id, desk.conversation, wire.Say("From far away."))
            await client.said("From far away.")
            told = []
            while (event := await watching.take(30)) is not None:
                told.append(event)
                if isinstance(event, wire.Words) and event.final:
                    break
            assert isinstance(told[-1], wire.Words)
            assert told[-1].text == "From far away."


async def test_a_run_that_nobody_answers_for_is_told_of_as_such(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is gone, or just beginning: the call is repeated for a moment."""
    monkeypatch.setattr(ordering, "AGAIN", (0.01, 0.01))
    async with two(redis, tmp_path) as (desk, other):
        client = await desk.join()
        client.run.unattended()
        with pytest.raises(DuologueError) as refusal:
            await order(other, desk.org_id, desk.conversation, wire.Look())
        assert (refusal.value.code, refusal.value.status) == ("run_unheard", 503)
        await desk.leave(client, "dropped")
        with pytest.raises(DuologueError, match="Nobody is connected"):
            await order(other, desk.org_id, desk.conversation, wire.Look())


async def test_while_redis_is_gone_a_call_goes_on_and_the_server_says_so(
    redis: Redis, tmp_path: Path
) -> None:
    """It is ready for callers all the same."""
    async with two(redis, tmp_path) as (desk, other):
        client = await desk.join()
        assert (await health.ready.fn(host=other))["redis"] == "reached"
        assert (metrics.REDIS, {(): 1}) in metrics._looked_at(other)
        redis.stop()
        try:
            client.run.floor.type("apples")
            await client.said("You said: apples")
            with pytest.raises(DuologueError) as refusal:
                await order(other, desk.org_id, desk.conversation, wire.Look())
            assert refusal.value.code in ("redis_unreachable", "order_unanswered")
            shown = await order(desk.host, desk.org_id, desk.conversation, wire.Look())
            assert shown.conversation == desk.conversation
            assert (await health.ready.fn(host=other))["redis"] == "unreachable"
            assert (metrics.REDIS, {(): 0}) in metrics._looked_at(other)
        finally:
            redis.start()


async def test_a_list_shows_what_goes_on_elsewhere_and_waits_for_nobody_who_hangs(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are asked at once; of one that does not answer, what is stored is shown."""
    monkeypatch.setattr(console_live, "GLANCE", 1.0)
    async with two(redis, tmp_path) as (desk, other):
        client = await desk.join()
        await client.said("Hello.")
        first = desk.conversation
        await (await desk.join()).said("Hello.")
        ada = Reader(id="con_1", org_id=desk.org_id, role="owner", name="Ada", noted_at=0)

        async def states() -> list[bool]:
            """Whether the state of each is known, the first one's first."""
            rows = {row.conversation: row for row in (await console_live._list(other, ada)).rows}
            return [bool(rows[name].state) for name in (first, desk.conversation)]

        async def hang(order: wire.Order) -> wire.Shown:
            await asyncio.sleep(60)
            raise AssertionError(order)

        assert await states() == [True, True]
        client.run.unattended()
        desk.host.bell.attend(desk.org_id, first, hang)
        assert await states() == [False, True]
