"""A road that a test drives: it tells what the test says, and notes what is asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from duologue.client import opening
from duologue.client.road import (
    AgentSeen,
    AgentStateChanged,
    Delivery,
    LineChanged,
    Tell,
    Ticket,
    TransportName,
)
from duologue.client.session import Session
from duologue.client.tokens import TokenSource


class ScriptedRoad:
    """Opens when it may, and then does as it is told."""

    name: TransportName = "livekit"

    def __init__(self) -> None:
        self.tell: Tell = lambda _: None
        self.calls: list[tuple[Any, ...]] = []
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.refuses: Exception | None = None
        self.hangs = False
        self.closed = 0
        self.answers: dict[str, Any] = {}
        self.listened = False

    async def open(self, ticket: Ticket, tell: Tell) -> None:
        """Opens when it may."""
        self.tell = tell
        await self.may_open.wait()
        if self.refuses is not None:
            raise self.refuses
        tell(LineChanged("connected"))

    async def close(self) -> None:
        """Closes, unless it hangs."""
        self.closed += 1
        if self.hangs:
            await asyncio.sleep(3600)

    def agent(self, state: str = "listening", identity: str = "agent-1") -> None:
        """The agent is there, and says what it does."""
        self.tell(AgentSeen(identity, "desk", attributes={"lk.agent.state": state}))
        self.tell(AgentStateChanged(state))

    async def chat(self, text: str, *, attributes: dict[str, str], files: list[Any]) -> Delivery:
        """Takes a message."""
        self.calls.append(("chat", text, attributes, [file.name for file in files]))
        return Delivery(f"chat-{len(self.calls)}", 5)

    async def rpc(self, method: str, payload: str, *, within: float) -> str:
        """Answers as the test said."""
        self.calls.append(("rpc", method, payload, within))
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    def listen(self, wanted: bool) -> None:
        """Notes whether it is listened to."""
        self.listened = wanted

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Everything else is noted: coroutines for what is awaited, the rest as it is."""
        if name.startswith("__"):
            raise AttributeError(name)
        plain = name in ("on_rpc", "on_text", "take_files", "played")

        def note(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, *arguments, *named.values()))
            return None if plain else asyncio.sleep(0)

        return note


def session_on(
    road: ScriptedRoad, patch: pytest.MonkeyPatch, *roads: ScriptedRoad, **given: Any
) -> Session:
    """A session that travels these roads, one for each start."""
    ways = iter([road, *roads])
    patch.setattr(opening.Opening, "road", lambda *_, **__: next(ways))
    source = given.pop("source", None) or TokenSource.literal(Ticket("ws://room", "dk_session_1"))
    return Session(source, agent_name="desk", **given)


class Sound:
    """A source of sound that a test feeds."""

    def __init__(self, rate: int = 16000) -> None:
        self.rate = rate
        self.closed = False
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    def say(self, pcm: bytes | None) -> None:
        """Gives a chunk; none is the end."""
        self._chunks.put_nowait(pcm)

    async def __aiter__(self) -> Any:
        while (pcm := await self._chunks.get()) is not None:
            yield pcm

    async def aclose(self) -> None:
        """Ends the sound."""
        self.closed = True
        self._chunks.put_nowait(None)


async def started(road: ScriptedRoad, session: Session, **given: Any) -> None:
    """The session is open, and its agent listens."""
    task = asyncio.create_task(session.start(**given))
    await asyncio.sleep(0.01)
    road.agent()
    await task
