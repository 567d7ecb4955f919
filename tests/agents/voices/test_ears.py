"""The recognizer's processes: started when needed, shared by callers, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from livekit import rtc
from livekit.agents import stt

from duologue.agents.voices.ears import Ears
from duologue.agents.voices.sphinx import SphinxSTT
from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.voice

PHRASES = ("Open the door.", "Close the window.", "Count to {number}.")


def say(text: str) -> Recording:
    """A sentence at the recognizer's rate, with a pause around."""
    return (silence(0.5) + speak(text) + silence(0.5)).at(16000)


async def test_a_stream_hears_what_was_said_before_each_flush() -> None:
    """Written English, usage for billing, and an empty text when nobody spoke."""
    ears = Ears(workers=1)
    try:
        heard: list[str] = []
        seconds = 0.0
        async with SphinxSTT(ears, PHRASES).stream() as stream:
            for text in ("Open the door.", "", "Count to seven."):
                sound = say(text) if text else silence(1.0, 16000)
                stream.push_frame(rtc.AudioFrame(sound.pcm, sound.rate, 1, sound.samples))
                stream.flush()
            stream.end_input()
            async for event in stream:
                if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                    heard.append(event.alternatives[0].text)
                elif event.recognition_usage is not None:
                    seconds += event.recognition_usage.audio_duration
        assert heard[:3] == ["Open the door.", "", "Count to seven."]
        assert 1.0 < seconds < 5.0
    finally:
        ears.close()


async def test_two_callers_are_heard_at_once_and_the_processes_end() -> None:
    """Each caller gets its own words; closing leaves no process."""
    ears = Ears(workers=2)
    both = await asyncio.gather(
        ears.hear(say("Open the door.").pcm, PHRASES),
        ears.hear(say("Close the window.").pcm, PHRASES),
    )
    assert [one.words for one in both] == ["open the door", "close the window"]
    processes = ears.processes
    assert 1 <= len(processes) <= 2
    ears.close()
    ears.close()
    assert not any(alive(process) for process in processes)


async def test_a_recognizer_that_dies_is_replaced() -> None:
    """The next sentence is heard by a new process."""
    ears = Ears(workers=1)
    try:
        await ears.hear(b"", PHRASES)
        (first,) = ears.processes
        os.kill(first, signal.SIGKILL)
        assert (await ears.hear(say("Open the door.").pcm, PHRASES)).words == "open the door"
        assert ears.processes != [first]
    finally:
        ears.close()


def test_a_killed_server_leaves_no_recognizer_behind(tmp_path: Path) -> None:
    """The recognizer ends with its input, also when its owner is killed."""
    code = (
        "import asyncio, time\nfrom duologue.agents.voices.ears import Ears\n"
        "ears = Ears(1)\nasyncio.run(ears.hear(b'', ()))\n"
        "print(ears.processes[0], flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        process = int(owner.stdout.readline())
        assert alive(process)
        owner.kill()
    for _ in range(200):
        if not alive(process):
            break
        time.sleep(0.05)
    assert not alive(process)


def alive(process: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
