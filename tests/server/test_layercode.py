"""The Layercode door: authorize."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import Connection
from tests.server.conftest import Desk, refused
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from duologue.store import organizations
from duologue.store.database import unit


def test_a_new_conversation_is_made_with_everything_the_sdk_reads(desk: Desk) -> None:
    """The answer has the key, the id, and a config whose trigger is never missing."""
    answer = desk.authorize(metadata={"user": "u1"}, sdk_version="2.7.0", something_new=True)
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert body["client_session_key"].startswith("dk_session_")
    assert body["conversation_id"].startswith("conv_")
    assert body["session_id"].startswith("sess_")
    assert body["config"] == {
        "transcription": {"trigger": "automatic", "can_interrupt": True, "automatic": True},
        "vad": {"enabled": False, "gate_audio": False, "buffer_frames": 10},
        "audio": {"input_rate": 8000, "output_rate": 16000},
        "capabilities": [],
        "tabs": "takeover",
        "recorded": False,
    }


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_conversation_id_means_a_new_one(desk: Desk, nothing: str | None) -> None:
    """Null and empty are what clients send that begin afresh."""
    first, second = (desk.authorize(conversation_id=nothing).json() for _ in range(2))
    assert first["conversation_id"] != second["conversation_id"]


def test_an_existing_conversation_gets_a_new_key(desk: Desk) -> None:
    """The id stays, the key changes."""
    first = desk.authorize().json()
    second = desk.authorize(conversation_id=first["conversation_id"]).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert second["client_session_key"] != first["client_session_key"]


def test_a_session_may_change_what_its_agent_allows(desk: Desk) -> None:
    """Layercode's names of the config are understood."""
    config = {"transcription": {"trigger": "push_to_talk", "can_interrupt": False}}
    body = desk.authorize(config=config).json()
    assert body["config"]["transcription"] == {
        "trigger": "push_to_talk",
        "can_interrupt": False,
        "automatic": False,
    }


def test_what_the_agent_does_not_allow_is_refused_by_name(desk: Desk) -> None:
    """The refusal names the field and what is allowed instead."""
    refused(
        desk.authorize(config={"tts": "openai/tts-1"}), 400, "config_not_allowed", "tts", "trigger"
    )
    config = {"transcription": {"trigger": "push_to_talk"}}
    refused(desk.authorize("strict", config=config), 400, "config_not_allowed", "nothing")
    config = {"transcription": {"trigger": "telepathy"}}
    refused(desk.authorize(config=config), 400, "bad_request", "telepathy")


def test_extensions_are_granted_when_they_are_known(desk: Desk) -> None:
    """A client gets those that it asked for and that this road has."""
    body = desk.authorize(capabilities=["mic16", "resume", "telepathy"]).json()
    assert body["config"]["capabilities"] == ["mic16", "resume"]
    assert body["config"]["audio"]["input_rate"] == 16000
    assert body["resume_token"].startswith("dk_resume_")


def test_a_resume_token_resumes_its_own_until_a_newer_one_arrived(desk: Desk) -> None:
    """Each authorize rotates it; an answer that was lost is asked for again with the old one."""
    first = desk.authorize(capabilities=["resume"]).json()
    token = first["resume_token"]
    for _ in range(2):
        second = desk.authorize(capabilities=["resume"], resume_token=token).json()
        assert second["conversation_id"] == first["conversation_id"]
        assert second["resume_token"] != token
    with connect(desk.socket_url(second["client_session_key"])) as socket:
        json.loads(socket.recv(timeout=60))  # whoever comes back is told something at once
        refused(desk.authorize(resume_token=token), 404, "conversation_not_found")


def test_a_stale_token_beside_the_id_is_no_matter_to_a_secret_key(desk: Desk) -> None:
    """A back end passes on what its page keeps; by itself the token opens nothing any more."""
    first = desk.authorize(capabilities=["resume"]).json()
    known, other = first["conversation_id"], desk.authorize().json()["conversation_id"]
    with connect(desk.socket_url(first["client_session_key"])) as socket:
        socket.send('{"type":"client.ready"}')
        for stale in ("dk_resume_x", first["resume_token"]):
            wished = known if stale == "dk_resume_x" else other
            again = desk.authorize(conversation_id=wished, resume_token=stale)
            assert again.status_code == 200, again.text
            assert again.json()["conversation_id"] == wished
        refused(desk.authorize(resume_token="dk_resume_x"), 404, "conversation_not_found")
        strange = {"conversation_id": "conv_x", "resume_token": "dk_resume_x"}
        refused(desk.authorize(**strange), 404, "conversation_not_found", "conv_x")


