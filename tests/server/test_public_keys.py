"""A public key opens one agent, from its listed origins, at every door and at the upgrade."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import Desk, refused
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from duologue.server import face, widget

SHOP, EVIL = "https://shop.example", "https://evil.example"
Door = Callable[[Desk, str, dict[str, str], str], httpx.Response]


def authorize(desk: Desk, key: str, headers: dict[str, str], agent: str) -> httpx.Response:
    """Layercode's door."""
    return desk.authorize(agent, key=key, headers=headers)


def token(desk: Desk, key: str, headers: dict[str, str], agent: str) -> httpx.Response:
    """LiveKit's door."""
    return desk.token(agent, key=key, headers=headers)


def session(desk: Desk, key: str, headers: dict[str, str], agent: str) -> httpx.Response:
    """The widget's door."""
    head = {"x-api-key": key, **headers}
    return desk.http.post(widget.PATH, json={"agentId": agent}, headers=head)


def shown(desk: Desk, key: str, headers: dict[str, str], agent: str) -> httpx.Response:
    """The door at which a widget learns whom it shows."""
    head = {"x-api-key": key, **headers}
    return desk.http.get(face.PATH, params={"agent": agent}, headers=head)


DOORS = pytest.mark.parametrize("door", [authorize, token, session, shown])


@DOORS
def test_it_opens_its_agent_to_its_pages(rooms: Desk, door: Door) -> None:
    """By slug and by id."""
    key = rooms.public_key()
    id_ = rooms.ask("GET", "/v1/agents/desk").json()["id"]
    for name in ("desk", id_):
        assert door(rooms, key, {"origin": SHOP}, name).status_code in (200, 201)


@DOORS
def test_it_opens_no_other_agent(rooms: Desk, door: Door) -> None:
    """Whether there is one, a draft or none: that is nothing to the page."""
    for name in ("shared", "draft"):
        refused(door(rooms, rooms.public_key(), {"origin": SHOP}, name), 403, "key_wrong_agent")
    nobody = door(rooms, rooms.public_key(), {"origin": SHOP}, "nobody")
    refused(nobody, 403, "key_wrong_agent", "nobody")


@DOORS
@pytest.mark.parametrize("origin", [EVIL, "https://shop.example:8443", "http://shop.example"])
def test_it_opens_nothing_to_other_pages(rooms: Desk, door: Door, origin: str) -> None:
    """They read what they are, what is listed, and the command that adds them."""
    answer = door(rooms, rooms.public_key(), {"origin": origin}, "desk")
    refused(answer, 403, "origin_refused", f"'{origin}'", f"origins: {SHOP}.", "keys allow key_")
    assert answer.json()["error"].endswith(f" {origin}")
    assert answer.headers["access-control-allow-origin"] == origin


@DOORS
def test_it_opens_nothing_to_whom_names_no_page(rooms: Desk, door: Door) -> None:
    """Programs, and pages that were opened as files or in a sandbox."""
    for headers in ({}, {"origin": "null"}):
        answer = door(rooms, rooms.public_key(), headers, "desk")
        refused(answer, 403, "origin_refused", "over http or https")


@DOORS
def test_a_page_is_let_in_by_the_command_of_its_refusal(rooms: Desk, door: Door) -> None:
    """As it was told, within a second or two."""
    page = f"https://{door.__name__}.example"
    options = ("--kind", "public", "--agent", "desk", "--origin", SHOP)
    key = rooms.house.command("keys", "create", *options)["key"]
    told = door(rooms, key, {"origin": page}, "desk").json()["error"]
    rooms.house.command(*told.partition("duologue ")[2].split())
    deadline = time.monotonic() + 30
    while door(rooms, key, {"origin": page}, "desk").status_code == 403:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("origin", [Origin(EVIL), Origin("null"), None])
def test_its_session_opens_no_socket_to_other_pages(desk: Desk, origin: Origin | None) -> None:
    """A session key that was carried elsewhere opens nothing there."""
    key = desk.public_key()
    answer = desk.authorize("desk", key=key, headers={"origin": SHOP})
    url = desk.socket_url(answer.json()["client_session_key"])
    with pytest.raises(InvalidStatus) as error, connect(url, origin=origin):
        pass
    assert error.value.response.status_code == 403
    assert b"origin_refused" in error.value.response.body
    with connect(url, origin=Origin(SHOP)):
        pass
