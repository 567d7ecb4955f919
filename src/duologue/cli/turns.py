"""Who said what in a call, told once it is settled; and how long the caller waited for it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from duologue.cli.ear import LOUD
from duologue.client.errors import WaitTimeout
from duologue.client.levels import level

if TYPE_CHECKING:
    from duologue.client.messages import Message
    from duologue.client.road import SoundReceived
    from duologue.client.session import Session

SETTLE: Final = 0.3
"""Seconds without news after which an answer that was heard is settled."""
WORDLESS: Final = 3.0
"""Seconds after which one is that was never heard: some agents only write."""
GREETING: Final = 5.0
"""Seconds in which a greeting begins, if there is one: an offline voice has to be loaded first."""
QUIET: Final = ("listening", "idle")

Tell = Callable[["Message", float | None], None]
"""A settled message, and the seconds from the caller's last word to its first sound."""


class Turns:
    """Follows a session; the agent's words are held until they were heard, or were cut."""

    def __init__(self, session: Session, tell: Tell, spoke: Callable[[], float]) -> None:
        self.latencies: list[float] = []
        """Seconds that the caller waited, each time."""
        self._session = session
        self._tell = tell
        self._spoke = spoke
        """When the caller was heard last."""
        self._open: dict[str, Message] = {}
        self._told: set[str] = set()
        self._answered = False
        """Whether an answer was settled since the caller said something."""
        self._asked: float | None = None
        self._asked_at = -math.inf
        self._stirred_at = -math.inf
        """When the agent last began something: what sounds before that is an older answer."""
        self._latency: float | None = None
        self._sounded = False
        self._news_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._offs = [
            session.on("message", self._message),
            session.on("sound", self._sound),
            session.on("sound_ended", self._heard),
            session.on("sound_stopped", self._heard),
            session.on("agent_state", self._state),
            session.on("connection", lambda _: self._look()),
        ]

    @property
    def growing(self) -> list[Message]:
        """What is not settled yet."""
        mine = [m for m in self._session.messages[-2:] if m.role == "user" and not m.final]
        return [*self._open.values(), *mine]

    @property
    def over(self) -> bool:
        """Whether nothing more will be said."""
        return not self._session.is_connected or self._session.agent.is_finished

    def asked(self, at: float | None = None) -> None:
        """The caller has just said all, or had by then: from now on it waits."""
        self._asked = self._asked_at = time.monotonic() if at is None else at
        self._latency, self._answered = None, False

    async def answer(self, within: float) -> bool:
        """Waits for the answer to what was asked last; false when the call ends without."""
        try:
            async with asyncio.timeout(within):
                while not self._answered and not self.over:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise WaitTimeout("The agent's answer", within) from None
        return self._answered

    async def greeting(self, within: float) -> None:
        """Waits until the agent has greeted, if it does."""
        end = time.monotonic() + GREETING
        while time.monotonic() < end and not (self._answered or self.over):
            if self._open or self._session.agent.state not in QUIET:
                await self.answer(within)
                return
            await asyncio.sleep(0.05)

    def close(self) -> None:
        """Tells what is still open, and follows no more; twice is no error."""
        for off in self._offs:
            off()
        self._offs.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._settle()

    # ---------------------------------------------------------------- within

    def _message(self, message: Message) -> None:
        if message.past or message.id in self._told:
            return
        if message.role == "agent" and message.kind != "chat":
            self._open[message.id] = message
        elif message.final:
            self._settle()
            self._told.add(message.id)
            if message.role == "user":
                self._answered = False  # what was cut by this is no answer to it
                if self._spoke() > self._asked_at:
                    self.asked(min(time.monotonic(), self._spoke()))
            self._tell(message, None)
        self._look()

    def _sound(self, event: SoundReceived) -> None:
        asked = self._asked
        if asked is not None and self._stirred_at >= asked and level(event.pcm).rms > LOUD:
            self._latency = max(0.0, time.monotonic() - asked)
            self.latencies.append(self._latency)
            self._asked = None

    def _state(self, state: str) -> None:
        if state in ("thinking", "speaking"):
            self._stirred_at = time.monotonic()
        self._look()

    def _heard(self) -> None:
        self._sounded = bool(self._open)
        self._look()

    def _look(self) -> None:
        """Something happened: what is open is settled when nothing follows."""
        self._news_at = time.monotonic()
        self._changed.set()
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(SETTLE, self._check)

    def _check(self) -> None:
        self._timer = None
        if not self._open:
            return
        quiet = self._session.agent.state in QUIET
        whole = all(message.final for message in self._open.values())
        heard = self._sounded or time.monotonic() - self._news_at >= WORDLESS
        if self.over or (quiet and whole and heard):
            self._settle()
        else:
            self._wait()

    def _settle(self) -> None:
        """Tells what the agent said, as far as it was heard."""
        for message in list(self._open.values()):
            if message.final or self.over:
                del self._open[message.id]
                self._told.add(message.id)
                latency, self._latency = self._latency, None
                self._answered = True
                self._tell(message, latency)
        self._sounded = False
        self._changed.set()
