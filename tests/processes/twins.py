"""Several houses on one PostgreSQL database, each with its own sockets, in the test's process.

The bus between them is one object, whose protocol Redis has as well; everything else is real.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
import msgspec
from livekit.agents import Agent
from tests import postgres
from tests.pipeline.stage import until
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from duologue.access import keys
from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.registry import Catalog
from duologue.bus.here import HereBell
from duologue.pipeline.host import Host
from duologue.server import peers, present
from duologue.server.app import House
from duologue.server.listening import bound_to, listening
from duologue.server.rooms import Rooms
from duologue.server.serve import _Server, now_ms
from duologue.settings import Settings
from duologue.store import agents, organizations
from duologue.store.database import Database
from duologue.store.records import Run
from duologue.store.tables import runs as table
from duologue.testing.line import authorize, open_socket
from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS

LONG = "It is a long tale that the agent tells, and it takes a while until it comes to its end."


class Bus(HereBell):
    """A bus by which several houses reach each other, until it is gone."""

    gone = False

    @property
    def reached(self) -> bool | None:
        """There is a way to others."""
        return not self.gone

    async def order(self, org_id: str, conversation_id: str, order: Any) -> Any:
        """As ever; while it is gone, nothing is ordered."""
        if self.gone:
            from duologue.errors import DuologueError

            raise DuologueError("redis_unreachable", address="here", reason="it is gone", seconds=2)
        return await super().order(org_id, conversation_id, order)

    def close(self) -> None:
        """It belongs to all of them."""


class Twin:
    """One house, reached by its own port."""

    def __init__(self, host: Host, url: str, key: str, org_id: str) -> None:
        self.host = host
        self.url = url
        self.key = key
        self.org_id = org_id

    async def line(
        self, conversation: str | None = None, *, at: Twin | None = None, **fields: Any
    ) -> Line:
        """A client authorized here, whose socket opens `at` a house: here, unless it is said."""
        agent = fields.pop("agent", "desk")
        ticket = await authorize(
            self.url, agent, self.key, conversation, capabilities=["resume"], **fields
        )
        return await Line.opened((at or self).url, ticket.session_key, ticket.answer)

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """What the owners' door answers."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            return await http.request(
                method,
                path,
                json=body if method in ("POST", "PATCH") else None,
                headers={"authorization": f"Bearer {self.key}"},
            )

    async def open_runs(self) -> list[Run]:
        """The runs that the store has as open."""
        from sqlalchemy import select

        def work(conn: Any) -> list[Run]:
            rows = conn.execute(select(table).where(table.c.ended_at.is_(None))).fetchall()
            return [Run(*row) for row in rows]

        return await self.host.db.read(work)


class Line:
    """A socket in Layercode's dialect, and all that came over it."""

    def __init__(self, socket: ClientConnection, key: str, answer: dict[str, Any]) -> None:
        self.socket = socket
        self.key = key
        self.answer = answer
        self.conversation: str = answer["conversation_id"]
        self.came: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def opened(cls, url: str, key: str, answer: dict[str, Any]) -> Self:
        """A socket of that session at a house's address."""
        made = cls(await open_socket(url, key), key, answer)
        await made.say({"type": "client.ready"})
        return made

    async def say(self, message: dict[str, Any]) -> None:
        """Sends a message."""
        await self.socket.send(json.dumps(message))

    async def type(self, text: str) -> None:
        """Writes to the agent."""
        await self.say({"type": "client.response.text", "content": text})

    async def until(
        self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda one: True
    ) -> dict[str, Any]:
        """The first message of a kind that fits."""
        async with asyncio.timeout(60):
            while True:
                for one in self.came:
                    if one["type"] == kind and fits(one):
                        return one
                assert self.closed is None, (self.closed, self.came)
                self._news.clear()
                await self._news.wait()

    async def hears(self, text: str) -> dict[str, Any]:
        """Waits until the agent said this."""
        return await self.until("response.text", lambda one: text in one["content"])

    async def end(self) -> tuple[int, str]:
        """The code and the reason with which the socket was closed from the other side."""
        async with asyncio.timeout(60):
            await self._reading
        assert self.closed is not None
        return self.closed

    def drop(self) -> None:
        """Is lost without a word."""
        self.socket.transport.abort()

    async def leave(self, code: int = 1000) -> None:
        """Closes the socket from its side."""
        await self.socket.close(code)
        await self._reading

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                message = json.loads(frame)
                self.came.append(message)
                self._news.set()
                if message["type"] == "response.end":  # it plays what it hears without delay
                    done = "trigger.response.audio.replay_finished"
                    await self.say({"type": done, "reason": "completed"})
        except ConnectionClosed:
            pass
        self.closed = self.socket.close_code or 1006, self.socket.close_reason or ""
        self._news.set()


