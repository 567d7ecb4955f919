"""The token door: LiveKit's standard endpoint, and the development token server."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from livekit.api import TokenVerifier
from livekit.api.access_token import Claims
from tests.pipeline.stage import stage
from tests.server.conftest import AGENTS, LIVEKIT, Desk, refused
from tests.server.test_join import invite
from tests.serving import House
from websockets.sync.client import connect

from duologue.access import claims, keys, resume_tokens
from duologue.errors import DuologueError
from duologue.server.invite import Inviter
from duologue.store import agents
from duologue.wire.rooms import Claim
from duologue.wire.tokens import TokenAnswer

SHOP = {"origin": "https://shop.example"}
SECRET = LIVEKIT["livekit_api_secret"]


def verified(answer: dict[str, Any]) -> Claims:
    """The token, as LiveKit's own library reads it."""
    verifier = TokenVerifier(LIVEKIT["livekit_api_key"], SECRET)
    return verifier.verify(answer["participant_token"])


def claim_of(answer: dict[str, Any]) -> Claim:
    """What the server promised."""
    attributes = verified(answer).attributes
    assert attributes is not None
    return claims.read(attributes["duologue.claim"], SECRET, int(time.time()))


def test_every_wish_of_a_client_is_in_its_token(rooms: Desk) -> None:
    """Room, identity, name, metadata and attributes; LiveKit's library verifies it."""
    asked = rooms.token(
        metadata='{"plan": "gold"}',
        room_name="blue",
        participant_identity="jo",
        participant_name="Jo",
        participant_metadata="tall",
        participant_attributes={"a": "b"},
    )
    assert asked.status_code == 201, asked.text
    assert asked.headers["cache-control"] == "no-store"
    answer = asked.json()
    assert answer["server_url"] == LIVEKIT["livekit_url"]
    assert (answer["room_name"], answer["participant_identity"]) == ("blue", "jo")
    assert answer["participant_name"] == "Jo"
    token = verified(answer)
    assert (token.identity, token.name, token.metadata) == ("jo", "Jo", "tall")
    assert token.attributes is not None
    assert token.attributes["a"] == "b"
    claim = claim_of(answer)
    assert (claim.room, claim.identity, claim.metadata) == ("blue", "jo", {"plan": "gold"})
    assert (claim.kind, claim.known, claim.e2ee) == ("secret", False, False)


def test_a_token_opens_one_room_for_a_short_while(rooms: Desk) -> None:
    """It may join, speak, hear and send there, and nothing else anywhere."""
    answer = rooms.token(room_name="blue").json()
    grants = verified(answer).video
    assert grants is not None
    allowed = {name for name, value in vars(grants).items() if value is True}
    assert allowed == {
        "room_join",
        "can_publish",
        "can_subscribe",
        "can_publish_data",
        "can_update_own_metadata",
    }
    assert grants.room == "blue"
    payload = json.loads(_payload(answer["participant_token"]))
    assert payload["nbf"] < time.time()
    assert 0 < payload["exp"] - time.time() <= 15 * 60


def test_exactly_one_agent_is_sent_for_and_it_is_ours(rooms: Desk) -> None:
    """Which of our agents is meant stands in the claim, which the dispatch carries."""
    answer = rooms.token("strict", room_config=None).json()
    token = verified(answer)
    assert token.room_config is not None
    assert token.attributes is not None
    (dispatch,) = token.room_config.agents
    assert dispatch.agent_name == "duologue"
    assert dispatch.metadata == token.attributes["duologue.claim"]
    known = rooms.ask("GET", "/v1/agents/strict").json()
    assert claim_of(answer).agent == known["id"]


