"""A caller made of software: speaks, listens and types over a real socket, as a page does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from duologue.testing.client import Client, Kind, Step, message
from duologue.testing.heard import ASSISTANT, Heard, Record, Turn
from duologue.testing.line import PATIENCE, Ticket, authorize
from duologue.testing.loudspeaker import Loudspeaker
from duologue.testing.own import OwnClient
from duologue.testing.player import RATE, Played, Player
from duologue.testing.speech import Recording, Voice, speak
from duologue.testing.stock import StockClient


class SyntheticCaller:
    """Someone on the line: `async with SyntheticCaller(url, agent="demo", key=key) as caller`.

    The microphone runs in real time, with silence between words, and what arrives is played on a
    real-time clock of 16 kHz samples. What goes over the line is as `client` has it: "stock" is
    Layercode's SDK, "own" is our own browser client with every extension. With `stock_lies` (the
    default) the stock `replay_finished` is "completed" and without a turn id, also when playback
    was cut; without, it tells the truth, as our own client always does.
    """

    def __init__(
        self,
        url: str,
        *,
        agent: str,
        key: str,
        conversation_id: str | None = None,
        voice: Voice = "middle",
        client: Kind = "stock",
        stock_lies: bool = True,
        **fields: Any,
    ) -> None:
        self.url = url.rstrip("/")
        self.agent = agent
        self.key = key
        self.conversation_id = conversation_id
        self.voice: Voice = voice
        self.client: Client = OwnClient() if client == "own" else StockClient(lies=stock_lies)
        self.record = Record()
        self.close_code: int | None = None
        """The code that the socket closed with; none while it is open."""
        self.close_reason = ""
        self._fields = fields
        self._ticket: Ticket | None = None
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()
        self._sending = asyncio.Lock()
        self._answers = 0
        self._started = 0.0

    # ---------------------------------------------------------------- the line

    async def __aenter__(self) -> Self:
        self._started = asyncio.get_running_loop().time()
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.leave()

    @property
    def now(self) -> int:
        """The playback clock, in samples since the caller was made."""
        return int((asyncio.get_running_loop().time() - self._started) * RATE)

    @property
    def ticket(self) -> Ticket:
        """What the last authorize gave."""
        if self._ticket is None:
            raise RuntimeError("this caller was never authorized")
        return self._ticket

    @property
    def player(self) -> Player | Loudspeaker:
        """The loudspeaker of the present connection."""
        return self.client.player

    async def connect(self, *, same_key: bool = False) -> None:
        """Authorizes (unless the key of before is to be used again) and opens the socket."""
        if not same_key:
            fields = {**self._fields, **self.client.asks(self.conversation_id)}
            self._ticket = await authorize(self.url, self.agent, self.key, **fields)
            self.conversation_id = self._ticket.conversation_id
        socket = await self.client.open(self.url, self.ticket)
        self._socket, self.close_code, self.close_reason = socket, None, ""
        await self._do([Heard(self.now, "connected", content=self.conversation_id)])
        hello = self.client.connected(self.ticket, self.now)
        self._tasks = [
            asyncio.create_task(self._listen(socket)),
            asyncio.create_task(self._talk()),
        ]
        await self._do(hello)

    async def reconnect(self, *, same_key: bool = False) -> None:
        """Comes back to the same conversation after it went, in whatever way, or was closed."""
        await self._hang_up()
        await self.connect(same_key=same_key)

    async def leave(self) -> None:
        """Closes the socket properly: the caller is gone."""
        if self._socket is not None:
            await self._do(self.client.leaves(self.now))
            await self._socket.close(1000)
        await self._hang_up()

    async def reload(self) -> None:
        """Goes as a page does that is loaded anew; `reconnect` is the new page.

        Our own client then knows nothing of before but the resume token.
        """
        if self._socket is not None:
            await self._do(self.client.unloads(self.now))
            await self._socket.close(1001)
        await self._hang_up()
        self.client = self.client.reloaded()

    async def drop(self) -> None:
        """Cuts the connection without a word, as a lost network does."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self._hang_up()

    # ---------------------------------------------------------------- speaking

    async def say(self, words: str | Recording, *, speed: float = 1.0) -> None:
        """Speaks in real time; returns when the last sample went out, or the line was cut.

        With a push-to-talk agent the button is held meanwhile.
        """
        if isinstance(words, str):  # in a thread, so that the agent is heard meanwhile
            words = await asyncio.to_thread(speak, words, self.voice, speed=speed)
        microphone = self.client.microphone
        await self._do(self.client.advance(self.now))  # nothing is spoken before it was asked for
        if microphone.open:
            await microphone.speak(words)
            return
        async with self.holding():
            await microphone.speak(words)

    @contextlib.asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """Holds the push-to-talk button down."""
        await self._do(self.client.presses(self.now))
        try:
            yield
        finally:
            await self._do(self.client.releases(self.now))

    async def type(self, text: str) -> None:
        """Sends typed text."""
        await self._do(self.client.types(text, self.now))

    async def interrupt(self) -> None:
        """Presses the button that silences the agent; the stock SDK has none."""
        await self._do(self.client.interrupts(self.now))

    async def send(self, data: Any) -> None:
        """Sends data to the agent."""
        await self._do([message("client.response.data", data=data)])

    async def send_raw(self, frame: str | bytes) -> None:
        """Sends a frame as it is, well-formed or not."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(frame)

    # ---------------------------------------------------------------- listening

    @property
    def history(self) -> list[dict[str, Any]]:
        """The conversation as the server last told it to our own client that came back."""
        told = self.record.of_type("conversation.history")
        return list(told[-1].content) if told else []

    @property
    def answers(self) -> list[Turn]:
        """The agent's turns so far."""
        return self.record.by(ASSISTANT)

    async def answer(self, patience: float = PATIENCE) -> Turn:
        """The agent's next turn, when it has ended; each is given once, a greeting too."""
        turn = await self.answering(patience)
        await self.until(lambda: turn.ended_at is not None, f"turn.end of {turn}", patience)
        return turn

    async def answering(self, patience: float = PATIENCE) -> Turn:
        """The agent's next turn, as soon as it began."""
        number = self._answers
        await self.until(lambda: len(self.answers) > number, "an answer", patience)
        self._answers += 1
        return self.answers[number]

    async def hears(self, turn: Turn, samples: int, patience: float = PATIENCE) -> None:
        """Waits until that many samples of a turn were played."""
        await self.until(lambda: turn.played >= samples, f"{samples} samples of {turn}", patience)

    async def event(self, kind: str, *, after: int = 0, patience: float = PATIENCE) -> Heard:
        """The first event of a type among those from index `after` of `record.events` on."""

        def found() -> Heard | None:
            events = self.record.events[after:]
            return next((event for event in events if event.type == kind), None)

        await self.until(lambda: found() is not None, kind, patience)
        event = found()
        return event if event is not None else await self.event(kind, after=after)

    async def closed(self, patience: float = PATIENCE) -> int:
        """Waits until the server closed the socket; gives the close code."""
        await self.until(lambda: self.close_code is not None, "the server to close", patience)
        return self.close_code or 0

    async def until(
        self, happened: Callable[[], bool], what: str, patience: float = PATIENCE
    ) -> None:
        """Waits for something to be true; fails with what was heard instead."""
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(happened)
        except TimeoutError:
            last = "\n".join(f"  {event!r:.200}" for event in self.record.events[-12:])
            broken = [task.exception() for task in self._tasks if task.done()]
            told = f"waited {patience} s for {what}; heard last:\n{last}"
            raise AssertionError(told) from next(filter(None, broken), None)

    # ---------------------------------------------------------------- inside

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                await self._do(self.client.take(frame, self.now))
        except ConnectionClosed:
            pass
        self.close_code, self.close_reason = socket.close_code or 1006, socket.close_reason or ""
        await self._do(self.client.lost(self.now))
        await self._do([Heard(self.now, "closed", content=self.close_code)])

    async def _talk(self) -> None:
        """Runs the microphone and the loudspeaker."""
        while True:
            await self._do(self.client.advance(self.now))
            due = (self.client.microphone.due - self.now) / RATE
            await asyncio.sleep(max(0.0, min(self.client.tick, due)))

    async def _do(self, steps: list[Step]) -> None:
        """Notes at once what came of something, and sends what is to be sent in that order."""
        for step in steps:
            if isinstance(step, Heard):
                self.record.note(step)
            elif isinstance(step, Played):
                self.record.played(step)
        if not steps:
            return
        async with self._sending:
            async with self._news:
                self._news.notify_all()
            for step in steps:
                if isinstance(step, str | bytes):
                    await self.send_raw(step)

    async def _hang_up(self) -> None:
        tasks, self._tasks = self._tasks, []
        if tasks:
            listening, talking = tasks
            talking.cancel()
            await asyncio.wait([listening], timeout=5)
            listening.cancel()
            await asyncio.gather(listening, talking, return_exceptions=True)
        self._socket = None
        await self._do(self.client.lost(self.now))
