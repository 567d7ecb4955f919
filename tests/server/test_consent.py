"""Consent: no page gets a session whose visitor did not agree, at any door, on either road."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import LIVEKIT, Desk, refused
from tests.server.test_widget import claim_of
from tests.serving import House

from duologue.access.keys import Principal, local
from duologue.agents.definition import AgentDefinition
from duologue.agents.widget import Widget
from duologue.errors import DuologueError
from duologue.server.policy import require_consent
from duologue.wire.consent import Consent

SHOP = {"origin": "https://shop.example"}
WORDS = "We keep what you say for a year."
HASH = sha256(WORDS.encode()).hexdigest()
AGREED = {"hash": HASH, "at": 1_700_000_000_000}
AGENTS = f"""
from livekit.agents import Agent

import duologue


@duologue.agent("desk", widget={{"consent": "{WORDS}"}})
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with rooms, and an agent that asks its visitors to agree."""
    folder: Path = tmp_path_factory.mktemp("consent")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, **LIVEKIT) as served:
        served.publish("desk")
        found = Desk(served)
        yield found
        found.http.close()


def session(house: Desk, *, key: str | None = None, **fields: Any) -> httpx.Response:
    """Asks for a session from the shop's page."""
    headers = {"x-api-key": key or house.public_key(), **SHOP}
    return house.http.post("/api/widget/session", json=fields, headers=headers)


@pytest.mark.parametrize("road", ["livekit", "websocket"])
def test_a_page_shows_that_its_visitor_agreed(house: Desk, road: str) -> None:
    """To these words, on either road; the refusal tells what to send."""
    refused(session(house, transports=[road]), 403, "consent_required", HASH, "consent.at")
    other = {**AGREED, "hash": "0" * 64}
    refused(session(house, transports=[road], consent=other), 403, "consent_required", HASH)
    agreed = session(house, transports=[road], consent=AGREED)
    assert (agreed.status_code, agreed.json()["transport"]) == (200, road)
    if road == "livekit":
        assert claim_of(agreed.json()).consent == Consent(HASH, AGREED["at"])  # type: ignore[arg-type]  # an int
    else:
        stored = house.ask("GET", f"/v1/sessions/{agreed.json()['session_id']}").json()
        assert stored["consent"] == AGREED


def test_no_other_door_leads_around_it(house: Desk) -> None:
    """Neither the token door nor Layercode's."""
    key = house.public_key()
    refused(house.token(key=key, headers=SHOP), 403, "consent_required")
    assert house.token(key=key, headers=SHOP, consent=AGREED).status_code == 201
    refused(house.authorize(key=key, headers=SHOP), 403, "consent_required")


def test_a_server_answers_for_its_own_visitors(house: Desk) -> None:
    """With its secret key; what it says is kept all the same."""
    assert session(house, key=house.key).status_code == 200
    told = session(house, key=house.key, consent=AGREED, transports=["websocket"]).json()
    stored = house.ask("GET", f"/v1/sessions/{told['session_id']}").json()
    assert (stored["consent"], stored["origin"]) == (AGREED, SHOP["origin"])


@pytest.mark.parametrize("consent", [True, {"hash": HASH}, {"hash": HASH, "at": "now"}])
def test_half_a_consent_is_refused_by_name(house: Desk, consent: Any) -> None:
    """Whoever keeps it must be able to show when it was given."""
    refused(session(house, consent=consent), 400, "bad_request", "consent")


def test_programs_of_this_machine_are_not_asked() -> None:
    """`duologue call` has no visitor; a page in `dev` has one."""
    asking = AgentDefinition(slug="desk", widget=Widget(consent=WORDS))
    near: Principal = local("org_1")
    require_consent(near, asking, None, None)
    require_consent(near, AgentDefinition(slug="desk"), "http://localhost", None)
    require_consent(near, asking, "http://localhost", Consent(HASH, 1))
    with pytest.raises(DuologueError, match="agree first"):
        require_consent(near, asking, "http://localhost", None)
