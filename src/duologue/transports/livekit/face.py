"""What a room sees and hears of the agent: happenings become its track, captions and packets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, assert_never

import msgspec
from livekit import rtc

from duologue.core import happenings as h
from duologue.transports.livekit.captions import AgentWords, UserWords
from duologue.transports.livekit.post import Post
from duologue.transports.livekit.sound import Loudspeaker
from duologue.wire.extensions import ToolEvent
from duologue.wire.layercode import notice
from duologue.wire.rooms import AGENT_NAME, AGENT_NAME_OLD, AGENT_STATE, OURS, RECORDED

ANSWER: Final = 1.0
"""Seconds for LiveKit's answer to a new name or attribute. Its client listens for one only once it
has asked: of one that came earlier it never knows. The change is made all the same."""
PARTING: Final = 0.5
"""Seconds that a last word, once sent, has before the user is shown out."""

Audience = Callable[[], list[str]]
"""Identities of the users that are linked; empty while there is none."""
Shared = h.StateShared | h.AttributesChanged | h.FileSent


class Face:
    """The agent's; there is one in a room, however many users look at it."""

    def __init__(
        self,
        room: rtc.Room,
        post: Post,
        signs: Post,
        loudspeaker: Loudspeaker,
        agent_words: AgentWords,
        user_words: UserWords,
        *,
        users: Audience,
        ours: Audience,
    ) -> None:
        self._room = room
        self._post = post
        self._signs = signs
        self._loudspeaker = loudspeaker
        self._agent_words = agent_words
        self._user_words = user_words
        self.users = users
        self.ours = ours
        self._state = ""
        self.share: Callable[[Shared], None] = lambda happening: None
        """Set by the visit: shows what the agent shares beside the talk."""

    def show(self, happening: h.Happening) -> None:
        """Shows one thing that happened, in LiveKit's words."""
        match happening:
            case h.UserStarted():
                self._loudspeaker.silence()
            case h.UserInterim(turn, text, _):
                self._user_words.interim(turn, text)
            case h.UserDelta(turn, text, counter):
                self._user_words.certain(turn, text, counter)
            case h.UserSaid(turn, text):
                self._user_words.said(turn, text)
            case h.UserEnded(turn):
                self._user_words.ended(turn)
            case h.AgentStarted(turn):
                self._agent_words.started(turn)
            case h.AgentText(turn, text):
                self._agent_words.text(turn, text)
            case h.AgentAudio(turn, pcm):
                self._agent_words.sound(turn)
                self._loudspeaker.play(turn, pcm)
            case h.AgentSent(turn):
                self._agent_words.sent(turn, self._loudspeaker.seconds(turn))
            case h.AgentEnded(turn, interrupted):
                if interrupted:
                    self._loudspeaker.silence()
                self._agent_words.ended(turn, interrupted=interrupted)
            case h.StateChanged(state):
                self.state(state)
            case h.ToolUsed(name, call_id, status):
                self.packet(ToolEvent(name, call_id, status))
            case h.DataSent(content):
                self.data(content)
            case h.Noticed(code, message):
                self.data(notice(code, message))
            case h.StateShared() | h.AttributesChanged() | h.FileSent():
                self.share(happening)
            case h.AgentSaid() | h.Ended() | h.PageLed() | h.RpcAsked() | h.RpcAnswered():
                pass  # said word by word; told by the link of one user
            case _:
                assert_never(happening)

    def present(self, slug: str, title: str, *, recorded: bool = False) -> None:
        """Takes the agent's name, and shows that it can be spoken to: clients wait for that."""
        names = {AGENT_NAME: slug, AGENT_NAME_OLD: slug}
        if recorded:
            names[RECORDED] = "1"
        if self._state in ("", "initializing"):
            self._state = "listening"
            names[AGENT_STATE] = "listening"
        self.attributes(names)
        self._signs.send(lambda: self._room.local_participant.set_name(title))

    def state(self, state: str) -> None:
        """Shows what the agent is doing; what it did before that is not caught up on."""
        if state != self._state:
            self._state = state
            self.attributes({AGENT_STATE: state}, newest=AGENT_STATE)

    def data(self, content: Any, to: list[str] | None = None) -> None:
        """Sends JSON to the users, or to some of them."""
        self._send(msgspec.json.encode(content), "", self.users() if to is None else to)

    async def last_word(self, code: str, message: str, to: str) -> None:
        """Tells a user why it is shown out; returns when it had the time to hear of it."""
        self.data(notice(code, message), [to])
        await self._post.emptied()
        await asyncio.sleep(PARTING)

    def packet(self, message: msgspec.Struct, to: list[str] | None = None) -> None:
        """Sends a message of ours to those users whose clients understand it."""
        self._send(msgspec.json.encode(message), OURS, self.ours() if to is None else to)

    def attributes(self, attributes: dict[str, str], newest: str = "") -> None:
        """Changes attributes of the agent; an empty text takes one away."""
        self._signs.send(
            lambda: self._room.local_participant.set_attributes(attributes), newest=newest
        )

    # ------------------------------------------------------------ within

    def _send(self, payload: bytes, topic: str, to: list[str]) -> None:
        if to:
            self._post.send(
                lambda: self._room.local_participant.publish_data(
                    payload, reliable=True, destination_identities=to, topic=topic
                )
            )
