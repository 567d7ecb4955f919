"""The examples as people start them: a program each, against a running server."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.serving import House

from duologue.testing import speech

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 240.0
AGENTS = '''
from livekit.agents import Agent, function_tool

import duologue
from duologue.agents.voices.scripted import Call
from duologue.testing.models import RulerTTS, ScriptedAnswers, ScriptedSTT


class Parting(Agent):
    """Says goodbye to who says it."""

    def __init__(self):
        super().__init__(instructions="Part.")

    @function_tool
    async def leave(self):
        """Leaves."""
        duologue.current().end(say="Goodbye!")


@duologue.agent(
    "parting", greeting="", tts=RulerTTS,
    llm=lambda: ScriptedAnswers([[Call("leave", {})], "Bye."]),
    stt=lambda: ScriptedSTT(["Goodbye."]),
)
def parting():
    return Parting()


@duologue.agent(
    "hearing", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers(),
    stt=lambda: ScriptedSTT(["Good morning."]),
)
def hearing():
    return Agent(instructions="Hear.")
'''
pytestmark = pytest.mark.voice


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of this machine with agents whose words are known."""
    folder = tmp_path_factory.mktemp("examples")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


def run(*arguments: str, typed: str | None = None, **settings: str) -> str:
    """What a program shows; one that fails is shown with its errors."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=clean | settings,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_interview_with_the_demo_agent(tmp_path: Path) -> None:
    """Every question of the example is asked, and answered as it expects."""
    with House(tmp_path / "data", mode="dev") as house:
        told = run(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
            str(EXAMPLES / "interview"), INTERVIEW_URL=house.url,
        )  # fmt: skip
    assert "4 passed" in told


def test_a_box_with_one_button(house: House, tmp_path: Path) -> None:
    """A press wakes it, it hears and speaks, the agent's goodbye sends it to sleep."""
    microphone = speech.speak("Goodbye.").save(tmp_path / "microphone.wav")
    speaker = tmp_path / "speaker.wav"
    process = subprocess.Popen(
        [
            sys.executable, str(EXAMPLES / "headless.py"), house.url, "parting",
            "--microphone", str(microphone), "--speaker", str(speaker),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            states = []
            for line in process.stdout:
                states.append(line.strip())
                if states[-1] == "disconnected":
                    break
            rest, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")
    assert "listening" in states
    assert "speaking" in states
    sound = speech.Recording.load(speaker)
    assert sound.seconds == pytest.approx(len("Goodbye!") * 0.06, abs=0.2)


def test_a_bridge_writes_both_sides_down(house: House, tmp_path: Path) -> None:
    """The caller is on the left from the beginning, the agent on the right behind it."""
    question = speech.speak("Good morning.")
    caller = question.save(tmp_path / "caller.wav")
    both = tmp_path / "both.wav"
    told = run(str(EXAMPLES / "bridge.py"), house.url, "hearing", str(caller), str(both))
    assert "user: Good morning." in told
    assert "agent: You said: Good morning." in told
    with wave.open(str(both)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, question.rate)
        sides = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    loud = [np.flatnonzero(np.abs(side) > 500) for side in sides.T]
    assert loud[0][-1] <= question.samples + question.rate // 10
    assert loud[1][0] > loud[0][-1]  # it answered when all was said
    assert loud[1].size > question.rate // 4
