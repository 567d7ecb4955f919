"""Several processes on one port: a parent that serves nobody starts, watches and renews them."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from duologue.errors import DuologueError
from duologue.server import alone
from duologue.server.child import CLOSING, Child
from duologue.server.listening import bound_to, listening
from duologue.settings import Settings

log = structlog.get_logger(__name__)

CHILD: Final = "DUOLOGUE_SERVE_CHILD"
"""Tells a child its number and its parent's listening socket: `number:descriptor`."""
FEW: Final = 5
"""Deaths in a row after which, if no other process serves, all is given up."""
STEADY: Final = 30.0
"""Seconds after which a death is no more part of the one before."""
FIRST, LONGEST = 0.5, 10.0
"""Seconds before a process is started again: more after each death in a row, and the most."""
DOUBLED: Final = 5
"""How often the first of these is doubled."""


def require_shared(settings: Settings) -> None:
    """Refuses more than one process where they could not know of each other."""
    if settings.workers > 1 and not alone.shared(settings):
        reason = (
            f"{settings.workers} processes reach each other through PostgreSQL and Redis; "
            "set database_url and redis_url, or leave it at 1"
        )
        raise DuologueError("setting_invalid", name="workers", reason=reason)


async def serve(
    settings: Settings,
    command: Sequence[str],
    environment: Mapping[str, str],
    announce: Callable[[str], None],
) -> int:
    """Serves by so many children as are set; `announce` gets the address once all serve."""
    with alone.on_folder(settings) as note, listening(settings) as listener:
        url = settings.public_url or bound_to(listener)
        note(url)
        workers = Workers(
            command,
            environment,
            listener.fileno(),
            settings.workers,
            lambda: announce(url),
            drain_seconds=settings.drain_seconds,
        )
        return await workers.run()


class _Place:
    """What one of the processes is, whichever process that is at the moment."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.child: Child | None = None
        self.lock = asyncio.Lock()
        """Held while the place gets another child."""


class Workers:
    """The children of one parent, which all accept from its socket."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        listener: int,
        count: int,
        ready: Callable[[], None],
        *,
        drain_seconds: float = 0.0,
    ) -> None:
        self._command = command
        self._environment = environment
        self._listener = listener
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._ready = ready
        self._patience = drain_seconds + CLOSING
        self._children: set[Child] = set()
        self._begun: set[int] = set()
        self._stop = asyncio.Event()
        self._renew = asyncio.Event()
        self._code = 0

    async def run(self) -> int:
        """Runs until a signal; the exit code of a child, if none of them could serve."""
        loop = asyncio.get_running_loop()
        handled = {
            signal.SIGINT: self._asked,
            signal.SIGTERM: self._asked,
            signal.SIGHUP: self._renew.set,
        }
        for number, handler in handled.items():
            loop.add_signal_handler(number, handler)
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            for each in (work, stop):
                each.cancel()
            await asyncio.wait({work, stop})
            await asyncio.gather(*(child.end(self._patience) for child in self._children))
            for number in handled:
                loop.remove_signal_handler(number)
        return self._code

    def _asked(self) -> None:
        """Begins the end; asked again, tells the children that it shall be now."""
        if self._stop.is_set():
            for child in self._children:
                child.terminate()
        self._stop.set()

    def _give_up(self, code: int) -> None:
        self._code = code if code > 0 else 1
        self._stop.set()

    # ------------------------------------------------------------ the work

    async def _work(self) -> None:
        """Keeps every place taken; the first child alone shows whether any can begin."""
        first = self._places[0]
        first.child = await self._spawn(first.number)
        if not await first.child.begun():
            self._give_up(await first.child.gone())
            return
        async with asyncio.TaskGroup() as group:
            for place in self._places:
                group.create_task(self._keep(place))
            group.create_task(self._renewals())

    async def _spawn(self, number: int) -> Child:
        told = {CHILD: f"{number}:{self._listener}"}
        child = await Child.start(self._command, {**self._environment, **told}, self._listener)
        self._children.add(child)
        child.on_gone = lambda: self._children.discard(child)
        return child

    async def _spawned(self, number: int) -> Child | None:
        """A new child; none where the machine has nothing left for one."""
        try:
            return await self._spawn(number)
        except OSError as error:
            log.error("a process was not started", process=number, reason=str(error))
            return None

    async def _keep(self, place: _Place) -> None:
        """Starts a child that died again, ever more slowly while it dies at once."""
        now = asyncio.get_running_loop().time
        deaths = 0
        while True:
            async with place.lock:
                child = place.child = place.child or await self._spawned(place.number)
            since = now()
            if child is not None and await child.begun():
                self._serves(place.number)
            code = 1 if child is None else await child.gone()
            if place.child is not child:  # it was renewed
                continue
            self._begun.discard(place.number)
            deaths = 1 if now() - since > STEADY else deaths + 1
            pause = min(LONGEST, FIRST * 2.0 ** min(deaths - 1, DOUBLED))
            log.error("a process died", process=place.number, code=code, again_in=pause)
            if deaths >= FEW and not self._begun:
                self._give_up(code)
                return
            await asyncio.sleep(pause)
            async with place.lock:
                if place.child is child:
                    place.child = None

    def _serves(self, number: int) -> None:
        everybody = len(self._begun) == len(self._places)
        self._begun.add(number)
        if not everybody and len(self._begun) == len(self._places):
            # Aside: it may look into the database, and no child has to suffer for that.
            threading.Thread(target=self._tell, args=(self._ready,), daemon=True).start()
            self._ready = lambda: None  # said once

    def _tell(self, ready: Callable[[], None]) -> None:
        try:
            ready()
        except Exception:
            log.exception("not said that all processes serve")

    async def _renewals(self) -> None:
        while True:
            await self._renew.wait()
            self._renew.clear()
            log.info("processes are renewed", count=len(self._places))
            if all([await self._renewed(place) for place in self._places]):
                log.info("all processes are renewed")

    async def _renewed(self, place: _Place) -> bool:
        """Puts a new child in the place of the old one, which goes when the new one serves."""
        async with place.lock:
            new = await self._spawned(place.number)
            if new is None:
                return False
            if not await new.begun():
                log.error("the new process does not serve, the old one stays", process=place.number)
                await new.end(self._patience)
                return False
            old, place.child = place.child, new
            if old is not None:
                await old.end(self._patience)
        return True
