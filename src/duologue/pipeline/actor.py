"""The agent on stage: an AgentSession that starts when it is first needed, and closes in time.

An AgentSession costs about 0.2 MB and a few tasks. A visitor who opened the page and says nothing
need not pay for one: what the agent is asked before it runs waits, and nothing of it is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any, Final

import structlog
from livekit.agents import Agent, AgentSession, ChatContext, ChatMessage, StopResponse
from livekit.agents.voice.events import CloseEvent, SpeechCreatedEvent

from duologue.agents import current as whereabouts
from duologue.agents.briefing import Briefing
from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import Models
from duologue.agents.standin import StandIn
from duologue.agents.webhook.brain import WebhookLLM
from duologue.agents.webhook.words import breathe
from duologue.errors import DuologueError
from duologue.pipeline.hearing import Ear
from duologue.pipeline.narrator import Narrator
from duologue.pipeline.seeing import Eye
from duologue.pipeline.session import make_session
from duologue.trace.watch import Watch

log = structlog.get_logger(__name__)

CLOSING: Final = 10.0
"""Seconds in which an agent closes, whatever its providers do."""

_within_on_enter: ContextVar[bool] = ContextVar("duologue_on_enter", default=False)
"""Whether what runs now was called by an agent's on_enter."""

Act = Callable[[AgentSession[None]], object]


