"""The feedback door: who was there says how it was, once a session, over or not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import httpx
import pytest
from tests.server.conftest import Desk, refused
from websockets.sync.client import connect

PATH = "/api/widget/feedback"
SHOP = {"origin": "https://shop.example"}


@pytest.fixture
def talked(desk: Desk) -> dict[str, Any]:
    """The answer of a session that was opened from the shop's page, and is over."""
    head = {"x-api-key": desk.public_key(), **SHOP}
    ticket: dict[str, Any]
    ticket = desk.http.post("/api/widget/session", json={}, headers=head).json()
    url = f"{ticket['url']}?client_session_key={ticket['token']}"
    with connect(url, additional_headers=SHOP) as socket:
        socket.send('{"type":"client.ready"}')
        assert socket.recv(timeout=60)
        socket.send('{"type":"client.end"}')
    return ticket


def say(desk: Desk, headers: dict[str, str] = SHOP, **fields: Any) -> httpx.Response:
    """Says how it was, as a beacon does: without a key, and as plain text."""
    content = json.dumps({"rating": "up", **fields})
    return desk.http.post(PATH, content=content, headers={"content-type": "text/plain", **headers})


def kept(desk: Desk, session: str) -> list[tuple[str, str]]:
    """What was thought of a session."""
    with closing(sqlite3.connect(desk.house.data / "duologue.db", timeout=30)) as conn:
        query = "SELECT rating, text FROM feedback WHERE session_id = ?"
        return conn.execute(query, (session,)).fetchall()


def test_the_last_word_about_a_session_is_kept(desk: Desk, talked: dict[str, Any]) -> None:
    """With the resume token, which outlives the session; its page reads that it is kept."""
    answer = say(desk, token=talked["resume_token"], rating="down", text=" Too slow. ")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["access-control-allow-origin"] == SHOP["origin"]
    assert kept(desk, talked["session_id"]) == [("down", "Too slow.")]
    named = say(desk, token=talked["resume_token"], session_id=talked["session_id"])
    assert named.status_code == 200
    assert kept(desk, talked["session_id"]) == [("up", "")]


def test_its_owner_reads_it(desk: Desk, talked: dict[str, Any]) -> None:
    """With a key that may read; a page's key may not, and other conversations have none of it."""
    say(desk, token=talked["resume_token"], rating="down", text="Too slow.")
    path = f"/v1/conversations/{talked['conversation_id']}/feedback"
    (found,) = desk.ask("GET", path).json()["items"]
    assert (found["session_id"], found["rating"]) == (talked["session_id"], "down")
    assert (found["text"], set(found) & {"org_id", "token"}) == ("Too slow.", set())
    refused(desk.ask("GET", path, key=desk.public_key()), 403, "key_scope")
    refused(desk.ask("GET", "/v1/conversations/conv_x/feedback"), 404, "conversation_not_found")


def test_the_session_key_shows_it_too(desk: Desk, talked: dict[str, Any]) -> None:
    """A client without a resume token has that."""
    assert say(desk, token=talked["token"]).status_code == 200
    assert kept(desk, talked["session_id"]) == [("up", "")]


def test_nobody_else_may_say_how_it_was(desk: Desk, talked: dict[str, Any]) -> None:
    """No other page, no other token, no session that was not opened."""
    token = talked["resume_token"]
    refused(say(desk, {"origin": "https://evil.example"}, token=token), 404, "session_not_found")
    refused(say(desk, {}, token=token), 404, "session_not_found")
    refused(say(desk, token="dk_resume_x"), 404, "session_not_found")
    refused(say(desk, token=token, session_id="sess_x"), 404, "session_not_found", "sess_x")
    head = {"x-api-key": desk.public_key(), **SHOP}
    unopened = desk.http.post("/api/widget/session", json={}, headers=head).json()
    refused(say(desk, token=unopened["token"]), 404, "session_not_found")
    assert kept(desk, talked["session_id"]) == []


def test_what_is_no_feedback_is_refused_by_name(desk: Desk) -> None:
    """An unknown field, another thumb, too many words."""
    refused(say(desk, token="t", stars=5), 400, "bad_request", "stars")
    refused(say(desk, token="t", rating="sideways"), 400, "bad_request", "rating")
    refused(say(desk, token="t", text="x" * 2001), 400, "bad_request", "text")
    refused(desk.http.get(PATH), 405, "method_not_allowed", "POST")


def test_pages_of_other_sites_may_ask(desk: Desk) -> None:
    """A browser asks before it posts JSON."""
    asked = desk.http.options(PATH, headers=SHOP)
    assert asked.headers["access-control-allow-origin"] == SHOP["origin"]
