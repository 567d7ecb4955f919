"""A call from its beginning to its end, on top of a Session: spoken, typed, or at a microphone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duologue.cli.ear import Earpiece, Loudness, Mouthpiece
from duologue.cli.mouth import Lines, Mouth, spoken
from duologue.cli.screen import Screen
from duologue.cli.turns import Turns
from duologue.client.errors import AgentLeft, MediaError, SessionError
from duologue.client.media import HalfDuplex, Microphone, Recording, Several, Speaker, play
from duologue.client.session import Session

if TYPE_CHECKING:
    from duologue.client.messages import Message
    from duologue.client.opening import Choice
    from duologue.client.player import Sink
    from duologue.client.road import SoundSource
    from duologue.client.tokens import TokenSource

AFTER = 0.3
"""Seconds after the agent's last sound in which a room still echoes."""
OVER = ("ended", "left")
"""What a line says when the other side hung up."""
SPEAK = "Speak; Enter silences the agent, Ctrl-C hangs up."
PRESS = "Enter presses the button to talk, and lets it go; Ctrl-C hangs up."
TYPE = "Type, and Enter sends; Enter alone silences the agent; Ctrl-D hangs up."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller asked for."""

    agent: str
    source: TokenSource
    transport: Choice
    text: bool = False
    """Typed lines in place of sound."""
    lines: tuple[str, ...] = ()
    """What is said, where nobody is there to say it."""
    record: Path | None = None
    headphones: bool = False
    within: float = 60.0
    """Seconds that each answer may take."""
    waits: bool = False
    """Whether a typed line waits for the answer to the one before."""
    silent: bool = False
    """Whether nothing is shown meanwhile."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a call."""

    conversation_id: str
    transport: str
    messages: list[dict[str, Any]]
    latencies: list[float]
    """Seconds that each answer took to be heard."""
    recorded: str | None