def test_the_rest_of_a_room_config_is_carried(rooms: Desk) -> None:
    """What LiveKit knows of it, in either spelling; who may not record, does not."""
    config = {
        "emptyTimeout": 7,
        "departure_timeout": 9,
        "later": 1,
        "egress": {"room": {"room_name": "blue"}},
        "agents": [{"agent_name": "desk"}],
    }
    token = verified(rooms.token(None, room_config=config).json())
    assert token.room_config is not None
    assert (token.room_config.empty_timeout, token.room_config.departure_timeout) == (7, 9)
    assert token.room_config.HasField("egress")
    page = rooms.token(None, room_config=config, key=rooms.public_key(), headers=SHOP)
    of_page = verified(page.json()).room_config
    assert of_page is not None
    assert of_page.empty_timeout == 7
    assert not of_page.HasField("egress")
    wrong = rooms.token(None, room_config=config | {"empty_timeout": "soon"})
    refused(wrong, 400, "bad_request", "room_config", "empty")


def test_what_is_not_named_is_made_up(rooms: Desk) -> None:
    """Rooms and identities of one's own, so that nobody comes into another's."""
    first, second = (rooms.token(participant_name=None).json() for _ in range(2))
    for name in ("room_name", "participant_identity"):
        assert first[name] != second[name]
    assert verified(first).identity == first["participant_identity"]


def test_our_own_clients_find_all_they_need(rooms: Desk) -> None:
    """The answer's `duologue` is the one answer of every door."""
    answer = rooms.token("sealable", metadata='{"e2ee": true}').json()
    ours = answer["duologue"]
    claim = claim_of(answer)
    assert (ours["session_id"], ours["conversation_id"]) == (claim.session, claim.conversation)
    assert (ours["transport"], ours["url"]) == ("livekit", answer["server_url"])
    assert (ours["token"], ours["room_name"]) == (answer["participant_token"], claim.room)
    assert ours["agent"] == {"name": "Sealable", "avatarImageUrl": None, "idleLoopUrl": None}
    assert ours["resumable"]
    assert ours["resumed"] is None
    assert claim.resume == resume_tokens.digest(ours["resume_token"])
    assert ours["config"] == {
        "transcription": {"trigger": "automatic", "can_interrupt": True, "automatic": True},
        "tabs": "takeover",
        "capabilities": [],
        "encryption": True,
    }