class Actor:
    """One agent, its session, and what waits for it to start."""

    def __init__(
        self,
        loaded: LoadedAgent,
        definition: AgentDefinition,
        models: Models,
        *,
        ear: Ear,
        eye: Eye | None,
        narrator: Narrator,
        resumed: bool,
        failed: Callable[[DuologueError], None],
        watch: Watch | None = None,
    ) -> None:
        self._loaded = loaded
        self._definition = definition
        self._models = models
        self._ear = ear
        self._eye = eye
        self._narrator = narrator
        self._resumed = resumed
        self._failed = failed
        self._watch = watch
        self._agent: Agent | None = None
        self._here: whereabouts.Current | None = None
        self._briefing: Briefing | None = None
        self._waiting: list[Act] = []
        self._starting: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._entering = False
        self._closing = False
        self._telling: set[asyncio.Task[None]] = set()
        self.session: AgentSession[None] | None = None
        """The running session; none before it is needed."""

    @property
    def speaks_first(self) -> bool:
        """Whether the agent does something of its own when a client is there."""
        return self._agent is not None and type(self._agent).on_enter is not Agent.on_enter

    @property
    def asleep(self) -> bool:
        """Whether nothing was asked of it yet."""
        return self._starting is None and not self._closing

    @property
    def busy(self) -> bool:
        """Whether it speaks, thinks, or has not begun with what it was asked."""
        session = self.session
        if session is None:
            return bool(self._waiting)
        working = session.agent_state in ("thinking", "speaking")
        return working or session.current_speech is not None or session.user_state == "speaking"

    @property
    def usage(self) -> list[dict[str, Any]]:
        """What the models were used for, by provider and model."""
        if self.session is None:
            return []
        return [entry.model_dump(mode="json") for entry in self.session.usage.model_usage]

    def prepare(self, here: whereabouts.Current, history: ChatContext) -> None:
        """Makes the agent with the conversation's memory; it is not started yet."""
        self._here = here
        self._briefing = Briefing(self._definition, here)
        whereabouts.bind(here)
        try:
            agent = self._loaded.make()
        except Exception as error:
            raise self._failure(error) from error
        if history.items:
            agent._chat_ctx = agent.chat_ctx.copy().merge(history)
        self._briefing.give(agent, realtime=self._models.realtime is not None)
        if isinstance(self._models.llm, WebhookLLM):
            breathe(agent)
        original = agent.on_enter

        async def enter() -> None:
            await self._ready.wait()
            if self._closing:
                return
            self._entering = self._resumed
            within = _within_on_enter.set(True)
            try:
                await original()
            finally:
                self._entering = False
                _within_on_enter.reset(within)

        completed = agent.on_user_turn_completed

        async def heard(turn_ctx: ChatContext, new_message: ChatMessage) -> None:
            if not (new_message.text_content or "").strip():
                raise StopResponse  # a button was pressed over a noise
            await completed(turn_ctx, new_message)

        if type(agent).on_enter is not Agent.on_enter:
            agent.on_enter = enter  # type: ignore[method-assign]  # one instance, ours alone
        if self._definition.turns.trigger == "push_to_talk":
            agent.on_user_turn_completed = heard  # type: ignore[method-assign]  # as above
        self._agent = agent

    def remember(self, standin: StandIn) -> None:
        """Lets the agent know of a person who spoke in its place."""
        agent = self._agent if self.session is None else self.session.current_agent
        if self._briefing is None or agent is None:
            return
        realtime = self._models.realtime is not None
        self._briefing.remember(standin, agent, realtime=realtime and self.session is None)
        if realtime and self.session is not None and not self._closing:
            self._telling.add(asyncio.create_task(self._tell(self._briefing, self.session)))

    def listened_to(self) -> None:
        """Somebody is there: the agent's own beginning may happen."""
        self._ready.set()
        if self.speaks_first:
            self.start()

    def do(self, act: Act) -> None:
        """Does something with the session, now or as soon as it runs."""
        if self._closing:
            return
        if self.session is not None:
            self._perform(act, self.session)
            return
        self._waiting.append(act)
        self.start()

    def start(self) -> None:
        """Starts the session, if nobody has."""
        if self._starting is None and not self._closing:
            self._starting = asyncio.create_task(self._start())

    async def close(self) -> None:
        """Closes the session and its models within bounds."""
        self._closing = True
        self._waiting.clear()
        self._ready.set()
        self._ear.close()
        if self._eye is not None:
            self._eye.close()
        for telling in self._telling:
            telling.cancel()
        try:
            async with asyncio.timeout(CLOSING):
                if self._telling:
                    await asyncio.wait(self._telling)
                if self._starting is not None:
                    # It may come to its end by itself; the other half is for what it began.
                    await asyncio.wait([self._starting], timeout=CLOSING / 2)
                    self._starting.cancel()
                    await asyncio.wait([self._starting])
                if self.session is not None:
                    await self.session.aclose()
                await self._models.aclose()
        except TimeoutError:
            log.warning("agent closed too slowly", agent=self._definition.slug)
        except Exception:
            log.exception("agent failed to close", agent=self._definition.slug)

    # ------------------------------------------------------------ within

    async def _start(self) -> None:
        if self._agent is None or self._here is None or self._briefing is None:
            raise RuntimeError("an actor is prepared before it is started")
        whereabouts.bind(self._here)
        session = make_session(self._definition, self._models)
        session.input.audio = self._ear
        session.input.video = self._eye
        session.output.audio = self._narrator.mouth
        session.output.transcription = self._narrator.words
        self._narrator.listen(session)
        session.on("speech_created", self._hold_back)
        session.on("close", self._closed)
        self._briefing.follow(session)
        if self._watch is not None:
            self._watch.follow(session, self._agent)
        try:
            await session.start(self._agent, record=False)
        except asyncio.CancelledError:
            await session.aclose()
            raise
        except Exception as error:
            await session.aclose()
            self._failed(self._failure(error))
            return
        if self._watch is not None:
            self._watch.started()
        self.session = session  # from here on close() closes it
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            self._perform(act, session)

    async def _tell(self, briefing: Briefing, session: AgentSession[None]) -> None:
        """Tells a realtime model of a person; one that cannot be told goes on without."""
        try:
            await briefing.tell(session)
        except Exception as error:
            log.warning("realtime model not told", error=type(error).__name__)

    def _perform(self, act: Act, session: AgentSession[None]) -> None:
        """Does one thing; a session that is closing, or cannot, refuses it without harm."""
        try:
            # Whoever asks, a socket or an owner's request, what follows is the agent's own doing.
            copy_context().run(self._act, act, session)
        except Exception:
            log.exception("agent refused", agent=self._definition.slug)

    def _act(self, act: Act, session: AgentSession[None]) -> None:
        if self._here is not None:
            whereabouts.bind(self._here)
        if self._watch is not None:
            self._watch.enter()
        act(session)

    def _hold_back(self, event: SpeechCreatedEvent) -> None:
        """An agent that greets in on_enter does not greet again when it is resumed."""
        if self._entering and _within_on_enter.get():
            event.speech_handle.interrupt(force=True)

    def _closed(self, event: CloseEvent) -> None:
        if not self._closing:  # too many failures: the session closed itself
            self._failed(self._failure(f"it closed ({event.reason.value})"))

    def _failure(self, reason: object) -> DuologueError:
        """What callers may know of a failure: an exception's text may hold anything."""
        if isinstance(reason, Exception):
            log.error("agent failed", agent=self._definition.slug, exc_info=reason)
            reason = f"{type(reason).__name__}, see the server's log"
        return DuologueError("agent_failed", agent=self._definition.slug, reason=reason)
