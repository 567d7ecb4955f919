"""A server for the scenarios; those that kill it or count its money start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.serving import House

RULERS = """
from livekit.agents import Agent

import duologue
from duologue.testing.models import RulerTTS, ScriptedAnswers

LONG = "A sentence of a hundred characters or so, which takes six seconds to be said and has one dot."

for tabs in ("takeover", "reject", "share"):
    @duologue.agent(
        f"ruler-{tabs}", greeting=LONG, tabs=tabs, tts=RulerTTS,
        llm=lambda: ScriptedAnswers([LONG]),
    )
    def ruler():
        return Agent(instructions="Be long.")
"""  # noqa: E501 - the sentence is long because it must last


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with both demo agents, shared by callers who do not harm it."""
    with House(tmp_path_factory.mktemp("house") / "data") as running:
        running.publish("demo", "demo-ptt")
        yield running


@pytest.fixture(scope="session")
def key(house: House) -> str:
    """A secret key of that server."""
    return house.secret_key()


@pytest.fixture(scope="session")
def rulers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with agents whose voice is a ruler, one for each policy of tabs; it needs no key."""
    folder = tmp_path_factory.mktemp("rulers")
    file = folder / "rulers.py"
    file.write_text(RULERS)
    with House(folder / "data", file, mode="dev") as running:
        yield running
