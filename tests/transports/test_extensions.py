"""What our own clients ask of the socket, over real sockets."""

from __future__ import annotations

import json
import time
from socket import SHUT_RDWR
from typing import Any

import pytest
from tests.server.conftest import LONG, Desk, closing_code, desk
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from duologue.core.happenings import AgentEnded
from duologue.transports.layercode import Translator

__all__ = ["desk"]

OURS = Subprotocol("duologue")
ALL = ["binary", "mic16", "played", "resume", "agent_state", "tools"]
SILENT = [one for one in ALL if one != "played"]
"""What a client asks for that does not tell how far it plays; these here have no loudspeaker."""


def opened(
    desk: Desk, agent: str = "desk", asks: list[str] = SILENT, **fields: Any
) -> tuple[ClientConnection, Any]:
    """A socket of our own client, with its key as a subprotocol, and what authorize answered."""
    ticket = desk.authorize(agent, capabilities=asks, **fields).json()
    address = desk.socket_url("").partition("?")[0]
    protocols = [OURS, Subprotocol(ticket["client_session_key"])]
    return connect(address, subprotocols=protocols, close_timeout=5), ticket


def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a type; sound is passed over."""
    while True:
        frame = socket.recv(timeout=60)
        if isinstance(frame, str) and (message := json.loads(frame))["type"] == kind:
            return dict(message)


def say(socket: ClientConnection, **message: Any) -> None:
    """Sends a message."""
    socket.send(json.dumps(message))


def swept(desk: Desk, *tickets: Any) -> None:
    """Waits until the server looked at these sessions three times: each look adds to their time."""
    paths = [f"/v1/sessions/{ticket['session_id']}" for ticket in tickets]
    seen: set[tuple[int, ...]] = set()
    end = time.monotonic() + 60
    while len(seen) < 4:
        assert time.monotonic() < end, f"the meters stand at {seen}"
        seen.add(tuple(desk.ask("GET", path).json()["attached_ms"] for path in paths))
        time.sleep(0.1)


def test_the_key_may_come_as_a_subprotocol(desk: Desk) -> None:
    """The server answers with its own name and never repeats the key."""
    socket, ticket = opened(desk, asks=ALL)
    with socket:
        assert socket.subprotocol == OURS
        assert ticket["config"]["audio"]["input_rate"] == 16000
        assert ticket["config"]["capabilities"] == ALL
    assert ticket["client_session_key"] not in desk.house.log


def test_a_subprotocol_without_a_key_is_refused(desk: Desk) -> None:
    """Offering our name alone opens nothing."""
    address = desk.socket_url("").partition("?")[0]
    with pytest.raises(InvalidStatus) as refused, connect(address, subprotocols=[OURS]):
        pass
    assert refused.value.response.status_code == 401


def test_sound_travels_as_it_is_where_that_was_agreed(desk: Desk) -> None:
    """A binary frame belongs to the agent's turn that began last; no sound comes as text."""
    socket, _ = opened(desk)
    with socket:
        say(socket, type="client.ready")
        begun, sound = False, 0
        while True:
            frame = socket.recv(timeout=60)
            if isinstance(frame, bytes):
                assert begun
                sound += len(frame)
                continue
            kind = json.loads(frame)["type"]
            assert kind != "response.audio"
            begun = begun or kind == "turn.start"
            if kind == "response.end":
                break
        assert sound > 8000
        assert sound % 256 == 0
        for piece in (b"", bytes(1), bytes(1281), bytes(1280)):
            socket.send(piece)
        say(socket, type="client.response.text", content="still there?")
        assert until(socket, "user.transcript")["content"] == "still there?"


def test_only_who_tells_what_it_played_learns_whether_a_turn_was_cut() -> None:
    """Stock clients know no such word."""
    plain = {"type": "turn.end", "role": "assistant", "turn_id": "turn_1"}
    for cut in (False, True):
        ended = AgentEnded("turn_1", interrupted=cut)
        assert [json.loads(one) for one in Translator(SILENT).frames(ended)] == [plain]
        told = plain | {"interrupted": cut}
        assert [json.loads(one) for one in Translator(ALL).frames(ended)] == [told]


