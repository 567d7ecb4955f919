"""A person made of software with a Python `Session`: speaks in real time, hears, and remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from duologue.client.messages import Message
from duologue.client.session import Session
from duologue.testing.speech import Recording, speak

PATIENCE: Final = 90.0
"""Seconds for one answer: a slow machine is waited for, a hung one is not."""
RATE: Final = 16_000
STEP: Final = RATE // 50
HEARD: Final = 24_000
"""The rate of what a session hears of its agent."""


class Mouth:
    """A microphone that hears silence, and words whenever there are some; in real time."""

    def __init__(self) -> None:
        self.rate = RATE
        self._closed = False
        self._words = bytearray()
        self._said = asyncio.Event()

    async def say(self, words: Recording) -> None:
        """Says it; returns when the last sample was taken."""
        self._said.clear()
        self._words += words.at(RATE).pcm
        async with asyncio.timeout(words.seconds + PATIENCE):
            await self._said.wait()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._closed:
            due = max(due + STEP / RATE, loop.time() - 0.5)  # what was late by more is not hurried
            await asyncio.sleep(max(0.0, due - loop.time()))
            piece = bytes(self._words[: STEP * 2])
            del self._words[: len(piece)]
            if not self._words:
                self._said.set()
            yield piece.ljust(STEP * 2, b"\0")

    async def aclose(self) -> None:
        """Hears nothing more."""
        self._closed = True
        self._said.set()


class Talker:
    """Talks to an agent by voice alone, as often as the session is started."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.heard = bytearray()
        """The agent's sound since the last line was begun."""
        self._mouth = Mouth()
        self._answered: set[str] = set()
        session.listen(lambda pcm, rate: self.heard.extend(pcm))
        session.on("notice", lambda notice: print(notice))  # noqa: T201  # shown when a test fails

    async def start(self) -> None:
        """Joins with a fresh microphone."""
        self._mouth = Mouth()
        await self.session.start(microphone=self._mouth, timeout=PATIENCE)

    async def say(self, line: str) -> str:
        """Speaks, and gives the whole answer in words once it was heard to its end."""
        words = await asyncio.to_thread(speak, line)
        self.heard.clear()
        await self._mouth.say(words)
        return await self.answer()

    async def answer(self) -> str:
        """The agent's next answer, when it was said; a greeting is one."""
        await self.until(lambda: bool(self.answers), "an answer")
        # Words may be there before their sound: an agent that has yet to speak listens, too.
        await self.until(lambda: self.sound.audible_from < self.sound.samples, "its sound")
        await self.until(lambda: self.session.agent.state == "listening", "silence behind it")
        said = self.answers
        self._answered |= {message.id for message in said}
        return " ".join(message.text for message in said)

    async def drop(self) -> None:
        """Goes without a word to the agent, as a page does that is closed."""
        room = self.session.room
        assert room is not None
        async with asyncio.timeout(PATIENCE):
            await room.disconnect()
        await self.until(lambda: not self.session.is_connected, "the session to notice")

    @property
    def answers(self) -> list[Message]:
        """What the agent said to its end, and `answer` has not given yet."""
        return [
            message
            for message in self.session.messages
            if message.role == "agent" and message.final and not message.past
            if message.id not in self._answered
        ]

    @property
    def sound(self) -> Recording:
        """What was heard since the last line was begun."""
        return Recording(bytes(self.heard), HEARD)

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Returns as soon as something is true; else fails with what was said instead."""
        loop = asyncio.get_running_loop()
        late = loop.time() + PATIENCE
        while not true():
            said = [(one.role, one.text, one.final) for one in self.session.messages]
            assert loop.time() < late, f"waited for {what}; {self.session.agent.state}; {said}"
            await asyncio.sleep(0.05)
