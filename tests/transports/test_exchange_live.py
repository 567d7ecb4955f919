"""What agent code does with `duologue.current()`, over a real server's sockets."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import Desk
from tests.serving import House
from tests.transports.exchange_line import ALL, line

from duologue.wire.exchange import FILE_LIMIT

AGENTS = """
import asyncio

from livekit.agents import Agent

import duologue


class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
        here = duologue.current()
        here.state.set("lives", here.state.get("lives", 0) + 1)
        here.state.on(self.changed)
        here.on_rpc("add", lambda payload: str(sum(map(int, payload.split()))))
        here.on_rpc("fail", lambda payload: 1 // 0)
        here.on_data(self.told)
        here.on_file(self.keep)
        here.on_attributes(lambda attributes: here.send({"client": attributes}))

    def changed(self, key, value):
        if key == "n" and isinstance(value, int):
            duologue.current().state.set("twice", value * 2)

    async def keep(self, file):
        here = duologue.current()
        back, name = file.content[::-1], "back-" + file.name
        await here.send_file(back, name=name, attributes=file.attributes)

    async def told(self, data):
        here = duologue.current()
        match data:
            case {"ask": method}:
                try:
                    here.send({"answer": await here.rpc(method, "please", timeout=20)})
                except duologue.RpcError as error:
                    here.send({"code": error.code})
            case {"large": size}:
                try:
                    await here.send_file(bytes(size))
                except duologue.NotOnThisTransport as error:
                    here.send({"refused": str(error)})
            case {"mood": mood}:
                here.set_attributes({"mood": mood})


@duologue.agent("desk", greeting="Hello.")
class Single(Desk):
    pass


@duologue.agent("shared", tabs="share", greeting="Hello.")
class Shared(Desk):
    pass
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with an agent that uses everything."""
    folder: Path = tmp_path_factory.mktemp("house")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, max_sessions=30, grace_seconds=3) as house:
        house.publish("desk", "shared")
        found = Desk(house)
        yield found
        found.http.close()


def test_state_is_shared_from_the_first_moment(desk: Desk) -> None:
    """The whole of it when the client is ready, then each change, the client's own too."""
    with line(desk) as client:
        assert client.until("state.snapshot")["values"] == {"lives": 1}
        client.say("client.ready")
        client.say("state.set", key="n", value=21)
        assert client.until("state.set", key="n")["value"] == 21
        assert client.until("state.set", key="twice")["value"] == 42
        client.say("state.set", key="n")
        assert client.until("state.set", key="n")["value"] is None
        kinds = [message["type"] for message in client.heard]
        assert kinds.count("state.snapshot") == 1


def test_requests_go_both_ways(desk: Desk) -> None:
    """Answers, an error of the agent's handler, an unknown method, and a client's refusal."""
    with line(desk) as client:
        client.say("rpc.request", id="1", method="add", payload="1 2 39")
        assert client.until("rpc.response", id="1")["payload"] == "42"
        client.say("rpc.request", id="2", method="fail")
        assert client.until("rpc.response", id="2")["error"]["code"] == 1500
        client.say("rpc.request", id="3", method="dance")
        assert client.until("rpc.response", id="3")["error"]["code"] == 1400
        client.say("client.response.data", data={"ask": "where"})
        asked = client.until("rpc.request")
        assert (asked["method"], asked["payload"], asked["timeout_ms"]) == (
            "where",
            "please",
            20000,
        )
        client.say("rpc.response", id=asked["id"], payload="here")
        assert client.told() == {"answer": "here"}
        client.say("client.response.data", data={"ask": "where"})
        asked = client.until("rpc.request")
        client.say("rpc.response", id=asked["id"], error={"code": 1777, "message": "no"})
        assert client.told() == {"code": 1777}


def test_files_go_both_ways(desk: Desk) -> None:
    """The largest that the socket takes comes back whole, while the agent talks."""
    content = random.Random(7).randbytes(FILE_LIMIT)
    with line(desk) as client:
        client.send_file(content)
        begun, back = client.file()
        assert begun["name"] == "back-notes.txt"
        assert begun["mime_type"] == "text/plain"
        assert begun["attributes"] == {"a": "b"}
        assert back == content[::-1]
        client.say("client.response.data", data={"large": FILE_LIMIT + 1})
        assert "websocket road" in client.told()["refused"]
        client.send_file(b"too long", size=3)
        assert "larger than the 3 bytes" in client.told()["message"]
        client.send_file(b"")
        assert client.file()[1] == b""


def test_attributes_go_both_ways(desk: Desk) -> None:
    """The agent's are told at the change, and to whoever comes later."""
    with line(desk, "shared", [*ALL, "resume"]) as client:
        client.say("attributes.set", attributes={"page": "/tea"})
        assert client.told() == {"client": {"page": "/tea"}}
        client.say("client.response.data", data={"mood": "calm"})
        assert client.until("attributes.set")["attributes"] == {"mood": "calm"}
        with line(desk, "shared", resume_token=client.resume_token) as other:
            other.until("state.snapshot")
            assert other.until("attributes.set")["attributes"] == {"mood": "calm"}


def test_a_client_that_did_not_ask_gets_and_does_nothing_of_it(desk: Desk) -> None:
    """Each message is refused by the name of what is missing; the agent learns it, too."""
    with line(desk, asks=[]) as client:
        client.say("state.set", key="n", value=1)
        assert "state.set was not agreed on; ask for the capability 'state'" in str(client.told())
        client.say("rpc.request", id="1", method="add", payload="1")
        assert "'rpc'" in client.told()["message"]
        client.say("file.begin", id="f", name="n", size=1)
        assert "'files'" in client.told()["message"]
        client.say("client.response.data", data={"ask": "where"})
        assert client.told() == {"code": 1400}
        client.say("client.response.data", data={"mood": "calm"})
        client.say("client.response.text", content="still there?")
        client.until("user.transcript")
        kinds = {message["type"].partition(".")[0] for message in client.heard}
        assert kinds <= {"turn", "response", "user"}


def test_those_who_share_a_conversation_share_its_state(desk: Desk) -> None:
    """Requests go to the one who leads, and only its answer counts; answers to who asked."""
    with line(desk, "shared", [*ALL, "resume"]) as first:
        first.until("state.snapshot")
        with line(desk, "shared", resume_token=first.resume_token) as second:
            second.until("state.snapshot")
            second.say("state.set", key="n", value=4)
            for client in (first, second):
                assert client.until("state.set", key="twice")["value"] == 8
            second.say("client.response.data", data={"ask": "where"})
            asked = first.until("rpc.request")
            second.say("rpc.response", id=asked["id"], payload="forged")
            second.say("rpc.request", id="1", method="add", payload="2 3")
            assert second.until("rpc.response")["payload"] == "5"
            first.say("rpc.response", id=asked["id"], payload="true")
            assert second.told() == {"answer": "true"}
            assert first.told() == {"answer": "true"}
            assert "rpc.request" not in {message["type"] for message in second.heard}
            assert "rpc.response" not in {message["type"] for message in first.heard}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_of_the_server_keeps_the_state(tmp_path: Path, end: str) -> None:
    """What a client was told of is there when the conversation is rebuilt, even after a kill."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file) as house:
        house.publish("desk")
        desk = Desk(house)
        with line(desk) as client:
            client.say("state.set", key="cart", value=["tea", {"milk": 1}])
            client.until("state.set", key="cart")
            conversation = client.conversation
            time.sleep(0.5)  # what is told is on its way to the disk, not there yet
            getattr(house, end)()
        house.start()
        desk.http.close()
        desk.http = httpx.Client(base_url=house.url, timeout=30)
        with line(desk, conversation_id=conversation) as client:
            values = client.until("state.snapshot")["values"]
            assert values == {"lives": 2, "cart": ["tea", {"milk": 1}]}
        desk.http.close()


def mutated(chance: random.Random) -> str:
    """A message that was made wrong, or right by accident."""
    kinds = ["rpc.request", "rpc.response", "state.set", "attributes.set", "file.begin"]
    values: list[Any] = [None, "f", "n", 1, -1, 1e308, 10**40, [], {}, {"a": "b"}, "AAAA", True]
    names = ["id", "method", "payload", "timeout_ms", "error", "key", "value", "attributes"]
    names += ["name", "size", "mime_type", "topic", "content"]
    frame = {name: chance.choice(values) for name in names if chance.random() < 0.8}
    frame["type"] = chance.choice([*kinds, "file.chunk", "state.snapshot", "rpc"])
    text = json.dumps(frame)
    if chance.random() < 0.2:
        place = chance.randrange(len(text))
        text = text[:place] + chr(chance.randrange(1, 0x300)) + text[place + 1 :]
    return text


def test_damaged_messages_are_answered_or_ignored_and_the_line_stays_open(desk: Desk) -> None:
    """After a thousand of them the agent still answers, and nothing failed in the server."""
    chance, logged = random.Random(3), len(desk.house.log)
    with line(desk) as client:
        for _ in range(1000):
            client.socket.send(mutated(chance))
        time.sleep(2)  # the mutants used up what may be said at once
        client.say("rpc.request", id="alive", method="add", payload="1 1")
        assert client.until("rpc.response", id="alive")["payload"] == "2"
    assert "Traceback" not in desk.house.log[logged:]
