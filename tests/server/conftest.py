"""One real server for the door tests of a module, with its own data folder and keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import House
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

LONG = "Hello, both of you. It is good to hear two voices on one line today."
AGENTS = f"""
from livekit.agents import Agent

import duologue


@duologue.agent("desk", greeting="Hello.", session_minutes=5)
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("strict", overrides=[], tabs="reject", origins=["https://shop.example"])
class Strict(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("shared", tabs="share", greeting="{LONG}")
class Shared(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("draft")
class Draft(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("broken")
class Broken(Agent):
    def __init__(self) -> None:
        raise RuntimeError("no such database")
"""

ROOM_AGENTS = """

@duologue.agent("sealed", encryption="required", encryption_key="env:SEAL")
class Sealed(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("sealable", encryption="optional", encryption_key="env:SEAL")
class Sealable(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("wired", transports=["websocket"], avatar="https://x.example/wired.png")
class Wired(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""
LIVEKIT: dict[str, Any] = {
    "livekit_url": "ws://127.0.0.1:9",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a secret of thirty-two letters..",
}
"""A LiveKit that nobody answers at: tokens are signed without it."""


class Desk:
    """A served house, and a client that talks to its doors."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.key = house.secret_key()
        self.http = httpx.Client(base_url=house.url, timeout=30)
        self._public: dict[tuple[str, str], str] = {}

    def authorize(self, agent: str = "desk", **fields: Any) -> httpx.Response:
        """Asks for a session, with the secret key unless another is named."""
        key = fields.pop("key", self.key)
        headers = fields.pop("headers", {})
        if key is not None:
            headers = {"authorization": f"Bearer {key}", **headers}
        return self.http.post(
            "/v1/agents/web/authorize_session",
            content=json.dumps({"agent_id": agent, **fields}),
            headers=headers,
        )

    def token(
        self,
        agent: str | None = "desk",
        *,
        key: str | None = "",
        headers: dict[str, str] | None = None,
        path: str = "/api/token",
        metadata: Any = None,
        **fields: Any,
    ) -> httpx.Response:
        """Asks for a room's token, with the secret key unless another or none is given."""
        if key is not None:
            headers = {"authorization": f"Bearer {key or self.key}", **(headers or {})}
        if agent is not None:
            fields["room_config"] = {"agents": [{"agent_name": agent, "metadata": metadata}]}
        return self.http.post(path, content=json.dumps(fields), headers=headers)

    def public_key(self, agent: str = "desk", origin: str = "https://shop.example") -> str:
        """A public key, made once."""
        if (agent, origin) not in self._public:
            options = ("--kind", "public", "--agent", agent, "--origin", origin)
            self._public[agent, origin] = self.house.command("keys", "create", *options)["key"]
        return self._public[agent, origin]

    def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        """A request of the owner."""
        headers = {"x-api-key": key or self.key}
        return self.http.request(method, path, headers=headers, **options)

    def socket_url(self, session_key: str) -> str:
        """Where a session key opens its socket."""
        base = self.house.url.replace("http", "ws", 1)
        return f"{base}/v1/agents/web/websocket?client_session_key={session_key}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with five agents, of which `draft` is not published."""
    folder: Path = tmp_path_factory.mktemp("house")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, max_sessions=30, grace_seconds=3) as house:
        house.publish("desk", "strict", "shared", "broken")
        found = Desk(house)
        yield found
        found.http.close()


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server that knows a LiveKit, with agents of every policy."""
    folder: Path = tmp_path_factory.mktemp("rooms")
    file = folder / "agents.py"
    file.write_text(AGENTS + ROOM_AGENTS)
    with House(folder / "data", file, **LIVEKIT) as house:
        house.publish("desk", "strict", "shared", "sealed", "sealable", "wired")
        found = Desk(house)
        yield found
        found.http.close()


def refused(answer: httpx.Response, status: int, code: str, *words: str) -> None:
    """Asserts that an answer is this error, in the one form of all errors, with these words."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert set(body) == {"error", "code"}
    assert all(word in body["error"] for word in words), body["error"]


def last_used(desk: Desk, key_id: str) -> int | None:
    """When the server noted that a key was used."""
    listed = desk.house.command("keys", "list")
    found = next(one for one in listed if one["id"] == key_id)
    return found["last_used_at"]  # type: ignore[no-any-return]  # of JSON


def closing_code(socket: ClientConnection) -> int:
    """The code that the server closes with."""
    for _ in range(10_000):
        try:
            socket.recv(timeout=60)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
    raise AssertionError("the server does not close")
