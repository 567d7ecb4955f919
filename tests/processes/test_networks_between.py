"""What lies between the processes, and between them and Redis, is slow, or stops, or is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import asyncpg
import httpx
import pytest
from tests import redis
from tests.processes.cluster import Cluster, cluster
from tests.processes.guest import PATIENCE, TALE
from tests.processes.test_voices_carried import (
    SECOND,
    TWICE,
    WHOLE,
    other,
    ours,
    require_one_run,
)
from tests.promises.network import Weather, beside, weather
from tests.redis import Redis
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.line import Refused, authorize
from duologue.testing.models import CHARACTER, place, sounding

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

BAD = 0.05
"""Seconds each way, and the share of what is lost."""
PAUSE = 1.0
"""Seconds in which nothing comes through: less than anybody waits for the other side."""


# ---------------------------------------------------------------- one process and another


@asynccontextmanager
async def way_to(many: Cluster, caller: SyntheticCaller) -> AsyncIterator[Weather]:
    """The network by which other processes reach the one that has this caller's agent."""
    conversation = str(caller.conversation_id)
    (run,) = await many.runs(conversation)
    async with weather(f"http://{run.peer}") as network:
        conn = await asyncpg.connect(many.database)
        try:
            await conn.execute("UPDATE runs SET peer = $1 WHERE id = $2", network.there, run.id)
        finally:
            await conn.close()
        yield network


