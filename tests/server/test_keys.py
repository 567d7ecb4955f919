"""The owners' door for keys: a public key for a page, what is shown of it, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import AGENTS, Desk, refused
from tests.serving import House

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of `duologue dev` on this machine."""
    folder: Path = tmp_path_factory.mktemp("near")
    (folder / "agents.py").write_text(AGENTS)
    with (
        House(folder / "data", folder / "agents.py", mode="dev") as house,
        httpx.Client(base_url=house.url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def admin(desk: Desk) -> str:
    """A secret key that may make keys."""
    options = ("--kind", "secret", "--scope", "admin")
    return str(desk.house.command("keys", "create", *options)["key"])


def test_a_public_key_that_is_made_opens_its_agent_from_its_pages(desk: Desk, admin: str) -> None:
    """And its text is shown once only."""
    body = {"agent": "desk", "origins": [SHOP], "name": "the shop"}
    answer = desk.ask("POST", "/v1/keys", admin, json=body)
    assert answer.status_code == 201
    key, made = answer.json()["key"], answer.json()["made"]
    assert key.startswith("dk_public_")
    assert made["origins"] == [SHOP]
    assert desk.authorize(key=key, headers={"origin": SHOP}).status_code == 200
    refused(
        desk.authorize(key=key, headers={"origin": "https://elsewhere.example"}),
        403,
        "origin_refused",
        "https://elsewhere.example",
    )
    listed = desk.ask("GET", "/v1/keys", admin)
    shown = {one["id"]: one for one in listed.json()["items"]}[made["id"]]
    assert shown == made | {"last_used_at": shown["last_used_at"]}
    assert key not in listed.text


def test_a_key_is_made_void_at_once(desk: Desk, admin: str) -> None:
    """Whoever shows it afterwards is told so."""
    made = desk.ask("POST", "/v1/keys", admin, json={"agent": "desk", "origins": [SHOP]}).json()
    gone = desk.ask("DELETE", f"/v1/keys/{made['made']['id']}", admin).json()
    assert gone["revoked_at"] is not None
    answer = desk.authorize(key=made["key"], headers={"origin": SHOP})
    refused(answer, 401, "key_expired", "revoked")
    refused(desk.ask("DELETE", "/v1/keys/key_none", admin), 404, "key_not_found", "key_none")


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ({"agent": "nobody", "origins": [SHOP]}, 404, "agent_not_found", "nobody"),
        ({"agent": "desk", "origins": ["shop"]}, 400, "bad_request", "'shop'"),
        ({"agent": "desk", "origins": []}, 400, "bad_request", "origin"),
        ({"agent": "desk", "origins": [SHOP], "kind": "secret"}, 400, "bad_request", "kind"),
        ({"agent": "desk"}, 400, "bad_request", "origins"),
        ({"agent": "desk", "origins": [SHOP] * 101}, 400, "bad_request", "origins"),
        ({"agent": "desk", "origins": [SHOP], "name": "x" * 201}, 400, "bad_request", "name"),
        ({"agent": "de\0sk", "origins": [SHOP]}, 400, "bad_request", "agent"),
    ],
)
def test_a_key_that_would_open_nothing_is_refused(
    desk: Desk, admin: str, body: dict[str, object], status: int, code: str, words: str
) -> None:
    """The refusal names what is wrong, and no key is made."""
    before = len(desk.ask("GET", "/v1/keys", admin).json()["items"])
    refused(desk.ask("POST", "/v1/keys", admin, json=body), status, code, words)
    assert len(desk.ask("GET", "/v1/keys", admin).json()["items"]) == before


def test_keys_are_the_business_of_who_may_administer(desk: Desk) -> None:
    """No stranger, no page, and no server that only opens sessions."""
    body = {"agent": "desk", "origins": [SHOP]}
    refused(desk.http.post("/v1/keys", json=body), 401, "key_missing")
    page = desk.public_key()
    refused(desk.ask("POST", "/v1/keys", key=page, json=body), 403, "key_scope")
    options = ("--kind", "secret", "--scope", "sessions")
    opener = desk.house.command("keys", "create", *options)["key"]
    refused(desk.ask("POST", "/v1/keys", key=opener, json=body), 403, "key_scope", "admin")
    refused(desk.ask("GET", "/v1/keys", key=opener), 403, "key_scope", "admin")


def test_in_dev_only_the_servers_own_page_makes_keys(near: httpx.Client) -> None:
    """Another page of this machine may talk without a key, and no more than that."""
    body = {"agent": "desk", "origins": [SHOP]}
    own = str(near.base_url).rstrip("/")
    answer = near.post("/v1/keys", json=body, headers={"origin": own})
    assert answer.status_code == 201
    for origin in ("null", SHOP):
        answer = near.post("/v1/keys", json=body, headers={"origin": origin})
        assert answer.status_code in (401, 403), answer.text
    other = "http://localhost:1"
    answer = near.post("/v1/keys", json=body, headers={"origin": other})
    command = f"duologue keys create --kind public --agent desk --origin {SHOP}"
    refused(answer, 403, "page_refused", repr(other), repr(own), command)
    gone = near.request("DELETE", "/v1/keys/key_x", headers={"origin": other})
    refused(gone, 403, "page_refused", repr(other), repr(own), "duologue keys revoke key_x")
