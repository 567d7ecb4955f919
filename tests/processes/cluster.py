"""Several processes of one house: servers, a worker, PostgreSQL, Redis and LiveKit, all real."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from tests import postgres, redis
from tests.processes.guest import PARROT
from tests.rooms.livekit import LiveKit
from tests.serving import House

End = Literal["kill", "drain"]


class Cluster:
    """Servers that share a database and a Redis; each has its own data folder and port."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, **settings: Any) -> None:
        file = folder / "parrots.py"
        file.write_text(PARROT)
        shared = {"database_url": database_url, "redis_url": redis_url, **settings}
        self.servers = [House(folder / name / "data", file, **shared) for name in ("one", "two")]
        self.worker: House | None = None
        if "livekit_url" in settings:
            self.worker = House(folder / "worker" / "data", file, mode="worker", **shared)
        for house in self.all:
            house.data.parent.mkdir(parents=True)

    @property
    def all(self) -> list[House]:
        """Every process."""
        return [*self.servers, *([self.worker] if self.worker else [])]

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

    def faults(self) -> list[str]:
        """Lines of the logs that tell of something that no process should have met."""
        lines = "".join(house.log for house in self.all).splitlines()
        return [line for line in lines if "Traceback" in line or '"level": "critical"' in line]


@contextmanager
def cluster(folder: Path, livekit: LiveKit | None = None, **settings: Any) -> Iterator[Cluster]:
    """A cluster that runs, on servers that are its own, and is gone at the end."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.server())
        cache = stack.enter_context(redis.server())
        rooms = livekit.settings if livekit is not None else {}
        made = Cluster(folder, f"{database}/postgres", cache.url, **rooms, **settings)
        for house in made.all:
            stack.enter_context(house)
        made.servers[0].publish("parrot", "silent")
        yield made
