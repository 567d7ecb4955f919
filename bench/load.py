"""The load generator: callers who ask, listen in real time and ask again, all in one process.

It stays on the core that the servers do not have, counts its own late sends, and plays what
arrives on a real-time clock of 16 kHz samples as the stock client's loudspeaker does: without a
buffer of its own, so that sound which comes too late is a gap.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx
import msgspec
import uvloop

from bench import sounds
from bench.conditions import ANSWER_SECONDS, VOICE_RATE
from bench.line import Socket, frame
from bench.sounds import FRAME_SECONDS, LOOP_FRAMES, LOOP_SECONDS, Loop, loop, silent_loop
from bench.systems import SERVER_CORE, System, core_busy

T = TypeVar("T")
GAP: Final = 0.02
"""Seconds of silence within an answer that count as an underrun."""
LATE: Final = 0.02
"""Seconds after which a send of our own counts as late."""
READY: Final = frame(b'{"type":"client.ready"}')
PLAYED: Final = frame(b'{"type":"trigger.response.audio.replay_finished","reason":"completed"}')
WHOLE: Final = int(ANSWER_SECONDS * VOICE_RATE * 0.99)


class Message(msgspec.Struct):
    """What a caller must know of a server's message."""

    type: str
    content: Any = None
    role: str = ""


_decoder = msgspec.json.Decoder(Message)


@dataclass(slots=True)
class Answer:
    """One question and what was heard of its answer; times by the generator's steady clock."""

    asked: float
    """When the last audible sample of the question was spoken."""
    decided: float = 0.0
    """When the message left in which voice detection can know the end, if that is asked for."""
    first: float = 0.0
    samples: int = 0
    underruns: int = 0
    gaps: float = 0.0
    cut: bool = False

    @property
    def heard(self) -> bool:
        """Whether it came to its end."""
        return self.samples >= WHOLE


class Caller:
    """Speaks its rounds in real time; `join` first, `leave` in the end."""

    def __init__(self, system: System, spoken: Loop, *, decides: Sequence[int] = ()) -> None:
        self.answers: list[Answer] = []
        self.late = 0
        self.sent = 0
        self.stray = 0
        """Sound that belongs to no question."""
        self._system = system
        self._spoken = spoken
        self._decides = decides
        self._socket: Socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._clock = asyncio.get_running_loop()
        self._start = 0.0
        self._until = 0.0

    @property
    def connected(self) -> bool:
        """Whether the line is up."""
        return self._socket is not None and not self._socket.lost.done()

    async def join(self, client: httpx.AsyncClient, path: str = "") -> None:
        """Connects, with a path that was given or one that is asked for, and begins a round."""
        path = path or await self._system.path(client)
        self._socket = await Socket.connect(self._system.port, path, self._taken)
        self._socket.write(READY)
        self._start = self._clock.time()
        self._timer = self._clock.call_at(self._start + FRAME_SECONDS, self._speak)

    def leave(self) -> None:
        """Hangs up."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    def _speak(self) -> None:
        assert self._socket is not None
        now = self._clock.time()
        due = self._start + (self.sent + 1) * FRAME_SECONDS
        self.late += now - due > LATE
        index = self.sent % LOOP_FRAMES
        self._socket.write(self._spoken.frames[index])
        self.sent += 1
        if self._spoken.end:
            if index == self._spoken.end_frame:
                self.answers.append(Answer(now - self._spoken.end_lag))
            if self._decides and self.answers:
                rounds = min((self.sent - 1) // LOOP_FRAMES, len(self._decides) - 1)
                if index == self._decides[rounds]:
                    self.answers[-1].decided = now
        self._timer = self._clock.call_at(due + FRAME_SECONDS, self._speak)

    def _taken(self, payload: bytes) -> None:
        message = _decoder.decode(payload)
        if message.type == "response.audio":
            content = message.content
            self._play((len(content) // 4 * 3 - content.count("=", -2)) // 2)
        elif message.type == "turn.start" and message.role == "user":
            self._until = 0.0
            if self.answers and self.answers[-1].first and not self.answers[-1].heard:
                self.answers[-1].cut = True

    def _play(self, samples: int) -> None:
        now = self._clock.time()
        answer = self.answers[-1] if self.answers else None
        if answer is None or answer.heard:
            self.stray += 1
            return
        if not answer.first:
            answer.first = self._until = now
        elif now > self._until and not answer.cut:
            gap = now - self._until
            if gap > GAP:
                answer.underruns += 1
                answer.gaps += gap
        answer.samples += samples
        self._until = max(self._until, now) + samples / VOICE_RATE
        if answer.heard:
            self._clock.call_at(self._until, self._played)

    def _played(self) -> None:
        if self._socket is not None:
            self._socket.write(PLAYED)


@dataclass
class Measured:
    """One run of one system at one number of sessions."""

    system: str
    sessions: int
    seconds: float
    cpu: float
    """Milliseconds of processor for a second of a session."""
    busy: float
    """The share of its core that the server used."""
    own: float
    """The share of its core that the generator used."""
    others: float
    """The share of the server's core that something else used: it makes latencies worse."""
    late: float
    """The share of our own sends that were late."""
    expected: int = 0
    got: int = 0
    responses: list[float] = field(default_factory=list)
    """Milliseconds from the end of speech to the first sound."""
    own_parts: list[float] = field(default_factory=list)
    """Milliseconds from the message that decided to the first sound."""
    underruns: int = 0
    stray: int = 0
    lost: int = 0
    """Callers whose line went down."""
    minutes: float = 0.0
    """Minutes of answers that were heard."""
    each: float = 0.0
    """Megabytes that one more session took; zero where it was not asked for."""
    left: float = 0.0
    """Megabytes that stayed when all had left."""


