"""A start that the server refuses is told why: the code, what was wrong, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent
from tests.rooms.caller import Hall, hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import fresh, until

from duologue import Session, TokenSource
from duologue.client.errors import SessionConnectError
from duologue.client.road import Noticed
from duologue.store import organizations
from duologue.wire.rooms import Claim

OWN = {
    "Agent did not join the room.",
    "Agent joined the room but did not complete initializing.",
}
"""What LiveKit's clients say: which of them depends on whether the agent was seen."""


def broken() -> Agent:
    """An agent whose file is wrong."""
    raise RuntimeError("no paint")


def session_with(house: Hall, claim: Claim) -> Session:
    """A session in the room of a claim."""
    token = house.token(claim, ours=True)
    given = {"server_url": house.livekit.url, "participant_token": token}
    return Session(TokenSource.literal(given))


async def unloaded(house: Hall) -> dict[str, Any]:
    """No file here defines the agent."""
    house.stage.host.catalog._agents.clear()
    return {}


async def poor(house: Hall) -> dict[str, Any]:
    """The organization's balance is used up."""
    db, org = house.stage.host.db, house.stage.org_id
    await db.write(organizations.credit, org, 1, "a gift", 0)
    await db.write(organizations.take, org, 1)
    return {}


async def secret(house: Hall) -> dict[str, Any]:
    """The token asks for encryption, and the agent has no key."""
    return {"e2ee": True}


async def nobody(house: Hall) -> dict[str, Any]:
    """The agent was deleted after the token was made."""
    return {"agent": "agt_nobody"}


async def wrong(house: Hall) -> dict[str, Any]:
    """All is well, but for the agent's own code."""
    return {}


REFUSALS = {
    "agent_not_loaded": (unloaded, "Agent 'desk' is published, but no file that defines it was"),
    "insufficient_balance": (poor, "duologue orgs credit"),
    "encryption_key_missing": (secret, "Agent 'desk' has no key for encrypted rooms: none is set."),
    "agent_not_found": (nobody, "There is no agent 'agt_nobody'."),
    "agent_failed": (wrong, "Agent 'desk' could not start: RuntimeError"),
}


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refused_start_raises_what_the_server_said(
    code: str, tmp_path: Path, livekit: LiveKit
) -> None:
    """In the error and in the agent's reasons, to be read afterwards."""
    prepare, words = REFUSALS[code]
    given: dict[str, Any] = {"make": broken} if code == "agent_failed" else {}
    async with hall(tmp_path, livekit, **given) as house:
        claim = await house.claim(fresh(), **await prepare(house))
        session = session_with(house, claim)
        house.send_agent(claim)
        with pytest.raises(SessionConnectError) as error:
            await session.start(timeout=60)
        assert error.value.code == code
        assert words in error.value.message
        assert ".." not in error.value.message
        assert session.agent.state == "failed"
        own, said = session.agent.failure_reasons
        assert own in OWN
        assert said == f"{error.value.message} ({code})"
        await session.end()


async def test_a_conversation_that_is_open_elsewhere_ends_the_session_with_that(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """The agent is there for somebody else, so the start succeeds; the end says why."""
    async with hall(tmp_path, livekit, tabs="reject") as house:
        claim = await house.claim(fresh())
        ann = session_with(house, claim)
        house.send_agent(claim)
        await ann.start(timeout=60)
        bob = session_with(house, await house.claim(claim.room, identity="bob"))
        told: list[SessionConnectError] = []
        bob.on("ended", told.append)
        await bob.start(timeout=60)
        await until(lambda: bool(told))
        assert told[0].code == "conversation_open"
        assert claim.conversation in told[0].message
        assert "Close it there first." in told[0].message
        assert bob.error is told[0]
        assert ann.is_connected
        await bob.end()
        await ann.end()


async def test_a_mistake_is_not_why_a_session_ends(tmp_path: Path, livekit: LiveKit) -> None:
    """Of two words the one about the end counts, whichever was the last."""
    async with hall(tmp_path, livekit) as house:
        claim = await house.claim(fresh())
        session = session_with(house, claim)
        said: list[Noticed] = []
        told: list[SessionConnectError] = []
        session.on("notice", said.append)
        session.on("ended", told.append)
        house.send_agent(claim)
        await session.start(timeout=60)
        run = house.stage.host.run_of(claim.conversation)
        assert run is not None
        run.hang_up("nobody is in")
        run.notice("bad_request", "That was no JSON.")
        await until(lambda: bool(told))
        assert {notice.code for notice in said} == {"bad_request", "ended"}
        assert (told[0].code, told[0].message) == (
            "ended", "The conversation was ended (nobody is in).",
        )  # fmt: skip
        await session.end()
