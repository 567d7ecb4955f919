"""The widget door: one answer, whichever road; and errors as its document has them."""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from livekit.api import TokenVerifier
from tests.server.conftest import LIVEKIT, Desk, refused
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from duologue.access import claims
from duologue.server.openings import SOCKET_PATH
from duologue.wire.rooms import Claim

SHOP = {"origin": "https://shop.example"}


def session(desk: Desk, agent: str | None = "desk", **fields: Any) -> httpx.Response:
    """Asks for a session as a widget does, with the secret key unless another or none is given."""
    key = fields.pop("key", desk.key)
    headers = fields.pop("headers", {})
    if key is not None:
        headers = {"x-api-key": key, **headers}
    named = {} if agent is None else {"agentId": agent}
    content = json.dumps({**named, **fields})
    return desk.http.post("/api/widget/session", content=content, headers=headers)


def claim_of(answer: dict[str, Any]) -> Claim:
    """What the server promised in a room's token."""
    secret = LIVEKIT["livekit_api_secret"]
    token = TokenVerifier(LIVEKIT["livekit_api_key"], secret).verify(answer["token"])
    assert token.attributes is not None
    return claims.read(token.attributes["duologue.claim"], secret, int(time.time()))


def test_a_widget_gets_a_room_where_there_is_one(rooms: Desk) -> None:
    """With everything that it must know, and nothing written."""
    answer = session(rooms, plan="gold", userId="u1").json()
    assert set(answer) == {
        "session_id",
        "conversation_id",
        "transport",
        "url",
        "token",
        "room_name",
        "resumable",
        "resume_token",
        "resumed",
        "agent",
        "config",
        "announce",
    }
    assert (answer["transport"], answer["url"]) == ("livekit", LIVEKIT["livekit_url"])
    claim = claim_of(answer)
    assert (claim.room, claim.session) == (answer["room_name"], answer["session_id"])
    assert claim.metadata == {"plan": "gold", "userId": "u1"}
    assert answer["config"]["encryption"] is False
    gone = rooms.ask("GET", f"/v1/sessions/{answer['session_id']}")
    refused(gone, 404, "session_not_found")


@pytest.mark.parametrize(
    "fields", [{}, {"transports": ["websocket"]}, {"transports": ["x", "websocket"]}]
)
def test_it_gets_a_socket_where_there_is_no_room(desk: Desk, fields: dict[str, Any]) -> None:
    """The session key opens it, and the address is the one that the page asked at."""
    answer = session(desk, capabilities=["mic16"], user="u1", **fields).json()
    assert answer["transport"] == "websocket"
    assert answer["room_name"] is None
    assert answer["url"] == desk.house.url.replace("http", "ws", 1) + SOCKET_PATH
    assert answer["token"].startswith("dk_session_")
    assert answer["config"]["capabilities"] == ["mic16", "resume"]
    assert answer["config"]["audio"]["input_rate"] == 16000
    assert answer["agent"]["name"] == "Desk"
    offered = [Subprotocol("duologue"), Subprotocol(answer["token"])]
    with connect(answer["url"], subprotocols=offered) as socket:
        socket.send('{"type":"client.ready"}')
        assert json.loads(socket.recv(timeout=60))
    stored = desk.ask("GET", f"/v1/sessions/{answer['session_id']}").json()
    assert stored["metadata"] == {"user": "u1"}


def test_a_widget_that_knows_no_rooms_gets_none(rooms: Desk) -> None:
    """And an agent that is only on the socket is reached there."""
    assert session(rooms, transports=["websocket"]).json()["transport"] == "websocket"
    wired = session(rooms, "wired").json()
    assert wired["transport"] == "websocket"
    assert wired["agent"]["avatarImageUrl"] == "https://x.example/wired.png"


