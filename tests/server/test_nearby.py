"""Who needs no key in `dev`, and who only seems to sit at this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Request
from tests.server.conftest import AGENTS, refused
from tests.serving import House

from duologue.server.nearby import Mode, Nearby

LOOPBACK = "http://127.0.0.1:8787"


def asked(client: str | None = "127.0.0.1", /, **headers: str) -> Request[Any, Any, Any]:
    """A request from that address with these headers."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    caller = None if client is None else (client, 50000)
    return Request({"type": "http", "headers": raw, "client": caller})  # type: ignore[arg-type]  # all that is read


def lets_in(request: Request[Any, Any, Any], **changes: str) -> bool:
    """Whether it needs no key, in `dev` on loopback unless changed."""
    fields = {"bound": LOOPBACK, "public_url": ""} | changes
    mode: Mode = "serve" if fields.pop("mode", "dev") == "serve" else "dev"
    return Nearby(mode, "org_1", **fields).who(request) is not None


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "LOCALHOST"])
def test_whoever_names_this_machine_needs_no_key(host: str) -> None:
    """A program, and a page that this machine served."""
    assert lets_in(asked(host=host))
    assert lets_in(asked(host=host, origin="http://localhost:3000"))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8787"},
        {"host": "evil.example:8787", "origin": "http://localhost:8787"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost@evil.example"},
        {"host": "192.0.2.1"},
        {"host": ""},
        {},
        {"host": "localhost:8787", "origin": "http://evil.example"},
        {"host": "localhost:8787", "origin": "null"},
    ],
)
def test_a_page_of_elsewhere_needs_a_key(headers: dict[str, str]) -> None:
    """A name that was made to lead here is still a foreign name."""
    assert not lets_in(asked(**headers))


@pytest.mark.parametrize(
    ("client", "near"),
    [("::1", True), ("127.0.0.2", True), ("203.0.113.9", False), ("unknown", False), (None, False)],
)
def test_whom_a_tunnel_lets_in_needs_a_key(client: str | None, near: bool) -> None:
    """The caller's own address counts too."""
    assert lets_in(asked(client, host="localhost")) is near


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "serve"},
        {"bound": "http://0.0.0.0:8787"},
        {"bound": "http://[::]:8787"},
        {"bound": "http://192.0.2.1:8787", "public_url": "http://localhost:8787"},
        {"public_url": "https://agents.example"},
    ],
)
def test_a_server_that_others_reach_needs_a_key(changes: dict[str, str]) -> None:
    """The address that the socket is bound to counts, and a proxy's; never what is only said."""
    assert not lets_in(asked(host="localhost:8787"), **changes)


def test_a_public_address_on_this_machine_changes_nothing() -> None:
    """A proxy for this machine's own pages."""
    assert lets_in(asked(host="localhost:8787"), public_url="http://localhost:9000/")


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a `dev` on loopback, without a key."""
    folder: Path = tmp_path_factory.mktemp("near")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with (
        House(folder / "data", file, mode="dev") as house,
        httpx.Client(base_url=house.url, timeout=30) as http,
    ):
        yield http


def test_dev_answers_this_machine_and_not_a_rebound_name(near: httpx.Client) -> None:
    """Authorize and the owners' API ask a foreign name for a key."""
    door, body = "/v1/agents/web/authorize_session", {"agent_id": "desk"}
    rebound = {"host": "evil.example"}
    assert near.post(door, json=body).status_code == 200
    assert near.get("/v1/conversations").json()["items"]
    refused(near.post(door, json=body, headers=rebound), 401, "key_missing")
    refused(near.get("/v1/conversations", headers=rebound), 401, "key_missing")
    delete = near.delete("/v1/conversations/conv_x", headers=rebound)
    refused(delete, 401, "key_missing")
    tunnelled = {"x-forwarded-for": "203.0.113.9"}
    refused(near.get("/v1/conversations", headers=tunnelled), 401, "key_missing")


def test_dev_shows_sessions_to_this_machine_only(near: httpx.Client) -> None:
    """The page of a foreign name names no session and no file."""
    near.post("/v1/agents/web/authorize_session", json={"agent_id": "desk"})
    own, rebound = near.get("/status"), near.get("/status", headers={"host": "evil.example"})
    assert own.status_code == rebound.status_code == 200
    for text in ("agents.py", "authorized"):
        assert text in own.text
        assert text not in rebound.text
    assert "desk" in rebound.text


def test_dev_on_all_addresses_asks_everybody_for_a_key(tmp_path: Path) -> None:
    """Also who calls it by this machine's name."""
    with House(tmp_path / "data", mode="dev", host="0.0.0.0") as house:
        port = house.url.rpartition(":")[2]
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/conversations", timeout=30)
    refused(answer, 401, "key_missing")
