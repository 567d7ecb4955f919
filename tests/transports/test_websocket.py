"""The WebSocket road, over real sockets."""

from __future__ import annotations

import base64
import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import pytest
from tests.groups import say
from tests.server.conftest import Desk, closing_code, desk
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

__all__ = ["desk"]

SHOP = Origin("https://shop.example")
EVIL = Origin("https://evil.example")

FRAMES: list[dict[str, Any]] = [
    {"type": "client.ready"},
    {"type": "client.audio", "content": base64.b64encode(bytes(1792)).decode()},
    {"type": "vad_events", "event": "vad_start"},
    {"type": "trigger.turn.start", "role": "user"},
    {"type": "trigger.turn.end", "role": "user"},
    {"type": "trigger.response.audio.replay_finished", "reason": "completed"},
    {"type": "client.response.text", "content": ""},
    {"type": "client.response.data", "data": {"a": [1, 2, {"b": None}]}},
    {"type": "client.played", "turn_id": "turn_x", "played_ms": 12},
]
"""Every message of a client but the one that leaves."""


@contextmanager
def on_the_line(
    desk: Desk, agent: str = "desk", **fields: Any
) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """A socket that is open, and what authorize answered for it."""
    ticket = desk.authorize(agent, **fields).json()
    with connect(desk.socket_url(ticket["client_session_key"]), close_timeout=5) as socket:
        yield socket, ticket


def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a type."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=60))
        if message["type"] == kind:
            return message


def drop(socket: ClientConnection) -> None:
    """Loses the connection without a word."""
    socket.socket.shutdown(SHUT_RDWR)


def mutated(chance: random.Random) -> str | bytes:
    """A frame that was damaged: bytes changed, cut, repeated, nested, or made of nothing."""
    frame = json.dumps(chance.choice(FRAMES))
    match chance.randrange(7):
        case 0:
            place = chance.randrange(len(frame))
            return frame[:place] + chr(chance.randrange(1, 0x300)) + frame[place + 1 :]
        case 1:
            return frame[: chance.randrange(len(frame))]
        case 2:
            return frame * 2
        case 3:
            changed = dict(chance.choice(FRAMES))
            values: list[Any] = [None, [], {}, 0, -1.5, "x" * 50, True, "\x00", 1e308]
            changed[chance.choice([*changed, "new"])] = chance.choice(values)
            return json.dumps(changed)
        case 4:
            return chance.randbytes(chance.randrange(40))
        case 5:
            return "[" * chance.randrange(1, 3000)
        case _:
            content = base64.b64encode(chance.randbytes(chance.randrange(1, 3000))).decode()
            return json.dumps({"type": "client.audio", "content": content})


def resident(desk: Desk) -> int:
    """Kilobytes that the server holds."""
    process = desk.house._process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def settled(desk: Desk) -> int:
    """Kilobytes that it holds once nobody is awaited any more who dropped."""
    least = resident(desk)
    for _ in range(45):
        time.sleep(1)
        least = min(least, resident(desk))
    return least


def bombard(desk: Desk, frames: int, seed: int) -> None:
    """Sends damaged frames over many sockets; the server must serve on."""
    chance = random.Random(seed)
    sent = 0
    while sent < frames:
        with on_the_line(desk) as (socket, _):
            socket.send('{"type":"client.ready"}')
            for _ in range(min(500, frames - sent)):
                socket.send(mutated(chance))
                sent += 1
            time.sleep(1)  # the mutants used up what may be said at once
            socket.send(json.dumps({"type": "client.response.text", "content": "still there?"}))
            while until(socket, "user.transcript")["content"] != "still there?":
                pass


def test_damaged_frames_are_answered_or_ignored_and_the_talk_goes_on(desk: Desk) -> None:
    """After two thousand of them the agent still understands a typed sentence."""
    logged = len(desk.house.log)
    bombard(desk, 2_000, seed=1)
    assert desk.http.get("/health").status_code == 200
    assert "Traceback" not in desk.house.log[logged:]


@pytest.mark.soak
def test_a_hundred_thousand_damaged_frames_leave_no_trace(desk: Desk) -> None:
    """Memory is flat from the first tenth to the last."""
    logged = len(desk.house.log)
    bombard(desk, 10_000, seed=2)
    before = settled(desk)
    bombard(desk, 90_000, seed=3)
    after = settled(desk)
    say(f"{before} KiB after 10,000 damaged frames, {after} KiB after 100,000\n")
    assert after - before < 20_000
    assert "Traceback" not in desk.house.log[logged:]


