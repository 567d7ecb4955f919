"""A person in the agent's place: the agent is silent, and later knows what was said meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import structlog
from livekit.agents import AgentSession
from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.events import (
    ConversationItemAddedEvent,
    SpeechCreatedEvent,
    UserStateChangedEvent,
)

from duologue.agents.standin import StandIn
from duologue.core.happenings import Noticed
from duologue.errors import DuologueError
from duologue.pipeline.actor import Actor
from duologue.pipeline.outlet import Listener
from duologue.pipeline.own_voice import Heard, Over, OwnVoice
from duologue.pipeline.record import Record
from duologue.trace.entries import Span
from duologue.trace.told import fresh_id
from duologue.trace.watch import Watch
from duologue.wire.live import Holder

if TYPE_CHECKING:
    from livekit.agents.voice.audio_recognition import _EndOfTurnInfo

log = structlog.get_logger(__name__)

HERE: Final = "You are talking with a person now."
BACK: Final = "You are talking with the agent again."
SOMEBODY: Final = "A person"
"""Who took over, where no name was given."""


class Takeover:
    """Who speaks in the agent's place, if anybody does, and until when nothing is heard of them."""

    def __init__(
        self,
        actor: Actor,
        record: Record,
        voice: OwnVoice,
        *,
        conversation_id: str,
        watch: Watch | None,
        notice: Callable[[str, str], None],
        changed: Callable[[Holder | None], None],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._actor = actor
        self._record = record
        self._conversation = conversation_id
        self._watch = watch
        self._notice = notice
        self._changed = changed
        self._clock = clock
        self.holder: Holder | None = None
        """The person; none while the agent answers."""
        self._patience = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._span = ""
        self._said: list[str] = []
        self._heard: list[str] = []
        self.on_back: Callable[[str, list[str], list[str]], None] = lambda name, said, heard: None
        """Called with a name, and what that person and the user said, when the agent is back."""
        self._speaking: set[SpeechHandle] = set()
        self._ours = False
        self._leaving = False
        self._ahead = False
        """Whether the agent thinks before its user has ended."""
        self._follows = False
        self._muted: WeakSet[Any] = WeakSet()
        self._voice = voice
        voice.on_speech = self._here
        voice.on_said = self._said_aloud
        voice.on_silence = self._left

    # ------------------------------------------------------------ what the person does

    def begin(self, by: str, name: str, seconds: float) -> None:
        """The person answers from now on; of two, the first."""
        if self.holder is not None:
            self._require(by)
            self._leaving, self._patience = False, seconds
            self.stay(by, seconds)
            return
        self.holder = Holder(by, name, self._clock() // 1_000_000)
        self._patience = seconds
        self._said, self._heard = [], []
        self._span, self._leaving = fresh_id(), False
        self._trace(ended=False)
        self._actor.do(self._begin)
        self._notice("taken_over", HERE)
        self._changed(self.holder)
        self.stay(by, seconds)

    def speak(self, by: str, text: str) -> None:
        """The person says this, by the agent's voice."""
        self._require(by)
        self.stay(by, self._patience)
        self._said.append(text)
        self._voice.then(lambda: self._actor.do(lambda session: self._say(session, by, text)))

    def pick_up(self, by: str, heard: Heard, over: Over) -> bool:
        """The person hears the user and speaks with their own voice; see `OwnVoice.pick_up`."""
        self._require(by)
        self._leaving = False
        return self._voice.pick_up(heard, over)

    def hear(self, by: str, pcm: bytes) -> None:
        """Sound of the person who picked up; of anybody else it is nothing."""
        if self.holder is not None and self.holder.by == by:
            self._voice.hear(pcm)

    def hang_up(self, by: str) -> None:
        """The person writes from now on, or nothing."""
        if self.holder is not None and self.holder.by == by:
            self._voice.hang_up("left")

    def stay(self, by: str, seconds: float) -> None:
        """The person is there; whoever is not in the agent's place need not be."""
        if self.holder is None or self.holder.by != by:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._deserted)

    def hand_back(self, by: str) -> None:
        """The agent answers again, as soon as the person's last words were heard."""
        self._require(by)
        self._leaving = True
        self._voice.hang_up("handed_back")
        self._actor.do(lambda session: self._left())

    def greet(self, listener: Listener) -> None:
        """Tells a client that comes meanwhile with whom it talks."""
        if self.holder is not None:
            listener(Noticed("taken_over", HERE))

    def close(self) -> None:
        """The run is over."""
        self._voice.close()
        if self.holder is not None:
            self._trace(ended=True)
            self.holder = None
        if self._timer is not None:
            self._timer.cancel()

    async def closed(self) -> None:
        """Returns when nothing of the person is listened to any more."""
        await self._voice.closed()

    # ------------------------------------------------------------ what the user does meanwhile

    def typed(self, session: AgentSession[None], text: str) -> bool:
        """Takes what the user wrote, if it is the person who answers it."""
        if self.holder is None:
            return False
        message = ChatMessage(role="user", content=[text])
        session.current_agent._chat_ctx.items.append(message)
        session._conversation_item_added(message)
        return True

    # ------------------------------------------------------------ within

    def _require(self, by: str) -> None:
        if self.holder is None:
            raise DuologueError("not_taken_over", conversation=self._conversation)
        if self.holder.by != by:
            raise DuologueError(
                "taken_over",
                conversation=self._conversation,
                who=self.holder.name or SOMEBODY,
            )

    def _begin(self, session: AgentSession[None]) -> None:
        if self.holder is None:
            return
        if not self._follows:
            self._follows = True
            session.on("speech_created", self._created)
            session.on("conversation_item_added", self._item)
            session.on("user_state_changed", self._user_state)
        self._record.person = self.holder.name or SOMEBODY
        self._mute(session)
        thinking = session.options.preemptive_generation
        self._ahead = self._ahead or thinking["enabled"]
        thinking["enabled"] = False
        session.interrupt(force=True)

    def _say(self, session: AgentSession[None], by: str, text: str) -> None:
        if self.holder is None or self.holder.by != by:
            return  # the session was not there before they were gone
        self._ours = True
        try:
            speech = session.say(text)
        finally:
            self._ours = False
        self._speaking.add(speech)
        speech.add_done_callback(self._spoken)

    def _spoken(self, speech: SpeechHandle) -> None:
        self._speaking.discard(speech)
        self._left()

    def _here(self) -> None:
        if self.holder is not None:
            self.stay(self.holder.by, self._patience)

    def _said_aloud(self, text: str) -> None:
        self._said.append(text)

    def _left(self) -> None:
        if self._leaving and not self._speaking and not self._voice.busy:
            self._end()

    def _deserted(self) -> None:
        log.info("person gone", conversation=self._conversation)
        self._leaving = True
        self._voice.hang_up("handed_back")
        self._left()

    def _end(self) -> None:
        holder = self.holder
        if holder is None:
            return
        self._voice.forget()
        self._trace(ended=True)
        self.holder, self._leaving = None, False
        self._record.person = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (session := self._actor.session) is not None:
            session.options.preemptive_generation["enabled"] = self._ahead
        self._actor.remember(StandIn(holder.name, self._said))
        self.on_back(holder.name, self._said, self._heard)
        self._notice("handed_back", BACK)
        self._changed(None)

    def _trace(self, *, ended: bool) -> None:
        """Tells the ledger that a person is, or was, there, and what they said."""
        if self._watch is None or self.holder is None:
            return
        told: dict[str, Any] = {"state": "taken_over", "who": "person", "name": self.holder.name}
        if self._said:
            told["lk.pii.said"] = list(self._said)
        self._watch.tell(
            Span(
                trace=self._watch.trace,
                id=self._span,
                name="takeover",
                kind="state",
                start_ns=self.holder.since * 1_000_000,
                end_ns=self._clock() if ended else 0,
                status="ok" if ended else "active",
                attributes=told,
            )
        )

    # ------------------------------------------------------------ the agent's silence

    def _created(self, event: SpeechCreatedEvent) -> None:
        """Whatever the agent begins to say of itself is cut before its first sound."""
        if self.holder is not None and not self._ours:
            event.speech_handle.interrupt(force=True)

    def _item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if item.type == "agent_handoff" and (session := self._actor.session) is not None:
            self._mute(session)
        elif isinstance(item, ChatMessage) and item.role == "user" and self.holder is not None:
            self._heard += filter(None, [item.text_content])

    def _user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking" and (session := self._actor.session) is not None:
            self._mute(session)

    def _mute(self, session: AgentSession[None]) -> None:
        """Lets what the user says be understood, kept and shown, and answered by nobody."""
        activity = session._activity
        if activity is None or activity in self._muted:
            return
        self._muted.add(activity)
        told = activity.on_end_of_turn

        def end_of_turn(info: _EndOfTurnInfo) -> bool:
            info.skip_reply = info.skip_reply or self.holder is not None
            return told(info)

        activity.on_end_of_turn = end_of_turn  # type: ignore[method-assign]  # this one's
