"""Single calls by the public synthetic callers: what is heard, sample by sample, in the answer."""

from __future__ import annotations

import functools
import random
from typing import Final, Literal

from bench import sounds
from bench.conditions import QUESTION, VOICE_RATE, answer_sound
from bench.systems import System
from duologue.testing.caller import SyntheticCaller
from duologue.testing.client import Step
from duologue.testing.heard import Heard
from duologue.testing.player import Played
from duologue.testing.speech import Recording, silence, speak
from duologue.testing.stock import StockClient

Kind = Literal["stock", "own"]
SOUND: Final = b"".join(answer_sound())
PROBE: Final = 64
"""Bytes by which a place in the answer is known again."""


class PeerClient(StockClient):
    """The stock client towards a peer, which does not say when a turn of the agent begins."""

    def __init__(self) -> None:
        super().__init__(lies=True)
        self._known: set[str] = set()

    def take(self, frame: str | bytes, now: int) -> list[Step]:
        """Obeys a frame, and lets a turn begin with its first sound."""
        steps = super().take(frame, now)
        for step in steps:
            if isinstance(step, Heard) and step.type == "response.audio":
                new, self._known = step.turn_id not in self._known, self._known | {step.turn_id}
                return (
                    [Heard(now, "turn.start", step.turn_id, "assistant"), *steps] if new else steps
                )
        return steps


def caller(system: System, client: Kind = "stock") -> SyntheticCaller:
    """Somebody who calls a system; to be entered."""
    made = SyntheticCaller(system.url, agent="bench", key=system.key, client=client)
    if system.name != "duologue":
        made.client = PeerClient()
    return made


@functools.cache
def question() -> Recording:
    """What starts an answer, as loud as the load's callers say it."""
    said = sounds.audible(speak(QUESTION))
    return said.louder(sounds.LOUD / said.energy)


def anywhere(recording: Recording) -> Recording:
    """The recording after a moment, so that it begins anywhere within a message."""
    return silence(random.uniform(0.0, 0.112), recording.rate) + recording


def played(call: SyntheticCaller) -> list[Played]:
    """Every stretch of the agent's sound that passed the ear without a gap, in order."""
    heard = sorted((one for turn in call.answers for one in turn.sounds), key=lambda one: one.at)
    stretches: list[Played] = []
    for one in heard:
        last = stretches[-1] if stretches else None
        if last is not None and last.turn_id == one.turn_id and one.at - ends(last) <= 1:
            stretches[-1] = Played(last.turn_id, last.at, last.pcm + one.pcm)
        else:
            stretches.append(one)
    return stretches


def ends(sound: Played) -> int:
    """The sample of the playback clock after a stretch of sound."""
    return sound.at + len(sound.pcm) // 2


def place(pcm: bytes) -> int | None:
    """The sample of the answer that a stretch of sound begins with; none if it is not of it."""
    for at in range(0, len(pcm) - PROBE, PROBE):  # its first moments may be faded in
        found = SOUND.find(pcm[at : at + PROBE])
        if found >= 0 and found % 2 == 0:
            return (found - at) // 2
    return None


def seconds(samples: int) -> float:
    """Samples of the playback clock as seconds."""
    return samples / VOICE_RATE
