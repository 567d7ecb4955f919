"""Tells what an AgentSession does: in turns to the client, in messages to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from livekit.agents import AgentSession
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.events import (
    AgentFalseInterruptionEvent,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)

from duologue.core.happenings import (
    AgentSaid,
    AgentText,
    Happening,
    Noticed,
    StateChanged,
    ToolUsed,
    UserSaid,
)
from duologue.core.turns import Turns
from duologue.errors import DuologueError
from duologue.pipeline.outlet import Outlet
from duologue.pipeline.record import Record
from duologue.pipeline.speaking import Mouth
from duologue.pipeline.stage import Stage
from duologue.pipeline.words import Words

log = structlog.get_logger(__name__)

HESITATE: Final = 0.03
"""Seconds of speech over the agent, one look of voice detection, after which it falls silent."""
RELENT: Final = 0.2
"""Seconds of quiet after which a hesitating agent goes on: it was a cough, or a chair."""

PARTS = {"stt_error": "hearing", "llm_error": "thinking", "tts_error": "voice"}


class Narrator(Stage):
    """Stands between one AgentSession and the world; owns the agent's mouth."""

    def __init__(self, outlet: Outlet, record: Record, new_id: Callable[[str], str]) -> None:
        self._outlet = outlet
        self._record = record
        self.turns = Turns(new_id)
        self.mouth = Mouth(self)
        self.words = Words(self._told, self._words_ended)
        self._user_speaking = False
        self._doubted = False
        self._session: AgentSession[None] | None = None
        self.push_to_talk = False
        """Whether the user's turns begin and end by a button, not by voice detection."""
        self.on_failure: Callable[[str], None] = lambda part: None
        """Called with the part of the pipeline that failed, to let the agent say so."""
        self.on_away: Callable[[], None] = lambda: None
        """Called when the user has been silent for long."""
        self.on_played: Callable[[float], None] = lambda seconds: None
        """Called with how much of an utterance was heard, when it is over."""
        self.on_heard: Callable[[str, bool], None] = lambda text, cut: None
        """Called with what was heard of an utterance of the agent's, and whether it was cut."""
        self.on_words: Callable[[], None] = lambda: None
        """Called when something was understood to its end."""

    def listen(self, session: AgentSession[None]) -> None:
        """Follows what a session does, from before its start."""
        self._session = session
        session.on("user_state_changed", self._user_state)
        session.on("user_input_transcribed", self._transcribed)
        session.on("conversation_item_added", self._item)
        session.on("agent_state_changed", self._agent_state)
        session.on("agent_false_interruption", self._false_interruption)
        session.on("function_tools_executed", self._tools)
        session.on("speech_created", self._speech)
        session.on("error", self._error)

    def voice(self, speech: float, quiet: float) -> None:
        """The user speaks for so many seconds, and is quiet for so many; zero is the end of it.

        AgentSession waits until an interruption is certain. That long the agent would talk on;
        so it stops at once, and goes on as soon as it was nothing.
        """
        if quiet >= RELENT or not speech:
            self._doubted = False
            self.mouth.go_on()
        elif (
            speech >= HESITATE
            and not self._doubted
            and self._may_interrupt
            and self.mouth.hesitate()
        ):
            self._doubted = True  # once for each voice: what it is has time to become certain
            # AgentSession learns of this voice a moment later.
            self.tell(self.turns.user_begins())

    @property
    def _may_interrupt(self) -> bool:
        session = self._session
        if session is None or self.push_to_talk or not session.options.interruption["enabled"]:
            return False
        speech = session.current_speech
        return speech is not None and speech.allow_interruptions

    def tell(self, happenings: Iterable[Happening]) -> None:
        """Sends happenings in order; whole messages only after they are stored."""
        for happening in happenings:
            commit: asyncio.Future[bool] | None = None
            if isinstance(happening, AgentText):
                self._record.answer_words(happening.turn, happening.text)
            elif isinstance(happening, UserSaid):
                commit = self._record.user(happening.turn, happening.text)
            elif isinstance(happening, AgentSaid):
                commit = self._record.answer_so_far()
            self._outlet.put(happening, commit)

    # ------------------------------------------------------------ the mouth's stage

    def audio(self, pcm: bytes) -> None:
        """Sound leaves for the listener."""
        self.tell(self.turns.agent_audio(pcm))

    def all_sent(self) -> None:
        """The utterance left to its end."""
        self.tell(self.turns.agent_sends_no_more())

    def silenced(self) -> None:
        """The utterance is held: with the user speaking, the floor is the user's."""
        self.tell(self.turns.agent_silenced())
        if self._user_speaking and self._outlet.listening:
            self.tell(self.turns.user_begins())

    def finished(self, *, text: str, interrupted: bool, seconds: float) -> None:
        """The utterance is over."""
        if interrupted and self._user_speaking and self.turns.agent_turn is not None:
            self.tell(self.turns.user_begins())
        self.tell(self.turns.agent_ends(interrupted=interrupted))
        by_person = self._record.by_person
        self._record.answer_heard(text, interrupted=interrupted)
        self.on_played(seconds)
        if not by_person:
            self.on_heard(text, interrupted)

    def failed(self, part: str, cause: object, *, says: bool = True) -> None:
        """A part failed for good: it is kept, the client is told, and the agent says so."""
        shown = DuologueError("provider_failed", part=part, reason=type(cause).__name__)
        log.warning("provider failed", part=part, error=str(cause))
        self._record.note(
            "system",
            "error",
            shown.message,
            {"code": shown.code, "part": part, "error": str(cause)},
        )
        self._outlet.put(Noticed(shown.code, shown.message))
        if says:
            self.on_failure(part)

    def _told(self, text: str) -> None:
        self.mouth.words(text)
        kept = self._user_speaking or not self._outlet.listening
        self.tell(self.turns.agent_text(text, user_speaks=kept))

    def _words_ended(self) -> None:
        self.mouth.words_end()
        self.tell(self.turns.agent_says())

    # ------------------------------------------------------------ the session's events

    def _user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "away" and self._outlet.listening:
            self.on_away()
        if self.push_to_talk:
            return
        self._user_speaking = event.new_state == "speaking"
        if self._user_speaking and not self.mouth.busy:
            self.tell(self.turns.user_begins())

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if not event.transcript.strip():
            return
        told = self.turns.user_final if event.is_final else self.turns.user_interim
        self.tell(told(event.transcript))
        if event.is_final:
            self.on_words()

    def _item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage):
            return
        if item.role == "user" and (text := item.text_content):
            self.tell(self.turns.user_says(text))
        elif item.role == "assistant":
            self.mouth.silent_end()

    def _agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "listening" and not self._user_speaking and not self.push_to_talk:
            # Noise that nobody understood leaves an open turn behind.
            self.tell(self.turns.user_gives_up())
        self._outlet.put(StateChanged(event.new_state))

    def _false_interruption(self, event: AgentFalseInterruptionEvent) -> None:
        if not event.resumed:
            self.tell(self.turns.user_gives_up())

    def _speech(self, event: SpeechCreatedEvent) -> None:
        event.speech_handle.add_done_callback(lambda _: self.mouth.silent_end())

    def _tools(self, event: FunctionToolsExecutedEvent) -> None:
        self.mouth.silent_end()
        for call, output in event.zipped():
            self._record.note("tool", "tool_call", call.name, call.model_dump(mode="json"))
            self._outlet.put(ToolUsed(call.name, call.call_id, "started"))
            if output is None:
                continue
            self._record.note("tool", "tool_output", output.output, output.model_dump(mode="json"))
            status = "error" if output.is_error else "done"
            self._outlet.put(
                ToolUsed(call.name, call.call_id, "error" if status == "error" else "done")
            )

    def _error(self, event: ErrorEvent) -> None:
        error = event.error
        part = PARTS.get(getattr(error, "type", ""), "model")
        if getattr(error, "recoverable", False):
            log.info("provider retried", part=part, error=str(getattr(error, "error", error)))
            return
        self.failed(part, getattr(error, "error", error))
