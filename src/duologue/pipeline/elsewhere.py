"""Conversations that are live in another process: which these are, and how they are reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final

import structlog

from duologue.bus.bell import Bell, Unheard
from duologue.errors import DuologueError
from duologue.store import living, recovery, runs
from duologue.store.database import Database
from duologue.store.records import Run
from duologue.wire.live import Look, Order, Release, Replace, Shown

log = structlog.get_logger(__name__)

AGAIN: Final = 0.25
"""Seconds between two attempts to get a run that is just beginning or ending in its process."""
PATIENCE: Final = 10.0
"""Seconds in which such a run must have begun, or have written all of its end."""

PROCESSES: Final = ""
"""In place of an organization, where a process itself is asked, and none of its conversations."""
NO_CONVERSATION: Final = "conversation_not_live"

Gone = Callable[[Collection[str]], Awaitable[set[str]]]
"""Tells of some processes which of them live no more."""


class Elsewhere(Exception):
    """The conversation goes on in another process: whoever wants to take part must go there."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.process)
        self.run = run


class Others:
    """The processes beside this one on the same memory, as far as this one has to know."""

    def __init__(self, db: Database, bell: Bell, process: str, clock: Callable[[], int]) -> None:
        self._db = db
        self._bell = bell
        self._process = process
        self._clock = clock
        self.gone: Gone = self._nobody_shown
        """Set by the server: who is gone, as the memory itself shows."""

    @property
    def shared(self) -> bool:
        """Whether conversations of other processes can be reached from here."""
        return self._bell.reached is not None

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Lets the others ask this process itself whether it lives, whatever its runs do."""
        release = self._bell.attend(PROCESSES, self._process, self._say_so)
        try:
            yield
        finally:
            release()

    # ------------------------------------------------------------ questions

    async def answers(self, process: str) -> bool:
        """Whether a process itself answers over the bus; where it cannot be asked, that is raised.

        Without a bus none does: then what the memory shows is all that can be known.
        """
        try:
            await self._bell.order(PROCESSES, process, Look())
        except Unheard:
            return False
        except DuologueError as error:
            if error.code != NO_CONVERSATION:
                raise
        return True

    async def look(self, conversation_id: str) -> tuple[Run, Shown] | None:
        """How a conversation goes on in another process; none where it does in none."""
        if not self.shared:
            return None
        run = await self._db.read(living.run_of, conversation_id)
        if run is None or run.process == self._process:
            return None
        try:
            return run, await self._bell.order(run.org_id, conversation_id, Look())
        except Unheard:  # it was killed, or is about to end: whoever comes gets it rebuilt
            return None
        except DuologueError as error:
            if error.code == NO_CONVERSATION:
                return None
            raise

    async def holder(self, conversation_id: str) -> Run | None:
        """The run of a conversation in another process that lives."""
        if not self.shared:
            return None
        run = await self._db.read(living.run_of, conversation_id)
        if run is None or run.process == self._process or not await self._lives(run):
            return None
        return run

    # ------------------------------------------------------------ what is done about them

    async def make_way(self, run: Run, *, fetch: bool) -> None:
        """Sees to it that a run which is open in the store, and not live here, is so no more.

        Of a process that lives it is ended there, to go on here, if that is what is wanted; if not,
        it is told by `Elsewhere`. What a killed one left is mended at once.
        """
        if run.process == self._process:  # its end could not be written
            await self._end(run, "server_lost")
        elif not await self._lives(run):
            found = await self._db.write(recovery.after_crash, [run.process], self._clock())
            log.warning("a process was killed", process=run.process, recovered=found)
        elif not self.shared:  # it cannot be told, and learns from the store that it was replaced
            await self._end(run, "moved")
        elif not fetch:
            raise Elsewhere(run)
        else:
            await self._release(run)

    async def replace(self, run: Run) -> None:
        """Closes the clients of a run at once; if that fails, its process soon does it itself."""
        try:
            await self._bell.order(run.org_id, run.conversation_id, Replace())
        except (Unheard, DuologueError) as error:
            log.info("clients not replaced", conversation=run.conversation_id, reason=str(error))

    async def tell(self, org_id: str, conversation_id: str, order: Order) -> None:
        """Orders something of a run in another process, if there is one."""
        if not self.shared or await self.holder(conversation_id) is None:
            return
        try:
            await self._bell.order(org_id, conversation_id, order)
        except Unheard:
            pass
        except DuologueError as error:
            if error.code != NO_CONVERSATION:
                raise

    async def surely(self, org_id: str, conversation_id: str, order: Order) -> None:
        """Orders something of a run in another process, and returns once nobody can be without it.

        A run that is just beginning or ending hears nothing, and is waited for, within bounds.
        """
        now = asyncio.get_running_loop().time
        limit = now() + PATIENCE
        while await self.holder(conversation_id) is not None:
            try:
                await self._bell.order(org_id, conversation_id, order)
            except Unheard:
                pass
            except DuologueError as error:
                if error.code != NO_CONVERSATION:
                    raise
            else:
                return
            if now() >= limit:
                raise DuologueError("conversation_moving", conversation=conversation_id, seconds=5)
            await asyncio.sleep(AGAIN)

    # ------------------------------------------------------------ within

    async def _nobody_shown(self, processes: Collection[str]) -> set[str]:
        return set(processes)

    async def _lives(self, run: Run) -> bool:
        """Whether the process of a run lives; where that cannot be known now, nothing is done."""
        if run.process not in await self.gone([run.process]):
            return True
        # A database that was restarted has lost the sign of life for a moment: the bus has not.
        return await self.answers(run.process)

    async def _say_so(self, order: Order) -> Shown:
        """Whatever is ordered of the process itself: that it answers is all that is asked."""
        raise DuologueError(NO_CONVERSATION, conversation=self._process)

    async def _release(self, run: Run) -> None:
        try:
            await self._bell.order(run.org_id, run.conversation_id, Release())
        except Unheard:
            await asyncio.sleep(AGAIN)
        except DuologueError as error:
            if error.code != NO_CONVERSATION:
                raise
            await asyncio.sleep(AGAIN)

    async def _end(self, run: Run, reason: str) -> None:
        await self._db.write(runs.end, run.org_id, run.id, reason, None, self._clock())