def test_the_first_malformed_frames_are_answered_with_their_reason(desk: Desk) -> None:
    """Three complaints, so that a developer learns of it and an attacker gets nothing."""
    with on_the_line(desk) as (socket, _):
        for _ in range(10):
            socket.send("not json")
        socket.send('{"type":"client.ready"}')
        notices = []
        while (message := json.loads(socket.recv(timeout=60)))["type"] != "response.text":
            if message["type"] == "response.data":
                notices.append(message["content"])
        assert [notice["code"] for notice in notices] == ["bad_request"] * 3
        assert "JSON is malformed" in notices[0]["message"]


@pytest.mark.parametrize("key", ["", "dk_session_nonsense", "%00%ff", "a" * 3000])
def test_a_wrong_key_is_refused_before_the_socket_opens(desk: Desk, key: str) -> None:
    """The upgrade is answered with a status and an error in words."""
    with pytest.raises(InvalidStatus) as refused, connect(desk.socket_url(key)):
        pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["code"] == "session_key_unknown"


def test_an_agent_that_cannot_start_refuses_with_its_reason(desk: Desk) -> None:
    """The kind of failure is named; what it says stays in the owner's log."""
    key = desk.authorize("broken").json()["client_session_key"]
    with pytest.raises(InvalidStatus) as refused, connect(desk.socket_url(key)):
        pass
    assert refused.value.response.status_code == 500
    body = json.loads(refused.value.response.body or b"")
    assert body["code"] == "agent_failed"
    assert "RuntimeError" in body["error"]
    assert "no such database" not in body["error"]
    for _ in range(100):  # the log comes through a pipe, later than the answer
        if "no such database" in desk.house.log:
            return
        time.sleep(0.1)
    raise AssertionError(f"the owner's log does not say why:\n{desk.house.log}")


def test_pages_that_the_agent_does_not_list_are_refused(desk: Desk) -> None:
    """The origin counts at the upgrade, whatever key authorized."""
    key = desk.authorize("strict").json()["client_session_key"]
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(desk.socket_url(key), origin=EVIL),
    ):
        pass
    assert refused.value.response.status_code == 403
    with connect(desk.socket_url(key), origin=SHOP):
        pass


def test_a_key_opens_one_socket_at_a_time(desk: Desk) -> None:
    """While it is open the same key is refused; after a drop it opens again."""
    with on_the_line(desk) as (socket, ticket):
        url = desk.socket_url(ticket["client_session_key"])
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass
        assert refused.value.response.status_code == 409
        drop(socket)
        for _ in range(100):
            try:
                with connect(url) as again:
                    again.send('{"type":"client.ready"}')
                    assert until(again, "turn.start")["role"] == "assistant"
                    return
            except InvalidStatus:
                time.sleep(0.1)
        raise AssertionError("the key did not open again")


def test_a_conversation_that_opens_elsewhere_closes_here(desk: Desk) -> None:
    """The old client is told why, in words and in the code."""
    with on_the_line(desk) as (old, ticket):
        old.send('{"type":"client.ready"}')
        until(old, "response.text")
        with on_the_line(desk, conversation_id=ticket["conversation_id"]) as (_, second):
            assert second["resumed"] == "live"
            notice = until(old, "response.data")["content"]
            assert notice["code"] == "replaced"
            assert closing_code(old) == 4001


def test_a_second_tab_is_refused_where_the_agent_says_so(desk: Desk) -> None:
    """With tabs = reject the first client stays, undisturbed, with its key."""
    shop = {"origin": SHOP}
    ticket = desk.authorize("strict").json()
    url = desk.socket_url(ticket["client_session_key"])
    with connect(url, origin=SHOP) as socket:
        again = desk.authorize("strict", conversation_id=ticket["conversation_id"], headers=shop)
        assert (again.status_code, again.json()["code"]) == (409, "conversation_open")
        socket.send(json.dumps({"type": "client.response.text", "content": "mine"}))
        assert until(socket, "user.transcript")["content"] == "mine"


