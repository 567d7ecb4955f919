"""The door for clients on their way into a room: who may knock, and what the token door says."""

from __future__ import annotations

from tests.server.conftest import Desk, refused

PATH = "/api/token/announce"


def test_the_token_door_says_where(rooms: Desk) -> None:
    """At the address that the client reached us by; an answer for a socket has no such place."""
    answer = rooms.token().json()
    assert answer["duologue"]["announce"] == f"{rooms.house.url}{PATH}"
    socket = rooms.token("wired", transports=["websocket"]).json()
    assert socket["duologue"]["announce"] is None


def test_a_token_of_ours_is_heard_though_livekit_is_away(rooms: Desk) -> None:
    """Being announced is for speed alone: nobody is told of what could not be done."""
    token = rooms.token().json()["participant_token"]
    answer = rooms.http.post(PATH, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_page_of_another_origin_may_announce_itself(rooms: Desk) -> None:
    """The token says who it is; no cookie does."""
    token = rooms.token().json()["participant_token"]
    page = {"origin": "https://shop.example"}
    asked = rooms.http.options(PATH, headers=page)
    assert asked.headers["access-control-allow-origin"] == page["origin"]
    answer = rooms.http.post(PATH, headers={"authorization": f"Bearer {token}", **page})
    assert answer.headers["access-control-allow-origin"] == page["origin"]


def test_nobody_else_is_heard(rooms: Desk) -> None:
    """No token, a key, a token that was changed, and the claim alone."""
    token = rooms.token().json()["participant_token"]
    changed = f"{token[:-3]}{'abc' if token[-3:] != 'abc' else 'abd'}"
    for wrong in ("", rooms.key, changed):
        headers = {"authorization": f"Bearer {wrong}"} if wrong else {}
        refused(rooms.http.post(PATH, headers=headers), 401, "claim_invalid", "not signed here")


def test_without_livekit_there_are_no_rooms(desk: Desk) -> None:
    """The error says what is missing."""
    refused(desk.http.post(PATH), 501, "livekit_missing")
