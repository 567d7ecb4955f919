"""Tells an agent's back end of sessions: that they begin and end, and what pages say in between.

What the user says is not told here: a back end is its agent's language model, and is asked as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from msgspec import UNSET

from duologue.agents.current import Current
from duologue.agents.webhook.brain import WebhookLLM
from duologue.errors import DuologueError
from duologue.pipeline.actor import Actor
from duologue.pipeline.errand import AGAIN, Errand
from duologue.pipeline.narrator import Narrator
from duologue.pipeline.outlet import Listener
from duologue.pipeline.record import Record
from duologue.wire import webhooks as wire

if TYPE_CHECKING:
    from duologue.pipeline.recording import Recorder
    from duologue.pipeline.seat import Guest
    from duologue.store.records import Message
    from duologue.trace.watch import Watch

log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
"""Answers to data that one run waits for."""
IN_LINE: Final = 16
"""Data of one run that waits for that."""
SETTLING: Final = 1.0
"""Seconds in which an answer that was cut is over."""


@dataclass(slots=True)
class Visit:
    """One session, as its back end knows it."""

    guest: Guest
    began: int
    used: tuple[float, float]
    """Seconds that were heard and spoken before."""
    listeners: set[Listener] = field(default_factory=set)
    started: bool = False
    ended: int | None = None


class Courier:
    """One run's errands to its agent's back end; none of them delays the call."""

    def __init__(
        self,
        brain: WebhookLLM,
        actor: Actor,
        narrator: Narrator,
        record: Record,
        *,
        resumed: bool,
        new_id: Callable[[str], str],
        spawn: Callable[[Coroutine[Any, Any, Any]], None],
        person: Callable[[], bool],
        notice: Callable[[str, str], None],
        watch: Watch | None,
        recorder: Recorder | None,
    ) -> None:
        self._brain = brain
        self._actor = actor
        self._narrator = narrator
        self._record = record
        self._resumed = resumed
        self._new_id = new_id
        self._spawn = spawn
        self._person = person
        self._notice = notice
        self._watch = watch
        self._recorder = recorder
        self._visits: dict[str, Visit] = {}
        self._last: Visit | None = None
        self._begun = False
        self._closed = False
        self._places = asyncio.Semaphore(AT_ONCE)
        self._owed = 0
        """Data whose answer is not whole yet."""
        brain.new_id = new_id
        brain.settled = self._settled
        narrator.on_heard = lambda text, cut: brain.heard(text, interrupted=cut)

    # ------------------------------------------------------------ who is there

    def know(self, here: Current) -> None:
        """The session that the agent's code is in, from now on."""
        self._brain.here = here

    def arrived(self, listener: Listener, guest: Guest) -> None:
        """A client listens from now on."""
        visit = self._visits.get(guest.session_id)
        if visit is None:
            began = self._record.now() if guest.opened_at is None else guest.opened_at
            visit = Visit(guest, began, self._used())
            self._visits[guest.session_id] = visit
        visit.listeners.add(listener)
        self._last = visit
        self._sweep()

    def left(self, listener: Listener) -> None:
        """A client is gone; it may come back."""
        for visit in self._visits.values():
            visit.listeners.discard(listener)

    def parted(self, session_id: str) -> None:
        """A session is over; its client does not come back."""
        if (visit := self._visits.get(session_id)) is not None:
            visit.ended = self._record.now()
            if self._closed:
                self._spawn(self._end(visit))
            else:
                self._sweep()

    def ready(self, listener: Listener) -> None:
        """A client hears: its session begins, once."""
        for visit in self._visits.values():
            if listener in visit.listeners and not visit.started:
                visit.started = True
                self._start(visit)

    # ------------------------------------------------------------ what is told

    def data(self, content: Any) -> None:
        """A page told something; it never interrupts, but may be answered aloud."""
        if not self._brain.backend.takes("data"):
            return
        if self._owed >= AT_ONCE + IN_LINE:
            refused = DuologueError("rate_limited", who="this page", seconds=1)
            self._notice(refused.code, refused.message)
            return
        event = wire.Data(**self._brain.known(), data=content, turn_id=self._new_id("turn"))
        self._owed += 1
        self._spawn(self._in_turn(self._errand(event, self._person)))

    async def close(self, *, moves: bool = False) -> None:
        """The run is over, and everything of it is stored: what is still owed is told.

        Where the conversation only moves, its clients come back with the same sessions, whose end
        is told by the run that they leave.
        """
        self._closed = True
        for visit in list(self._visits.values()):
            if visit.ended is not None or not moves:
                await self._end(visit)
        if self._recorder is not None and self._last is not None:
            self._tell_recording(self._recorder, self._last)

    # ------------------------------------------------------------ within

    def _start(self, visit: Visit) -> None:
        begun, self._begun = self._begun, True
        again = self._resumed or begun
        if not self._brain.backend.takes("session.start"):
            return
        event = wire.SessionStart(
            **self._of(visit),
            turn_id=self._new_id("turn"),
            resumed=UNSET if not again else "live" if begun else "rebuilt",
        )

        def mute() -> bool:
            # Nobody is greeted twice, instead of a person, or once they have begun to talk.
            return again or self._person() or self._brain.asked

        self._spawn(self._errand(event, mute).run(AGAIN))

    def _errand(self, event: wire.SessionStart | wire.Data, mute: Callable[[], bool]) -> Errand:
        return Errand(event, self._brain, self._actor, self._narrator, self._watch, mute=mute)

    async def _in_turn(self, errand: Errand) -> None:
        try:
            async with self._places:
                await errand.run()
        finally:
            self._owed -= 1

    def _sweep(self) -> None:
        """Tells of the end of sessions that others followed; of the last, when the run ends."""
        present = [each for each in self._visits.values() if each.listeners]
        for visit in list(self._visits.values()):
            shares = visit.guest.definition.tabs == "share" and visit.ended is None
            if not visit.listeners and present and not shares:
                visit.ended = visit.ended or self._record.now()
                self._spawn(self._end(visit))

    async def _end(self, visit: Visit) -> None:
        ended, used = visit.ended or self._record.now(), self._used()
        try:
            said = await self._record.said(visit.guest.session_id)
        except Exception:  # the end is one all the same
            log.exception("transcript not read", session=visit.guest.session_id)
            said = []
        if self._visits.pop(visit.guest.session_id, None) is None:
            return  # it was told meanwhile
        if not (visit.started and self._brain.backend.takes("session.end")):
            return
        recorder = self._recorder
        recorded = recorder is not None and recorder.takes(visit.guest)
        event = wire.SessionEnd(
            **self._of(visit),
            agent_id=visit.guest.agent_id,
            started_at=at(visit.began),
            ended_at=at(ended),
            duration=max(0, ended - visit.began),
            transcription_duration_seconds=round(used[0] - visit.used[0], 3),
            tts_duration_seconds=round(used[1] - visit.used[1], 3),
            latency=self._latency(visit, ended),
            ip_address=None,
            country_code=None,
            recording_status="enabled" if recorded else "disabled",
            transcript=transcript(said),
            metadata=visit.guest.metadata or UNSET,
        )
        self._brain.backend.tell(event, visit.guest.custom_headers)

    def _tell_recording(self, recorder: Recorder, visit: Visit) -> None:
        backend = self._brain.backend
        if not (backend.takes("session.update") and recorder.takes(visit.guest)):
            return
        whole, base = recorder.whole, backend.public_url
        if whole is None and not recorder.failure:
            return  # nobody said a word that could be kept
        event = wire.SessionUpdate(
            **self._of(visit),
            recording_status="failed" if whole is None else "completed",
            recording_url=f"{base}{whole.path}" if whole is not None and base else UNSET,
            recording_duration=UNSET if whole is None else whole.milliseconds / 1000,
            error_message=recorder.failure if whole is None else UNSET,
            metadata=visit.guest.metadata or UNSET,
        )
        backend.tell(event, visit.guest.custom_headers)

    def _of(self, visit: Visit) -> dict[str, Any]:
        return {
            "event_id": self._new_id("evt"),
            "session_id": visit.guest.session_id,
            "conversation_id": visit.guest.conversation_id,
            "custom_metadata": visit.guest.custom_metadata or UNSET,
        }

    def _used(self) -> tuple[float, float]:
        """Seconds that this run's models have heard and spoken."""
        sums = {"stt_usage": 0.0, "tts_usage": 0.0}
        for each in self._actor.usage:
            if (kind := each.get("type")) in sums:
                sums[kind] += each.get("audio_duration") or 0.0
        return sums["stt_usage"], sums["tts_usage"]

    def _latency(self, visit: Visit, ended: int) -> float | None:
        session = self._actor.session
        delays = [
            item.metrics["e2e_latency"]
            for item in (() if session is None else session.history.messages())
            if visit.began / 1000 <= item.created_at <= ended / 1000
            and "e2e_latency" in item.metrics
        ]
        return round(sum(delays) / len(delays) * 1000, 1) if delays else None

    async def _settled(self) -> bool:
        """Waits for an answer that was just cut; whether one sounds on, as it may not be cut."""
        session = self._actor.session
        speech = None if session is None else session.current_speech
        if speech is None or speech.done():
            return False
        if not speech.interrupted:
            return self._narrator.mouth.busy
        try:
            async with asyncio.timeout(SETTLING):
                await speech.wait_for_playout()
        except TimeoutError:
            log.warning("answer not over in time")
        return False


def at(milliseconds: int) -> str:
    """A time as JavaScript's `toISOString` writes it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def transcript(said: Iterable[Message]) -> list[wire.Said]:
    """What was said, as a back end is told it."""
    return [
        wire.Said(
            role="user" if each.role == "user" else "assistant",
            text=each.text,
            timestamp=each.created_at,
        )
        for each in said
    ]
