"""What the server says as data, and what stays the agent's own."""

from __future__ import annotations

import json

import pytest

from duologue.client.reserved import reserved
from duologue.client.road import DataReceived, Navigated, Noticed, RoadEvent
from duologue.client.room_agent import AgentWatch
from duologue.client.room_data import Packets
from duologue.client.room_secrecy import Secrecy
from duologue.client.socket import SocketRoad
from duologue.client.tasks import Tasks
from duologue.wire import layercode
from duologue.wire.page import navigation

NOTICE = layercode.notice("replaced", "Elsewhere.")
PAGE = navigation("https://shop.example/rooms")
OWN = {"type": "order", "of": "duologue.navigate"}


def test_reserved_types_are_told_from_data() -> None:
    """Data of the agent that looks like anything else stays data."""
    assert reserved(NOTICE) == Noticed("replaced", "Elsewhere.")
    assert reserved({"type": "duologue.notice"}) == Noticed("", "")
    assert reserved(PAGE) == Navigated("https://shop.example/rooms")
    others: list[object] = [{"type": "other"}, OWN, [], None, "duologue.notice", 3]
    for content in others:
        assert reserved(content) is None


def of_socket(*contents: object) -> list[RoadEvent]:
    """What the socket's road tells of these pieces of data."""
    road = SocketRoad()
    told: list[RoadEvent] = []
    road._listener = told.append
    for content in contents:
        road._data(content)
    return told


def of_room(*contents: object) -> list[RoadEvent]:
    """What a room tells of these packets of its agent."""

    class Packet:
        topic = None

        def __init__(self, data: bytes) -> None:
            self.data = data

    tasks = Tasks()
    agent = AgentWatch(tasks)
    agent.identity = "agent"
    packets = Packets(tasks, agent, Secrecy(agent, None), lambda text: None)
    told: list[RoadEvent] = []
    packets._tell = told.append
    for content in contents:
        packets._take(Packet(json.dumps(content).encode()), "agent")  # type: ignore[arg-type]  # all that is read of it
    return told


@pytest.mark.parametrize("road", [of_socket, of_room])
def test_what_is_reserved_is_no_data_on_either_road(road: object) -> None:
    """A notice and a page to go to have names of their own; only the agent's own is data."""
    assert callable(road)
    notice, page, data = road(NOTICE, PAGE, OWN)
    assert notice == Noticed("replaced", "Elsewhere.")
    assert page == Navigated("https://shop.example/rooms")
    assert isinstance(data, DataReceived)
    assert json.loads(data.content) == OWN
