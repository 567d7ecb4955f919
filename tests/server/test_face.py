"""The face door: what a widget shows before anybody talks, and to whom."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.server.conftest import Desk, last_used, refused
from tests.serving import House

from duologue.agents.definition import AgentDefinition
from duologue.agents.widget import ATTRIBUTES, Widget
from duologue.server.face import face_of
from duologue.wire.widget import WidgetFace

SHOP = {"origin": "https://shop.example"}
PATH = "/api/widget/agent"
AGENTS = """
from livekit.agents import Agent

import duologue


@duologue.agent(
    "desk",
    name="Ada",
    greeting="Hello.",
    phrases=["what time do you open", "i want to book a table [please]"],
    widget={"title": "Ask us", "accent": "#1a7f5a", "consent": "We keep what you say."},
)
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("draft")
class Draft(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with an agent that has a face of its own, and a draft."""
    folder: Path = tmp_path_factory.mktemp("faces")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, authorize_per_minute=60) as served:
        served.publish("desk")
        found = Desk(served)
        yield found
        found.http.close()


def face(house: Desk, agent: str | None = "desk", **options: Any) -> httpx.Response:
    """What the door answers, to the secret key unless another or none is given."""
    key = options.pop("key", house.key)
    headers = {**({} if key is None else {"x-api-key": key}), **options}
    return house.http.get(PATH, params={} if agent is None else {"agent": agent}, headers=headers)


def test_a_widget_learns_what_it_shows(house: Desk) -> None:
    """All of it, and nothing of the agent's instructions."""
    answer = face(house)
    shown = msgspec.json.decode(answer.content, type=WidgetFace)
    assert (shown.agent, shown.name, shown.greeting) == ("desk", "Ada", "Hello.")
    assert shown.suggestions == ["What time do you open", "I want to book a table"]
    assert shown.transports == ["websocket"]
    assert (shown.record, shown.vision, shown.push_to_talk, shown.navigation) == (
        True,
        False,
        False,
        False,
    )
    assert shown.overrides == ["turns.trigger", "turns.can_interrupt"]
    assert (shown.look.title, shown.look.accent, shown.look.bubble) == ("Ask us", "#1a7f5a", True)
    assert shown.consent is not None
    text = "We keep what you say."
    assert (shown.consent.text, shown.consent.url) == (text, None)
    assert shown.consent.hash == sha256(text.encode()).hexdigest()
    assert "instructions" not in answer.text
    assert "Be brief" not in answer.text


def test_a_page_may_keep_it_for_a_minute_and_ask_whether_it_changed(house: Desk) -> None:
    """The same face is 304; another key's or another page's answer is never taken for it."""
    first = face(house, **SHOP)
    assert first.headers["cache-control"] == "private, max-age=60"
    assert {"Origin", "X-Api-Key"} <= set(first.headers["vary"].split(", "))
    assert first.headers["access-control-allow-origin"] == SHOP["origin"]
    tag = first.headers["etag"]
    again = face(house, **{"if-none-match": f'"old", W/{tag}'}, **SHOP)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["access-control-allow-origin"] == SHOP["origin"]
    assert face(house, **{"if-none-match": '"old"'}).content == first.content


def test_a_public_key_shows_its_agent_to_its_pages_alone(house: Desk) -> None:
    """Without a name, too; and nothing to pages from elsewhere, or programs."""
    key = house.public_key()
    assert face(house, None, key=key, **SHOP).json()["agent"] == "desk"
    refused(
        face(house, key=key, origin="https://evil.example"), 403, "origin_refused", "evil.example"
    )
    refused(face(house, key=key), 403, "origin_refused")
    refused(face(house, "draft", key=key, **SHOP), 403, "key_wrong_agent", "draft")


def test_a_page_of_this_server_needs_to_name_no_origin(house: Desk) -> None:
    """A browser sends none with what it asks its own server for; it says `same-origin`."""
    key = house.public_key("desk", house.house.url)
    own = {"sec-fetch-site": "same-origin"}
    assert face(house, key=key, **own).status_code == 200
    refused(face(house, key=house.public_key(), **own), 403, "origin_refused", house.house.url)
    refused(face(house, key=key, **{"sec-fetch-site": "cross-site"}), 403, "origin_refused")


def test_refusals_are_those_of_the_session_door(house: Desk) -> None:
    """403 key_wrong_org, 401 key_expired, 403 agent_has_no_org; and no face of a draft."""
    house.house.command("orgs", "create", "strangers")
    theirs = house.house.command("keys", "create", "--kind", "secret", "--org", "strangers")["key"]
    refused(face(house, key=theirs), 403, "key_wrong_org")
    made = house.house.command("keys", "create", "--kind", "secret")
    house.house.command("keys", "revoke", made["id"])
    refused(face(house, key=made["key"]), 401, "key_expired", "revoked")
    refused(face(house, "draft"), 403, "agent_has_no_org", "publish")
    refused(face(house, "nobody"), 404, "agent_not_found", "nobody")
    refused(face(house, key=None), 401, "key_missing")
    refused(house.http.post(PATH), 405, "method_not_allowed", "GET")


def test_any_page_may_ask_whether_it_may_ask(house: Desk) -> None:
    """Its key is in a header, so browsers ask first."""
    asked = house.http.options(PATH, headers=SHOP)
    assert asked.status_code == 204
    assert "GET" in asked.headers["access-control-allow-methods"]
    assert "x-api-key" in asked.headers["access-control-allow-headers"]


def test_a_key_that_only_shows_its_agent_counts_as_used(house: Desk) -> None:
    """A refusal is no use of it; the time is noted once a minute at most."""
    options = ("--kind", "public", "--agent", "desk", "--origin", SHOP["origin"])
    made = house.house.command("keys", "create", *options)
    assert face(house, key=made["key"], origin="https://evil.example").status_code == 403
    assert last_used(house, made["id"]) is None
    assert face(house, key=made["key"], **SHOP).status_code == 200
    noted = last_used(house, made["id"])
    assert noted is not None
    assert face(house, key=made["key"], **SHOP).status_code == 200
    assert last_used(house, made["id"]) == noted


def test_faces_have_a_pace_of_their_own(house: Desk) -> None:
    """Who looks too often is told when to come again, and may still talk."""
    key = house.house.secret_key()
    began, passed = time.monotonic(), 0
    while (last := face(house, key=key)).status_code == 200:
        passed += 1
        assert passed <= 61 + time.monotonic() - began, "one more is let through each second"
    assert passed >= 60
    refused(last, 429, "rate_limited", "this key")
    assert "retry-after" in last.headers
    assert house.authorize(key=key).status_code == 200


def test_in_dev_a_page_of_this_machine_needs_no_key(tmp_path: Path) -> None:
    """And one from elsewhere does."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with (
        House(tmp_path / "data", file, mode="dev") as served,
        httpx.Client(base_url=served.url, timeout=30, params={"agent": "desk"}) as http,
    ):
        assert http.get(PATH).json()["name"] == "Ada"
        near = http.get(PATH, headers={"origin": "http://localhost"})
        assert near.headers["access-control-allow-origin"] == "http://localhost"
        refused(http.get(PATH, headers=SHOP), 401, "key_missing")


def test_the_schema_of_the_answer_is_in_the_reference(house: Desk) -> None:
    """OpenAPI has its fields by the names that they have on the wire."""
    schema = house.http.get("/v1/docs/openapi.json").json()
    names = schema["components"]["schemas"]["WidgetFace"]["properties"]
    assert {"avatarImageUrl", "pushToTalk", "look"} <= set(names)


def made(**fields: Any) -> AgentDefinition:
    """A definition with these fields."""
    return AgentDefinition(slug="desk", **fields)


def test_only_roads_that_there_are_are_named() -> None:
    """Rooms where there is a LiveKit, the socket where the agent takes it."""
    assert face_of(made(), rooms=True).transports == ["livekit", "websocket"]
    assert face_of(made(transports=("livekit",)), rooms=False).transports == []
    sealed = made(encryption="required", encryption_key="env:SEAL")
    assert face_of(sealed, rooms=True).transports == ["livekit"]


def test_what_is_encrypted_and_kept_nowhere_is_not_called_recorded() -> None:
    """Unless its owner asked for that."""
    sealed = {"encryption": "required", "encryption_key": "env:SEAL"}
    assert not face_of(made(**sealed), rooms=True).record
    assert face_of(made(record_encrypted=True, **sealed), rooms=True).record
    assert face_of(made(encryption="optional", encryption_key="env:SEAL"), rooms=True).record


def test_a_face_says_whether_its_sound_is_recorded() -> None:
    """Which is not the same as its words being kept."""
    assert not face_of(made(record=True), rooms=True).recorded
    assert face_of(made(record=True), rooms=True, recorded=True).recorded


def test_the_owners_own_suggestions_stand_for_those_of_the_phrases() -> None:
    """No suggestions at all, too."""
    phrases = ("what time do you open",)
    chosen = made(phrases=phrases, widget=Widget(suggestions=("Where are you?",)))
    assert face_of(chosen, rooms=False).suggestions == ["Where are you?"]
    assert face_of(made(phrases=phrases, widget=Widget(suggestions=())), rooms=False) == face_of(
        made(), rooms=False
    )
    assert face_of(made(), rooms=False).attributes == list(ATTRIBUTES)


def test_the_address_of_a_consent_is_an_address() -> None:
    """And its hash is that of the address: another page is another consent."""
    shown = face_of(made(widget=Widget(consent="https://x.example/terms")), rooms=False).consent
    assert shown is not None
    assert (shown.text, shown.url) == (None, "https://x.example/terms")
    assert shown.hash == sha256(b"https://x.example/terms").hexdigest()
    assert face_of(made(), rooms=False).consent is None
