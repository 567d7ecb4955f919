"""What an agent may have is looked at by every door that opens a session, and at the join."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.pipeline.stage import stage
from tests.server.conftest import AGENTS, Desk, refused
from tests.server.test_join import Door, room_stage
from tests.serving import House
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from duologue.access import budgets, keys
from duologue.agents.definition import AgentDefinition
from duologue.errors import DuologueError
from duologue.server.admit import Wish
from duologue.store import sessions, usage


async def test_a_conversation_is_opened_only_so_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one may be begun meanwhile, and what was refused wrote nothing."""
    monkeypatch.setattr(budgets, "OF_CONVERSATION", 3)
    async with stage(tmp_path) as desk:
        wish = Wish(key=None, principal=keys.local(desk.org_id), origin=None, agent="desk")
        first = await desk.doorman.authorize(wish)
        again = msgspec.structs.replace(wish, conversation_id=first.conversation_id)
        newest = [await desk.doorman.authorize(again) for _ in range(2)][-1]
        with pytest.raises(DuologueError, match="this conversation") as refusal:
            await desk.doorman.authorize(again)
        assert (refusal.value.code, refusal.value.status) == ("rate_limited", 429)
        await desk.doorman.authorize(wish)
        await desk.doorman.open(newest.session_key, None)


async def test_tokens_and_joins_are_bounded_like_sessions(tmp_path: Path) -> None:
    """A token that was given before the budget was used up lets nobody in afterwards."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation, second = await door.invite(), await door.invite()
        bounded = AgentDefinition(slug="desk", authorize_per_minute=1, minutes_per_day=1)
        await door.change("agents", definition=msgspec.json.encode(bounded).decode())
        guest = await door.enter(invitation)
        assert guest.budget.per_minute == 1
        assert await door.enter(invitation) == guest  # asked twice, it is the same
        assert await door.refused(second) == "rate_limited"
        with pytest.raises(DuologueError, match="callers of agent 'desk'"):
            await Door(play).invite()
        await play.host.db.write(sessions.end, play.org_id, guest.session_id, "left", 1)
        bounded = msgspec.structs.replace(bounded, authorize_per_minute=None)
        await door.change("agents", definition=msgspec.json.encode(bounded).decode())
        used = (play.org_id, "sess_0", "run_0", guest.agent_id, 60_000, 0)
        await play.host.db.write(usage.meter, [used], play.host.clock())
        assert await door.refused(second) == "minutes_used_up"
        with pytest.raises(DuologueError, match="1 minutes of today"):
            await Door(play).invite()


def test_a_refusal_says_when_to_come_again(tmp_path: Path) -> None:
    """At authorize, and at the upgrade of whoever was admitted while there was room."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS.replace('"desk", greeting', '"desk", max_sessions=1, greeting'))
    with House(tmp_path / "data", file) as house:
        house.publish("desk")
        desk = Desk(house)
        with desk.http:
            early = desk.authorize().json()
            with connect(desk.socket_url(desk.authorize().json()["client_session_key"])):
                full = desk.authorize()
                refused(full, 429, "places_taken", "Agent 'desk'", "(1)")
                assert int(full.headers["retry-after"]) == budgets.AGAIN
                with pytest.raises(InvalidStatus) as refusal:
                    connect(desk.socket_url(early["client_session_key"]))
                answer = refusal.value.response
                assert answer.status_code == 429
                assert int(answer.headers["retry-after"]) == budgets.AGAIN
