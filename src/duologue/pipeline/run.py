"""One life of one agent: from the first listener until the last left for good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.events import CloseEvent, SpeechCreatedEvent

from duologue.agents import current as whereabouts
from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import Models
from duologue.core.happenings import (
    AgentEnded,
    AgentSaid,
    AgentSent,
    AgentStarted,
    AgentText,
    DataSent,
    Ended,
    Noticed,
)
from duologue.core.resume import Grade
from duologue.errors import DuologueError
from duologue.pipeline.hearing import Ear
from duologue.pipeline.narrator import Narrator
from duologue.pipeline.outlet import Listener, Outlet
from duologue.pipeline.record import Record
from duologue.pipeline.session import make_session

log = structlog.get_logger(__name__)

CLOSING: Final = 10.0
"""Seconds in which a run ends, whatever its providers do."""
APOLOGY: Final = "Sorry, something went wrong on my side. Please try again."


class Run:
    """Hosts an AgentSession; transports attach to it, speak into it and listen to it."""

    def __init__(
        self,
        *,
        run_id: str,
        conversation_id: str,
        loaded: LoadedAgent,
        definition: AgentDefinition,
        models: Models,
        record: Record,
        resumed: Grade | None,
        greet: bool,
        new_id: Callable[[str], str],
    ) -> None:
        self.id = run_id
        self.conversation_id = conversation_id
        self.definition = definition
        self.record = record
        self._loaded = loaded
        self._models = models
        self._resumed = resumed
        self._new_id = new_id
        self._greet = greet
        self._outlet = Outlet()
        self._ear = Ear()
        self._narrator = Narrator(self._outlet, record, new_id)
        self._narrator.on_failure = self._apologize
        self._narrator.push_to_talk = definition.turns.trigger == "push_to_talk"
        self._session: AgentSession[None] | None = None
        self._ready = asyncio.Event()
        self._entering = False
        self._pressed = False
        self._closing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.whereabouts: whereabouts.Current | None = None
        self.ended: str | None = None
        """Why the run is over; none while it goes on."""
        self.final = False
        """Whether the conversation ended with the run."""
        self.on_end: Callable[[], None] = lambda: None
        """Set by the host."""

    # ------------------------------------------------------------ life

    async def start(self, here: whereabouts.Current, history: Any) -> None:
        """Starts the agent; it hears at once and speaks when the first client is ready."""
        self.whereabouts = here
        whereabouts.bind(here)
        session = make_session(self.definition, self._models)
        try:
            agent = self._make_agent(history)
            session.input.audio = self._ear
            session.output.audio = self._narrator.mouth
            session.output.transcription = self._narrator.words
            self._narrator.listen(session)
            session.on("speech_created", self._hold_back)
            session.on("close", self._closed)
            await session.start(agent, record=False)
        except Exception as error:
            await session.aclose()
            log.exception("agent failed to start", agent=self.definition.slug)
            raise DuologueError(
                "agent_failed",
                agent=self.definition.slug,
                reason=f"{type(error).__name__}: {error}",
            ) from error
        self._session = session

    def end(self, error: DuologueError, *, reason: str, final: bool = False) -> None:
        """Ends the run: every listener is told, and the agent is closed behind it.

        A final end is the end of the conversation; any other may be rebuilt from memory.
        """
        if self.ended is not None:
            return
        self.ended = reason
        self.final = final
        self._narrator.mouth.close()
        self._ready.set()
        self._outlet.put(Ended(error.code, error.message))
        self._closing = asyncio.ensure_future(self._close())
        self.on_end()

    async def closed(self) -> None:
        """Returns when an ended run holds nothing any more."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    @property
    def usage(self) -> list[dict[str, Any]]:
        """What the models of this run were used for, by provider and model."""
        if self._session is None:
            return []
        return [entry.model_dump(mode="json") for entry in self._session.usage.model_usage]

    # ------------------------------------------------------------ listeners

    def attach(self, listener: Listener, session_id: str) -> None:
        """A client listens from now on."""
        self.record.session_id = session_id
        if self.whereabouts is not None:
            self.whereabouts.session_id = session_id
        self._outlet.attach(listener)

    def detach(self, listener: Listener, unheard: float = 0.0) -> None:
        """A client is gone; it did not hear the last seconds of what it was sent."""
        self._outlet.detach(listener)
        if not self._outlet.listening:
            self._narrator.mouth.leave(unheard)
            self.release()

    def ready(self) -> None:
        """The client hears: what waited is spoken, and a new conversation is greeted."""
        self._narrator.mouth.arrive()
        first, self._greet = self._greet, False
        self._ready.set()
        if first and self.definition.greeting:
            self.say(self.definition.greeting)

    # ------------------------------------------------------------ what clients do

    def hear(self, pcm: bytes, rate: int) -> None:
        """Sound from the microphone; with push-to-talk only while the button is down."""
        if not self._narrator.push_to_talk or self._pressed:
            self._ear.hear(pcm, rate)

    def press(self) -> None:
        """Push-to-talk: the user takes the floor."""
        session = self._session
        if session is None or self._pressed or not self._narrator.push_to_talk:
            return
        if not self._take_floor():
            return
        self._pressed = True
        session.clear_user_turn()
        self._narrator.tell(self._narrator.turns.user_begins())

    def release(self) -> None:
        """Push-to-talk: the user is done."""
        if self._session is None or not self._pressed:
            return
        self._pressed = False
        self._spawn(self._commit(self._session))

    def typed(self, text: str) -> None:
        """A typed message is a whole turn of the user."""
        session = self._session
        if session is None or self.ended or not text.strip():
            return
        if self._take_floor():
            self._narrator.tell(self._narrator.turns.user_begins())
        session.reset_away_timer()
        session.generate_reply(user_input=text.strip())

    def data(self, content: Any) -> None:
        """Something the page tells the agent; it never interrupts."""
        if self._session is not None:
            self._session.reset_away_timer()
        if self.whereabouts is not None:
            self._spawn(self.whereabouts.receive(content))

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

    # ------------------------------------------------------------ what owners and the agent do

    def say(self, text: str) -> None:
        """The agent says this."""
        if self._session is not None and self.ended is None:
            self._session.say(text)

    def interrupt(self) -> None:
        """The agent falls silent, even where callers may not interrupt."""
        if self._session is not None and self.ended is None:
            self._session.interrupt(force=True)

    def hang_up(self, reason: str, say: str | None = None) -> None:
        """The agent ends the conversation, after what it is saying and `say`."""
        self._spawn(self._hang_up(reason, say))

    def send_data(self, content: Any) -> None:
        """Data for the page."""
        self._outlet.put(DataSent(content))

    def chat(self, text: str) -> None:
        """The agent writes without speaking: a turn of words only."""
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

    def _make_agent(self, history: Any) -> Agent:
        """The owner's agent with the conversation's memory; its on_enter waits for a listener."""
        agent = self._loaded.make()
        agent._chat_ctx = agent.chat_ctx.copy().merge(history) if history.items else agent._chat_ctx
        original = agent.on_enter

        async def enter() -> None:
            await self._ready.wait()
            if self.ended is not None:
                return
            self._entering = self._resumed is not None
            try:
                await original()
            finally:
                self._entering = False

        agent.on_enter = enter  # type: ignore[method-assign]  # one instance, ours alone
        return agent

    def _hold_back(self, event: SpeechCreatedEvent) -> None:
        """An agent that greets in on_enter does not greet again when it is resumed."""
        if self._entering:
            event.speech_handle.interrupt(force=True)

    def _take_floor(self) -> bool:
        """Silences the agent for the user, where it allows that."""
        if self._session is None:
            return False
        if not self._narrator.mouth.busy:
            self._session.interrupt(force=True)
            return True
        speech = self._session.current_speech
        allowed = speech is None or speech.allow_interruptions
        if self.definition.turns.can_interrupt and allowed:
            self._session.interrupt()
            return True
        # The client stopped playing by itself: what it did not hear comes again.
        self._narrator.mouth.client_stopped()
        return False

    async def _commit(self, session: AgentSession[None]) -> None:
        transcript = await session.commit_user_turn(transcript_timeout=3.0, stt_flush_duration=0.6)
        if not transcript.strip():
            self._narrator.tell(self._narrator.turns.user_gives_up())

    async def _hang_up(self, reason: str, say: str | None) -> None:
        session = self._session
        if session is None or self.ended is not None:
            return
        if say:
            await session.say(say, allow_interruptions=False)
        while (speech := session.current_speech) is not None:
            await speech
        self.end(DuologueError("ended", reason=reason), reason=reason, final=True)

    def _apologize(self, part: str) -> None:
        if part == "thinking" and self._session is not None and self.ended is None:
            self._session.say(APOLOGY, add_to_chat_ctx=False)

    def _closed(self, event: CloseEvent) -> None:
        if self.ended is None:  # too many failures: the session closed itself
            failure = DuologueError(
                "agent_failed", agent=self.definition.slug, reason=event.reason.value
            )
            self.end(failure, reason="agent_failed")

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("agent code failed", agent=self.definition.slug, exc_info=error)

    async def _close(self) -> None:
        self._ear.close()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._session is not None:
            try:
                async with asyncio.timeout(CLOSING):
                    await self._session.aclose()
            except TimeoutError:
                log.warning("agent closed too slowly", agent=self.definition.slug)
            except Exception:
                log.exception("agent failed to close", agent=self.definition.slug)
        await self._models.aclose()
        await self.record.settled()
