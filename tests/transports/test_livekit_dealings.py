"""What a user does and asks in a room: at a rate, and never without an end."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from livekit import rtc

from duologue.core import happenings as h
from duologue.pipeline.seat import Seat
from duologue.transports.allowance import SIGNS_BURST, WORDS_BURST
from duologue.transports.livekit import dealings
from duologue.transports.livekit.dealings import Dealings
from duologue.transports.livekit.deeds import Deeds
from duologue.transports.livekit.face import Face
from duologue.transports.livekit.link import Link
from duologue.wire import exchange as wire


class Desk:
    """A seated user whose agent notes what it is told, and answers nothing by itself."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told: list[dict[str, str]] = []
        self.complaints: list[str] = []
        exchange = SimpleNamespace(
            rpc=lambda listener, request, *rest: self.asked.append(request),
            attributes=self.told.append,
        )
        run = SimpleNamespace(exchange=exchange, here=lambda: None)
        seat = SimpleNamespace(run=run, listener=1, leads=True)
        self.deeds = Deeds(
            complain=lambda code, message: self.complaints.append(message),
            typed=lambda text, name, new: None,
            leave=lambda: None,
            sign_of_life=lambda: None,
        )
        self.deeds.begin(cast("Seat", seat))
        self.link = cast("Link", SimpleNamespace(identity="ann", seat=seat, deeds=self.deeds))
        self.dealings = Dealings(
            rtc.Room(), cast("Face", None), lambda identity: self.link, lambda work: work.close()
        )

    async def ask(self, request: str, seconds: float = 10.0) -> str:
        """The user asks the agent."""
        asked = rtc.RpcInvocationData(
            request, "ann", payload="21", response_timeout=seconds, method="double"
        )
        return await self.dealings._asked(asked)

    def begin(self, request: str) -> asyncio.Task[str]:
        """The user asks, and goes on."""
        return asyncio.create_task(self.ask(request))


async def test_an_answer_is_the_users() -> None:
    """The agent's answer becomes LiveKit's."""
    desk = Desk()
    task = desk.begin("r1")
    await asyncio.sleep(0)
    desk.dealings.told(desk.link, h.RpcAnswered("r1", "42", None))
    assert await task == "42"


async def test_who_leaves_waits_for_no_answer() -> None:
    """Its requests end with its link, with LiveKit's number for it."""
    desk = Desk()
    task = desk.begin("r1")
    await asyncio.sleep(0)
    assert desk.asked == ["r1"]
    desk.dealings.detach(desk.link)
    async with asyncio.timeout(5):
        with pytest.raises(rtc.RpcError) as refused:
            await task
    assert refused.value.code == wire.RPC_DISCONNECTED


@pytest.mark.parametrize("seconds", [0.0, 4_000_000.0])
async def test_no_answer_is_an_error_in_the_end(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent's run that is over answers nothing; the request has its end all the same."""
    monkeypatch.setattr(dealings, "LONGEST", 0.0)
    desk = Desk()
    async with asyncio.timeout(10):
        with pytest.raises(rtc.RpcError) as late:
            await desk.ask("r1", seconds)
    assert late.value.code == wire.RPC_TIMEOUT


async def test_a_flood_of_requests_is_refused() -> None:
    """Only so many reach the agent."""
    desk = Desk()
    tasks = [desk.begin(f"r{number}") for number in range(int(SIGNS_BURST) + 50)]
    await asyncio.sleep(0.05)
    refused = [task.exception() for task in tasks if task.done()]
    assert len(refused) >= 20
    assert {cast("rtc.RpcError", error).code for error in refused} == {wire.RPC_SEND_FAILED}
    assert len(desk.asked) == len(tasks) - len(refused)
    desk.dealings.detach(desk.link)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_flood_of_attributes_is_refused() -> None:
    """The agent hears of so many changes, and the user of a few complaints."""
    desk = Desk()
    for number in range(int(SIGNS_BURST) + 100):
        desk.deeds.describe({"page": str(number)})
    assert SIGNS_BURST <= len(desk.told) < SIGNS_BURST + 50
    assert len(desk.complaints) == 3


async def test_empty_messages_are_counted_too() -> None:
    """Who floods the chat with nothing is told to stop."""
    desk = Desk()
    for _ in range(int(WORDS_BURST) + 20):
        desk.deeds.write("  ")
    assert len(desk.complaints) == 3
