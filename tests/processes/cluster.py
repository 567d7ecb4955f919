"""Several processes of one house: servers, a worker, PostgreSQL, Redis and LiveKit, all real."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import asyncpg
from tests import postgres, redis
from tests.processes.guest import PARROT, PATIENCE
from tests.rooms.livekit import LiveKit
from tests.serving import House

End = Literal["kill", "drain"]


class Run(NamedTuple):
    """One life of a conversation's agent, as the store has it."""

    id: str
    peer: str
    """Where its process is reached by the others."""
    started_at: int
    ended_at: int | None
    end_reason: str | None


class Cluster:
    """Servers that share a database and a Redis; each has its own data folder and port."""

    def __init__(
        self, folder: Path, database_url: str, redis_url: str, agents: str, **settings: Any
    ) -> None:
        file = folder / "agents.py"
        file.write_text(agents)
        self.database = database_url
        shared = {"database_url": database_url, "redis_url": redis_url, **settings}
        self.all: list[House] = []
        """Every process; each has an address of its own for the others, by which it is known."""
        names = ("one", "two", "worker") if "livekit_url" in settings else ("one", "two")
        for number, name in enumerate(names, 1):
            mode = "worker" if name == "worker" else "serve"
            own = {**shared, "peer_host": f"127.0.0.{number}"}
            self.all.append(House(folder / name / "data", file, mode=mode, **own))
            (folder / name).mkdir()
        self.servers = self.all[:2]

    @property
    def ports(self) -> list[int]:
        """Where the servers listen, also while they do not."""
        return [int(server.url.rpartition(":")[2]) for server in self.servers]

    def again(self, house: House, how: End) -> None:
        """Ends one process, at once or in peace, and starts it anew at the same port."""
        if how == "kill":
            house.kill()
        else:
            house.signal(signal.SIGTERM)
            assert house.wait() == 0
        house.start()

    async def runs(self, conversation: str) -> list[Run]:
        """All runs of a conversation, in the order in which they began."""
        query = (
            "SELECT id, peer, started_at, ended_at, end_reason FROM runs"
            " WHERE conversation_id = $1 ORDER BY id"
        )
        conn = await asyncpg.connect(self.database)
        try:
            return [Run(*row) for row in await conn.fetch(query, conversation)]
        finally:
            await conn.close()

    async def holder(self, conversation: str) -> House:
        """The process in which the agent of a conversation lives now."""
        (peer,) = [run.peer for run in await self.runs(conversation) if run.ended_at is None]
        return self.all[int(peer.partition(":")[0].rpartition(".")[2]) - 1]

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        """What was said in a conversation, as the store has it."""
        return await asyncio.to_thread(self.servers[0].messages, conversation)

    async def settled(self, conversation: str) -> None:
        """Returns once the store has the last answer as said to its end.

        Its words are there before they are shown; how it ended follows when it was heard, and a
        process that is killed in between leaves it as one that was cut.
        """
        async with asyncio.timeout(PATIENCE):
            while not (await self.said(conversation))[-1]["final"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def faults(self) -> list[str]:
        """Lines of the logs that tell of something that no process should have met."""
        lines = "".join(house.log for house in self.all).splitlines()
        return [line for line in lines if "Traceback" in line or '"level": "critical"' in line]


@contextmanager
def cluster(
    folder: Path,
    livekit: LiveKit | None = None,
    *,
    agents: str = PARROT,
    publish: Sequence[str] = ("parrot", "silent"),
    cache: str = "",
    **settings: Any,
) -> Iterator[Cluster]:
    """A cluster that runs, on servers that are its own, and is gone at the end.

    Its Redis may be another one, by its address.
    """
    with ExitStack() as stack:
        database = stack.enter_context(postgres.server())
        cache = cache or stack.enter_context(redis.server()).url
        rooms = livekit.settings if livekit is not None else {}
        made = Cluster(folder, f"{database}/postgres", cache, agents, **rooms, **settings)
        for house in made.all:
            stack.enter_context(house)
        made.servers[0].publish(*publish)
        yield made