async def run(
    system: System,
    sessions: int,
    *,
    seconds: float = 2 * LOOP_SECONDS,
    silent: bool = False,
    memory: bool = False,
    decides: dict[int, list[int]] | None = None,
) -> Measured:
    """Lets callers join at even distances over one round, and measures after the next began."""
    clock = asyncio.get_running_loop()
    async with httpx.AsyncClient(timeout=60) as client:
        # A first session loads what all share; what it holds itself is in both figures.
        base, empty = await _one_round(system, client) if memory else (0.0, 0.0)
        callers = [
            Caller(
                system,
                silent_loop() if silent else loop(number % sounds.VARIANTS),
                decides=(decides or {}).get(number % sounds.VARIANTS, ()),
            )
            for number in range(sessions)
        ]
        begin = clock.time()
        for number, caller in enumerate(callers):
            await asyncio.sleep(begin + number * LOOP_SECONDS / sessions - clock.time())
            await caller.join(client)
        await asyncio.sleep(LOOP_SECONDS / 2)
        since, used, own, core = clock.time(), system.cpu(), time.process_time(), core_busy()
        sent, late = sum(c.sent for c in callers), sum(c.late for c in callers)
        await asyncio.sleep(seconds)
        until = clock.time()
        spent = system.cpu() - used
        others = (core_busy() - core - spent) / (until - since)
        share = (time.process_time() - own) / (until - since)
        sent = sum(c.sent for c in callers) - sent
        late = sum(c.late for c in callers) - late
        held = system.memory() if memory else 0.0
        lost = sum(not caller.connected for caller in callers)
        for caller in callers:
            caller.leave()
        if memory:
            await asyncio.sleep(5)
    measured = Measured(
        system.name,
        sessions,
        until - since,
        cpu=spent / (until - since) / sessions * 1000,
        busy=spent / (until - since),
        own=share,
        others=max(0.0, others),
        late=late / max(1, sent),
        each=(held - base) / max(1, sessions - 1) if memory else 0.0,
        left=system.memory() - empty if memory else 0.0,
        lost=lost,
        stray=sum(caller.stray for caller in callers),
    )
    # Those that had the time to be heard to their end.
    last = until - ANSWER_SECONDS - 1.5
    answers = [a for c in callers for a in c.answers if since - 2 <= a.asked <= last]
    measured.expected = len(answers)
    measured.got = sum(answer.heard for answer in answers)
    heard = [answer for answer in answers if answer.first]
    measured.responses = sorted((answer.first - answer.asked) * 1000 for answer in heard)
    measured.own_parts = sorted(
        (answer.first - answer.decided) * 1000 for answer in heard if answer.decided
    )
    measured.underruns = sum(answer.underruns for answer in answers)
    measured.minutes = sum(answer.samples for answer in answers) / VOICE_RATE / 60
    return measured


async def _one_round(system: System, client: httpx.AsyncClient) -> tuple[float, float]:
    """Megabytes with the first session in mid-talk, and after it left."""
    caller = Caller(system, loop(0))
    await caller.join(client)
    await asyncio.sleep(LOOP_SECONDS)
    held = system.memory()
    caller.leave()
    await asyncio.sleep(3)
    return held, system.memory()


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the others lie; 0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def generate(work: Coroutine[Any, Any, T]) -> T:
    """Runs the generator's side in a loop of its own, off the servers' core."""
    cores = set(range(os.cpu_count() or 1)) - {SERVER_CORE}
    os.sched_setaffinity(0, cores or {SERVER_CORE})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
