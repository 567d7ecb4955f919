"""A session for scripts that wait: the same session, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from duologue.client.errors import NotConnected, WaitTimeout
from duologue.client.media import source_of
from duologue.client.messages import Message
from duologue.client.session import Session

if TYPE_CHECKING:
    from duologue.client.tokens import TokenSource

START: Final = 60.0
"""Seconds that a session may take to start, its own limits aside."""
CLOSE: Final = 20.0
"""Seconds after which a thread that does not end is left to itself."""
WRITE: Final = 30.0
QUIET: Final = ("listening", "idle")
"""What an agent does that has nothing more to say."""

T = TypeVar("T")


class BlockingSession:
    """One conversation, each call of which returns when it is done: `with BlockingSession(…) as s`.

    What goes wrong on the session's thread is raised where it was called. Ctrl-C ends a call at
    once, and the session with it. Options are those of `Session`.
    """

    def __init__(self, token_source: TokenSource, **options: Any) -> None:
        self.session = Session(token_source, **options)
        """The session itself; use it by `run`, for it lives on another thread."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._given: set[str] = set()
        """Answers that were waited for, or that were there before we said something."""

    # ---------------------------------------------------------------- its life

    def start(self, **options: Any) -> None:
        """Opens the session and waits for the agent; options are those of `Session.start`."""
        self._forget_answers()
        if self._thread is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._live, args=(self._loop,), name="duologue session", daemon=True
            )
            self._thread.start()
        try:
            self.run(self.session.start(**options), within=START)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Leaves, within bounds; a session that is not open is no error."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        try:
            self.run(self.session.end(), within=CLOSE)
        finally:
            self._loop = self._thread = None
            loop.call_soon_threadsafe(loop.stop)
            thread.join(CLOSE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    # ---------------------------------------------------------------- the conversation

    @property
    def messages(self) -> list[Message]:
        """Everything that was said and written, also after the end."""
        return list(self.session.messages)

    @property
    def agent_state(self) -> str:
        """What the agent is doing."""
        return self.session.agent.state

    def send(self, text: str) -> Message:
        """Writes to the agent."""
        self._forget_answers()
        return self.run(self.session.messages.send(text), within=WRITE)

    def say_audio(self, sound: Any, rate: int = 0) -> None:
        """Says a WAV file, or samples of a rate, in real time; returns when all of it was said."""
        self._forget_answers()
        self.run(self._say(sound, rate))

    def wait_for_reply(self, timeout: float = 30.0) -> str:
        """What the agent answered since we wrote or spoke last, once it has said it all.

        Each answer is given once; before anything was said it is the greeting.
        """
        return self.run(self._reply(timeout))

    def run(self, work: Coroutine[Any, Any, T], *, within: float | None = None) -> T:
        """Does anything else on the session's thread: `s.run(s.session.rpc("weather"))`."""
        if self._loop is None:
            work.close()
            raise NotConnected("This")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(within)
        except CancelledError:
            raise NotConnected("This") from None
        except TimeoutError:
            if future.done():
                raise  # the work's own
            future.cancel()
            raise WaitTimeout("The call", within or 0.0) from None
        except BaseException:
            future.cancel()
            raise

    # ---------------------------------------------------------------- within

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs the loop until `end`, and leaves nothing of it behind."""
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=CLOSE / 4))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _forget_answers(self) -> None:
        self._given |= {message.id for message in self.messages if message.role == "agent"}

    async def _say(self, sound: Any, rate: int) -> None:
        source = source_of(sound, rate)
        try:
            async for pcm in source:
                await self.session.hear(pcm, source.rate)
        finally:
            await source.aclose()

    async def _reply(self, timeout: float) -> str:  # a script's own limit
        session, news = self.session, asyncio.Event()

        def new() -> list[Message]:
            return [
                message
                for message in session.messages
                if message.role == "agent" and not message.past and message.id not in self._given
            ]

        def over() -> bool:
            found = new()
            whole = bool(found) and all(message.final for message in found)
            return whole and session.agent.state in QUIET

        offs: list[Callable[[], None]] = [
            session.on(name, lambda *_: news.set())
            for name in ("message", "agent_state", "connection")
        ]
        try:
            async with asyncio.timeout(timeout):
                while not over():
                    if not session.is_connected:
                        raise session.error or NotConnected("Waiting for a reply")
                    await news.wait()
                    news.clear()
        except TimeoutError:
            raise WaitTimeout("The agent's reply", timeout) from None
        finally:
            for off in offs:
                off()
        found = new()
        self._given |= {message.id for message in found}
        return " ".join(message.text.strip() for message in found)
