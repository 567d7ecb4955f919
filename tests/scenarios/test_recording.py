"""What a caller says and hears over a real line is in the recording, each where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soxr
from tests.pipeline.test_opus import PLAYED, heard
from tests.serving import House

from duologue.pipeline.opus import length_of
from duologue.testing.caller import SyntheticCaller
from duologue.testing.models import ruler
from duologue.testing.player import RATE
from duologue.testing.speech import speak

AGENTS = """
from livekit.agents import Agent

import duologue
from duologue.testing.models import RulerTTS, ScriptedAnswers

LONG = "A sentence of a hundred characters or so, which takes six seconds to be said and has one dot."


@duologue.agent(
    "clerk", record=True, greeting="Good morning.", tts=RulerTTS,
    llm=lambda: ScriptedAnswers([LONG, LONG]), phrases=["what is the price of a table"],
)
def clerk():
    return Agent(instructions="Be long.")
"""  # noqa: E501 - the sentence is long because it must last
SAYS = "what is the price of a table"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A server for one test, which it may kill."""
    file = tmp_path / "clerk.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file) as running:
        running.publish("clerk")
        yield running


class Heard:
    """A recording as its owner gets it: two sides at 16 kHz."""

    def __init__(self, path: Path) -> None:
        self.sides: Any = soxr.resample(heard(path).T, PLAYED, RATE).T

    def places(self, side: int, sound: Any, least: float = 0.3) -> list[float]:
        """The seconds at which a sound is heard on a side, loudest first."""
        wanted = sound / np.linalg.norm(sound)
        side_of = self.sides[side]
        size = len(side_of) + len(wanted)
        turned = np.fft.irfft(
            np.fft.rfft(side_of, size) * np.conj(np.fft.rfft(wanted, size)), size
        )[: len(side_of)]
        power = np.convolve(side_of**2, np.ones(len(wanted)), "full")[len(wanted) - 1 :]
        alike = turned / np.sqrt(np.maximum(power[: len(turned)], 1e-4))
        found: list[float] = []
        while alike.max() > least:
            at = int(alike.argmax())
            found.append(at / RATE)
            alike[max(0, at - RATE // 2) : at + RATE // 2] = 0
        return sorted(found)

    def loud(self, side: int) -> float:
        """How many seconds there is something to hear on a side."""
        pieces = self.sides[side][: len(self.sides[side]) // 160 * 160].reshape(-1, 160)
        return float((np.sqrt((pieces**2).mean(axis=1)) > 0.01).sum() / 100)


class Owner:
    """Who may read what was recorded."""

    def __init__(self, house: House) -> None:
        self.key = house.secret_key()
        self._http = httpx.Client(base_url=house.url, headers={"x-api-key": self.key}, timeout=30)

    def recordings(self) -> list[tuple[str, dict[str, Any]]]:
        """All of them, with their runs."""
        runs = [one["id"] for one in self._http.get("/v1/traces").json()["items"]]
        listed = [(run, self._http.get(f"/v1/traces/{run}/recordings")) for run in runs]
        return [(run, one) for run, answer in listed for one in answer.json()["items"]]

    async def whole(self) -> tuple[str, dict[str, Any]]:
        """The one recording, once it is whole."""
        async with asyncio.timeout(60):
            while True:
                for run, one in await asyncio.to_thread(self.recordings):
                    if one["state"] == "complete":
                        return run, one
                await asyncio.sleep(0.2)

    def saved(self, run: str, recording: dict[str, Any], path: Path) -> Path:
        """The sound, as a file."""
        answer = self._http.get(f"/v1/traces/{run}/recordings/{recording['id']}.ogg")
        assert (answer.status_code, len(answer.content)) == (200, recording["bytes"])
        path.write_bytes(answer.content)
        return path

    def close(self) -> None:
        """Hangs up."""
        self._http.close()


@pytest.fixture
def owner(own: House) -> Iterator[Owner]:
    """The owner of that server."""
    found = Owner(own)
    yield found
    found.close()


def spoken() -> Any:
    """What the caller says, from where it is heard."""
    said = speak(SAYS, "middle").at(RATE)
    return said.floats[said.audible_from :]


BEGINNING = np.frombuffer(ruler(RATE // 4), dtype=np.int16) / 32768
"""How every answer of the agent begins."""


@pytest.mark.voice
@pytest.mark.parametrize("client", ["stock", "own"])
async def test_a_conversation_is_heard_as_it_was(
    own: House, owner: Owner, tmp_path: Path, client: Any
) -> None:
    """Greeting, question, an answer that is cut by a second question, and its answer."""
    async with SyntheticCaller(own.url, agent="clerk", key=owner.key, client=client) as caller:
        await caller.answer()
        await caller.say(SAYS)
        turn = await caller.answering()
        await caller.hears(turn, RATE * 2)
        await caller.say(SAYS)
        await caller.until(
            lambda: any(each.played > RATE * 5 for each in caller.answers), "an answer to its end"
        )
        played = sum(each.played for each in caller.answers) / RATE
    run, recording = await owner.whole()
    file = owner.saved(run, recording, tmp_path / "heard.ogg")
    assert recording["duration_ms"] == pytest.approx(length_of(file), abs=20)
    found = Heard(file)
    greeting, first, second = found.places(1, BEGINNING)
    asked, again = found.places(0, spoken())
    assert greeting < 1
    assert greeting < asked < first < again < second
    assert again - asked > len(spoken()) / RATE
    # The first answer was cut: of its six seconds no more is there than was played.
    assert found.loud(1) == pytest.approx(played, abs=1.0)
    # Nobody is heard on the side of the other.
    assert found.places(1, spoken()) == []
    assert found.places(0, BEGINNING) == []


async def test_a_kill_leaves_what_was_heard_and_the_next_start_finishes_it(
    own: House, owner: Owner, tmp_path: Path
) -> None:
    """Killed in the sixth second: what is on disk can be played, and is whole after a start."""
    async with SyntheticCaller(own.url, agent="clerk", key=owner.key) as caller:
        await caller.answer()
        await caller.type("hello")
        turn = await caller.answering()
        await caller.hears(turn, RATE * 4)
        own.kill()
        await caller.closed()
    (file,) = (own.data / "recordings").glob("*.ogg")
    size = file.stat().st_size
    found = Heard(file)
    assert found.places(1, BEGINNING)[0] < 1
    assert found.loud(1) > 0.5
    own.start()
    run, recording = await owner.whole()
    assert recording["bytes"] == size
    assert recording["duration_ms"] == length_of(file)
    saved = owner.saved(run, recording, tmp_path / "heard.ogg")
    assert saved.read_bytes() == file.read_bytes()