@pytest.mark.parametrize("what", ["delay and loss", "pause", "cut"])
async def test_a_voice_that_is_carried_over_a_bad_network(
    many: Cluster, key: str, what: Literal["delay and loss", "pause", "cut"]
) -> None:
    """It is late, or stops, or is fetched anew; every sample is heard, and all is kept."""
    async with ours(many.servers[0], key, "ruler-takeover") as caller:
        turns = [await caller.answering()]
        await caller.hears(turns[0], SECOND // 2)
        caller.url = (await other(many, caller)).url
        async with way_to(many, caller) as network:
            if what == "delay and loss":
                network.delay = network.loss = BAD
            await caller.drop()
            await caller.reconnect()
            assert caller.ticket.answer["resumed"] == "live"
            turns.append(await caller.answering())
            await caller.hears(turns[-1], SECOND // 2)
            if what == "pause":
                network.stall()
                await asyncio.sleep(PAUSE)
                network.flow()
            if what == "cut":
                network.cut()
                assert await caller.closed() == 1012
                await caller.reconnect()
                assert caller.ticket.answer["resumed"] == "live"
                turns.append(await caller.answering())
            last = turns[-1]
            await caller.until(lambda: last.ended_at is not None, "the end of the sentence")
            await caller.type("Still there?")
            assert (await caller.answer()).text
            said = await many.said(str(caller.conversation_id))
    begun = [place(turn.sound.pcm, WHOLE) for turn in turns]
    lefts = [begin + turn.played for begin, turn in zip(begun, turns, strict=True)]
    assert all(0 <= left - begin <= TWICE for left, begin in zip(lefts, begun[1:], strict=False))
    end = begun[-1] + sounding(last.sound.pcm)
    assert end == round(len(str(said[0]["text"])) * CHARACTER * SECOND), "the end is missing"
    assert [one["role"] for one in said] == ["assistant", "user", "assistant"]
    assert not said[0]["interrupted"]
    await require_one_run(many, caller)


# ---------------------------------------------------------------- processes and Redis


@asynccontextmanager
async def on_redis(folder: Path) -> AsyncIterator[tuple[Cluster, Redis, Weather]]:
    """Two servers, their Redis, and the network between."""
    with redis.server() as cache:
        async with weather(cache.url) as network:
            asked = cluster(folder, cache=network.over(cache.url), grace_seconds=60.0)
            async with beside(asked) as made:
                yield made, cache, network


async def order(house: House, key: str, caller: SyntheticCaller, text: str) -> httpx.Response:
    """Lets the agent say something, by way of a process."""
    async with httpx.AsyncClient(base_url=house.url, timeout=PATIENCE) as http:
        path = f"/v1/conversations/{caller.conversation_id}/say"
        return await http.post(path, json={"text": text}, headers={"x-api-key": key})


async def tale(caller: SyntheticCaller) -> None:
    """Asks for the tale, and hears a second of it."""
    await caller.type("Tell me a tale.")
    await caller.hears(await caller.answering(), SECOND)


async def whole(caller: SyntheticCaller) -> None:
    """The tale was heard to its end."""
    told = caller.answers[-1]
    await caller.until(lambda: told.ended_at is not None, "the end of the tale")
    assert told.text == TALE
    assert told.played == told.received >= round(len(TALE) * CHARACTER * SECOND) - SECOND // 10
    assert not told.interrupted


async def test_a_redis_behind_a_bad_network(tmp_path: Path) -> None:
    """The call notices nothing; what another process orders comes later, and after a pause."""
    async with on_redis(tmp_path) as (made, _, network):
        key = await asyncio.to_thread(made.servers[0].secret_key)
        async with ours(made.servers[0], key, "silent") as caller:
            elsewhere = await other(made, caller)
            network.delay = network.loss = BAD
            assert (await order(elsewhere, key, caller, "From afar.")).status_code == 200
            assert (await caller.answer()).text == "From afar."
            await tale(caller)
            network.delay = network.loss = 0.0
            await whole(caller)
            network.stall()
            ordered = asyncio.create_task(order(elsewhere, key, caller, "After a pause."))
            await asyncio.sleep(PAUSE)
            assert not ordered.done()
            network.flow()
            assert (await ordered).status_code == 200
            assert (await caller.answer()).text == "After a pause."
            said = await made.said(str(caller.conversation_id))
        expected = ["From afar.", "Tell me a tale.", TALE, "After a pause."]
        assert [one["text"] for one in said] == expected
        assert not any(one["interrupted"] for one in said)
        await require_one_run(made, caller)


async def ready(made: Cluster, word: str) -> None:
    """Waits until every server says this of Redis, and that it is ready all the same."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
        for house in made.servers:
            while True:
                answer = await http.get(f"{house.url}/ready")
                assert answer.status_code == 200
                if answer.json()["redis"] == word:
                    break
                await asyncio.sleep(0.05)


async def test_a_redis_that_is_stopped_in_the_middle_of_a_call(tmp_path: Path) -> None:
    """The call goes on, also by the other process; new callers come in; only orders are refused."""
    async with on_redis(tmp_path) as (made, cache, _):
        key = await asyncio.to_thread(made.servers[0].secret_key)
        async with ours(made.servers[0], key, "silent") as caller:
            holder, elsewhere = made.servers[0], await other(made, caller)
            await tale(caller)
            await asyncio.to_thread(cache.stop)
            await ready(made, "unreachable")
            await whole(caller)
            refused = await order(elsewhere, key, caller, "Unheard.")
            assert (refused.status_code, refused.json()["code"]) == (503, "redis_unreachable")
            assert int(refused.headers["retry-after"]) > 0
            assert (await order(holder, key, caller, "From here.")).status_code == 200
            assert (await caller.answer()).text == "From here."
            for house in made.servers:
                async with ours(house, key, "parrot") as late:
                    assert (await late.answer()).text == "Welcome."
            caller.url = elsewhere.url
            await caller.drop()
            await caller.reconnect(same_key=True)
            await caller.type("Carried?")
            assert (await caller.answer()).text == "You said: Carried?"
            with pytest.raises(Refused) as anew:
                await authorize(elsewhere.url, "silent", key, caller.conversation_id)
            assert (anew.value.status, anew.value.code) == (503, "redis_unreachable")
            await asyncio.to_thread(cache.start)
            await ready(made, "reached")
            assert (await order(elsewhere, key, caller, "Heard again.")).status_code == 200
            assert (await caller.answer()).text == "Heard again."
            said = await made.said(str(caller.conversation_id))
        expected = ["Tell me a tale.", TALE, "From here.", "Carried?", "You said: Carried?"]
        assert [one["text"] for one in said] == [*expected, "Heard again."]
        assert not any(one["interrupted"] for one in said)
        await require_one_run(made, caller)
        assert made.faults() == []
