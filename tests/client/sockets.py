"""A server for the tests of the socket's client, and an ear for what its road tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from tests.serving import House

from duologue.client.authorize import authorize
from duologue.client.road import (
    AgentStateChanged,
    RoadEvent,
    SoundEnded,
    SoundReceived,
    Ticket,
    TranscriptChanged,
)
from duologue.client.socket import SocketRoad

E = TypeVar("E")
PATIENCE = 60.0
LONG = (
    "A sentence of a hundred characters or so, which takes six seconds to be said and has one dot."
)
GRACE = 4.0
AGENTS = f'''
from livekit.agents import Agent, function_tool

import duologue
from duologue.agents.voices.scripted import Call
from duologue.testing.models import RulerTTS, ScriptedAnswers, ScriptedSTT

LONG = "{LONG}"


@duologue.agent("talker", greeting="Hello there.", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def talker():
    return Agent(instructions="Repeat.")


@duologue.agent("long", greeting=LONG, tts=RulerTTS, llm=lambda: ScriptedAnswers([LONG, "Well."]))
def long():
    return Agent(instructions="Be long.")


@duologue.agent(
    "button", greeting="", turns={{"trigger": "push_to_talk"}}, tts=RulerTTS,
    llm=lambda: ScriptedAnswers(),
)
def button():
    return Agent(instructions="Wait for the button.")


@duologue.agent(
    "hearing", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers(),
    stt=lambda: ScriptedSTT(["What time is it?", "Stop."]),
)
def hearing():
    return Agent(instructions="Hear.")


@duologue.agent(
    "patient", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers([LONG, "Well."]),
    stt=lambda: ScriptedSTT(["What time is it?", "Stop."]),
)
def patient():
    return Agent(instructions="Hear, and talk for long.")


class Toolbox(Agent):
    def __init__(self):
        super().__init__(instructions="Use it.")

    @function_tool
    async def wind(self) -> str:
        """Tells the wind."""
        return "none"


@duologue.agent(
    "toolbox", greeting="", tts=RulerTTS,
    llm=lambda: ScriptedAnswers([Call("wind", {{}}), "No wind."]),
)
def toolbox():
    return Toolbox()


class Exchanging(Agent):
    """Does on a word what clients need to see."""

    def __init__(self):
        super().__init__(instructions="Exchange.")
        here = duologue.current()
        here.on_rpc("upper", lambda text: text.upper())
        here.on_data(self.told)
        here.on_file(self.given)
        here.state.on(self.changed)
        here.on_attributes(lambda all: here.send({{"attributes": all}}))

    def changed(self, key, value):
        if key == "from-client":
            duologue.current().state.set("seen", value)

    async def told(self, data):
        here = duologue.current()
        match data:
            case {{"ask": method}}:
                here.send({{"answer": await here.rpc(method, "42")}})
            case {{"set": values}}:
                for key, value in values.items():
                    here.state.set(key, value)
            case {{"say of yourself": attributes}}:
                here.set_attributes(attributes)
            case {{"send file": size}}:
                await here.send_file(bytes(size), name="big.bin", topic="films")
            case {{"write": text}}:
                here.chat(text)
            case {{"end": reason}}:
                here.end(reason)
            case _:
                here.send({{"told": data}})

    async def given(self, file):
        duologue.current().send({{"file": [file.name, len(file.content), file.topic]}})


@duologue.agent("exchange", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def exchange():
    return Exchanging()
'''


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of this machine, which needs no key, with agents whose words are known."""
    folder = tmp_path_factory.mktemp("sockets")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev", grace_seconds=GRACE) as running:
        yield running


class Ear:
    """Takes what a road tells."""

    def __init__(self) -> None:
        self.events: list[RoadEvent] = []
        self.also: list[Callable[[RoadEvent], None]] = []
        self.road: SocketRoad

    def __call__(self, event: RoadEvent) -> None:
        """Notes an event."""
        self.events.append(event)
        for other in self.also:
            other(event)

    def all(self, kind: type[E]) -> list[E]:
        """Every event of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def texts(self) -> list[tuple[str, str, bool]]:
        """Every turn's last words: who, what, whether it was cut."""
        last = {event.segment: event for event in self.all(TranscriptChanged)}
        return [(e.role, e.text, e.interrupted) for e in last.values() if e.text]

    @property
    def sound(self) -> bytes:
        """All sound that came."""
        return b"".join(event.pcm for event in self.all(SoundReceived))

    async def until(self, true: Callable[[], Any], what: str = "it") -> None:
        """Waits until something is true; fails with what was told instead."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():  # noqa: ASYNC110  # whatever is waited for, nothing tells when
                    await asyncio.sleep(0.02)
        except TimeoutError:
            told = [repr(event)[:160] for event in self.events if type(event) is not SoundReceived]
            raise AssertionError(
                f"waited for {what}; told last:\n" + "\n".join(told[-12:])
            ) from None

    async def one(self, kind: type[E], true: Callable[[E], bool] = lambda _: True) -> E:
        """The first event of a kind of which something is true, when it has come."""
        await self.until(lambda: any(true(event) for event in self.all(kind)), kind.__name__)
        return next(event for event in self.all(kind) if true(event))

    async def heard_out(self, answers: int = 1) -> None:
        """Waits until so many answers were heard, and the agent listens again."""

        def over() -> bool:
            kinds = [type(event) for event in self.events]
            if kinds.count(SoundEnded) < answers:
                return False
            last = max(at for at, kind in enumerate(kinds) if kind is SoundEnded)
            return AgentStateChanged("listening") in self.events[last:]

        await self.until(over, f"{answers} answers")

    async def said(self, role: str, text: str) -> TranscriptChanged:
        """The whole of what somebody said."""
        return await self.one(
            TranscriptChanged, lambda e: e.final and (e.role, e.text) == (role, text)
        )


@asynccontextmanager
async def calling(
    url: str, agent: str, *, renew: bool = False, conversation_id: str = "", resume_token: str = ""
) -> AsyncIterator[Ear]:
    """An open road to an agent, and the ear that hears it."""

    async def again(old: Ticket) -> Ticket:
        return await authorize(
            url, None, agent, conversation_id=old.conversation_id, resume_token=old.resume_token
        )

    ear = Ear()
    ear.road = SocketRoad(again if renew else None)
    ticket = await authorize(
        url, None, agent, conversation_id=conversation_id, resume_token=resume_token
    )
    await ear.road.open(ticket, ear)
    try:
        yield ear
    finally:
        await ear.road.close()
