"""How the user takes the floor: by voice, by a button, by typing, or by asking for silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from livekit.agents import AgentSession

from duologue.agents.definition import AgentDefinition
from duologue.core.repeats import Repeats
from duologue.pipeline.actor import Actor
from duologue.pipeline.hearing import Ear
from duologue.pipeline.narrator import Narrator

BREATH: Final = 0.3
"""Seconds of silence, beyond those that end speech, that are heard where a line was lost."""
FLUSH: Final = 0.6
"""Seconds of silence after a released button, in which a recognizer finishes."""


class Floor:
    """One conversation's floor; the agent yields it where it allows that."""

    def __init__(
        self,
        actor: Actor,
        narrator: Narrator,
        ear: Ear,
        definition: AgentDefinition,
        spawn: Callable[[Coroutine[Any, Any, Any]], None],
    ) -> None:
        self._actor = actor
        self._narrator = narrator
        self._ear = ear
        self._definition = definition
        self._spawn = spawn
        self._pressed = False
        self._closed = False
        self._typed = Repeats()
        self._unknown = 0
        """How many times the button was released and its words are not known yet."""
        self._meanwhile: list[Callable[[], None]] = []
        """What is typed before they are."""

    def hear(self, pcm: bytes, rate: int) -> None:
        """Sound from the microphone; with push-to-talk only while the button is down."""
        if not self._narrator.push_to_talk or self._pressed:
            self._actor.start()
            self._ear.hear(pcm, rate)

    def press(self) -> None:
        """Push-to-talk: the user takes the floor."""
        if self._pressed or not self._narrator.push_to_talk or self._closed:
            return
        if self._actor.session is None:  # nobody speaks: the floor is free, and sound waits
            self._actor.start()
            self._begin()
        else:
            self._actor.do(self._press)

    def release(self) -> None:
        """Push-to-talk: the user is done."""
        if self._pressed:
            self._pressed = False
            self._unknown += 1
            self._actor.do(lambda session: self._spawn(self._commit(session)))

    def abandon(self) -> None:
        """The user is gone, perhaps in mid-word: what was said so far is all there is."""
        if self._narrator.push_to_talk:
            self.release()
        elif self._actor.session is not None:
            self._ear.silence(self._definition.turns.silence + BREATH)

    def type(self, text: str, *, name: str | None = None, leads: bool = True) -> None:
        """A typed message is a whole turn of the user; one whose `name` came before is none."""
        words = text.strip()
        if words and (name is None or not self._typed.known(name)):
            act = partial(self._actor.do, lambda session: self._type(session, words, leads=leads))
            if self._unknown:
                self._meanwhile.append(act)
            else:
                act()

    def hush(self, *, leads: bool = True) -> None:
        """The user wants the agent to be silent, and says nothing."""
        if self._actor.session is not None:
            self._actor.do(lambda session: self._take(session, leads=leads))

    def close(self) -> None:
        """Nobody takes it any more."""
        self._closed = True

    # ------------------------------------------------------------ within

    def _press(self, session: AgentSession[None]) -> None:
        if self._take(session):
            if not self._unknown:  # else words of the press before are still coming
                session.clear_user_turn()
            self._begin()

    def _begin(self) -> None:
        self._pressed = True
        self._narrator.tell(self._narrator.turns.user_begins())

    def _type(self, session: AgentSession[None], text: str, *, leads: bool) -> None:
        if self._take(session, leads=leads):
            self._narrator.tell(self._narrator.turns.user_begins())
        session.reset_away_timer()
        session.generate_reply(user_input=text)

    def _take(self, session: AgentSession[None], *, leads: bool = True) -> bool:
        """Silences the agent for the user, where it allows that."""
        speech = session.current_speech
        if speech is None:
            return True
        if self._definition.turns.can_interrupt and speech.allow_interruptions:
            session.interrupt()
            return True
        if leads:  # its client stopped playing by itself: what it did not hear comes again
            self._narrator.mouth.client_stopped()
        return False

    async def _commit(self, session: AgentSession[None]) -> None:
        try:
            transcript = await session.commit_user_turn(
                transcript_timeout=3.0, stt_flush_duration=FLUSH
            )
            # AgentSession says nothing of a turn's end; until then it silences whoever speaks.
            if (activity := session._activity) and (turn := activity._user_turn_completed_atask):
                await asyncio.wait([turn])
            if not transcript.strip():
                self._narrator.tell(self._narrator.turns.user_gives_up())
        finally:
            self._unknown -= 1
            if not self._unknown:
                acts, self._meanwhile = self._meanwhile, []
                for act in acts:
                    act()
