"""Admission where what runs now matters: full servers, open tabs, ended runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.pipeline.stage import stage
from tests.server.conftest import AGENTS, Desk, refused
from tests.serving import House
from websockets.sync.client import connect

from duologue.access import keys
from duologue.errors import DuologueError
from duologue.server.admit import Wish
from duologue.store import agents

SHOP = "https://shop.example"


def greeted(socket: Any) -> None:
    """Waits until the agent runs."""
    socket.send('{"type":"client.ready"}')
    while json.loads(socket.recv(timeout=60))["type"] != "turn.start":
        pass


def test_who_comes_back_to_a_live_run_has_its_place_on_a_full_server(tmp_path: Path) -> None:
    """By its resume token alone, as by the conversation's id; a new caller is one too many."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file, max_sessions=1) as house:
        house.publish("desk")
        desk = Desk(house)
        with desk.http:
            first = desk.authorize(capabilities=["resume"]).json()
            with connect(desk.socket_url(first["client_session_key"])) as socket:
                greeted(socket)
                refused(desk.authorize(), 503, "overloaded", "(1)")
                refused(desk.authorize(resume_token="dk_resume_x"), 503, "overloaded")
                again = desk.authorize(capabilities=["resume"], resume_token=first["resume_token"])
                assert again.status_code == 200, again.text
                assert again.json()["resumed"] == "live"
                assert again.json()["conversation_id"] == first["conversation_id"]
                by_id = desk.authorize(conversation_id=first["conversation_id"]).json()
                assert by_id["resumed"] == "live"


def test_a_second_tab_is_refused_by_token_too_and_nothing_is_rotated(desk: Desk) -> None:
    """With `tabs = "reject"` the open tab keeps its key, and the token is good afterwards."""
    wish = {"capabilities": ["resume"], "headers": {"origin": SHOP}}
    first = desk.authorize("strict", **wish).json()
    token = first["resume_token"]
    address = desk.socket_url(first["client_session_key"])
    with connect(address, additional_headers={"Origin": SHOP}) as socket:
        socket.send('{"type":"client.ready"}')
        refused(desk.authorize("strict", resume_token=token, **wish), 409, "conversation_open")
        known = first["conversation_id"]
        refused(desk.authorize("strict", conversation_id=known, **wish), 409, "conversation_open")
    deadline = 200
    while (last := desk.authorize("strict", resume_token=token, **wish)).status_code == 409:
        deadline -= 1
        assert deadline, "the closed tab still counts"
    assert last.json()["conversation_id"] == known


async def test_a_run_that_ended_is_not_called_live(tmp_path: Path) -> None:
    """While its agent still closes, who comes back is told that it is made anew."""
    async with stage(tmp_path) as play:
        client = await play.join()
        run = client.run
        assert client.seat is not None
        again = Wish(
            key=None,
            principal=keys.local(play.org_id),
            origin=None,
            agent="desk",
            conversation_id=play.conversation,
        )
        assert (await play.doorman.authorize(again)).resumed == "live"
        run.end(DuologueError("ended", reason="left"), reason="left")
        assert play.host.run_of(play.conversation) is run
        assert (await play.doorman.authorize(again)).resumed == "rebuilt"
        await play.leave(client)


async def test_made_up_keys_are_slowed_down_by_address(tmp_path: Path) -> None:
    """Each was never seen before; together they are one caller."""
    async with stage(tmp_path, settings={"authorize_per_minute": 3}) as play:
        codes = []
        for number in range(5):
            wish = Wish(key=f"dk_secret_{number}", address="203.0.113.5", origin=None, agent="desk")
            with pytest.raises(DuologueError) as caught:
                await play.doorman.authorize(wish)
            codes.append(caught.value.code)
        assert codes == ["key_unknown"] * 3 + ["rate_limited"] * 2


async def test_a_page_makes_up_nothing_that_a_back_end_believes(tmp_path: Path) -> None:
    """What a session carries to webhooks comes from who has a secret key; metadata is anybody's."""
    given: dict[str, Any] = {
        "custom_headers": {"x-user": "7"},
        "custom_metadata": {"admin": True},
        "metadata": {"page": "/"},
    }
    async with stage(tmp_path) as play:
        found = await play.host.db.read(agents.get, play.org_id, "desk")
        assert found is not None
        for kind, believed in (("secret", True), ("public", False)):
            principal = msgspec.structs.replace(
                keys.local(play.org_id), kind=kind, origins=(SHOP,), agent_id=found.id
            )
            wish = Wish(key=None, principal=principal, origin=SHOP, agent="desk", **given)
            admitted = await play.doorman.authorize(wish)
            guest, _ = await play.doorman.open(admitted.session_key, None)
            assert guest.custom_headers == (given["custom_headers"] if believed else {})
            assert guest.custom_metadata == (given["custom_metadata"] if believed else {})
            assert guest.metadata == given["metadata"]