def _catalog() -> tuple[Catalog, list[AgentDefinition]]:
    catalog, made = Catalog(), []
    for slug, fields in {
        "desk": {"greeting": "Hello."},
        "teller": {"greeting": LONG},
        "strict": {"greeting": "Hello.", "tabs": "reject"},
        "shared": {"greeting": "Hello.", "tabs": "share"},
    }.items():
        definition = AgentDefinition(slug=slug, **fields)  # type: ignore[arg-type]  # they fit
        models = {"llm": ScriptedAnswers(), "stt": ScriptedSTT([]), "tts": ToneTTS()}
        make = lambda: Agent(instructions="Be brief.")  # noqa: E731
        catalog.add(LoadedAgent(definition, make, "a test", models))
        made.append(definition)
    return catalog, made


@asynccontextmanager
async def twins(
    folder: Path, server: str, *, bus: Bus | None = None, count: int = 2, **settings: Any
) -> AsyncIterator[list[Twin]]:
    """Houses that share a new database of a PostgreSQL server."""
    name = f"t{folder.name.replace('-', '_')}".lower()
    conn = await asyncpg.connect(f"{server}/postgres")
    await conn.execute(f'CREATE DATABASE "{name}"')
    await conn.close()
    bus = bus or Bus()
    async with AsyncExitStack() as stack:
        made = []
        for number in range(count):
            chosen = Settings(
                port=0,
                data=str(folder / str(number)),
                database_url=f"{server}/{name}",
                redis_url="redis://nobody",
                **settings,
            )
            made.append(await stack.enter_async_context(_house(chosen, bus)))
        yield made


@asynccontextmanager
async def _house(settings: Settings, bus: Bus) -> AsyncIterator[Twin]:
    catalog, definitions = _catalog()
    async with AsyncExitStack() as stack:
        db = await Database.open(settings.database)
        stack.push_async_callback(db.close)
        host = Host(db, settings, catalog, clock=now_ms, environment={}, bell=bus)
        organization = await db.read(organizations.get, "default")
        assert organization is not None
        for one in definitions:
            await db.write(
                agents.put,
                organization.id,
                slug=one.slug,
                name=one.title,
                definition=msgspec.json.encode(one),
                source="a test",
                now=now_ms(),
                publish=True,
            )
        _, key = await db.write(
            keys.create,
            organization.id,
            kind="secret",
            name="",
            agent=None,
            origins=[],
            scopes=["sessions", "read", "admin"],
            expires_at=None,
            now=now_ms(),
        )
        listener = stack.enter_context(listening(settings))
        peer, host.peer = stack.enter_context(peers.listening(settings))
        await stack.enter_async_context(present.on_memory_of(host, lambda: None))
        await host.open()
        rooms = Rooms(host)
        bound = bound_to(listener)
        house = peers.sockets_only(House(host, rooms, "serve", organization.id, bound=bound), peer)
        server = _Server(settings, rooms, house, drains=False, shares=False)
        serving = asyncio.create_task(server.serve(sockets=[listener, peer]))
        await until(lambda: server.started)
        try:
            yield Twin(host, bound, key, organization.id)
        finally:
            server.should_exit = True
            await serving


__all__ = ["LONG", "Bus", "Line", "Twin", "postgres", "twins"]