def test_a_client_that_comes_back_is_told_what_was_said(desk: Desk) -> None:
    """The first frame holds the conversation so far, in its order, with its turns."""
    socket, ticket = opened(desk)
    with socket:
        say(socket, type="client.ready")
        greeted = until(socket, "response.text")
        until(socket, "response.end")
        done = {"turn_id": greeted["turn_id"], "played_ms": 900, "reason": "completed"}
        say(socket, type="trigger.response.audio.replay_finished", **done)
        until(socket, "turn.end")
        say(socket, type="client.response.text", content="One more thing.")
        said = until(socket, "user.transcript")
        until(socket, "response.end")
    token = ticket["resume_token"]
    again, second = opened(desk, resume_token=token)
    with again:
        assert second["resumed"] in ("live", "rebuilt")
        assert second["resume_token"] != token
        first = json.loads(again.recv(timeout=60))
        assert first["type"] == "conversation.history"
        told = [(one["role"], one["content"], one["turn_id"]) for one in first["messages"]]
        assert ("assistant", "Hello.", greeted["turn_id"]) == told[0]
        assert ("user", "One more thing.", said["turn_id"]) == told[1]
        assert all(one["at"] > 0 for one in first["messages"])


def test_a_message_that_is_sent_again_is_asked_once(desk: Desk) -> None:
    """The line breaks right after it, and its sender cannot know whether it came; its id tells."""
    socket, ticket = opened(desk)
    with socket:
        say(socket, type="client.ready")
        until(socket, "response.end")
        say(socket, type="client.response.text", content="Only once.", id="m1")
        socket.socket.shutdown(SHUT_RDWR)
    again, second = opened(desk, resume_token=ticket["resume_token"])
    with again:
        assert second["resumed"] == "live"
        until(again, "conversation.history")
        say(again, type="client.ready")
        for number, text in (("m1", "Only once."), ("m2", "Then this."), ("m2", "Not this.")):
            say(again, type="client.response.text", content=text, id=number)
        say(again, type="client.response.text", content="Then this.")  # without an id it is new
        for _ in range(2):
            while until(again, "user.transcript")["content"] != "Then this.":
                pass
    said = desk.house.messages(ticket["conversation_id"])
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert asked == ["Only once.", "Then this.", "Then this."]


def test_signs_of_life_come_to_those_who_would_come_back(desk: Desk) -> None:
    """At once, and then every five seconds, whatever else is said."""
    socket, _ = opened(desk)
    with socket:
        until(socket, "duologue.beat")
        until(socket, "duologue.beat")


def test_the_agent_falls_silent_when_it_is_told_to(desk: Desk) -> None:
    """An interruption without a word cuts the answer, and no turn of the user begins."""
    socket, ticket = opened(desk, "shared")
    with socket:
        say(socket, type="client.ready")
        turn = until(socket, "turn.start")["turn_id"]
        while not isinstance(socket.recv(timeout=60), bytes):
            pass
        time.sleep(1.0)  # a part of the greeting is heard
        say(socket, type="client.interrupt")
        while True:
            frame = socket.recv(timeout=60)
            if isinstance(frame, bytes):
                continue
            message = json.loads(frame)
            assert (message["type"], message.get("role")) != ("turn.start", "user")
            if message["type"] == "turn.end":
                assert message["turn_id"] == turn
                break
        say(socket, type="client.response.text", content="Thanks.")
        assert until(socket, "user.transcript")["content"] == "Thanks."
    greeting = desk.house.messages(ticket["conversation_id"])[0]
    assert greeting["interrupted"]
    assert len(greeting["text"]) < len(LONG)


def test_a_flood_of_small_messages_is_refused_and_the_line_stays_open(desk: Desk) -> None:
    """Each may stir the conversation, so there is a limit to how many come at once."""
    socket, _ = opened(desk)
    with socket:
        say(socket, type="client.ready")
        for _ in range(300):
            say(socket, type="client.interrupt")
        assert "small messages a second" in until(socket, "response.data")["content"]["message"]
        say(socket, type="client.response.text", content="still there?")
        assert until(socket, "user.transcript")["content"] == "still there?"


def test_a_shared_conversation_has_one_agent_and_two_listeners(desk: Desk) -> None:
    """The second client sees and hears what the first does; both may write; one may leave."""
    first, ticket = opened(desk, "shared")
    with first:
        say(first, type="client.ready")
        until(first, "response.end")
        second, joined = opened(desk, "shared", resume_token=ticket["resume_token"])
        with second:
            assert joined["conversation_id"] == ticket["conversation_id"]
            assert joined["resumed"] == "live"
            until(second, "conversation.history")
            say(second, type="client.ready")
            say(second, type="client.response.text", content="From the second.")
            for socket in (first, second):
                assert until(socket, "user.transcript")["content"] == "From the second."
            starts = {until(socket, "turn.start")["turn_id"] for socket in (first, second)}
            assert len(starts) == 1
            swept(desk, ticket, joined)  # neither is closed as replaced
            say(first, type="client.end")
            assert closing_code(first) == 1000
            say(second, type="client.response.text", content="Alone now.")
            assert until(second, "user.transcript")["content"] == "Alone now."
