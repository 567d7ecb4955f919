"""Layercode's dialect on a live run: happenings become its frames, its frames become deeds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Final, assert_never

from duologue.core import happenings as h
from duologue.core.bucket import Bucket
from duologue.pipeline.run import Run
from duologue.wire import layercode as wire

SOUND_SPEED: Final = 2.0
"""Seconds of sound a second: a client that catches up is heard, a flood is not."""
SOUND_AHEAD: Final = 5.0
WORDS_RATE: Final = 5.0
"""Typed messages and data a second, after a burst of `WORDS_BURST`."""
WORDS_BURST: Final = 50.0
WORDS_LENGTH: Final = 64 * 1024
DAY_MS: Final = 86_400_000
RATES = {"mic16": 16000, "mic24": 24000}
GRANTED = frozenset({"played", "resume", "agent_state", "tools", *RATES})
"""The extensions that this road knows; a client gets those that it asks for."""


class Translator:
    """Puts what happens into Layercode's words, for one client."""

    def __init__(self, capabilities: list[str]) -> None:
        self._capabilities = frozenset(capabilities)
        self._deltas = itertools.count(1)
        self._turn = ""

    def frames(self, happening: h.Happening) -> list[wire.ServerMessage]:
        """The messages that tell a happening; none where the client did not ask for it."""
        match happening:
            case h.UserStarted(turn):
                self._turn = turn
                return [wire.TurnStart("user", turn)]
            case h.UserInterim(turn, text, counter):
                return [wire.TranscriptInterim(text, turn, counter)]
            case h.UserDelta(turn, text, counter):
                return [wire.TranscriptDelta(text, turn, counter)]
            case h.UserSaid(turn, text):
                return [wire.Transcript(text, turn)]
            case h.UserEnded(turn):
                return [wire.TurnEnd("user", turn)]
            case h.AgentStarted(turn):
                self._turn = turn
                return [wire.TurnStart("assistant", turn)]
            case h.AgentText(turn, text):
                return [wire.TextDelta(text, turn)]
            case h.AgentAudio(turn, pcm):
                content = wire.audio_content(pcm)
                return [wire.Audio(content, turn, f"d{next(self._deltas)}")]
            case h.AgentSaid(turn, text):
                return [wire.Text(text, turn)]
            case h.AgentSent(turn):
                return [wire.ResponseEnd(turn)]
            case h.AgentEnded(turn, _):
                return [wire.TurnEnd("assistant", turn)]
            case h.StateChanged(state):
                return [wire.AgentState(state)] if "agent_state" in self._capabilities else []
            case h.ToolUsed(name, call_id, status):
                asked = "tools" in self._capabilities
                return [wire.ToolEvent(name, call_id, status)] if asked else []
            case h.DataSent(content):
                return [wire.Data(content, self._turn)]
            case h.Noticed(code, message) | h.Ended(code, message):
                return [wire.Data(wire.notice(code, message), self._turn)]
            case _:
                assert_never(happening)


def input_rate(capabilities: list[str]) -> int:
    """The microphone's rate that was agreed; 8 kHz is what a stock SDK sends."""
    return next((RATES[name] for name in capabilities if name in RATES), 8000)


class Obey:
    """Does what a client's frames ask of a run."""

    def __init__(
        self,
        run: Run,
        capabilities: list[str],
        *,
        leave: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._capabilities = frozenset(capabilities)
        self._leave = leave
        self._rate = input_rate(capabilities)
        self._sound = Bucket(SOUND_SPEED, SOUND_AHEAD, clock)
        self._words = Bucket(WORDS_RATE, WORDS_BURST, clock)
        self.ready = False
        """Whether the client said that it hears."""

    def frame(self, frame: str) -> bool:
        """Does what one text frame says and tells whether it carried sound; or `BadFrame`."""
        message = wire.decode_client(frame)
        run = self._run
        match message:
            case wire.ClientAudio(content):
                pcm = wire.decode_audio(content)
                if self._sound.take(len(pcm) / 2 / self._rate):
                    run.hear(pcm, self._rate)
                return True
            case wire.ClientReady():
                self.ready = True
                run.ready()
            case wire.ClientText(content):
                self._spend_words(len(content))
                run.typed(content)
            case wire.ClientData(data):
                self._spend_words(len(frame))
                run.data(data)
            case wire.TriggerTurnStart():
                run.press()
            case wire.TriggerTurnEnd():
                run.release()
            case wire.ReplayFinished(reason, turn, _):
                if reason == "completed" and (turn is None or run.speaks_in(turn)):
                    run.ran_dry()
            case wire.ClientPlayed(turn, played_ms):
                if "played" in self._capabilities and 0 <= played_ms <= DAY_MS:
                    run.heard(turn, played_ms / 1000)
            case wire.VadEvents():
                pass  # the server hears for itself; a stock SDK's first answer is often wrong
            case wire.ClientEnd():
                self._leave()
            case _:
                assert_never(message)
        return False

    def _spend_words(self, length: int) -> None:
        """Refuses a message that is too long, or one too many: each costs an answer."""
        if length > WORDS_LENGTH:
            raise wire.BadFrame(f"a message has at most {WORDS_LENGTH} characters, not {length}")
        if not self._words.take(1):
            raise wire.BadFrame(f"more than {WORDS_RATE:g} messages a second")