class Call:
    """One call with one agent."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._messages: list[dict[str, Any]] = []
        self._session = Session(wish.source, agent_name=wish.agent, transport=wish.transport)
        self._mine, self._theirs = Loudness(), Loudness()
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sound = not (wish.text or wish.lines)
        self._screen = Screen(
            self._session, agent=wish.agent, hint=SPEAK if self._sound else TYPE,
            meters=self._sound, own=wish.waits or bool(wish.lines), silent=wish.silent,
        )  # fmt: skip
        self._turns = Turns(self._session, self._said, lambda: self._mine.last)
        self._screen.growing = lambda: self._turns.growing

    async def run(self) -> Report:
        """Calls, talks, and hangs up; Ctrl-C is a way to hang up."""
        wish, session = self._wish, self._session
        async with AsyncExitStack() as stack:
            # What this machine lacks is said before anybody is called.
            microphone = Microphone() if self._sound else None
            sinks: list[Sink] = [Speaker()] if self._sound else []
            sinks += [Recording(wish.record)] if wish.record else []
            for sink in sinks:
                stack.callback(sink.close)
            words = [] if wish.text else await asyncio.to_thread(spoken, wish.lines)
            stack.push_async_callback(session.end)
            stack.callback(self._turns.close)
            await session.start()
            transport = session.transport or ""
            stack.push_async_callback(self._screen.end)
            self._screen.begin()
            if microphone is not None:
                work = self._speak(microphone, Several(*sinks))
            else:
                work = self._say(words, sinks) if wish.lines else self._type(sinks)
            try:
                await self._unless_over(work)
            except asyncio.CancelledError:  # Ctrl-C: to hang up is no failure
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
        return Report(
            session.conversation_id,
            transport,
            self._messages,
            [round(each, 3) for each in self._turns.latencies],
            str(wish.record) if wish.record else None,
        )

    # ---------------------------------------------------------------- three ways to talk

    async def _say(self, words: list[bytes], sinks: list[Sink]) -> None:
        """Says each line once the agent was heard, and waits for its answer."""
        session, turns = self._session, self._turns
        mouth, button = Mouth(), self._has_button()
        if words:
            await session.mute(button)
            await session.set_microphone(self._microphone(mouth))
        await turns.greeting(self._wish.within)
        with self._heard_by(sinks):
            for number, line in enumerate(self._wish.lines):
                if words:
                    await session.mute(False)
                    await mouth.say(words[number])
                    turns.asked(self._mine.last)
                    await session.mute(button)
                else:
                    await self._write(line)
                if not await turns.answer(self._wish.within):
                    return

    async def _type(self, sinks: list[Sink]) -> None:
        """Sends each line of the input, until it ends."""
        turns, wish = self._turns, self._wish
        lines = Lines()
        with self._heard_by(sinks):
            if wish.waits:
                await turns.greeting(wish.within)
            while (line := await lines.next()) is not None:
                if line:
                    await self._write(line)
                elif not wish.waits:
                    await self._silence()
                if line and wish.waits and not await turns.answer(wish.within):
                    return

    async def _speak(self, microphone: Microphone, sink: Sink) -> None:
        """Carries sound both ways until somebody hangs up."""
        session, screen = self._session, self._screen
        ear = Earpiece(sink, self._theirs, self._failed)
        button, source = self._has_button(), microphone

        def closed() -> bool:
            return session.is_muted or (not self._wish.headphones and ear.quiet_for < AFTER)

        screen.mine, screen.theirs, screen.closed = self._mine, self._theirs, closed
        with self._heard_by([ear]):
            await session.mute(button)
            heard = source if self._wish.headphones else HalfDuplex(source, lambda: ear.quiet_for)
            await session.set_microphone(self._microphone(heard))
            if button:
                screen.note(PRESS)
            lines = Lines()
            while (line := await lines.next()) is not None:
                if line:
                    await self._write(line)
                elif button:
                    await session.mute(not session.is_muted)
                else:
                    await self._silence()
            await session.agent.wait_until_finished()

    # ---------------------------------------------------------------- within

    async def _unless_over(self, work: Coroutine[Any, Any, None]) -> None:
        """Does the work until it is done, the agent hangs up, or a device fails."""
        talk = asyncio.ensure_future(work)
        over = asyncio.ensure_future(self._session.agent.wait_until_finished())
        try:
            await asyncio.wait({talk, over, self._fault}, return_when=asyncio.FIRST_COMPLETED)
            if self._fault.done():
                self._fault.result()
        finally:
            for task in (talk, over):
                if not task.done():
                    task.cancel()
            await asyncio.wait({talk, over})
        self._turns.close()  # its last words stand before what ended them
        left = self._session.error or self._session.agent.error
        if isinstance(left, AgentLeft) or getattr(left, "code", "") in OVER:
            self._screen.note(f"{self._wish.agent or 'The agent'} hung up.")
        elif left is not None:
            raise left
        elif not talk.cancelled():
            talk.result()

    @contextmanager
    def _heard_by(self, sinks: list[Sink]) -> Iterator[None]:
        """Plays the agent there; nowhere is a place, too."""
        players = [play(self._session, sink) for sink in sinks]
        try:
            yield
        finally:
            for player in players:
                player.close()

    def _said(self, message: Message, latency: float | None) -> None:
        self._screen.say(message, latency)
        self._messages.append(
            {
                "role": message.role,
                "text": message.text.strip(),
                "interrupted": message.interrupted,
                "latency": None if latency is None else round(latency, 3),
            }
        )

    def _failed(self, error: MediaError) -> None:
        """A device was taken away, or never worked."""
        if not self._fault.done():
            self._fault.set_exception(error)

    async def _write(self, line: str) -> None:
        self._turns.asked()
        await self._session.messages.send(line)

    async def _silence(self) -> None:
        with contextlib.suppress(SessionError):  # it hung up meanwhile
            await self._session.interrupt()

    def _microphone(self, source: SoundSource) -> Mouthpiece:
        return Mouthpiece(source, self._mine, self._failed)

    def _has_button(self) -> bool:
        """Whether the agent hears only what is said while a button is held."""
        ticket = self._session.ticket
        config = ticket.config if ticket is not None else {}
        return (config.get("transcription") or {}).get("trigger") == "push_to_talk"