def test_leaving_ends_the_run_and_the_conversation_can_be_rebuilt(desk: Desk) -> None:
    """client.end is a goodbye: 1000, and the next session remembers without a greeting."""
    with on_the_line(desk) as (socket, ticket):
        socket.send('{"type":"client.ready"}')
        until(socket, "response.end")
        socket.send('{"type":"client.end"}')
        assert closing_code(socket) == 1000
    conversation = ticket["conversation_id"]
    _until_not_live(desk, conversation)
    session = desk.ask("GET", f"/v1/sessions/{ticket['session_id']}").json()
    assert (session["state"], session["end_reason"]) == ("ended", "left")
    with on_the_line(desk, conversation_id=conversation) as (socket, again):
        assert again["resumed"] == "rebuilt"
        socket.send('{"type":"client.ready"}')
        socket.send(json.dumps({"type": "client.response.text", "content": "me again"}))
        first = json.loads(socket.recv(timeout=60))
        assert (first["type"], first["role"]) == ("turn.start", "user")


def test_a_dropped_client_finds_its_agent_waiting_and_later_its_memory(desk: Desk) -> None:
    """Within the grace time the run lives; after it the conversation is rebuilt."""
    with on_the_line(desk) as (socket, ticket):
        socket.send('{"type":"client.ready"}')
        until(socket, "response.text")
        drop(socket)
    conversation = ticket["conversation_id"]
    assert desk.ask("GET", f"/v1/conversations/{conversation}").json()["live"] is True
    _until_not_live(desk, conversation)
    late = desk.authorize(conversation_id=conversation).json()
    assert late["resumed"] == "rebuilt"


def test_a_revoked_key_closes_what_it_opened(desk: Desk) -> None:
    """Within a sweep or two the socket is told and closed, and the agent does not wait."""
    made = desk.house.command("keys", "create", "--kind", "secret")
    with on_the_line(desk, key=made["key"]) as (socket, _):
        socket.send('{"type":"client.ready"}')
        desk.house.command("keys", "revoke", made["id"])
        assert closing_code(socket) == 4004


def test_binary_frames_that_were_not_agreed_on_are_named(desk: Desk) -> None:
    """A stock client never sends them; ours asks first."""
    with on_the_line(desk) as (socket, _):
        socket.send(os.urandom(100))
        assert "binary" in until(socket, "response.data")["content"]["message"]


def test_a_flood_of_words_is_refused_and_the_line_stays_open(desk: Desk) -> None:
    """Each typed message costs an answer, so there is a limit to how many come at once."""
    with on_the_line(desk) as (socket, _):
        socket.send('{"type":"client.ready"}')
        socket.send(json.dumps({"type": "client.response.text", "content": "x" * 70_000}))
        assert "at most 65536" in until(socket, "response.data")["content"]["message"]
        for _ in range(200):
            socket.send(json.dumps({"type": "client.response.data", "data": 1}))
        assert "messages a second" in until(socket, "response.data")["content"]["message"]
        time.sleep(1)
        socket.send(json.dumps({"type": "client.response.text", "content": "still there?"}))
        assert until(socket, "user.transcript")["content"] == "still there?"


def test_an_absurd_place_is_ignored(desk: Desk) -> None:
    """What a client says of its playback cannot harm the conversation."""
    with on_the_line(desk, capabilities=["played"]) as (socket, _):
        socket.send('{"type":"client.ready"}')
        turn = until(socket, "turn.start")["turn_id"]
        for place in (1e308, -1.0, 1e12):
            frame = {"type": "client.played", "turn_id": turn, "played_ms": place}
            socket.send(json.dumps(frame))
        assert until(socket, "response.end")["turn_id"] == turn


def test_a_message_over_the_limit_closes_the_socket(desk: Desk) -> None:
    """One mebibyte is the limit; the code says so."""
    with on_the_line(desk) as (socket, _):
        socket.send("x" * (1024 * 1024 + 1))
        assert closing_code(socket) == 1009


def test_extensions_come_only_to_those_who_asked(desk: Desk) -> None:
    """A client with agent_state hears of it; a stock client's console stays quiet."""
    with on_the_line(desk, capabilities=["agent_state"]) as (socket, _):
        socket.send('{"type":"client.ready"}')
        assert until(socket, "agent.state")["state"] in ("initializing", "listening", "speaking")
    with on_the_line(desk) as (socket, _):
        socket.send('{"type":"client.ready"}')
        kinds = set()
        while (message := json.loads(socket.recv(timeout=60)))["type"] != "response.end":
            kinds.add(message["type"])
        assert kinds <= {"turn.start", "response.text.delta", "response.text", "response.audio"}


def _until_not_live(desk: Desk, conversation: str) -> None:
    for _ in range(300):
        if not desk.ask("GET", f"/v1/conversations/{conversation}").json()["live"]:
            return
        time.sleep(0.1)
    raise AssertionError("the run did not end")