def test_who_has_no_key_or_a_wrong_one_is_refused(desk: Desk) -> None:
    """In `serve` nobody is let in for being near."""
    refused(desk.authorize(key=None), 401, "key_missing", "Authorization")
    refused(desk.authorize(key="dk_secret_nonsense"), 401, "key_unknown")
    made = desk.house.command("keys", "create", "--kind", "secret")
    desk.house.command("keys", "revoke", made["id"])
    refused(desk.authorize(key=made["key"]), 401, "key_expired", "revoked")


def test_a_key_without_the_scope_is_refused(desk: Desk) -> None:
    """A key that may only read opens no session."""
    made = desk.house.command("keys", "create", "--kind", "secret", "--scope", "read")
    refused(desk.authorize(key=made["key"]), 403, "key_scope", "sessions", "read")


def test_a_public_key_opens_its_agent_from_its_pages_and_nothing_else(desk: Desk) -> None:
    """Agent, origin, conversation ids and the owners' API are out of its reach."""
    options = ("--kind", "public", "--agent", "desk", "--origin", "https://shop.example")
    key = desk.house.command("keys", "create", *options)["key"]
    at_shop = {"origin": "https://shop.example"}
    opened = desk.authorize(key=key, headers=at_shop)
    assert opened.status_code == 200
    refused(desk.authorize(key=key), 403, "origin_refused")
    elsewhere = {"origin": "https://evil.example"}
    refused(desk.authorize(key=key, headers=elsewhere), 403, "origin_refused", "shop.example")
    refused(desk.authorize(key=key, headers={"origin": "null"}), 403, "origin_refused")
    refused(desk.authorize("strict", key=key, headers=at_shop), 403, "key_wrong_agent", "strict")
    unknown = desk.authorize("nobody", key=key, headers=at_shop)
    refused(unknown, 403, "key_wrong_agent", "nobody")
    assert "broken" not in unknown.text
    known = opened.json()["conversation_id"]
    for more in ({}, {"resume_token": "dk_resume_x"}):
        again = desk.authorize(key=key, headers=at_shop, conversation_id=known, **more)
        refused(again, 404, "conversation_not_found")
    refused(desk.ask("GET", "/v1/conversations", key=key), 403, "key_scope", "public")


def test_what_is_not_there_is_named(desk: Desk) -> None:
    """Unknown agents and conversations are 404, with the names that exist."""
    refused(desk.authorize("nobody"), 404, "agent_not_found", "nobody", "desk")
    refused(desk.authorize("draft"), 403, "agent_has_no_org", "duologue agents publish draft")
    refused(desk.authorize(conversation_id="conv_x"), 404, "conversation_not_found", "conv_x")
    strict = desk.authorize("strict").json()["conversation_id"]
    refused(desk.authorize("desk", conversation_id=strict), 404, "conversation_not_found")


def test_another_organizations_things_do_not_exist(desk: Desk) -> None:
    """A key of one organization finds nothing of another, and is not told that it is there."""
    desk.house.command("orgs", "create", "other")
    made = desk.house.command("keys", "create", "--kind", "secret", "--org", "other")
    mine = desk.authorize().json()
    refused(desk.authorize(key=made["key"]), 404, "agent_not_found")
    for path in (
        f"/v1/conversations/{mine['conversation_id']}",
        f"/v1/conversations/{mine['conversation_id']}/messages",
        f"/v1/sessions/{mine['session_id']}",
        "/v1/agents/desk",
    ):
        assert desk.ask("GET", path, key=made["key"]).status_code == 404