def test_minting_writes_nothing(rooms: Desk) -> None:
    """A hundred tokens leave the database as it was, to the letter."""
    known = rooms.authorize(capabilities=["resume"]).json()
    rooms.token()
    before = dump(rooms)
    for _ in range(30):
        assert rooms.token().status_code == 201
        by_id = rooms.token(conversation_id=known["conversation_id"])
        assert by_id.json()["duologue"]["conversation_id"] == known["conversation_id"]
        by_token = rooms.token(resume_token=known["resume_token"])
        assert by_token.json()["duologue"]["conversation_id"] == known["conversation_id"]
        rooms.token("nobody")
    assert dump(rooms) == before


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"room_config": {"agents": [{}]}}'])
def test_a_public_key_knows_its_agent(rooms: Desk, body: bytes) -> None:
    """Its pages need to name nothing."""
    key = rooms.public_key("strict")
    headers = {"authorization": f"Bearer {key}", **SHOP}
    answer = rooms.http.post("/api/token", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["duologue"]["agent"]["name"] == "Strict"
    assert claim_of(answer.json()).origin == SHOP["origin"]


def test_who_names_no_agent_where_there_are_several_is_told_their_names(rooms: Desk) -> None:
    """And one who names a wrong one, too."""
    refused(rooms.token(None), 400, "agent_unnamed", "desk", "sealed", "agent_name")
    refused(rooms.token("nobody"), 404, "agent_not_found", "'nobody'", "desk")
    refused(rooms.token("draft"), 403, "agent_has_no_org", "duologue agents publish draft")


async def test_one_published_agent_needs_no_name(tmp_path: Any) -> None:
    """There is nobody else who could be meant; and a draft is not."""
    async with stage(tmp_path, settings=LIVEKIT) as play:
        inviter = Inviter(play.doorman, play.org_id)
        here = {"key": None, "principal": keys.local(play.org_id), "agent": ""}
        found = await play.host.db.read(agents.get, play.org_id, "desk")
        assert found is not None
        assert (await invite(inviter, **here)).claim.agent == found.id
        await play.host.db.write(agents.unpublish, play.org_id, "desk", play.host.clock())
        with pytest.raises(DuologueError, match="none") as caught:
            await invite(Inviter(play.doorman, play.org_id), **here)
        assert caught.value.code == "agent_unnamed"


def test_who_has_no_key_or_a_wrong_one_is_refused(rooms: Desk) -> None:
    """Each with its own code."""
    refused(rooms.token(key=None), 401, "key_missing")
    refused(rooms.token(key="dk_secret_nonsense"), 401, "key_unknown")
    made = rooms.house.command("keys", "create", "--kind", "secret", "--scope", "read")
    refused(rooms.token(key=made["key"]), 403, "key_scope", "sessions")
    page = rooms.public_key()
    refused(rooms.token("strict", key=page, headers=SHOP), 403, "key_wrong_agent")


def test_a_revoked_key_mints_for_a_second_at_most(rooms: Desk) -> None:
    """What is remembered of a key is forgotten soon; at the join it counts at once."""
    made = rooms.house.command("keys", "create", "--kind", "secret")
    assert rooms.token(key=made["key"]).status_code == 201
    rooms.house.command("keys", "revoke", made["id"])
    deadline = time.monotonic() + 30
    while rooms.token(key=made["key"]).status_code == 201:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    refused(rooms.token(key=made["key"]), 401, "key_expired", "revoked")


def test_only_listed_pages_get_a_token(rooms: Desk) -> None:
    """They may ask in any way that LiveKit's client asks; others read why they get none."""
    key = rooms.public_key()
    asked = rooms.http.options("/api/token", headers=SHOP)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == SHOP["origin"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    allowed = rooms.token(key=key, headers=SHOP)
    assert allowed.headers["access-control-allow-origin"] == SHOP["origin"]
    stranger = rooms.token(key=key, headers={"origin": "https://evil.example"})
    refused(stranger, 403, "origin_refused", "evil.example")
    assert stranger.headers["access-control-allow-origin"] == "https://evil.example"
    refused(rooms.token(key=key), 403, "origin_refused")


def test_a_refused_page_reads_why(rooms: Desk) -> None:
    """Its agent is a draft, its method wrong, its JSON broken, its key revoked."""
    key = rooms.public_key()
    head = {"authorization": f"Bearer {key}", **SHOP}
    made = rooms.house.command(
        "keys", "create", "--kind", "public", "--agent", "desk", "--origin", SHOP["origin"]
    )
    rooms.house.command("keys", "revoke", made["id"])
    for answer, code in (
        (rooms.http.get("/api/token", headers=head), "method_not_allowed"),
        (rooms.http.post("/api/token", content=b"{", headers=head), "bad_request"),
        (rooms.http.post("/api/token", content=b" " * 2_000_000, headers=head), "too_large"),
        (rooms.token("strict", key=key, headers=SHOP), "key_wrong_agent"),
        (rooms.token(key=made["key"], headers=SHOP), "key_expired"),
    ):
        assert answer.json()["code"] == code
        assert answer.headers["access-control-allow-origin"] == SHOP["origin"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"not json", "JSON"),
        (b"[]", "object"),
        (b"\xff", "JSON"),
        (b"[" * 50_000, "nested"),
        (b'{"room_name": 5}', "room_name"),
        (b'{"participant_attributes": {"a": 1}}', "participant_attributes"),
        (b'{"room_config": {"agents": [{}, {}]}}', "has 2"),
        (b'{"room_name": "%b"}' % (b"r" * 257), "256"),
        (b'{"participant_identity": "%b"}' % (b"r" * 257), "256"),
        (b'{"participant_name": "%b"}' % (b"r" * 257), "256"),
        (b'{"room_name": "org_theirs"}', "org_theirs"),
        (b'{"participant_metadata": "%b"}' % (b"m" * 40_000), "32768"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(rooms: Desk, body: bytes, word: str) -> None:
    """In one sentence."""
    key = rooms.public_key()
    headers = {"authorization": f"Bearer {key}", **SHOP}
    refused(rooms.http.post("/api/token", content=body, headers=headers), 400, "bad_request", word)


def test_agents_say_which_roads_lead_to_them(rooms: Desk) -> None:
    """And whether what is said there is encrypted."""
    refused(rooms.token("wired"), 403, "transport_refused", "wired", "websocket")
    refused(rooms.authorize("sealed"), 403, "transport_refused", "sealed", "livekit")
    refused(rooms.token(metadata='{"e2ee": true}'), 400, "encryption_refused", "desk")
    for agent, asked, encrypted in (
        ("sealed", None, True),
        ("sealable", None, False),
        ("sealable", '{"e2ee": true}', True),
    ):
        answer = rooms.token(agent, metadata=asked).json()
        assert claim_of(answer).e2ee is encrypted
        assert answer["duologue"]["config"]["encryption"] is encrypted


def test_a_client_of_ours_may_get_a_socket_here(rooms: Desk) -> None:
    """One that says so; a promise of encryption is never broken by that."""
    answer = rooms.token("wired", transports=["livekit", "websocket"], capabilities=["mic16"])
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["duologue"]["transport"] == "websocket"
    assert body["participant_token"] == body["duologue"]["token"]
    assert body["participant_token"].startswith("dk_session_")
    assert body["duologue"]["config"]["capabilities"] == ["mic16", "resume"]
    assert body["room_name"] == ""
    secret: dict[str, Any] = {"transports": ["websocket"], "metadata": '{"e2ee": true}'}
    refused(rooms.token("sealable", **secret), 403, "transport_refused", "livekit")
    refused(rooms.token("wired", **secret), 403, "transport_refused", "encrypted")


def test_a_session_may_change_what_its_agent_allows(rooms: Desk) -> None:
    """As on the socket, and refused as there."""
    config = {"transcription": {"trigger": "push_to_talk"}}
    answer = rooms.token(config=config).json()
    assert answer["duologue"]["config"]["transcription"]["trigger"] == "push_to_talk"
    assert claim_of(answer).overrides == {"turns": {"trigger": "push_to_talk"}}
    refused(rooms.token("strict", config=config), 400, "config_not_allowed", "turns.trigger")


def test_a_deployment_is_told_to_the_agent(rooms: Desk) -> None:
    """There is one deployment here; the word is kept all the same."""
    config = {"agents": [{"agent_name": "desk", "deployment": "blue"}]}
    assert claim_of(rooms.token(None, room_config=config).json()).metadata == {"deployment": "blue"}


def test_a_conversation_goes_on_in_a_room_by_its_id_or_token(rooms: Desk) -> None:
    """A server names it; a page shows the token of its last session, from the same place."""
    known = rooms.authorize(capabilities=["resume"], headers=SHOP).json()
    conversation = known["conversation_id"]
    by_id = rooms.token(conversation_id=conversation).json()
    assert by_id["duologue"]["resumed"] == "rebuilt"
    assert claim_of(by_id).known
    token = known["resume_token"]
    said = json.dumps({"resume_token": token, "plan": "gold"})
    by_token = rooms.token(metadata=said, headers=SHOP).json()
    assert by_token["duologue"]["conversation_id"] == conversation
    assert by_token["duologue"]["resume_token"] != token
    assert claim_of(by_token).metadata == {"plan": "gold"}
    page = rooms.public_key()
    refused(
        rooms.token(key=page, headers=SHOP, conversation_id=conversation),
        404,
        "conversation_not_found",
    )
    refused(rooms.token(resume_token=token), 404, "conversation_not_found")
    refused(rooms.token(conversation_id="conv_x"), 404, "conversation_not_found", "conv_x")


def test_ended_and_open_conversations_are_told_apart(rooms: Desk) -> None:
    """410 where there is nothing to go on with, 409 where only one place counts."""
    known = rooms.authorize("strict", headers=SHOP).json()
    conversation = known["conversation_id"]
    address = rooms.socket_url(known["client_session_key"])
    with connect(address, additional_headers={"Origin": SHOP["origin"]}) as socket:
        socket.send('{"type":"client.ready"}')
        refused(rooms.token("strict", conversation_id=conversation), 409, "conversation_open")
        rooms.ask("POST", f"/v1/sessions/{known['session_id']}/end", json={"reason": "done"})
    refused(rooms.token("strict", conversation_id=conversation), 410, "conversation_ended", "done")


def test_organizations_do_not_meet_in_rooms(rooms: Desk) -> None:
    """A name that another organization's key asks for is a room of its own."""
    rooms.house.command("orgs", "create", "other")
    file = str(rooms.house.files[0])
    rooms.house.command("agents", "publish", "desk", file, "--org", "other")
    made = rooms.house.command("keys", "create", "--kind", "secret", "--org", "other")
    mine = rooms.token(room_name="blue").json()
    theirs = rooms.token(room_name="blue", key=made["key"]).json()
    assert mine["room_name"] == "blue"
    assert theirs["room_name"].startswith("org_")
    assert theirs["room_name"].endswith(".blue")
    grants = verified(theirs).video
    assert grants is not None
    assert grants.room == theirs["room_name"]
    known = rooms.authorize().json()["conversation_id"]
    again = rooms.token(key=made["key"], conversation_id=known)
    refused(again, 404, "conversation_not_found")


def test_the_answer_in_the_documents_is_one() -> None:
    """The JSON of docs/tokens.md is an answer of this door, field for field."""
    text = (Path(__file__).parents[2] / "docs" / "tokens.md").read_text(encoding="utf-8")
    shown = text.partition("```json\n")[2].partition("```")[0]
    answer = msgspec.json.decode(shown, type=TokenAnswer)
    assert msgspec.to_builtins(answer) == json.loads(shown)


def test_without_a_livekit_the_door_says_what_to_set(desk: Desk) -> None:
    """And where."""
    words = ("livekit_url", "DUOLOGUE_LIVEKIT_API_SECRET", "duologue dev")
    refused(desk.token(), 501, "livekit_missing", *words)


def test_dev_has_a_development_token_server(tmp_path: Any) -> None:
    """LiveKit's client sends an id, which is a key or anything; `serve` has no such door."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    path = "/api/v2/sandbox/connection-details"
    here = {"x-sandbox-id": "anything", "origin": "http://localhost:3000"}
    with House(tmp_path / "data", file, mode="dev", **LIVEKIT) as house:
        dev = Desk(house)
        with dev.http:
            asked = dev.http.options(path, headers=here)
            assert "x-sandbox-id" in asked.headers["access-control-allow-headers"]
            answer = dev.token(key=None, headers=here, path=path)
            assert answer.status_code == 201, answer.text
            assert answer.headers["access-control-allow-origin"] == here["origin"]
            assert claim_of(answer.json()).kind == "local"
            assert dev.token(key=None, headers={"origin": here["origin"]}).status_code == 201
            away = here | SHOP
            refused(dev.token(key=None, headers=away, path=path), 401, "key_missing")
            by_key = away | {"x-sandbox-id": dev.public_key()}
            of_page = dev.token(None, key=None, headers=by_key, path=path)
            assert claim_of(of_page.json()).kind == "public"


def test_serve_has_no_development_token_server(rooms: Desk) -> None:
    """Nobody is let in for an id."""
    path = "/api/v2/sandbox/connection-details"
    refused(rooms.token(path=path), 404, "not_found", path)


def dump(desk: Desk) -> dict[str, list[Any]]:
    """Every row of every table; an index of words lies in tables of its own."""
    real = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    with sqlite3.connect(f"file:{desk.house.data / 'duologue.db'}?mode=ro", uri=True) as conn:
        names = [name for (name,) in conn.execute(real)]
        rows = {name: conn.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    conn.close()
    assert rows["conversations"]
    return rows


def _payload(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.split(".")[1] + "==")
