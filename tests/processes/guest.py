"""Somebody who writes to an agent by a Python `Session`, and notes what was acknowledged."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from duologue.client.errors import SessionError, TokenSourceError
from duologue.client.messages import Message
from duologue.client.session import Session
from duologue.client.tokens import TokenSource

PATIENCE = 120.0
"""Seconds for one answer: a slow machine is waited for, a hung one is not."""
AGAIN = 20.0
"""Seconds after which a question is asked again whose answer was lost with a process."""

TALE = "A long tale it is that takes some seconds to be told to its end."
PARROT = f"""
import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS
from livekit.agents import Agent


class Parrot(ScriptedAnswers):
    def answer(self, talk, tools):
        asked = [one.text_content for one in talk.messages() if one.role == "user"][-1]
        yield {TALE!r} if asked == "Tell me a tale." else f"You said: {{asked}}"


for slug, greeting in (("parrot", "Welcome."), ("silent", "")):
    @duologue.agent(slug, greeting=greeting, tts=ToneTTS, llm=Parrot)
    def parrot():
        return Agent(instructions="Say it again.")
"""
"""Agents that repeat what they hear, and know one tale of 4 s; one of them greets."""


class Guest:
    """One conversation, whatever happens to the line below it."""

    def __init__(
        self, url: str, key: str, agent: str = "silent", *, room: bool = False, **given: Any
    ) -> None:
        source: TokenSource
        if room:
            headers = {"authorization": f"Bearer {key}"}
            source = TokenSource.endpoint(f"{url}/api/token", headers=headers)
            self.session = Session(source, agent_name=agent, **given)
        else:
            source = TokenSource.duologue(url, key, agent)
            self.session = Session(source, transport="websocket", **given)
        self.acknowledged: list[str] = []
        """What the server is known to have, as it was written."""
        self.lost: list[str] = []
        """Questions whose answer was lost with a process, and which were asked again."""
        self.states: list[str] = []
        self.session.on("connection", self.states.append)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.session.end()

    async def start(self) -> None:
        """Begins, as often as it takes a server that is not going away."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await self.session.start(microphone=False, timeout=PATIENCE)
                except SessionError as error:
                    if not passing(error):
                        raise
                    await asyncio.sleep(1)

    async def ask(self, text: str) -> str:
        """Writes, and hears the answer; one that was lost with a process is asked for again."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if not self.session.is_connected:  # a room that was closed is not opened again
                    await self.start()
                before = {message.id for message in self.session.messages}
                await self.session.messages.send(text)
                answer = await self._answer(text, before)
                if answer is not None:
                    self.acknowledged.append(text)
                    await self._heard()
                    return answer.text
                self.lost.append(text)

    async def until(self, state: str) -> None:
        """Returns as soon as the agent does that."""
        async with asyncio.timeout(PATIENCE):
            while self.session.agent.state != state:  # noqa: ASYNC110 - any of many may tell
                await asyncio.sleep(0.02)

    async def ended(self) -> str:
        """Why the session ended by itself, once it has."""
        async with asyncio.timeout(PATIENCE):
            while self.session.is_connected:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        return "" if self.session.error is None else self.session.error.code

    async def _heard(self) -> None:
        """Returns when the agent said it to its end: of an answer nobody heard nothing is kept.

        A process that drains may be at its end in the middle of it, and close the room.
        """
        while self.session.is_connected and self.session.agent.state != "listening":  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _answer(self, text: str, before: set[str]) -> Message | None:
        """The agent's answer to a text; none when it does not come."""
        late = asyncio.get_running_loop().time() + AGAIN
        while asyncio.get_running_loop().time() < late and self.session.is_connected:
            for message in self.session.messages:
                new = message.id not in before and message.role == "agent" and message.final
                if new and message.text == f"You said: {text}":
                    return message
            await asyncio.sleep(0.02)
        return None


def passing(error: SessionError) -> bool:
    """Whether it says that a server is away or busy, and another try may find one."""
    if isinstance(error, TokenSourceError):
        return error.status in (None, 503)
    return error.code in ("going_away", "overloaded", "not_ready", "unreachable")
