"""A house within the test's own process, for the pages on which things are managed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from litestar import Litestar
from sqlalchemy import Connection
from tests.server.console import OWN
from tests.store.world import authorize

from duologue.access import console
from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.registry import Catalog
from duologue.pipeline.host import Host
from duologue.server.app import House
from duologue.server.console_page import COOKIE
from duologue.server.rooms import Rooms
from duologue.server.serve import now_ms
from duologue.settings import Settings
from duologue.store import (
    agents,
    conversations,
    feedback,
    messages,
    organizations,
    runs,
    sessions,
    usage,
    visits,
)
from duologue.store.console import Role
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Agent

URL = "http://test"
T = TypeVar("T")


class Manor:
    """The house, its database, and the people who are signed in; each deed runs to its end."""

    def __init__(self, runner: asyncio.Runner, host: Host, org_id: str) -> None:
        self._runner, self.host, self.org_id = runner, host, org_id
        self.house = House(host, Rooms(host), "serve", org_id, bound=URL)
        self._clients: list[httpx.AsyncClient] = []

    @property
    def doors(self) -> Litestar:
        """The router of all of it."""
        return self.house._doors

    def run(self, deed: Coroutine[Any, Any, T]) -> T:
        """What comes of it."""
        return self._runner.run(deed)

    def unit(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        """A unit of work on the database."""
        return self.run(self.host.db.write(work, *args, **options))

    def nobody(self, cookie: str = "") -> Guest:
        """A browser that is not signed in, or shows that cookie."""
        transport = httpx.ASGITransport(self.house, raise_app_exceptions=False)
        cookies = {COOKIE: cookie} if cookie else {}
        made = httpx.AsyncClient(
            transport=transport, base_url=URL, headers=OWN, cookies=cookies, timeout=30
        )
        self._clients.append(made)
        return Guest(self, made)

    def enter(self, role: Role = "owner", name: str = "", org_id: str = "") -> Guest:
        """Somebody who has just signed in."""
        token = self.unit(console.invite, org_id or self.org_id, role, name, now_ms())
        return self.nobody(self.unit(console.enter, token, now_ms()))

    async def close(self) -> None:
        """Closes the browsers."""
        for client in self._clients:
            await client.aclose()


class Guest:
    """A browser without pictures."""

    def __init__(self, manor: Manor, http: httpx.AsyncClient) -> None:
        self._manor, self._http = manor, http

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer of one request."""
        return self._manor.run(self._http.request(method, path, **options))

    def begin(self, path: str) -> httpx.Response:
        """The beginning of an answer that goes on and on, whose reader then goes away."""
        return self._manor.run(self._begin(path))

    async def _begin(self, path: str) -> httpx.Response:
        request = self._http.build_request("GET", path)
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        enough, sent = asyncio.Event(), list[Any]()

        async def receive() -> dict[str, Any]:
            if not sent:
                return {"type": "http.request", "body": b"", "more_body": False}
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message.get("body") or not message.get("more_body", True):
                enough.set()

        async with asyncio.timeout(30):
            await self._manor.house(scope, receive, send)
        body = b"".join(each.get("body", b"") for each in sent)
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)

    def page(self, path: str, status: int = 200) -> str:
        """The text of a page, which is kept nowhere and runs nothing inline."""
        return shown(self.ask("GET", path), status)

    def send(self, path: str, **fields: Any) -> str:
        """Sends a form that is taken; where it leads."""
        answer = self.ask("POST", path, data=fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def refused(self, path: str, status: int = 400, /, **fields: Any) -> str:
        """Sends a form that is not taken; the page that says why."""
        return shown(self.ask("POST", path, data=fields), status)

    def follow(self, path: str, **fields: Any) -> str:
        """Sends a form and reads the page where it leads."""
        return self.page(self.send(path, **fields))


def shown(answer: httpx.Response, status: int) -> str:
    """The text of a page, in the form of all pages of the console."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in re.sub(r"\s", "", answer.text)
    assert len(answer.content) < 150_000
    return answer.text


def agent(slug: str, **fields: Any) -> LoadedAgent:
    """An agent that is loaded and never made."""
    models = fields.pop("models", None)
    definition = AgentDefinition(slug=slug, **fields)

    def never() -> Any:
        raise AssertionError("nobody talks here")

    return LoadedAgent(definition, never, f"{slug}.py", models)


@contextmanager
def manor(folder: Path, *loaded: LoadedAgent, **settings: Any) -> Iterator[Manor]:
    """A house on a new database, whose agents are published."""
    with asyncio.Runner() as runner:
        chosen = Settings(data=str(folder), **settings)
        catalog = Catalog()
        for each in loaded:
            catalog.add(each)
        db = runner.run(Database.open(chosen.database))
        try:
            host = Host(db, chosen, catalog, clock=now_ms)
            own = runner.run(db.read(organizations.get, "default"))
            assert own is not None
            made = Manor(runner, host, own.id)
            for each in loaded:
                put(made, own.id, each)
            yield made
            runner.run(made.close())
        finally:
            runner.run(db.close())


def put(house: Manor, org_id: str, loaded: LoadedAgent) -> Agent:
    """An agent's row, published."""
    return house.unit(
        agents.put,
        org_id,
        slug=loaded.definition.slug,
        name=loaded.definition.title,
        definition=msgspec.json.encode(loaded.definition),
        source=loaded.source,
        now=now_ms(),
        publish=True,
    )


def talked(conn: Connection, org_id: str, slug: str, *, visitor: str = "") -> str:
    """A session of ninety seconds with an agent that is still open, judged; its conversation."""
    now = now_ms()
    found = agents.get(conn, org_id, slug)
    assert found is not None
    made = conversations.create(
        conn, org_id, agent_id=found.id, key_id=None, metadata={"shop": slug}, now=now
    )
    run = fresh("run_", now)
    runs.start(
        *(conn, org_id), id=run, conversation_id=made.id, agent_id=found.id, process="x", now=now
    )
    session = authorize(conn, org_id, made.id, found.id, None, made.id, now=now)
    sessions.open(conn, org_id, session.id, run, now)
    for role, text in (("user", f"Who is {slug}?"), ("assistant", "It is <me>.")):
        messages.append(
            conn,
            org_id,
            conversation_id=made.id,
            run_id=run,
            session_id=session.id,
            turn_id="t",
            role=role,  # type: ignore[arg-type]  # both are
            kind="message",
            text=text,
            now=now,
        )
    usage.meter(conn, [(org_id, session.id, run, found.id, 90_000, 0)], now)
    feedback.put(conn, session, rating="down", text="Too <slow>.", now=now)
    if visitor:
        visits.link(conn, org_id, made.id, visitor, now)
    return made.id
