"""A cluster for all who talk with it and end its processes, by text or by voice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.conftest import browser, build, chromium, microphone, microphone_file
from tests.processes.cluster import Cluster, cluster
from tests.processes.guest import PARROT
from tests.processes.proxy import Proxy, proxy
from tests.rooms.livekit import LiveKit, server

__all__ = ["browser", "build", "chromium", "microphone", "microphone_file"]

TABLES = """
import duologue
from duologue.agents.demo.agent import DemoAgent
from duologue.agents.demo.brain import DemoBrain
from duologue.agents.demo.phrases import EVERY
from duologue.testing.models import RulerTTS, ScriptedAnswers
from livekit.agents import Agent

for slug, trigger in (("table", "automatic"), ("button", "push_to_talk")):
    duologue.agent(
        slug, greeting="Hello! This is the Corner Table.", phrases=EVERY, llm=DemoBrain,
        turns={"trigger": trigger},
    )(DemoAgent)

LONG = "A sentence of fifty characters lasts three seconds."

for tabs in ("takeover", "reject", "share"):
    @duologue.agent(
        f"ruler-{tabs}", greeting=LONG, tabs=tabs, tts=RulerTTS,
        llm=lambda: ScriptedAnswers([LONG]),
    )
    def ruler():
        return Agent(instructions="Be long.")
"""
"""Agents who take bookings, all the time or by a button, and agents whose voice is a ruler."""
NAMES = ("parrot", "silent", "table", "button", "ruler-takeover", "ruler-reject", "ruler-share")


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two servers that wait a minute for who dropped, and let agents finish when they go."""
    folder = tmp_path_factory.mktemp("many")
    with cluster(folder, agents=PARROT + TABLES, publish=NAMES, grace_seconds=60.0) as made:
        yield made


@pytest.fixture(scope="session")
def key(many: Cluster) -> str:
    """A secret key, which every process knows."""
    return many.servers[0].secret_key()


@pytest.fixture
def door(many: Cluster) -> Iterator[Proxy]:
    """The proxy, with both servers behind it."""
    with proxy(many.ports) as opened:
        yield opened


@pytest.fixture(scope="session")
def own_livekit() -> Iterator[LiveKit]:
    """A LiveKit whose rooms only the cluster's agents enter."""
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def rooms(own_livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two servers and a worker that share a LiveKit."""
    folder = tmp_path_factory.mktemp("rooms")
    with cluster(folder, own_livekit, agents=PARROT + TABLES, publish=NAMES) as made:
        yield made


@pytest.fixture(scope="session")
def rooms_key(rooms: Cluster) -> str:
    """A secret key, which every process with rooms knows."""
    return rooms.servers[0].secret_key()


@pytest.fixture
def rooms_door(rooms: Cluster) -> Iterator[Proxy]:
    """The proxy, with both servers with rooms behind it."""
    with proxy(rooms.ports) as opened:
        yield opened
