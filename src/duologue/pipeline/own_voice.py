"""A person's own voice in the agent's place: their sound is heard at once, and their words follow.

It goes past the AgentSession, which would let whoever talks at the same time be unheard. What the
microphone brings between two stretches of speech is not sent; of what came before the first sign
of speech so much is sent along that no syllable is missing, and that is all the delay there is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from livekit import rtc
from livekit.agents import AgentSession, stt, vad
from livekit.agents.llm import ChatMessage

from duologue.agents.voices.vad import InlineVAD
from duologue.core.happenings import StateChanged
from duologue.pipeline.actor import Actor
from duologue.pipeline.hearing import Ear, Sound
from duologue.pipeline.narrator import Narrator
from duologue.pipeline.record import Record
from duologue.pipeline.understanding import Understanding
from duologue.pipeline.utterance import RATE, Utterance

log = structlog.get_logger(__name__)

BEFORE: Final = RATE * 16 // 100
"""160 ms before speech was noticed are heard, too: the listener's reserve, and all the delay."""
PIECE: Final = 512
"""Samples that leave together: 32 ms, a whole number of the blocks that every client plays."""
QUIET: Final = 0.6
"""Seconds of silence that end a stretch of speech."""
SETTLES: Final = 3.0
"""Seconds in which the words of what was said must be understood; later ones are a turn alone."""
LINGERS: Final = 0.2
"""Seconds in which more words may follow those that came behind the sound."""
WAITS: Final = RATE
"""Samples that are kept at most while something else, that was typed, is still being silenced."""
UNWRITTEN: Final = "(spoken; the words were not understood)"
"""What the agent is told of sound without words."""

Heard = Callable[[bytes], None]
Over = Callable[[str], None]


