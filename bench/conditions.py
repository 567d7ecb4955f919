"""What every system under measurement is told alike: the models' delays, the waiting, the sounds.

Only the standard library is imported here: the peers run in an environment of their own.
"""

from __future__ import annotations

import array
import os
import random
from typing import Final

SILENCE: Final = 0.25
"""Seconds of silence after which voice detection calls the user's speech ended."""
MIN_DELAY: Final = 0.3
"""The least seconds from the end of speech until the models are asked."""
HEARS: Final = 0.06
"""Seconds from the end that voice detection found to the final transcript."""
THINKS: Final = 0.05
"""Seconds from the question to the model's first word."""
SPEAKS: Final = 0.02
"""Seconds from the first word to the first sound."""
MODELS: Final = HEARS + THINKS + SPEAKS
"""What the models alone make a caller wait."""

VOICE_RATE: Final = 16000
"""The voice already speaks at the wire's rate, as providers can be asked to: nobody resamples."""
PIECE: Final = VOICE_RATE // 5
"""Samples that the voice gives at a time, 200 ms."""
PIECE_SECONDS: Final = 0.02
"""Seconds between pieces: ten times as fast as they are heard."""

QUESTION: Final = "Could you please tell me when the next train leaves?"
ANSWER: Final = (
    "The next train leaves at a quarter past nine from platform four and arrives before ten thirty."
)
ANSWER_SECONDS: Final = 5.6

MIC_RATE: Final = 8000
MIC_FRAME: Final = 896
"""Samples in a message of the stock client's microphone, 112 ms."""


HEARS_ONCE: Final = os.environ.get("BENCH_HEARS") == "once"
"""Whether only a session's first speech has words in it: what comes after is a disturbance."""

WORKER: Final = "stock"
"""The name under which the peer of the rooms registers."""
AUTHORIZE: Final = "/v1/agents/web/authorize_session"
SOCKET: Final = "/v1/agents/web/websocket"
ADMITTED: Final = {
    "client_session_key": "peer",
    "conversation_id": "peer",
    "config": {"transcription": {"trigger": "automatic", "can_interrupt": True}},
}
"""What a peer answers to authorize, so that one caller can call them all."""


def answer_sound() -> list[bytes]:
    """The answer in the voice's pieces: noise, so that no place in it is like another."""
    chance = random.Random(1)
    samples = array.array(
        "h", (chance.randrange(-6000, 6000) for _ in range(round(ANSWER_SECONDS * VOICE_RATE)))
    )
    return [samples[at : at + PIECE].tobytes() for at in range(0, len(samples), PIECE)]
