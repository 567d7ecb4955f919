"""What an answer says of a failure: enough to find it in the log, and nothing of its words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Request
from litestar.exceptions import InternalServerException

from duologue.agents.registry import Catalog
from duologue.pipeline.host import Host
from duologue.server import app, health
from duologue.server.rooms import Rooms
from duologue.server.serve import now_ms
from duologue.settings import Settings
from duologue.store.database import Database

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HIDDEN = "postgresql://owner@10.1.2.3/calls"


class Broken(Database):
    """A database that fails with words that are nobody's business."""

    waiting = 0

    async def write(self, *_: object, **__: object) -> object:  # type: ignore[override]  # it only fails
        """Fails."""
        raise RuntimeError(HIDDEN)

    read = write  # type: ignore[assignment]  # as above

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def broken_house(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house whose database fails."""
    host = Host(Broken(), Settings(data=str(folder)), Catalog(), clock=now_ms)
    house = app.House(host, Rooms(host), "serve", "org_1", bound="http://127.0.0.1:8787")
    transport = httpx.ASGITransport(house, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def test_a_failure_shows_a_number_and_no_words(tmp_path: Path) -> None:
    """Authorize, the owners' API and the page: one sentence, the same for all."""
    async with broken_house(tmp_path) as http:
        answers = [
            await http.post("/v1/agents/web/authorize_session", json={"agent_id": "desk"}),
            await http.get("/v1/agents", headers={"x-api-key": "dk_secret_x"}),
            await http.get("/"),
            await http.get("/status"),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "10.1.2.3" not in answer.text


async def test_a_page_may_read_that_the_server_failed(tmp_path: Path) -> None:
    """At every door for pages; nobody keeps that answer."""
    shop = {"origin": "https://shop.example", "x-api-key": "dk_public_x"}
    async with broken_house(tmp_path) as http:
        answers = [
            await http.post(app.AUTHORIZE_PATH, json={"agent_id": "desk"}, headers=shop),
            await http.post("/api/widget/session", json={"agentId": "desk"}, headers=shop),
            await http.get("/api/widget/agent", headers=shop),
        ]
    for answer in answers:
        assert answer.status_code == 500
        assert answer.headers["access-control-allow-origin"] == shop["origin"]
        assert answer.headers["cache-control"] == "no-store"


async def test_a_server_that_is_not_ready_does_not_say_where_its_database_is(
    tmp_path: Path,
) -> None:
    """Strangers read this answer."""
    async with broken_house(tmp_path) as http:
        answer = await http.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "the database does not answer" in answer.json()["error"]
    assert "10.1.2.3" not in answer.text


async def test_who_asks_for_readiness_does_not_wait_for_a_database_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load balancer learns it by an answer, not by silence."""

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Broken, "read", hang)
    monkeypatch.setattr(health, "ANSWER", 0.05)
    async with broken_house(tmp_path) as http, asyncio.timeout(30):
        answer = await http.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


def test_the_frameworks_own_failures_show_no_words_either() -> None:
    """A 500 that it raises itself is no bad request, and its detail stays here."""
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request: Request[Any, Any, Any] = Request(scope)  # type: ignore[arg-type]  # all that is read
    answer = app._http_error(request, InternalServerException(HIDDEN))
    body = json.loads(answer.content)
    assert (answer.status_code, body["code"]) == (500, "internal")
    assert "10.1.2.3" not in body["error"]
