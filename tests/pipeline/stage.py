"""A whole house without its sockets: real store and host, scripted models, a listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from livekit.agents import Agent

from duologue.access import keys
from duologue.agents.definition import AgentDefinition, LoadedAgent, TurnTaking
from duologue.agents.registry import Catalog
from duologue.agents.webhook.options import Webhook
from duologue.core import happenings as h
from duologue.core.resume import Departure
from duologue.pipeline.host import Host
from duologue.pipeline.run import Run
from duologue.pipeline.seat import Seat
from duologue.server.admit import Doorman, Wish
from duologue.server.nearby import Nearby
from duologue.server.serve import now_ms
from duologue.settings import Settings
from duologue.store import agents, messages, organizations
from duologue.store.database import Database
from duologue.store.records import Message
from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS
from duologue.transports.layercode import GRANTED

T = TypeVar("T")
PATIENCE = 60.0


class Client:
    """One attached client: what happened to it, and what it may do."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gone: asyncio.Future[None] | None = None
        self.heard: list[h.Happening] = []
        self.news = asyncio.Event()
        self.seat: Seat | None = None

    def __call__(self, happening: h.Happening) -> None:
        """Listens."""
        self.heard.append(happening)
        self.news.set()
        if isinstance(happening, h.AgentSent):
            self.run.ran_dry()
        elif isinstance(happening, h.Ended):
            assert self.seat is not None
            self.gone = asyncio.ensure_future(self.host.unseat(self.seat, "dropped"))

    @property
    def run(self) -> Run:
        """The run that it is attached to."""
        assert self.seat is not None
        return self.seat.run

    def all(self, kind: type[T]) -> list[T]:
        """All happenings of a kind, in order."""
        return [one for one in self.heard if isinstance(one, kind)]

    async def until(self, kind: type[T], fits: Callable[[T], bool] = lambda one: True) -> T:
        """The first happening of a kind that fits."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for one in self.all(kind):
                    if fits(one):
                        return one
                self.news.clear()
                await self.news.wait()

    async def said(self, text: str) -> None:
        """Waits until the agent said this, to its end."""
        whole = await self.until(h.AgentSaid, lambda one: text in one.text)
        await self.until(h.AgentEnded, lambda one: one.turn == whole.turn)


class Stage:
    """A host with one agent, and the memory behind it."""

    def __init__(self, host: Host, org_id: str) -> None:
        self.host = host
        self.org_id = org_id
        self.doorman = Doorman(
            host, Nearby("serve", org_id, bound="http://0.0.0.0", public_url=""), granted=GRANTED
        )
        self.conversation = ""

    async def join(
        self,
        *,
        ready: bool = True,
        again: bool = False,
        e2ee: bool = False,
        room: str = "",
        **wish: Any,
    ) -> Client:
        """A client that is authorized and attached; `again` goes on with the last conversation."""
        asked = Wish(
            key=None,
            principal=keys.local(self.org_id),
            origin=None,
            agent="desk",
            conversation_id=self.conversation if again else None,
            **wish,
        )
        admitted = await self.doorman.authorize(asked)
        self.conversation = admitted.conversation_id
        guest, _ = await self.doorman.open(admitted.session_key, None)
        client = Client(self.host)
        client.seat = await self.host.seat(replace(guest, e2ee=e2ee, room=room), client)
        if ready:
            client.run.ready(client)
        return client

    async def leave(self, client: Client, how: Departure = "left") -> None:
        """The client goes."""
        assert client.seat is not None
        run = client.run
        await self.host.unseat(client.seat, how)
        if how == "left":
            await run.closed()

    async def record(self) -> list[Message]:
        """Everything that is stored of the conversation."""
        return await self.host.db.read(messages.of, self.org_id, self.conversation)

    async def words(self) -> list[tuple[str, str, bool]]:
        """Role, text and interruption of each message."""
        found = await self.record()
        return [(m.role, m.text, m.interrupted) for m in found if m.kind == "message"]


async def until(true: Callable[[], bool]) -> None:
    """Returns as soon as something is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  # nothing tells when it changes
            await asyncio.sleep(0.01)


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    llm: Any = None,
    stt: Any = None,
    tts: Any = None,
    vad: Any = None,
    make: Callable[[], Agent] = lambda: Agent(instructions="Be brief."),
    greeting: str = "Hello.",
    turns: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    webhook: Webhook | None = None,
    clock: Callable[[], int] = now_ms,
    **fields: Any,
) -> AsyncIterator[Stage]:
    """A stage whose one agent, `desk`, has these models and settings."""
    definition = AgentDefinition(
        slug="desk", greeting=greeting, turns=TurnTaking(**(turns or {})), **fields
    )
    models = {
        "llm": llm or ScriptedAnswers(),
        "stt": stt or ScriptedSTT([]),
        "tts": tts or ToneTTS(),
    } | ({} if vad is None else {"vad": vad})
    if webhook is not None:
        models["webhook"] = webhook
    catalog = Catalog()
    catalog.add(LoadedAgent(definition, make, "a test", models))
    chosen = Settings(data=str(folder), **(settings or {}))
    db = await Database.open(chosen.database)
    host = Host(db, chosen, catalog, clock=clock, environment={})
    try:
        organization = await db.read(organizations.get, "default")
        assert organization is not None
        await db.write(
            agents.put,
            organization.id,
            slug="desk",
            name="Desk",
            definition=msgspec.json.encode(definition),
            source="a test",
            now=now_ms(),
            publish=True,
        )
        await host.open()
        yield Stage(host, organization.id)
    finally:
        await host.close()
        await db.close()
