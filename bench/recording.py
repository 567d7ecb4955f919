"""What a recording costs: processor time and bytes of a minute in which two people talk.

All that is done for it is counted, the tape in the loop and the encoder in its thread: the pieces
come as a socket and a mouth bring them, and are taken once a second. Run:
`python -m bench.recording [--minutes 5]`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from bench.machine import described
from duologue.pipeline.opus import OpusFile
from duologue.pipeline.recording import EVERY, OPEN
from duologue.pipeline.speaking import CHUNK
from duologue.pipeline.tape import RATE, Tape
from duologue.testing.speech import speak

MICROPHONE: Final = RATE // 10
WORDS: Final = "The quick brown fox jumps over the lazy dog, and we would like a table for four. "


def main() -> None:
    """Talks for some minutes of virtual time, and prints what a minute took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=5)
    minutes = parser.parse_args().minutes
    agent, user = (
        np.frombuffer(speak(WORDS, voice).at(RATE).pcm, dtype=np.int16) for voice in ("low", "high")
    )
    hiss = (np.random.default_rng(0).standard_normal(MICROPHONE) * 25).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.ogg"
        tape, file = Tape(), OpusFile(path)
        kept, written = 0.0, 0.0
        for step in range(minutes * 60 * RATE // CHUNK):
            now = step * CHUNK / RATE
            begun = time.process_time()
            # Five seconds the agent, five the user, whose microphone is always on.
            place = int(now % 5 * RATE)
            if int(now / 5) % 2 == 0:
                if place < CHUNK:
                    tape.held(0)
                tape.sent(place, agent[place : place + CHUNK].tobytes(), RATE // 3, now)
                tape.user(np.resize(hiss, CHUNK), now)
            else:
                said = user[place : place + CHUNK]
                tape.user(np.resize(said if said.size else hiss, CHUNK), now)
            middle = time.process_time()
            kept += middle - begun
            if now % EVERY < CHUNK / RATE and (taken := tape.take(now - OPEN)) is not None:
                file.write(taken)
            written += time.process_time() - middle
        file.close()
        size = path.stat().st_size
    print(described())
    print(f"a minute: {kept / minutes * 1000:.0f} ms in the loop, ", end="")
    print(f"{written / minutes * 1000:.0f} ms in the thread, {size / minutes / 1000:.0f} kB")


if __name__ == "__main__":
    main()
