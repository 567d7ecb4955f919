"""The owners' door: what is read and done with a secret key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.server.conftest import Desk, closing_code, refused
from websockets.sync.client import ClientConnection, connect


@contextmanager
def calling(desk: Desk, **fields: Any) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """A client on the line, and what authorize answered it."""
    ticket = desk.authorize(**fields).json()
    with connect(desk.socket_url(ticket["client_session_key"])) as socket:
        socket.send('{"type":"client.ready"}')
        yield socket, ticket


def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a type."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=60))
        if message["type"] == kind:
            return message


def test_agents_are_shown_with_what_they_are(desk: Desk) -> None:
    """Drafts too: their owner sees them."""
    found = {one["slug"]: one for one in desk.ask("GET", "/v1/agents").json()["items"]}
    assert {"desk", "strict", "draft", "broken"} <= set(found)
    assert found["desk"]["published"]
    assert not found["draft"]["published"]
    assert found["desk"]["definition"]["greeting"] == "Hello."
    one = desk.ask("GET", "/v1/agents/desk").json()
    assert one == found["desk"]
    refused(desk.ask("GET", "/v1/agents/nobody"), 404, "agent_not_found", "nobody")


def test_conversations_are_listed_newest_first_in_pieces(desk: Desk) -> None:
    """A cursor leads from piece to piece; no conversation is missing or twice."""
    made = [desk.authorize().json()["conversation_id"] for _ in range(5)]
    seen: list[str] = []
    before = None
    while True:
        query = {"agent": "desk", "limit": 2} | ({"before": before} if before else {})
        page = desk.ask("GET", "/v1/conversations", params=query).json()
        assert len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        before = page["next"]
        if before is None or set(made) <= set(seen):
            break
    assert [one for one in seen if one in made] == made[::-1]
    assert len(seen) == len(set(seen))


def test_bad_queries_are_refused_by_name(desk: Desk) -> None:
    """A limit out of range, a state that there is not."""
    refused(desk.ask("GET", "/v1/conversations?limit=0"), 400, "bad_request", "limit")
    refused(desk.ask("GET", "/v1/sessions?state=asleep"), 400, "bad_request", "state")
    refused(desk.ask("GET", "/v1/conversations?agent=nobody"), 404, "agent_not_found")


def test_a_live_session_is_said_to_interrupted_and_ended(desk: Desk) -> None:
    """What an owner does is heard by the caller; after the end nothing opens any more."""
    with calling(desk) as (socket, ticket):
        session, conversation = ticket["session_id"], ticket["conversation_id"]
        until(socket, "response.end")
        said = desk.ask("POST", f"/v1/sessions/{session}/say", json={"text": "One moment please."})
        assert said.json() == {"ok": True}
        while until(socket, "response.text")["content"] != "One moment please.":
            pass
        assert desk.ask("GET", f"/v1/sessions/{session}").json()["state"] == "live"
        assert desk.ask("GET", f"/v1/conversations/{conversation}").json()["live"] is True
        assert desk.ask("POST", f"/v1/sessions/{session}/interrupt").status_code == 200
        ended = desk.ask("POST", f"/v1/sessions/{session}/end", json={"reason": "closing time"})
        assert ended.status_code == 200
        assert closing_code(socket) == 4002
    again = desk.authorize(conversation_id=conversation)
    refused(again, 410, "conversation_ended", "closing time")
    for _ in range(200):
        if desk.ask("GET", f"/v1/sessions/{session}").json()["state"] == "ended":
            break
    refused(
        desk.ask("POST", f"/v1/sessions/{session}/say", json={"text": "x"}), 409, "session_not_live"
    )


def test_an_agent_whose_caller_dropped_is_still_the_owners(desk: Desk) -> None:
    """While it waits for its caller, it can be spoken through, hushed and hung up."""
    with calling(desk) as (socket, ticket):
        path = f"/v1/sessions/{ticket['session_id']}"
        until(socket, "response.end")
        socket.close(1001)
    for _ in range(200):
        if desk.ask("GET", path).json()["state"] == "detached":
            break
    said = desk.ask("POST", f"{path}/say", json={"text": "Are you still there?"})
    assert said.status_code == 200, said.text
    assert desk.ask("POST", f"{path}/interrupt").status_code == 200
    assert desk.ask("POST", f"{path}/end", json={"reason": "gone"}).status_code == 200
    again = desk.authorize(conversation_id=ticket["conversation_id"])
    refused(again, 410, "conversation_ended", "gone")
    for _ in range(200):
        if desk.ask("GET", path).json()["state"] == "ended":
            break
    late = desk.ask("POST", f"{path}/say", json={"text": "x"})
    refused(late, 409, "session_not_live")


def test_a_transcript_is_read_in_order_and_from_a_place(desk: Desk) -> None:
    """Typed words and answers are there, whole, as soon as the client has them."""
    with calling(desk) as (socket, ticket):
        until(socket, "response.end")
        socket.send(json.dumps({"type": "client.response.text", "content": "hello you"}))
        until(socket, "user.transcript")
        path = f"/v1/conversations/{ticket['conversation_id']}/messages"
        found = desk.ask("GET", path).json()["items"]
        assert [(one["role"], one["text"]) for one in found][:2] == [
            ("assistant", "Hello."),
            ("user", "hello you"),
        ]
        later = desk.ask("GET", path, params={"after": found[0]["seq"]}).json()["items"]
        assert later[0]["text"] == "hello you"
        assert len(desk.ask("GET", path, params={"limit": 1}).json()["items"]) == 1


def test_a_deleted_conversation_is_gone_with_its_socket(desk: Desk) -> None:
    """Only a key that may administer deletes; then nothing of it is found."""
    options = ("--kind", "secret", "--scope", "admin", "--scope", "read")
    admin = desk.house.command("keys", "create", *options)["key"]
    with calling(desk) as (socket, ticket):
        path = f"/v1/conversations/{ticket['conversation_id']}"
        until(socket, "response.text")
        refused(desk.ask("DELETE", path), 403, "key_scope", "admin")
        assert desk.ask("DELETE", path, key=admin).json() == {"ok": True}
        assert closing_code(socket) == 4002
    assert desk.ask("GET", path).status_code == 404
    refused(desk.ask("DELETE", path, key=admin), 404, "conversation_not_found")


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "a" * 6000}, {"text": "a", "loud": True}, [1], "x"]
)
def test_what_cannot_be_said_is_refused(desk: Desk, body: Any) -> None:
    """Our own API knows its fields and refuses all others."""
    answer = desk.ask("POST", "/v1/sessions/sess_x/say", json=body)
    refused(answer, 400, "bad_request")


@pytest.mark.parametrize("body", [b'{"text": "\xff"}', b"[" * 50_000, b'{"text": ' + b"[" * 5000])
def test_what_cannot_be_read_is_refused(desk: Desk, body: bytes) -> None:
    """No UTF-8, or no end of brackets."""
    headers = {"x-api-key": desk.key, "content-type": "application/json"}
    answer = desk.http.post("/v1/sessions/sess_x/say", content=body, headers=headers)
    refused(answer, 400, "bad_request")


def test_the_api_describes_itself(desk: Desk) -> None:
    """The OpenAPI page and document are there, with every door of the owner."""
    document = desk.http.get("/v1/docs/openapi.json").json()
    assert {"/v1/agents", "/v1/conversations", "/v1/sessions/{session}/say"} <= set(
        document["paths"]
    )
    assert desk.http.get("/v1/docs").status_code == 200


def test_health_and_readiness(desk: Desk) -> None:
    """Both answer without a key, and say no more than they must."""
    assert desk.http.get("/health").json()["status"] == "ok"
    ready = desk.http.get("/ready").json()
    assert ready["status"] == "ready"
    assert ready["limit"] == 30


def test_the_page_is_there(desk: Desk) -> None:
    """The status page names the agents and needs no script."""
    page = desk.http.get("/status")
    assert page.status_code == 200
    assert "desk" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_session_that_is_over_is_forgotten_with_what_was_said(desk: Desk) -> None:
    """A live one is not; its conversation stays, and says nothing of it any more."""
    made = desk.house.command("keys", "create", "--kind", "secret", "--scope", "admin")
    with calling(desk) as (socket, ticket):
        path = f"/v1/sessions/{ticket['session_id']}"
        until(socket, "response.end")
        refused(desk.ask("DELETE", path), 403, "key_scope", "admin")
        refused(desk.ask("DELETE", path, made["key"]), 409, "session_live", f"{path}/end")
        desk.ask("POST", f"{path}/end")
        closing_code(socket)
    answer = desk.ask("DELETE", path, made["key"])
    for _ in range(200):
        if answer.status_code == 200:
            break
        refused(answer, 409, "session_live")  # its run takes leave
        answer = desk.ask("DELETE", path, made["key"])
    assert answer.json() == {"ok": True}
    refused(desk.ask("GET", path), 404, "session_not_found")
    conversation = f"/v1/conversations/{ticket['conversation_id']}"
    assert desk.ask("GET", f"{conversation}/messages").json()["items"] == []
    query = {"conversation": ticket["conversation_id"]}
    assert desk.ask("GET", "/v1/traces", params=query).json()["items"] == []
