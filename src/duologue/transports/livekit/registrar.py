"""Registers with LiveKit as the agent worker `duologue`, and takes its jobs in our own loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import structlog
from livekit import api
from livekit.protocol import agent as protocol
from livekit.protocol import models
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.transports.livekit.announced import Announced
from duologue.transports.livekit.desk import Desk
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.lost import Lost
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import WORKER, Claim

log = structlog.get_logger(__name__)

FIRST = 5.0
"""Seconds that a start waits for LiveKit's first word before it goes on without."""
ANSWER = 10.0
"""Seconds in which LiveKit must accept a connection, and answer a registration."""
REMEMBER = 2.0
"""Seconds in which memory must know an agent that is asked for."""
PING = 20.0
LONGEST = 10.0
"""Seconds between two attempts to reach LiveKit, at most."""
STATUS = 1.0
"""Seconds between two looks at whether there is room for more."""


class Registrar:
    """One registration, kept up until it is closed, and the jobs that came by it."""

    def __init__(
        self,
        host: Host,
        livekit: LiveKit,
        serve: Callable[[Job], Awaitable[None]],
        knows: Callable[[Claim], Awaitable[bool]],
    ) -> None:
        self._livekit = livekit
        self._knows = knows
        suspect = self.suspect
        self._lost = Lost(livekit, lambda: self._desk.rooms, self._known)
        self._desk = Desk(host, livekit, serve, self._known, self._send, suspect)
        self._announced = Announced(host, livekit, self._desk, self._known, suspect)
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._reachable: bool | None = None

    async def open(self) -> None:
        """Registers; a LiveKit that refuses us is an error, one that is away is waited for."""
        self._first = asyncio.get_running_loop().create_future()
        self._lost.open()
        self._announced.open()
        self._task = asyncio.create_task(self._stay())
        try:
            async with asyncio.timeout(FIRST):
                await self._first
        except TimeoutError:
            self._away("it does not answer")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Takes no more jobs, lets those that run come to their end within bounds, and leaves."""
        await self._announced.close()
        await self._desk.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._lost.close()

    def suspect(self) -> None:
        """Somebody may be without an agent: rooms are looked through for a while."""
        self._lost.suspect()

    async def come(self, claim: Claim, text: str, config: dict[str, Any]) -> None:
        """Goes into a room at once, if we can: its user is on the way."""
        if self._socket is not None:
            await self._announced.come(claim, text, config)

    async def _known(self, claim: Claim) -> bool:
        """Whether a claim is about an agent of ours, as far as memory tells in time."""
        try:
            async with asyncio.timeout(REMEMBER):
                return await self._knows(claim)
        except Exception as error:  # a memory that fails must not cost the registration
            log.warning("agent not looked up", error=f"{type(error).__name__}: {error}")
            return False

    # ------------------------------------------------------------ the connection

    async def _stay(self) -> None:
        """Connects for ever: at once after a goodbye, ever more slowly after failures."""
        failures = 0
        while True:
            try:
                async with self._connection() as socket:
                    await self._register(socket)
                    failures = 0
                    why = await self._listen(socket)
            except InvalidStatus as error:
                why = self._refused(error)
            except ConnectionClosed as error:
                why = f"the connection broke ({error})"
            except (OSError, TimeoutError, WebSocketException) as error:
                why = str(error) or "it does not answer"
            except Exception as error:
                log.exception("what LiveKit said could not be used")
                why = type(error).__name__
            finally:
                self._socket = None
            if why is None:
                continue
            self._away(why)
            # Spread, so that many workers do not come back in the same moment.
            longest = min(LONGEST, 0.25 * 2**failures)
            await asyncio.sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - no secret
            failures += 1

    def _connection(self) -> connect:
        grant = api.VideoGrants(agent=True)
        key, secret = self._livekit.api_key, self._livekit.api_secret
        token = api.AccessToken(key, secret).with_grants(grant).to_jwt()
        return connect(
            self._livekit.workers,
            additional_headers={"authorization": f"Bearer {token}"},
            proxy=None if self._livekit.near else True,
            open_timeout=ANSWER,
            ping_interval=PING,
            ping_timeout=PING,
            close_timeout=2,
        )

    async def _register(self, socket: ClientConnection) -> None:
        """Says who we are, and what runs here since an earlier registration."""
        asked = protocol.RegisterWorkerRequest(
            type=protocol.JT_ROOM,
            agent_name=WORKER,
            version=version("duologue"),
            allowed_permissions=models.ParticipantPermission(
                can_publish=True,
                can_subscribe=True,
                can_publish_data=True,
                can_update_metadata=True,
                agent=True,
            ),
        )
        await socket.send(protocol.WorkerMessage(register=asked).SerializeToString())
        async with asyncio.timeout(ANSWER):
            answer = _read(await socket.recv())
        if answer.WhichOneof("message") != "register":
            raise OSError("it did not answer the registration")
        self._socket = socket
        self._back(answer.register.worker_id)
        if jobs := self._desk.jobs:
            await self._send(
                protocol.WorkerMessage(migrate_job=protocol.MigrateJobRequest(job_ids=jobs))
            )
        # Who joined while no worker was here was not told to us, and will not be.
        self._lost.suspect()

    async def _listen(self, socket: ClientConnection) -> str | None:
        """Hears LiveKit until the connection ends: why, or nothing if it asked us to come anew."""
        telling = asyncio.create_task(self._tell_status())
        try:
            async for data in socket:
                message = _read(data)
                match message.WhichOneof("message"):
                    case "availability":
                        await self._send(await self._desk.offered(message.availability.job))
                    case "assignment":
                        self._desk.assigned(message.assignment)
                    case "termination":
                        self._desk.terminated(message.termination.job_id)
                    case "go_away":
                        return None
                    case _:
                        pass
            return "it closed the connection"
        finally:
            telling.cancel()
            await asyncio.wait([telling])

    async def _tell_status(self) -> None:
        """Tells LiveKit whether there is room for more, when that changed."""
        told: bool | None = None
        while True:
            full = self._desk.full
            if full:
                # Nobody asks a worker that is full: joins go by unheard.
                self._lost.suspect()
            if full is not told:
                told = full
                await self._send(self._desk.status())
            await asyncio.sleep(STATUS)

    async def _send(self, message: protocol.WorkerMessage) -> None:
        """Sends it if there is a connection; what LiveKit misses it finds out by itself."""
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(message.SerializeToString())

    # ------------------------------------------------------------ what is said of it

    def _refused(self, error: InvalidStatus) -> str:
        """Why LiveKit does not let us in; at the start, a setting that is wrong ends it all."""
        status = error.response.status_code
        said = (error.response.body or b"").decode(errors="replace").strip()[:200]
        why = f"it answers {status}" + (f" ({said})" if said else "")
        if self._first is not None and not self._first.done() and 400 <= status < 500:
            self._first.set_exception(self._setting(status, why))
        return why

    def _setting(self, status: int, why: str) -> DuologueError:
        livekit = self._livekit
        if status in (401, 403):
            return DuologueError(
                "setting_invalid",
                name="livekit_api_key",
                reason=f"LiveKit at {livekit.url} does not take the key {livekit.api_key!r} with "
                f"this livekit_api_secret: {why}. Both must be as its own configuration has them",
            )
        return DuologueError(
            "setting_invalid",
            name="livekit_url",
            reason=f"there is no LiveKit server at {livekit.url}: {why}",
        )

    def _back(self, worker: str) -> None:
        if self._reachable is not True:
            words = "LiveKit is back" if self._reachable is False else "registered with LiveKit"
            log.info(words, url=self._livekit.url, worker=worker)
        self._reachable = True
        self._answered()

    def _away(self, why: str) -> None:
        if self._reachable is not False:
            log.warning("LiveKit is unreachable, trying on", url=self._livekit.url, reason=why)
        self._reachable = False
        self._answered()

    def _answered(self) -> None:
        """Lets a start go on: it knows how LiveKit stands."""
        if self._first is not None and not self._first.done():
            self._first.set_result(None)


def _read(data: str | bytes) -> protocol.ServerMessage:
    """A message of LiveKit's; what is none has no field set."""
    message = protocol.ServerMessage()
    if isinstance(data, bytes):
        message.ParseFromString(data)
    return message