class OwnVoice:
    """One run's; it is silent until a person picks up."""

    def __init__(
        self,
        actor: Actor,
        narrator: Narrator,
        record: Record,
        ear: Ear,
        given: stt.STT[Any] | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actor = actor
        self._narrator = narrator
        self._record = record
        self._ear = ear
        self._given = given
        self._now = now
        self._over: Over | None = None
        self._speech: vad.VADStream | None = None
        self._listening: asyncio.Task[None] | None = None
        self._words: Understanding | None = None
        self._streams: set[Understanding] = set()
        """Those of lines that are over, too: last words may still come."""
        self._rest = bytearray()
        """Sound that has not left: what came before speech, or no whole piece."""
        self._voiced = False
        self._utterance: Utterance | None = None
        """What is said now; none between two turns."""
        self._text = ""
        self._understood_at = -QUIET
        self._settling: asyncio.TimerHandle | None = None
        self._waiting: list[Callable[[], None]] = []
        self.on_speech: Callable[[], None] = lambda: None
        """Called when the person begins to speak."""
        self.on_said: Callable[[str], None] = lambda text: None
        """Called with what a turn of the person said."""
        self.on_silence: Callable[[], None] = lambda: None
        """Called when a turn of the person is over."""

    # ------------------------------------------------------------ the line

    @property
    def busy(self) -> bool:
        """Whether the person speaks, or their last words are being understood."""
        return self._utterance is not None or self._voiced

    def pick_up(self, heard: Heard, over: Over) -> bool:
        """The person hears the user, and may speak; `over` says why that ends.

        Tells whether what they say is understood and written down.
        """
        self.hang_up("replaced")
        self._over = over
        self._ear.person = lambda sound: heard(sound.tobytes())
        detector = InlineVAD(min_silence_duration=QUIET)
        self._speech = detector.stream()
        self._listening = asyncio.create_task(self._listen(self._speech))
        if (model := self._model()) is not None:
            self._words = Understanding(model, self._understood)
            self._streams.add(self._words)
        return self._words is not None

    def hear(self, pcm: bytes) -> None:
        """Sound of the person's microphone: PCM16 mono at 16 kHz."""
        if self._speech is None or not pcm:
            return
        frame = rtc.AudioFrame(pcm, RATE, 1, len(pcm) // 2)
        self._rest += pcm
        self._speech.push_frame(frame)
        if self._words is not None:
            self._words.hear(frame)
        self._send()

    def hang_up(self, why: str) -> None:
        """The person hears and says nothing any more; what they said last is still understood."""
        over, self._over = self._over, None
        speech, self._speech = self._speech, None
        self._ear.person = _nobody
        if speech is not None:
            speech.end_input()  # its listener ends behind what it told
        if self._voiced:
            self._pause()
        self._rest.clear()
        words, self._words = self._words, None
        if words is not None:
            words.close(lambda: self._streams.discard(words))
        if over is not None:
            over(why)

    def then(self, act: Callable[[], None]) -> None:
        """Does something as soon as the person is silent."""
        if self.busy:
            self._waiting.append(act)
        else:
            act()

    def forget(self) -> None:
        """The agent is back: whatever is understood from now on was said too late."""
        self.hang_up("handed_back")
        for each in self._streams:
            each.forget()

    def close(self) -> None:
        """The run is over: what was understood until now is what was said."""
        self.hang_up("ended")
        self._waiting.clear()
        if self._utterance is not None:
            self._finish(interrupted=True)
        self.forget()

    async def closed(self) -> None:
        """Returns when nothing listens any more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        for each in [*self._streams]:  # each leaves when it is done
            await each.aclose()
        self._streams.clear()

    # ------------------------------------------------------------ what is said

    async def _listen(self, speech: vad.VADStream) -> None:
        async for event in speech:
            if speech is not self._speech:
                return
            if event.type == vad.VADEventType.START_OF_SPEECH:
                self._voiced = True
                self._settle(None)
                self.on_speech()
                self._send()
            elif event.type == vad.VADEventType.END_OF_SPEECH:
                self._pause()

    def _send(self) -> None:
        """Lets go of the sound that may leave."""
        if not self._voiced:
            del self._rest[: max(0, len(self._rest) - BEFORE * 2)]
            return
        if self._utterance is None and not self._begin():
            del self._rest[: max(0, len(self._rest) - WAITS * 2)]
            return
        whole = len(self._rest) - len(self._rest) % (PIECE * 2)
        for start in range(0, whole, PIECE * 2):
            self._leave(bytes(self._rest[start : start + PIECE * 2]))
        del self._rest[:whole]

    def _begin(self) -> bool:
        """Takes the floor, or silences whatever is still being said there."""
        if self._narrator.mouth.busy:
            self._actor.do(lambda session: session.interrupt(force=True))
            return False
        self._utterance = Utterance(self._narrator.mouth.tape)
        self._text = ""
        self._narrator.tell(self._narrator.turns.person_begins())
        self._narrator.tell([StateChanged("speaking")])
        return True

    def _leave(self, pcm: bytes) -> None:
        if self._utterance is None:
            raise RuntimeError("sound leaves within a turn only")
        self._utterance.pcm += pcm
        self._utterance.take(PIECE, self._now())
        self._utterance.forget(self._utterance.clock.sent)
        self._narrator.audio(pcm)

    def _pause(self) -> None:
        """A stretch of speech is over; its turn ends when its words are there."""
        self._voiced = False
        if self._words is not None:
            self._words.flush()
        if self._utterance is None:
            return
        if self._rest:
            self._leave(bytes(self._rest).ljust(PIECE * 2, b"\0"))
            self._rest.clear()
        known = not self._streams or self._now() - self._understood_at < QUIET
        self._settle(LINGERS if known else SETTLES)

    def _understood(self, text: str) -> None:
        """Words of the person, which may come long after their sound."""
        self._understood_at = self._now()
        if self._utterance is None:
            self._late(text)
            return
        words = f" {text}" if self._text else text
        self._text += words
        self._narrator.tell(self._narrator.turns.agent_text(words))
        if not self._voiced:
            self._settle(LINGERS)

    def _late(self, text: str) -> None:
        """Words that nobody waited for any more: a turn that is written only."""
        self._narrator.tell(self._narrator.turns.person_begins())
        self._narrator.tell(self._narrator.turns.agent_text(text))
        self._close(text, interrupted=False)

    def _settle(self, seconds: float | None) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_later(seconds, self._settled)

    def _settled(self) -> None:
        self._settling = None
        self._finish(interrupted=False)

    def _finish(self, *, interrupted: bool) -> None:
        self._settle(None)
        utterance, self._utterance = self._utterance, None
        if utterance is None:
            return
        utterance.over(utterance.total)
        self._close(self._text, interrupted=interrupted)
        self._narrator.tell([StateChanged("listening")])
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()
        self.on_silence()

    def _close(self, text: str, *, interrupted: bool) -> None:
        """Ends a turn: for the clients, in the store and in the agent's memory."""
        turns = self._narrator.turns
        self._narrator.tell(turns.agent_sends_no_more())
        self._record.answer_heard(text, interrupted=interrupted)
        self._narrator.tell(turns.person_ends(interrupted=interrupted))
        self.on_said(text or UNWRITTEN)
        if text:
            self._actor.do(lambda session: _remember(session, text))

    def _model(self) -> stt.STT[Any] | None:
        """What the agent hears with: its own, or that of its session."""
        session = self._actor.session
        activity = None if session is None else session._activity
        own = None if activity is None else activity.stt
        return own or self._given


def _nobody(sound: Sound) -> None:
    """Nobody hears."""


def _remember(session: AgentSession[None], text: str) -> None:
    message = ChatMessage(role="assistant", content=[text])
    session.current_agent._chat_ctx.items.append(message)
    session._conversation_item_added(message)
