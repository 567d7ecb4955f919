"""Requests between an agent and its clients, with a real run and its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent
from tests.pipeline.stage import Client, Stage, stage

import duologue
from duologue.core import happenings as h
from duologue.pipeline import requests
from duologue.pipeline.exchange import Exchange
from duologue.wire import exchange as wire

Setup = Callable[[duologue.Current], object]


@asynccontextmanager
async def talking(
    folder: Path, setup: Setup = lambda here: None, **fields: Any
) -> AsyncIterator[tuple[Stage, Client, duologue.Current]]:
    """A conversation, its client, and what the agent's code has as `duologue.current()`."""
    heres: list[duologue.Current] = []

    def make() -> Agent:
        here = duologue.current()
        heres.append(here)
        setup(here)
        return Agent(instructions="Be brief.")

    async with stage(folder, make=make, greeting="", **fields) as desk:
        client = await desk.join()
        yield desk, client, heres[0]


def exchange(client: Client) -> Exchange:
    """The exchange of a client's run."""
    return client.run.exchange


async def asked(client: Client, method: str, payload: str = "", within: float = 10.0) -> Any:
    """What the agent answers to a client: text, or an error of the wire."""
    request = f"r{len(client.all(h.RpcAnswered))}"
    exchange(client).rpc(client, request, method, payload, within)
    answered = await client.until(h.RpcAnswered, lambda one: one.id == request)
    return answered.payload if answered.error is None else answered.error


def setup_methods(here: duologue.Current) -> None:
    """An agent that answers well and badly."""

    async def add(payload: str) -> str:
        await asyncio.sleep(0)
        assert duologue.current() is here
        return str(sum(map(int, payload.split())))

    def refuse(payload: str) -> str:
        raise duologue.RpcError(1234, "Not on Sundays", payload)

    def refuse_as_livekit(payload: str) -> str:
        raise rtc.RpcError(1235, "Nor on Mondays")

    def fail(payload: str) -> str:
        raise KeyError(payload)

    async def linger(payload: str) -> str:
        await asyncio.sleep(60)
        return "late"

    here.on_rpc("add", add)
    here.on_rpc("where", lambda payload: duologue.current().conversation_id)
    here.on_rpc("refuse", refuse)
    here.on_rpc("refuse_as_livekit", refuse_as_livekit)
    here.on_rpc("fail", fail)
    here.on_rpc("linger", linger)
    here.on_rpc("number", lambda payload: 5)  # type: ignore[arg-type, return-value]  # it is wrong
    here.on_rpc("broken", lambda payload: "\ud800")
    here.on_rpc("book", lambda payload: "x" * int(payload))


async def test_a_client_asks_and_the_agent_answers(tmp_path: Path) -> None:
    """Plain and async handlers, in the session that they belong to; nobody else hears of it."""
    async with talking(tmp_path, setup_methods, tabs="share") as (desk, client, here):
        other = await desk.join(again=True)
        assert await asked(client, "add", "1 2 39") == "42"
        assert await asked(client, "where") == here.conversation_id
        assert await asked(other, "add", "5") == "5"
        assert len(client.all(h.RpcAnswered)) == 2
        assert len(other.all(h.RpcAnswered)) == 1


@pytest.mark.parametrize(
    ("method", "payload", "code", "message"),
    [
        ("dance", "", 1400, "Method not supported at destination"),
        ("refuse", "sorry", 1234, "Not on Sundays"),
        ("refuse_as_livekit", "", 1235, "Nor on Mondays"),
        ("fail", "", 1500, "Application error in method handler"),
        ("number", "", 1500, "Application error in method handler"),
        ("broken", "", 1500, "Application error in method handler"),
        ("add", "x" * (wire.RPC_PAYLOAD + 1), 1402, "Request payload too large"),
        ("book", str(wire.RPC_PAYLOAD + 1), 1504, "Response payload too large"),
    ],
)
async def test_a_request_that_fails_says_why_in_livekits_numbers(
    tmp_path: Path, method: str, payload: str, code: int, message: str
) -> None:
    """An exception's own words stay here; what a handler says on purpose goes out."""
    async with talking(tmp_path, setup_methods) as (_, client, _):
        error = await asked(client, method, payload)
        assert (error.code, error.message) == (code, message)
        assert error.data == (payload if code == 1234 else "")
        assert await asked(client, "book", str(wire.RPC_PAYLOAD)) == "x" * wire.RPC_PAYLOAD


async def test_a_handler_has_the_time_of_its_request(tmp_path: Path) -> None:
    """The client hears 1502, and the handler is stopped; one with no time is not begun."""
    stopped = asyncio.Event()

    def setup(here: duologue.Current) -> None:
        async def linger(payload: str) -> str:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()
            return ""

        here.on_rpc("linger", linger)

    async with talking(tmp_path, setup) as (_, client, _):
        assert (await asked(client, "linger", within=0.2)).code == wire.RPC_TIMEOUT
        await asyncio.wait_for(stopped.wait(), 10)
        assert (await asked(client, "linger", within=-1)).code == wire.RPC_TIMEOUT