def test_an_organization_without_credit_is_refused(desk: Desk) -> None:
    """A balance of nothing is 402; credit opens the door again."""
    desk.house.command("orgs", "create", "poor")
    file = str(desk.house.files[0])
    desk.house.command("agents", "publish", "desk", file, "--org", "poor")
    key = desk.house.command("keys", "create", "--kind", "secret", "--org", "poor")["key"]
    assert desk.authorize(key=key).status_code == 200
    desk.house.command("orgs", "credit", "poor", "1")
    with unit(f"sqlite:///{desk.house.data / 'duologue.db'}") as conn:
        organizations.credit(conn, _id(conn, "poor"), -1_000_000, "spent", 1)
    refused(desk.authorize(key=key), 402, "insufficient_balance", "duologue orgs credit")
    desk.house.command("orgs", "credit", "poor", "2")
    assert desk.authorize(key=key).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"agent_id": 5}',
        b'{"agent_id": "desk", "metadata": []}',
        b'{"agent_id": "desk", "conversation_id": 7}',
        b'{"agent_id": "desk", "custom_headers": {"a": 1}}',
        b"[" * 50_000,
        b"\xff\xfe",
        b'{"agent_id": "desk", "metadata": {"name": "\xff"}}',
        b'{"agent_id": "desk\xc3"}',
        b'{"agent_id": "desk", "sdk_version": "\\ud800"}',
        *(
            b'{"agent_id": "desk", "%b": %b1%b}' % (name, b'{"a":' * deep, b"}" * deep)
            for name in (b"metadata", b"custom_metadata", b"config", b"unknown")
            for deep in (65, 500, 990, 5000)
            if name != b"unknown" or deep == 5000
        ),
        b'{"agent_id": "desk", "metadata": {"a": %b%b}}' % (b"[" * 64, b"]" * 64),
        json.dumps({"agent_id": "desk", "config": {"transcription": 5}}).encode(),
    ],
)
def test_a_malformed_request_is_refused_with_its_reason(desk: Desk, body: bytes) -> None:
    """Every body that is no authorize gets a 400 with words."""
    answer = desk.http.post(
        "/v1/agents/web/authorize_session",
        content=body,
        headers={"authorization": f"Bearer {desk.key}"},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("bad_request", "config_not_allowed")


@pytest.mark.parametrize("value", ["s3cret\n", " s3cret", "s3crét"])
def test_headers_that_cannot_be_sent_are_refused_by_name(desk: Desk, value: str) -> None:
    """Their value may be a secret; one that can be is kept as it is."""
    answer = desk.authorize(custom_headers={"X-Fine": "1", "X-Token": value})
    refused(answer, 400, "bad_request", "custom_headers: 'X-Token' is no header that can be sent")
    assert "s3cr" not in answer.text
    assert desk.authorize(custom_headers={"X-Fine": "a b"}).status_code == 200


def test_what_is_deep_but_not_too_deep_is_kept(desk: Desk) -> None:
    """Sixty-four levels come back as they were sent; brackets within text are no levels."""
    metadata: dict[str, object] = {"text": "[{" * 200}
    for _ in range(63):
        metadata = {"inner": metadata}
    made = desk.authorize(metadata=metadata).json()
    stored = desk.ask("GET", f"/v1/sessions/{made['session_id']}").json()
    assert stored["metadata"] == metadata


def test_wrong_methods_paths_and_sizes_have_the_one_form_of_errors(desk: Desk) -> None:
    """The framework's own refusals look like ours."""
    door = "/v1/agents/web/authorize_session"
    refused(desk.http.get(door), 405, "method_not_allowed", "POST")
    refused(desk.http.get("/v1/nowhere"), 404, "not_found", "/v1/nowhere")
    large = desk.http.post(door, content=b" " * 2_000_000, headers={"x-api-key": desk.key})
    refused(large, 413, "too_large")


def test_a_page_of_another_origin_reads_the_answer(desk: Desk) -> None:
    """Browsers ask first; then the page's own origin is named. One that is refused reads why."""
    shop = {"origin": "https://shop.example"}
    options = ("--kind", "public", "--agent", "desk", "--origin", "https://shop.example")
    key = desk.house.command("keys", "create", *options)["key"]
    asked = desk.http.options("/v1/agents/web/authorize_session", headers=shop)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in asked.headers["access-control-allow-headers"]
    allowed = desk.authorize(key=key, headers=shop)
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "origin" in allowed.headers["vary"].lower()
    for stranger in ("null", "https://*.example"):
        answer = desk.authorize(key=key, headers={"origin": stranger})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    evil = desk.authorize(key=key, headers={"origin": "https://evil.example"})
    refused(evil, 403, "origin_refused", "duologue keys allow key_", "https://evil.example")
    assert evil.headers["access-control-allow-origin"] == "https://evil.example"


def _id(conn: Connection, slug: str) -> str:
    found = organizations.get(conn, slug)
    assert found is not None
    return found.id


def test_fifty_racing_authorizes_leave_one_key(desk: Desk) -> None:
    """Of fifty keys for one conversation exactly one still opens a socket."""
    conversation = desk.authorize().json()["conversation_id"]

    def race(_: int) -> str:
        with httpx.Client(base_url=desk.house.url, timeout=60) as http:
            answer = http.post(
                "/v1/agents/web/authorize_session",
                json={"agent_id": "desk", "conversation_id": conversation},
                headers={"authorization": f"Bearer {desk.key}"},
            )
            return str(answer.json()["client_session_key"])

    with ThreadPoolExecutor(16) as racers:
        keys = list(racers.map(race, range(50)))
    assert len(set(keys)) == 50

    opened, refusals = [], []
    for key in keys:
        try:
            with connect(desk.socket_url(key)) as socket:
                opened.append(key)
                socket.send('{"type":"client.ready"}')
        except InvalidStatus as refusal:
            refusals.append(json.loads(refusal.response.body or b"")["code"])
    assert len(opened) == 1
    assert refusals == ["session_key_unknown"] * 49
