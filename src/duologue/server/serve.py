"""Runs the house until it is told to stop, and closes everything it opened."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from types import FrameType

import msgspec
import structlog
import uvicorn
from livekit.agents.utils import http_context
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from duologue.agents.registry import Catalog
from duologue.bus.open import opened as opened_bus
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import alone, peers, present, talk_key
from duologue.server.app import House
from duologue.server.beginnings import BoundedBeginning
from duologue.server.listening import bound_to, listening
from duologue.server.nearby import Mode
from duologue.server.rooms import Rooms
from duologue.server.sockets import BoundedSocket
from duologue.settings import Settings, proxies
from duologue.store import agents, organizations
from duologue.store.database import Database

log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 1024 * 1024
PING = 20.0
"""Seconds between pings."""
PONG = 19.0
"""Seconds for the answer to one: a dead peer is noticed within 40 s, and not a moment later."""

GARBAGE = (2_000, 10, 50)
"""After how many new objects, young and middle-aged searches the next one goes deeper."""


def now_ms() -> int:
    """The time of day, as the store and the wire write it."""
    return time.time_ns() // 1_000_000


async def serve(
    settings: Settings,
    catalog: Catalog,
    *,
    mode: Mode,
    announce: Callable[[str], None],
    shared: socket.socket | None = None,
) -> None:
    """Serves until a signal; `announce` gets the address once it listens.

    With a `shared` socket it is one process of several, whose parent holds the data folder.
    """
    with ExitStack() as held:
        note = _note_nothing if shared else held.enter_context(alone.on_folder(settings))
        listener = shared or held.enter_context(listening(settings))
        bound = bound_to(listener)
        async with opened(settings, catalog) as host, alone.on_database(settings):
            sockets, peer = [listener], None
            if host.others.shared:
                peer, host.peer = held.enter_context(peers.listening(settings))
                sockets.append(peer)
            rooms = Rooms(host)
            organization_id = await _prepare(host, publish=mode == "dev")
            async with present.on_memory_of(host, rooms.suspect):
                await host.open()
                await rooms.open()
                house: peers.Application = House(host, rooms, mode, organization_id, bound=bound)
                if peer is not None:
                    house = peers.sockets_only(house, peer)
                drains, shares = mode == "serve", shared is not None
                server = _Server(settings, rooms, house, drains=drains, shares=shares)
                url = settings.public_url or bound
                note(url)
                server.announce = lambda: announce(url)
                settle_memory()
                await server.serve(sockets=sockets)


@asynccontextmanager
async def opened(settings: Settings, catalog: Catalog) -> AsyncIterator[Host]:
    """A host on the database that the settings mean, which is let go at the end."""
    db = await Database.open(settings.database)
    try:
        # The plugins' HTTP sessions hang on a context that must be older than every session.
        async with http_context.open(), opened_bus(settings.redis_url, await _memory(db)) as bus:
            yield Host(db, settings, catalog, clock=now_ms, bell=bus.bell, counts=bus.counts)
    finally:
        await db.close()


async def _memory(db: Database) -> str:
    """By what a database is known on a bus: its first organization, which no other has."""
    organization = await db.read(organizations.get, "default")
    return "" if organization is None else organization.id


def settle_memory() -> None:
    """Spares what was loaded from every later search for garbage: libraries do not become any.

    Such a search goes through a million objects otherwise, and all sound waits for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


class _Server(uvicorn.Server):
    """uvicorn, with our clients told before their sockets close."""

    def __init__(
        self,
        settings: Settings,
        rooms: Rooms,
        house: peers.Application,
        *,
        drains: bool,
        shares: bool,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                house,
                http=BoundedBeginning,
                ws=BoundedSocket,
                ws_max_size=MESSAGE_LIMIT,
                ws_ping_interval=PING,
                ws_ping_timeout=PONG,
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=proxies(settings),
                timeout_graceful_shutdown=10,
            )
        )
        self._rooms = rooms
        self._drains = drains
        self._shares = shares
        self._draining: asyncio.Task[None] | None = None
        self.announce: Callable[[], None] = lambda: None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends on SIGINT and SIGTERM; uvicorn's own way kills us before the database is closed."""
        loop = asyncio.get_running_loop()
        wanted = [signal.SIGINT, signal.SIGTERM]
        for number in wanted:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if self._shares:
            loop.add_signal_handler(signal.SIGHUP, self._orphaned)
            wanted.append(signal.SIGHUP)
        try:
            yield
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Lets those finish their turn who talk; whoever asks again wants the end at once."""
        if self._drains and self._draining is None and self.started:
            self._draining = asyncio.create_task(self._drain())
        else:
            super().handle_exit(sig, frame)

    def _orphaned(self) -> None:
        """Ends as if it were asked to, unless it does so already."""
        if self._draining is None and not self.should_exit:
            self.handle_exit(signal.SIGHUP, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then says so."""
        await super().startup(sockets)
        if not self.should_exit:
            self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Says goodbye to every client, then closes what is left."""
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.wait([self._draining])
        await self._rooms.close_with_host()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        # Alone, it goes on to accept: whoever asks learns from a 503 that it goes away.
        if self._shares:
            self.servers[0].close()  # the processes that stay have the same socket
            for connection in list(self.server_state.connections):
                # A request that arrives on a kept connection is for a process that stays.
                if isinstance(connection, HttpToolsProtocol) and _rests(connection):
                    connection.shutdown()
        try:
            await self._rooms.drain()
        except Exception:
            log.exception("turns not waited for")
        finally:
            self.should_exit = True


def _rests(connection: HttpToolsProtocol) -> bool:
    """Whether the connection's last request was answered, and no other began."""
    cycle: RequestResponseCycle | None = connection.cycle  # uvicorn has none to begin with
    return cycle is not None and cycle.response_complete


def _note_nothing(url: str) -> None:
    """The parent of several notes the address."""


async def _prepare(host: Host, *, publish: bool) -> str:
    """Brings memory up to date: agents as they are defined now."""
    now = host.clock()
    organization = await host.db.read(organizations.get, "default")
    if organization is None:
        raise DuologueError("not_ready", reason="the organization 'default' is missing")
    for loaded in host.catalog.all():
        await host.db.write(
            agents.put,
            organization.id,
            slug=loaded.definition.slug,
            name=loaded.definition.title,
            definition=msgspec.json.encode(loaded.definition),
            source=loaded.source,
            now=now,
            publish=publish,
        )
    slugs = [loaded.definition.slug for loaded in host.catalog.all()]
    await host.db.read(talk_key.check, host.settings, slugs, now)
    return organization.id


def run(
    settings: Settings,
    catalog: Catalog,
    *,
    mode: Mode,
    announce: Callable[[str], None],
    shared: socket.socket | None = None,
) -> None:
    """Serves in a loop of its own."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, catalog, mode=mode, announce=announce, shared=shared))