def test_where_no_road_is_left_the_answer_says_why(rooms: Desk, desk: Desk) -> None:
    """The client's, the agent's and the server's are named."""
    refused(session(rooms, transports=["pigeon"]), 403, "transport_refused", "pigeon", "websocket")
    refused(session(rooms, transports=[]), 403, "transport_refused", "no road")
    refused(session(rooms, "wired", transports=["livekit"]), 403, "transport_refused", "wired")
    refused(session(rooms, "sealed", transports=["websocket"]), 403, "transport_refused", "sealed")
    refused(session(desk, transports=["livekit"]), 501, "livekit_missing", "livekit_url")


def test_the_documents_errors_are_answered_exactly(rooms: Desk) -> None:
    """403 key_wrong_org, 401 key_expired with the reason, 403 agent_has_no_org."""
    rooms.house.command("orgs", "create", "strangers")
    theirs = rooms.house.command("keys", "create", "--kind", "secret", "--org", "strangers")
    agent = rooms.ask("GET", "/v1/agents/desk").json()["id"]
    for name in (agent, "desk"):
        refused(session(rooms, name, key=theirs["key"]), 403, "key_wrong_org", "organization")
    refused(session(rooms, "nobody", key=theirs["key"]), 404, "agent_not_found")
    options = ("--kind", "public", "--agent", "desk", "--origin", SHOP["origin"])
    made = rooms.house.command("keys", "create", *options)
    rooms.house.command("keys", "revoke", made["id"])
    revoked = session(rooms, key=made["key"], headers=SHOP)
    refused(revoked, 401, "key_expired", "revoked")
    assert revoked.headers["access-control-allow-origin"] == SHOP["origin"]
    refused(session(rooms, "draft"), 403, "agent_has_no_org", "draft")


def test_a_key_whose_time_is_over_is_expired(rooms: Desk) -> None:
    """And the message says that it was not revoked."""
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = rooms.house.command("keys", "create", "--kind", "secret", "--expires", ends)
    with sqlite3.connect(rooms.house.data / "duologue.db", timeout=30) as conn:
        soon = "UPDATE keys SET expires_at = ? WHERE id = ?"  # most of the hour goes by
        assert conn.execute(soon, (time.time_ns() // 1_000_000 + 3000, made["id"])).rowcount == 1
    conn.close()
    deadline = time.monotonic() + 60
    while session(rooms, key=made["key"]).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    refused(session(rooms, key=made["key"]), 401, "key_expired", "is expired")


def test_a_public_key_needs_to_name_nothing(rooms: Desk) -> None:
    """Its page is let in; another reads what its owner has to do about it."""
    key = rooms.public_key()
    answer = session(rooms, None, key=key, headers=SHOP)
    assert answer.json()["agent"]["name"] == "Desk"
    assert answer.headers["access-control-allow-origin"] == SHOP["origin"]
    evil = session(rooms, None, key=key, headers={"origin": "https://evil.example"})
    refused(evil, 403, "origin_refused", "'https://evil.example'", "shop.example", "keys allow")
    assert evil.headers["access-control-allow-origin"] == "https://evil.example"
    asked = rooms.http.options("/api/widget/session", headers=SHOP)
    assert "x-api-key" in asked.headers["access-control-allow-headers"]
    refused(session(rooms, key=None), 401, "key_missing")


def test_a_page_comes_back_by_its_resume_token_on_either_road(rooms: Desk) -> None:
    """The socket's token leads into a room."""
    key = rooms.public_key()
    first = session(rooms, key=key, headers=SHOP, transports=["websocket"]).json()
    token = first["resume_token"]
    again = session(rooms, key=key, headers=SHOP, resumeToken=token).json()
    assert (again["transport"], again["resumed"]) == ("livekit", "rebuilt")
    assert again["conversation_id"] == first["conversation_id"]
    assert again["resume_token"] != token


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"agentId": 5}', b'{"transports": {}}'])
def test_a_malformed_request_is_refused_with_its_reason(rooms: Desk, body: bytes) -> None:
    """In the one form of all errors."""
    headers = {"x-api-key": rooms.key}
    refused(
        rooms.http.post("/api/widget/session", content=body, headers=headers), 400, "bad_request"
    )
    refused(rooms.http.get("/api/widget/session"), 405, "method_not_allowed", "POST")
