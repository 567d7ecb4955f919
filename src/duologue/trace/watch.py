"""One run as it goes: its spans, what its session says, and what was heard, told as entries."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from livekit.agents import Agent, AgentSession
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.events import (
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    UserStateChangedEvent,
)
from opentelemetry import context as otel
from opentelemetry import trace as api

from duologue.trace import collector, names
from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Outcome, Span, Trace
from duologue.trace.placing import PATIENCE, Placing
from duologue.trace.prices import Prices
from duologue.trace.prompts import Prompts
from duologue.trace.told import current_id, fresh_id, tool_span
from duologue.trace.turns import TurnBuilder

_S: Final = 1_000_000_000
_SOON: Final = 0.1
"""Seconds in which changes of a turn are put together."""
_LISTENS: Final = 4
"""Words of a client about what it plays, the quickest of which says how long sound travels."""
_SPEECHES: Final = 16
"""Agent turns that may still sound."""
_LONGEST: Final = 10_000.0
"""Milliseconds above which a client's word is no travel time."""


class Watch:
    """Follows one run; what it tells goes to `put` at once and never waits."""

    def __init__(
        self,
        trace: str,
        put: Callable[[Entry], None],
        *,
        prices: Prices | None = None,
        content: bool = True,
        secret: Callable[[], bool] = lambda: False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.trace = trace
        self._put = put
        self._content = content
        self._secret = secret
        self._prices = prices or Prices()
        self._clock = clock
        self._turns = TurnBuilder(trace, prices=self._prices, live=True)
        self._steps = Placing(self._turns)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._context: otel.Context | None = None
        self._session: AgentSession[Any] | None = None
        self._prompts = Prompts(lambda: self._content)
        self._states: dict[str, tuple[str, int]] = {}
        self._tools: set[str] = set()
        self._speeches: dict[str, str] = {}  # of livekit-agents' speeches, their agent turns
        self._speech = ""  # the agent turn whose sound is, or was last, on its way
        self._sounds_at = 0  # when its first sound left
        self._listened = 0
        self._ended = False

    # ------------------------------------------------------------ the run

    def begin(self, **known: Any) -> None:
        """Says that the run began, with what is known of it."""
        now = self._clock()
        self.tell(
            Trace(trace=self.trace, status="active", started_ns=now, last_seen_ns=now, **known)
        )

    def know(self, **known: Any) -> None:
        """Says something more about the run."""
        self.tell(Trace(trace=self.trace, **known))

    def end(self, status: Outcome, reason: str, usage: list[dict[str, Any]]) -> None:
        """Says how the run ended and what it used; nothing is told of it afterwards."""
        if self._ended:
            return
        now = self._clock()
        self._ended = True
        collector.leave(self.trace)
        for who in list(self._states):
            self._state(who, "", now)
        self._flush(last=True)
        used, cost = self._prices.priced(usage)
        self.tell(
            Trace(
                trace=self.trace,
                status=status,
                reason=reason,
                ended_ns=now,
                last_seen_ns=now,
                usage=used,
                cost_micros=msgspec.UNSET if cost is None else cost,
            )
        )

    def tell(self, entry: Entry) -> None:
        """Tells an entry, without what was said where that is nobody's business."""
        if self._secret():
            self._content = False  # once a secret was told, later words may repeat it
        self._put(entry if self._content else without_content(entry))

    # ------------------------------------------------------------ the session

    def follow(self, session: AgentSession[Any], agent: Agent | None = None) -> None:
        """Listens to a session that this task is about to start, with that agent if it is known."""
        self._session = session
        if agent is not None:
            self._prompts.read(agent)
        collector.follow(self.trace, self._span)
        otel.attach(collector.within(self.trace))
        session.on("conversation_item_added", self._item)
        session.on("agent_state_changed", self._agent_state)
        session.on("user_state_changed", self._user_state)
        session.on("function_tools_executed", self._tools_ran)
        session.on("error", self._error)
        session.on("close", self._closed)

    def started(self) -> None:
        """The session runs: from now on its own span is the one to be in."""
        self._context = otel.get_current()

    def enter(self) -> None:
        """Makes what follows in this context a part of the run, whoever asked for it."""
        if self._context is not None:
            otel.attach(self._context)

    # ------------------------------------------------------------ what was heard

    def played(self, seconds: float) -> None:
        """An utterance is over, and that much of it was heard."""
        if self._speech:
            self._turns.heard(self._speech, seconds)
            self._change()

    def heard(self, seconds: float) -> None:
        """A client says how much it has played of the turn that sounds."""
        if not seconds or not self._sounds_at or self._listened >= _LISTENS:
            return
        self._listened += 1
        travel = round((self._clock() - self._sounds_at) / 1e6 - seconds * 1000, 1)
        if 0 <= travel <= _LONGEST:
            self._turns.transport(self._speech, travel)
            self._change()

    # ------------------------------------------------------------ within

    def _span(self, span: Span) -> None:
        if asyncio._get_running_loop() is not self._loop:  # a tool in a thread of its own
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it the run
                self._loop.call_soon_threadsafe(self._spanned, span)
            return
        self._spanned(span)

    def _spanned(self, span: Span) -> None:
        if span.kind == "tool" and (call := names.TOOL_CALL.of(span.attributes)):
            self._tools.add(str(call))
        if span.kind == "assistant_turn" and (speech := names.SPEECH.of(span.attributes)):
            self._speeches.pop(str(speech), None)
            self._speeches[str(speech)] = span.id
            while len(self._speeches) > _SPEECHES:
                del self._speeches[next(iter(self._speeches))]
        self._note(span)

    def _note(self, span: Span) -> None:
        """Tells a step: at once while it is open, later with the turn that it belongs to."""
        changes = self._turns.note(span)
        if span.end_ns and span.kind != "session":
            self._steps.add(span)
            changes = True
        else:
            self.tell(span)
        if changes:
            self._change()

    def _item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        role = getattr(item, "role", None)  # a handoff has none
        if not isinstance(item, ChatMessage) or role not in ("user", "assistant"):
            return
        metrics = item.metrics
        at = int(item.created_at * _S)
        within = api.get_current_span()
        ids = within.get_span_context()
        self._turns.hear(
            "user" if role == "user" else "assistant",
            item.text_content or "",
            at,
            id=item.id,
            span=f"{ids.span_id:016x}" if within.is_recording() else "",
            interrupted=item.interrupted,
            metrics=dict(metrics),
            confidence=item.transcript_confidence,
        )
        self._change()
        if role == "user" and (stopped := metrics.get("stopped_speaking_at")) is not None:
            self._recognized(int(stopped * _S), metrics.get("transcription_delay"))

    def _recognized(self, stopped: int, delay: float | None) -> None:
        """The time from the user's last sound to the transcript is the recognizer's."""
        if delay is not None:
            self._step("stt", "stt", stopped, stopped + int(max(0.0, delay) * _S))

    def _agent_state(self, event: AgentStateChangedEvent) -> None:
        at = int(event.created_at * _S)
        self._state("agent", event.new_state, at)
        if self._session is not None and event.new_state == "thinking":
            self._prompts.read(self._session.current_agent)  # another may have taken over
        if event.new_state == "speaking" and self._session is not None:
            speech = self._session.current_speech
            self._speech = self._speeches.get(speech.id, "") if speech is not None else ""
            self._sounds_at = self._clock()
            self._listened = 0

    def _user_state(self, event: UserStateChangedEvent) -> None:
        self._state("user", event.new_state, int(event.created_at * _S))

    def _state(self, who: str, state: str, at: int) -> None:
        """Tells of a state that is over, and notes when the next began."""
        before, since = self._states.pop(who, ("", 0))
        if before not in ("", "listening") and at > since:  # listening is what is between
            self._step(f"{who}:{before}", "state", since, at, {"state": before, "who": who})
        if state:
            self._states[who] = (state, at)

    def _tools_ran(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            if call.call_id in self._tools:
                continue  # its span says more
            self._spanned(tool_span(self.trace, call, output, event.created_at))

    def _error(self, event: ErrorEvent) -> None:
        error = event.error
        cause = getattr(error, "error", error)
        told = {
            "error.message": str(cause),
            "part": str(getattr(error, "type", "")).removesuffix("_error"),
            "recoverable": bool(getattr(error, "recoverable", False)),
        }
        self._failure(type(cause).__name__, told)

    def _closed(self, event: CloseEvent) -> None:
        if event.error is not None:
            self._failure("session_closed", {"error.message": str(event.error), "part": "session"})

    def _failure(self, error: str, told: dict[str, Any]) -> None:
        now = self._clock()
        span = Span(
            trace=self.trace,
            id=fresh_id(),
            parent=current_id(),
            name="error",
            kind="error",
            start_ns=now,
            end_ns=now,
            status="error",
            error=error,
            attributes=told,
        )
        self._note(span)

    def _step(
        self, name: str, kind: Any, start: int, end: int, told: dict[str, Any] | None = None
    ) -> None:
        step = Span(
            trace=self.trace,
            id=fresh_id(),
            name=name,
            kind=kind,
            start_ns=start,
            end_ns=end,
            status="ok",
            attributes=told or {},
        )
        self._note(step)

    def _change(self, soon: float = _SOON) -> None:
        """Tells what changed of the turns, a moment later and together."""
        at = self._loop.time() + soon
        if self._ended or (self._timer is not None and self._timer.when() <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._flush)

    def _flush(self, *, last: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for turn in self._turns.changed():
            self.tell(turn)
        for step in self._steps.placed(self._clock(), last=last):
            self.tell(step)
        if self._steps:
            self._change(PATIENCE / _S)
