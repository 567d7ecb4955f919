"""How the user takes the floor: by voice, by a button, by typing, or by asking for silence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from livekit.agents import AgentSession

from duologue.agents.definition import AgentDefinition
from duologue.core.repeats import Repeats
from duologue.pipeline.actor import Actor
from duologue.pipeline.hearing import Ear
from duologue.pipeline.narrator import Narrator

if TYPE_CHECKING:
    from livekit.agents.voice.audio_recognition import _EndOfTurnInfo

BREATH: Final = 0.3
"""Seconds of silence, beyond those that end speech, that are heard where a line was lost."""
FLUSH: Final = 0.6
"""Seconds of silence after a released button, in which a recognizer finishes."""
LAST_WORDS: Final = 60.0
"""Seconds that an agent which may not be silenced is waited for, until its user is answered."""


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
        self._aside = False
        """Whether the button is down and the agent speaks on, as it does for a microphone."""
        self._closed = False
        self._typed = Repeats()
        self._unknown = 0
        """How many times the button was released and its words are not known yet."""
        self._meanwhile: list[Callable[[], None]] = []
        """What is typed before they are."""
        narrator.on_words = self._late
        self.to_person: Callable[[AgentSession[None], str], bool] = lambda session, text: False
        """Takes what is typed while a person answers in the agent's place."""

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

    def hold(self, *, silencing: bool) -> None:
        """Push-to-talk: a microphone was switched on, which holds the button until it is off.

        Nobody knows that it is a button: whoever speaks into it is heard even where the agent
        speaks on, because it may not be silenced, or because the microphone was on from the start.
        """
        if self._pressed or not self._narrator.push_to_talk or self._closed:
            return
        if self._actor.session is None:
            self._actor.start()
            self._pressed = self._aside = True
        else:
            self._actor.do(lambda session: self._hold(session, silencing=silencing))

    def release(self) -> None:
        """Push-to-talk: the user is done."""
        if self._pressed:
            aside, self._pressed, self._aside = self._aside, False, False
            self._unknown += 1
            self._actor.do(lambda session: self._spawn(self._commit(session, aside=aside)))

    def drop(self) -> None:
        """Push-to-talk: what was said until now was not meant for the agent."""
        if self._pressed:
            self._pressed = self._aside = False
            self._actor.do(self._clear)

    def abandon(self) -> None:
        """The user is gone, perhaps in mid-word: what was said so far is all there is."""
        if self._narrator.push_to_talk:
            self.release()
        elif self._actor.session is not None:
            self._ear.silence(self._definition.turns.silence + BREATH)

    def type(self, text: str, *, name: str | None = None, leads: bool = True) -> bool:
        """Takes a typed message as a whole turn of the user; one whose `name` came before is none.

        Tells whether it was taken; what it becomes follows later.
        """
        words = text.strip()
        if not words or (name is not None and self._typed.known(name)):
            return False
        act = partial(self._actor.do, lambda session: self._type(session, words, leads=leads))
        if self._unknown:
            self._meanwhile.append(act)
        else:
            act()
        return True

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

    def _hold(self, session: AgentSession[None], *, silencing: bool) -> None:
        if not self._unknown:
            session.clear_user_turn()
        if session.current_speech is None or (silencing and self._take(session, leads=False)):
            self._begin()
        else:
            self._pressed = self._aside = True

    def _begin(self) -> None:
        self._pressed = True
        self._narrator.tell(self._narrator.turns.user_begins())

    def _clear(self, session: AgentSession[None]) -> None:
        session.clear_user_turn()
        self._narrator.tell(self._narrator.turns.user_gives_up())

    def _type(self, session: AgentSession[None], text: str, *, leads: bool) -> None:
        if self._take(session, leads=leads):
            self._narrator.tell(self._narrator.turns.user_begins())
        session.reset_away_timer()
        if not self.to_person(session, text):
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

    def _late(self) -> None:
        """Words that come when nobody waits for them any more are a turn all the same."""
        if self._narrator.push_to_talk and not (self._pressed or self._unknown or self._closed):
            self._unknown += 1
            self._actor.do(lambda session: self._spawn(self._commit(session, aside=False)))

    async def _commit(self, session: AgentSession[None], *, aside: bool) -> None:
        try:
            speech = session.current_speech
            if aside and speech is not None and not speech.allow_interruptions:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_WORDS):  # what is committed before is lost
                        await speech.wait_for_playout()
            _silence_nobody(session)
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


def _silence_nobody(session: AgentSession[None]) -> None:
    """Lets a button without words pass: AgentSession silences whoever speaks for each turn."""
    activity = session._activity
    if activity is None or isinstance(activity.on_end_of_turn, partial):
        return
    told = activity.on_end_of_turn
    activity.on_end_of_turn = partial(_if_said, told)  # type: ignore[method-assign]  # this one's


def _if_said(told: Callable[[_EndOfTurnInfo], bool], turn: _EndOfTurnInfo) -> bool:
    return told(turn) if turn.skip_reply or turn.new_transcript.strip() else True