async def test_only_so_many_requests_wait_at_once(tmp_path: Path) -> None:
    """One more is refused at once; an id that waits already is refused by name."""
    async with talking(tmp_path, setup_methods) as (_, client, _):
        for number in range(requests.AT_ONCE):
            exchange(client).rpc(client, f"slow{number}", "linger", "", 60)
        with pytest.raises(duologue.DuologueError, match=r"'slow0'.*waits for its answer already"):
            exchange(client).rpc(client, "slow0", "add", "1")
        refused = await asked(client, "add", "1")
        assert refused.code == wire.RPC_SEND_FAILED
        assert str(requests.AT_ONCE) in refused.message
        run = client.run
        run.left()
        await run.closed()
        answered = [one.error for one in client.all(h.RpcAnswered)]
        assert [error.code for error in answered if error is not None] == [wire.RPC_SEND_FAILED]


async def test_methods_come_and_go_and_a_room_can_follow_them(tmp_path: Path) -> None:
    """The newest handler of a name counts, and leaving takes only itself away."""
    async with talking(tmp_path) as (_, client, here):
        seen: list[frozenset[str]] = []
        unfollow = exchange(client).on_methods(seen.append)
        first = here.on_rpc("greet", lambda payload: "one")
        second = here.on_rpc("greet", lambda payload: "two")
        first()
        assert exchange(client).methods == {"greet"}
        assert await asked(client, "greet") == "two"
        second()
        second()
        assert exchange(client).methods == frozenset()
        unfollow()
        here.on_rpc("greet", lambda payload: "three")
        assert seen == [{"greet"}, {"greet"}, frozenset()]


async def test_an_agent_that_enters_may_name_its_methods_then(tmp_path: Path) -> None:
    """A client that asks before on_enter was run is answered all the same."""

    class Late(Agent):
        async def on_enter(self) -> None:
            await asyncio.sleep(0.1)
            duologue.current().on_rpc("greet", lambda payload: f"Hello {payload}")

    async with stage(tmp_path, make=lambda: Late(instructions="Be brief."), greeting="") as desk:
        client = await desk.join()
        assert await asked(client, "greet", "Ada") == "Hello Ada"


# ---------------------------------------------------------------- the agent asks


async def test_the_agent_asks_the_client_that_leads(tmp_path: Path) -> None:
    """The other is not asked, and its answer is nobody's."""
    async with talking(tmp_path, tabs="share") as (desk, client, here):
        other = await desk.join(again=True)
        asking = asyncio.create_task(here.rpc("where", "now", timeout=30))
        request = await client.until(h.RpcAsked)
        assert (request.method, request.payload, request.timeout_ms) == ("where", "now", 30_000)
        exchange(client).answer(request.id, "forged", by=other)
        exchange(client).answer("nonsense", "forged", by=client)
        exchange(client).answer(request.id, "here", by=client)
        exchange(client).answer(request.id, "twice", by=client)
        assert await asking == "here"
        exchange(client).answer(request.id, "late")
        assert not other.all(h.RpcAsked)


async def failing(asking: Any, *, code: int) -> duologue.RpcError:
    """The error that a request ends with."""
    with pytest.raises(duologue.RpcError) as failed:
        await asking
    assert failed.value.code == code
    return failed.value


async def test_what_the_client_refuses_reaches_the_agent(tmp_path: Path) -> None:
    """Number, words and data are those of the client; an answer without words is empty."""
    async with talking(tmp_path) as (_, client, here):
        asking = asyncio.create_task(here.rpc("where"))
        request = await client.until(h.RpcAsked)
        exchange(client).answer(request.id, None, wire.RpcError(1777, "No fix", "{}"))
        error = await failing(asking, code=1777)
        assert (error.message, error.data) == ("No fix", "{}")
        assert str(error) == "No fix (1777)"
        asking = asyncio.create_task(here.rpc("where"))
        request = await client.until(h.RpcAsked, lambda one: one.id != request.id)
        exchange(client).answer(request.id, None)
        assert await asking == ""


async def test_a_request_that_nobody_can_answer_does_not_wait(tmp_path: Path) -> None:
    """1400 of a client that takes none, 1402 of one too large, 1401 when nobody is there."""
    async with talking(tmp_path) as (desk, client, here):
        await failing(here.rpc("x", "y" * (wire.RPC_PAYLOAD + 1)), code=1402)
        with pytest.raises(duologue.DuologueError, match=r"it is dict, not text; use json\.dumps"):
            await here.rpc("x", {"a": 1})  # type: ignore[arg-type]  # as a newcomer writes it
        exchange(client).takes(client, frozenset({"state"}))
        await failing(here.rpc("x"), code=1400)
        await desk.leave(client, "dropped")
        await failing(here.rpc("x"), code=1401)
        assert not client.all(h.RpcAsked)


async def test_a_request_ends_with_its_time_its_client_or_its_run(tmp_path: Path) -> None:
    """1502 when the client is silent, 1503 when it leaves or the run ends, 1401 after that."""
    async with talking(tmp_path) as (desk, client, here):
        await failing(here.rpc("x", timeout=0.05), code=1502)
        await failing(here.rpc("x", timeout=0), code=1502)
        asking = asyncio.create_task(here.rpc("x"))
        await client.until(h.RpcAsked, lambda one: one.timeout_ms == 10_000)
        await desk.leave(client, "dropped")
        await failing(asking, code=1503)
        back = await desk.join(again=True)
        asking = asyncio.create_task(here.rpc("x"))
        await back.until(h.RpcAsked)
        back.run.end(duologue.DuologueError("going_away"), reason="going_away")
        await failing(asking, code=1503)
        await back.run.closed()
        await failing(here.rpc("x"), code=1401)
