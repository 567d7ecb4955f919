"""A caller made of software: speaks, listens and types over a real socket, as the stock SDK."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from duologue.testing.heard import ASSISTANT, Heard, Record, Turn
from duologue.testing.line import PATIENCE, Ticket, authorize, open_socket
from duologue.testing.microphone import FRAME_SECONDS, Microphone
from duologue.testing.player import RATE, Played, Player, Stopped
from duologue.testing.speech import Recording, Voice, speak


class SyntheticCaller:
    """Someone on the line: `async with SyntheticCaller(url, agent="demo", key=key) as caller`.

    The microphone runs in real time, 112 ms of 8 kHz a message, silence between words. What
    arrives is played on a real-time clock of 16 kHz samples, as the SDK's loudspeaker does it.
    With `stock_lies` (the default) `replay_finished` comes as from the stock SDK: "completed"
    and without a turn id, also when playback was cut; without, it tells the truth.
    """

    def __init__(
        self,
        url: str,
        *,
        agent: str,
        key: str,
        conversation_id: str | None = None,
        voice: Voice = "middle",
        stock_lies: bool = True,
        **fields: Any,
    ) -> None:
        self.url = url.rstrip("/")
        self.agent = agent
        self.key = key
        self.conversation_id = conversation_id
        self.voice: Voice = voice
        self.stock_lies = stock_lies
        self.record = Record()
        self.player = Player()
        self.close_code: int | None = None
        """The code that the socket closed with; none while it is open."""
        self.close_reason = ""
        self._fields = fields
        self._ticket: Ticket | None = None
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()
        self._microphone = Microphone()
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

    async def connect(self, *, same_key: bool = False) -> None:
        """Authorizes (unless the key of before is to be used again) and opens the socket."""
        if not same_key:
            self._ticket = await authorize(
                self.url, self.agent, self.key, self.conversation_id, **self._fields
            )
            self.conversation_id = self._ticket.conversation_id
        socket = await open_socket(self.url, self.ticket.session_key)
        self._socket, self.close_code, self.close_reason = socket, None, ""
        self.player = Player()
        self._microphone.restart(listening=not self.ticket.push_to_talk)
        await self._note("connected", content=self.conversation_id)
        self._tasks = [
            asyncio.create_task(self._listen(socket)),
            asyncio.create_task(self._talk()),
        ]
        await self._send({"type": "client.ready"})

    async def reconnect(self, *, same_key: bool = False) -> None:
        """Comes back to the same conversation after `drop` or `leave`, or when it was closed."""
        await self._hang_up()
        await self.connect(same_key=same_key)

    async def leave(self) -> None:
        """Closes the socket properly: the caller is gone."""
        if self._socket is not None:
            await self._socket.close(1000)
        await self._hang_up()

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
        sound = words if isinstance(words, Recording) else speak(words, self.voice, speed=speed)
        if self._microphone.open:
            await self._microphone.speak(sound)
            return
        async with self.holding():
            await self._microphone.speak(sound)

    @contextlib.asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """Holds the push-to-talk button down."""
        await self._send({"type": "trigger.turn.start", "role": "user"})
        await self._interrupt()
        self._microphone.open = True
        try:
            yield
        finally:
            self._microphone.open = False
            await self._send({"type": "trigger.turn.end", "role": "user"})

    async def type(self, text: str) -> None:
        """Sends typed text; as in the SDK, the own loudspeaker falls silent first."""
        await self._interrupt()
        await self._send({"type": "client.response.text", "content": text})

    async def send(self, data: Any) -> None:
        """Sends data to the agent."""
        await self._send({"type": "client.response.data", "data": data})

    async def send_raw(self, frame: str | bytes) -> None:
        """Sends a frame as it is, well-formed or not."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(frame)

    # ---------------------------------------------------------------- listening

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
            raise AssertionError(f"waited {patience} s for {what}; heard last:\n{last}") from None

    # ---------------------------------------------------------------- inside

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                await self._take(json.loads(frame))
        except ConnectionClosed:
            pass
        self.close_code, self.close_reason = socket.close_code or 1006, socket.close_reason or ""
        await self._silence()
        await self._note("closed", content=self.close_code)

    async def _take(self, message: dict[str, Any]) -> None:
        kind, turn_id = str(message["type"]), str(message.get("turn_id", ""))
        match kind:
            case "turn.start" | "turn.end":
                await self._note(kind, turn_id, message["role"])
                if kind == "turn.start" and message["role"] == "user":
                    await self._interrupt()
            case "response.audio":
                pcm = base64.b64decode(message["content"], validate=True)
                await self._note(kind, turn_id, pcm)
                await self._play(self.player.add(turn_id, pcm, self.now))
            case _:
                await self._note(kind, turn_id, message.get("content"))

    async def _talk(self) -> None:
        """Runs the microphone and the loudspeaker; what is due is looked at every 32 ms."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._play(self.player.advance(self.now))
            if loop.time() < due:
                await asyncio.sleep(min(0.032, due - loop.time()))
                continue
            due += FRAME_SECONDS
            frame = self._microphone.frame()
            if frame is not None:
                content = base64.b64encode(frame).decode("ascii")
                await self._send({"type": "client.audio", "content": content})

    async def _play(self, happened: list[Played | Stopped]) -> None:
        for event in happened:
            if isinstance(event, Played):
                self.record.played(event)
                async with self._news:
                    self._news.notify_all()
                continue
            await self._note("sound.stopped", event.turn_id, event.interrupted)
            finished: dict[str, Any] = {"type": "trigger.response.audio.replay_finished"}
            if self.stock_lies:
                finished["reason"] = "completed"
            else:
                finished["reason"] = "interrupted" if event.interrupted else "completed"
                finished["turn_id"] = event.turn_id
            await self._send(finished)

    async def _interrupt(self) -> None:
        await self._play(self.player.interrupt(self.now))

    async def _note(self, kind: str, turn_id: str = "", content: Any = None) -> None:
        async with self._news:
            self.record.note(Heard(self.now, kind, turn_id, content))
            self._news.notify_all()

    async def _send(self, message: dict[str, Any]) -> None:
        await self.send_raw(json.dumps(message, separators=(",", ":")))

    async def _hang_up(self) -> None:
        tasks, self._tasks = self._tasks, []
        if tasks:
            listening, talking = tasks
            talking.cancel()
            await asyncio.wait([listening], timeout=5)
            listening.cancel()
            await asyncio.gather(listening, talking, return_exceptions=True)
        self._socket = None
        await self._silence()

    async def _silence(self) -> None:
        """Without a line, what was not played yet never will be; the SDK does the same."""
        await self._play(self.player.advance(self.now))
        self.player = Player()
        self._microphone.restart(listening=False)
