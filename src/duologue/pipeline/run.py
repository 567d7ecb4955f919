"""One life of one agent: from the first listener until the last left for good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from livekit.agents import AgentSession, ChatContext

from duologue.agents import current as whereabouts
from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import Models
from duologue.agents.standin import StandIn
from duologue.agents.voices.vad import InlineVAD
from duologue.agents.webhook.brain import WebhookLLM
from duologue.core.happenings import (
    AgentEnded,
    AgentSaid,
    AgentSent,
    AgentStarted,
    AgentText,
    Ended,
    Noticed,
    StateChanged,
)
from duologue.errors import DuologueError
from duologue.pipeline.actor import Actor
from duologue.pipeline.courier import Courier
from duologue.pipeline.exchange import Exchange
from duologue.pipeline.floor import Floor
from duologue.pipeline.hearing import Ear
from duologue.pipeline.narrator import Narrator
from duologue.pipeline.outlet import Listener, Outlet
from duologue.pipeline.own_voice import OwnVoice
from duologue.pipeline.record import Record
from duologue.pipeline.recording import Recorder
from duologue.pipeline.seat import Guest
from duologue.pipeline.seeing import Eye
from duologue.pipeline.takeover import Takeover
from duologue.pipeline.tap import Tap
from duologue.trace.watch import Watch
from duologue.wire.live import Holder

log = structlog.get_logger(__name__)

LEFT: Final = DuologueError("ended", reason="left")
APOLOGY: Final = "Sorry, something went wrong on my side. Please try again."
DEAD: Final = 3.0
"""Seconds without a sign of life of the client that leads, after which another may."""
MOVES: Final = ("going_away", "moved")
"""Ends of a run after which its conversation goes on in another."""
LAST_WORDS: Final = 60.0
"""Seconds that an agent which hangs up may go on speaking."""


class Run:
    """Hosts one agent; transports attach to it, speak into it and listen to it."""

    def __init__(
        self,
        *,
        run_id: str,
        conversation_id: str,
        loaded: LoadedAgent,
        definition: AgentDefinition,
        models: Models,
        record: Record,
        resumed: bool,
        greet: bool,
        owes: bool,
        new_id: Callable[[str], str],
        tap: Tap,
        watch: Watch | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.id = run_id
        self.conversation_id = conversation_id
        self.definition = definition
        self.record = record
        self._new_id = new_id
        self._greet = greet and bool(definition.greeting)
        self._owes = owes
        self._outlet = Outlet()
        self._ear = Ear()
        self.eye = Eye() if definition.vision else None  # what nobody asked for is not fetched
        self._narrator = Narrator(self._outlet, record, new_id)
        self._narrator.on_failure = self._apologize
        self._watch = watch
        if watch is not None:
            self._narrator.on_played = watch.played
        self._recorder = recorder
        if recorder is not None:
            self._ear.tape, self._narrator.mouth.tape = recorder.user, recorder
        if definition.still_there:
            self._narrator.on_away = lambda: self.say(definition.still_there)
        if isinstance(models.vad, InlineVAD):
            models.vad.on_voice = self._narrator.voice
        self._narrator.push_to_talk = definition.turns.trigger == "push_to_talk"
        self._actor = Actor(
            loaded,
            definition,
            models,
            ear=self._ear,
            eye=self.eye,
            narrator=self._narrator,
            resumed=resumed,
            watch=watch,
            failed=lambda error: self.end(error, reason="agent_failed"),
        )
        self.exchange = Exchange(self._outlet, record, self._as_agent, new_id, self.notice)
        self.floor = Floor(self._actor, self._narrator, self._ear, definition, self._spawn)
        self.tap = tap
        tap.follow(self)
        self._outlet.tap, self._ear.tap = tap.happened, tap.heard
        self.takeover = Takeover(
            self._actor,
            record,
            OwnVoice(self._actor, self._narrator, record, self._ear, models.stt),
            conversation_id=conversation_id,
            watch=watch,
            notice=self.notice,
            changed=tap.taken,
        )
        self.floor.to_person = self.takeover.typed
        self._courier: Courier | None = None
        if isinstance(models.llm, WebhookLLM):
            self._courier = Courier(
                models.llm,
                self._actor,
                self._narrator,
                record,
                resumed=resumed,
                new_id=new_id,
                spawn=self._spawn,
                person=lambda: self.takeover.holder is not None,
                notice=self.notice,
                watch=watch,
                recorder=recorder,
            )
            self.takeover.on_back = models.llm.stood_in
        self._hearing: dict[Listener | None, bool] = {}  # who is ready, and whether it tells
        self._led_at = time.monotonic()
        self._here: whereabouts.Current | None = None
        self._hanging_up: str | None = None
        self._closing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.ended: str | None = None
        """Why the run is over; none while it goes on."""
        self.final = False
        """Whether the conversation ended with the run."""
        self.forgotten = False
        """Whether the conversation is being deleted: what was not kept by now never is."""
        self.on_end: Callable[[], asyncio.Future[bool] | None] = lambda: None
        """Set by the host; clients are told of the end when what it returns is done."""
        self.unattended: Callable[[], None] = lambda: None
        """Set by the host: nobody can order anything any more."""

    # ------------------------------------------------------------ life

    def prepare(
        self, here: whereabouts.Current, history: ChatContext, standin: StandIn | None = None
    ) -> None:
        """Makes the agent, with what it remembers; it starts when it is first needed."""
        self._here = here
        if self._courier is not None:
            self._courier.know(here)
        self._actor.prepare(here, history)
        if standin is not None:
            self._actor.remember(standin)

    def end(
        self, error: DuologueError, *, reason: str, final: bool = False, forgotten: bool = False
    ) -> None:
        """Ends the run: every listener is told, and the agent is closed behind it.

        A final end is the end of the conversation; any other may be rebuilt from memory.
        """
        self.forgotten |= forgotten
        if self.ended is not None:
            return
        self.ended = reason
        self.final = final
        self.floor.close()
        self.takeover.close()
        self._narrator.mouth.close()
        self.tap.over(reason)
        self._outlet.put(Ended(error.code, error.message), self.on_end())
        self.unattended()
        self._closing = asyncio.ensure_future(self._close())

    def left(self) -> None:
        """Nobody is there any more; the conversation may be rebuilt, unless the agent hung up."""
        if self._hanging_up is not None:
            reason = self._hanging_up
            self.end(DuologueError("ended", reason=reason), reason=reason, final=True)
        else:
            self.end(LEFT, reason="left")

    async def closed(self) -> None:
        """Returns when an ended run holds nothing any more."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    @property
    def usage(self) -> list[dict[str, Any]]:
        """What the models of this run were used for, by provider and model."""
        return self._actor.usage

    # ------------------------------------------------------------ what those learn who watch

    @property
    def state(self) -> str:
        """What the agent is doing."""
        session = self._actor.session
        return "listening" if session is None else session.agent_state

    @property
    def busy(self) -> bool:
        """Whether a turn is under way: somebody speaks, or an answer is owed."""
        turns = self._narrator.turns
        spoken = turns.agent_turn is not None or turns.user_turn is not None
        return spoken or self._hanging_up is not None or self._outlet.waiting or self._actor.busy

    @property
    def holder(self) -> Holder | None:
        """The person who speaks in the agent's place."""
        return self.takeover.holder

    @property
    def turn(self) -> str:
        """The turn that the agent speaks in, or nothing."""
        return self._narrator.turns.agent_turn or ""

    def words_of(self, turn: str) -> str:
        """What the agent said in its open turn."""
        return self._narrator.turns.words_of(turn)

    # ------------------------------------------------------------ listeners

    def attach(self, listener: Listener, guest: Guest) -> None:
        """A client listens from now on; the agent's code learns of its session."""
        self.record.session_id = guest.session_id
        if self._recorder is not None:
            self._recorder.enter(listener, guest)
        shared = self._outlet.listening and self.record.secret
        self.record.secret = guest.unrecorded or shared
        if self.record.secret:
            self.tap.hide()
        if self._watch is not None:
            self._watch.know(**guest.way)
        self.exchange.arrived(listener, guest.transport)
        if self._here is not None:
            guest.enter(self._here)
        if self._courier is not None:
            self._courier.arrived(listener, guest)
        if self._outlet.listening and (turn := self._narrator.turns.speaking_turn):
            listener(AgentStarted(turn))  # it joins in the middle of an answer
        if self._actor.session is not None:
            listener(StateChanged(self._actor.session.agent_state))
        self._outlet.attach(listener)

    def detach(self, listener: Listener, unheard: float = 0.0) -> None:
        """A client is gone; it did not hear the last seconds of what it was sent."""
        led = self.leads(listener)
        self._outlet.detach(listener)
        self.exchange.left(listener)
        if self._courier is not None:
            self._courier.left(listener)
        self._hearing.pop(listener, None)
        if self._recorder is not None:
            self._recorder.leave(listener)
        if led:
            self.floor.abandon()
        if not self._outlet.listening:
            # What still waits for a commit never left: it is said again, and not to the next too.
            turn = self._narrator.turns.agent_turn
            waiting = self._outlet.take_back(turn) if turn else 0.0
            self._narrator.mouth.leave(unheard + waiting)
        elif led:
            self._narrator.mouth.hand_over(tells=self._leader_tells)

    def parted(self, session_id: str) -> None:
        """A session is over, whoever else is there."""
        if self._courier is not None:
            self._courier.parted(session_id)

    def here(self) -> None:
        """The client that leads gave a sign of life."""
        self._led_at = time.monotonic()

    def claim(self, listener: Listener) -> None:
        """A client that shares the conversation speaks: it leads, if the one that led is gone."""
        if time.monotonic() - self._led_at > DEAD:
            self._outlet.lead(listener)
            self.here()
            self.floor.abandon()
            self._narrator.mouth.hand_over(tells=self._leader_tells)

    @property
    def _leader_tells(self) -> bool:
        return self._hearing.get(self._outlet.first, False)

    def leads(self, listener: Listener) -> bool:
        """Whether a client is the one whose microphone counts; the others share what is heard."""
        return self._outlet.first == listener

    def ready(self, listener: Listener, *, tells: bool = False) -> None:
        """A client hears: what waited is spoken, and a new conversation is greeted.

        A question that was asked just before the last run was lost is answered now.
        One that tells how far it plays is believed before the clock, if it is the one that leads.
        """
        self._hearing[listener] = tells
        self._narrator.mouth.arrive(tells=self._leader_tells)
        self._actor.listened_to()
        if self._greet:
            self._greet = False
            self.say(self.definition.greeting)
        if self._owes:
            self._owes = False
            self._actor.do(self._make_up)
        if self._courier is not None:
            self._courier.ready(listener)
        if self._actor.asleep:  # it starts with the first word to it, and hears that
            listener(StateChanged("listening"))
        self.takeover.greet(listener)

    # ------------------------------------------------------------ what clients do

    def data(self, content: Any, *, leads: bool = True) -> None:
        """Something the page tells the agent; it never interrupts."""
        if not whereabouts.moved(self._here if leads else None, content, self.notice):
            self._actor.do(lambda session: self._receive(session, content))
            if self._courier is not None:
                self._courier.data(content)

    def ran_dry(self) -> None:
        """The client played what it had."""
        self._narrator.mouth.client_ran_dry()

    def speaks_in(self, turn: str) -> bool:
        """Whether a turn is the one that the agent speaks in."""
        return turn == self._narrator.turns.agent_turn

    def heard(self, turn: str, seconds: float) -> None:
        """The client's own word for how much of a turn it played."""
        if self.speaks_in(turn):
            self._narrator.mouth.client_heard(seconds)
            if self._watch is not None:
                self._watch.heard(seconds)

    # ------------------------------------------------------------ what owners and the agent do

    def say(self, text: str) -> None:
        """The agent says this."""
        self._actor.do(lambda session: session.say(text))

    def _make_up(self, session: AgentSession[None]) -> None:
        """Answers what was asked last, unless somebody speaks: then that is answered with it."""
        speech = session.current_speech
        speaks = speech is not None and not speech.interrupted
        if self.takeover.holder is None and not speaks and session.user_state != "speaking":
            session.generate_reply()

    def interrupt(self) -> None:
        """The agent falls silent, even where callers may not interrupt."""
        if self._actor.session is not None:
            self._actor.do(lambda session: session.interrupt(force=True))

    def hang_up(self, reason: str, say: str | None = None) -> None:
        """The agent ends the conversation, after what it is saying and `say`."""
        if self._hanging_up is None:
            self._hanging_up = reason
            self._actor.do(lambda session: self._spawn(self._hang_up(session, reason, say)))

    def chat(self, text: str) -> None:
        """The agent writes without speaking: a turn of words only; none while it is silent."""
        if self.takeover.holder is not None:
            log.info("agent is silent", agent=self.definition.slug)
            return
        turn = self._new_id("turn")
        stored = self.record.written(turn, text)
        self._outlet.put(AgentStarted(turn))
        self._outlet.put(AgentText(turn, text))
        self._outlet.put(AgentSaid(turn, text), stored)
        self._outlet.put(AgentSent(turn))
        self._outlet.put(AgentEnded(turn, interrupted=False))

    def notice(self, code: str, message: str) -> None:
        """A word from the server for every listener."""
        self._outlet.put(Noticed(code, message))

    # ------------------------------------------------------------ within

    def _receive(self, session: AgentSession[None], content: Any) -> None:
        session.reset_away_timer()
        if self._here is not None:
            self._spawn(self._here.receive(content))

    async def _hang_up(self, session: AgentSession[None], reason: str, say: str | None) -> None:
        last = session.say(say, allow_interruptions=False) if say else session.current_speech
        try:
            async with asyncio.timeout(LAST_WORDS):
                if last is not None:
                    await last
                while session.current_speech is not None:  # noqa: ASYNC110  # nothing tells when
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("last words cut", agent=self.definition.slug)
        self.end(DuologueError("ended", reason=reason), reason=reason, final=True)

    def _as_agent(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._actor.do(lambda session: self._spawn(work()))

    def _apologize(self, part: str) -> None:
        if part == "thinking":
            self._actor.do(_excuse)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("agent code failed", agent=self.definition.slug, exc_info=error)

    async def _close(self) -> None:
        self.exchange.close()
        for task in self._tasks:
            task.cancel()
        if self._recorder is not None:
            await self._recorder.close(keep=not self.forgotten)
        await self.takeover.closed()
        await self._actor.close()
        await self.record.caught_up()
        if self._courier is not None:
            await self._courier.close(moves=self.ended in MOVES)


def _excuse(session: AgentSession[None]) -> None:
    """Says that something went wrong; a mind that fails does not end a call that can go on.

    AgentSession forgets failures when it begins to speak, which it does not notice where one
    answer follows the other; a voice that fails still ends it.
    """
    session.say(APOLOGY, add_to_chat_ctx=False)
    session._llm_error_counts = 0
