"""Recordings as they are made: each run's sound goes to its tape, and from there into a file.

Encoding and files are a thread's; the loop hands it a second of sound at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import structlog

from duologue.agents.definition import AgentDefinition
from duologue.pipeline.archive import Archive
from duologue.pipeline.opus import OpusFile
from duologue.pipeline.tape import Samples, Tape
from duologue.settings import Settings
from duologue.store import recordings
from duologue.store.database import Database
from duologue.store.shelf import Shelf

if TYPE_CHECKING:
    from duologue.pipeline.seat import Guest

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

EVERY: Final = 1.0
"""Seconds between two writings."""
OPEN: Final = 2.0
"""Seconds that stay open: so late it may still turn out when, and whether, something was heard."""
BEHIND: Final = 60.0
"""Seconds of sound that may wait for a slow disk; a recording that is further behind ends."""
CLOSING: Final = 5.0
"""Seconds in which a recording is closed; what takes longer is finished later, from its file."""


def is_recorded(definition: AgentDefinition, settings: Settings, *, e2ee: bool = False) -> bool:
    """Whether a session of such an agent is recorded, which its visitor is told."""
    kept = not e2ee or definition.record_encrypted
    return definition.record and kept and settings.trace == "on"


class Whole(NamedTuple):
    """A recording that can be played."""

    path: str
    """Where it is, behind the server's address."""
    milliseconds: int


class Recorder:
    """One run's recording; it begins with the first sound that may be kept."""

    def __init__(self, studio: Studio, org_id: str, conversation_id: str, run_id: str) -> None:
        self._studio = studio
        self._org_id = org_id
        self._conversation_id = conversation_id
        self._run_id = run_id
        self._name = f"{run_id.removeprefix('run_')}-{token_hex(4)}.ogg"
        self._tape = Tape()
        self._present: dict[Hashable, bool] = {}
        """Who is there, and whether their sound may be kept."""
        self._file: OpusFile | None = None
        self._row: recordings.Recording | None = None
        self._writing: asyncio.Task[None] | None = None
        self._wrote_at = 0.0
        self._over = False
        self._told = False
        """Whether the store was told of it."""
        self._dropped = False
        """Whether nobody waits for it any more: the store is told of nothing new."""
        self.whole: Whole | None = None
        """What there is of it, once it was closed."""
        self.failure = ""
        """Why it is not what it should be, in words."""

    @property
    def file(self) -> Path:
        """Where the sound goes."""
        return self._studio.shelf.file(self._name)

    # ------------------------------------------------------------ who is there

    def takes(self, guest: Guest) -> bool:
        """Whether the sound of a guest may be kept."""
        return self._studio.takes(guest)

    def enter(self, who: Hashable, guest: Guest) -> None:
        """Somebody takes part; where one of them may not be recorded, nobody is."""
        self._present[who] = self._studio.takes(guest)
        self._studio.follow(self)

    def leave(self, who: Hashable) -> None:
        """Somebody takes part no more."""
        self._present.pop(who, None)

    @property
    def _on(self) -> bool:
        return not self._over and bool(self._present) and all(self._present.values())

    # ------------------------------------------------------------ what is heard

    def user(self, samples: Samples) -> None:
        """The user's sound, as the agent's ear has it."""
        if self._on:
            self._tape.user(samples, self._studio.now())

    def sent(self, at: int, pcm: bytes, ahead: int, now: float) -> None:
        """See `stage.Tape.sent`."""
        if self._on:
            self._tape.sent(at, pcm, ahead, now)

    def heard(self, at: int, now: float) -> None:
        """See `stage.Tape.heard`."""
        self._tape.heard(at, now)

    def held(self, at: int) -> None:
        """See `stage.Tape.held`."""
        self._tape.held(at)

    def over(self, at: int) -> None:
        """See `stage.Tape.over`."""
        self._tape.over(at)

    # ------------------------------------------------------------ what is written

    def tick(self) -> None:
        """Writes what is settled by now; nothing while nobody is there to hear it."""
        if self._over or not self._present:
            return
        now = self._studio.now()
        if self._writing is not None and not self._writing.done():
            if now - self._wrote_at > BEHIND:
                self._give_up(f"nothing could be written for {BEHIND:.0f} s")
        elif (taken := self._tape.take(now - OPEN)) is not None:
            self._wrote_at = now
            self._writing = asyncio.create_task(self._write(taken))

    async def close(self, *, keep: bool) -> None:
        """Writes the rest, and tells the store that it is whole; or deletes what there is."""
        self._studio.recorders.discard(self)
        try:
            async with asyncio.timeout(CLOSING):
                await self._close(keep=keep)
        except TimeoutError:
            log.warning("recording not finished in time", run=self._run_id)
            self._over = self._dropped = True
            self.failure = self.failure or f"it was not finished within {CLOSING:g} s"
            if not self._told:
                self._studio.afterwards(self._discard)
        except Exception as error:
            self.failure = self.failure or f"it was not finished ({type(error).__name__})"
            log.exception("recording not finished", run=self._run_id)

    # ------------------------------------------------------------ within

    async def _write(self, taken: Samples) -> None:
        if self._over:
            return
        try:
            await self._studio.run(self._append, taken)
            if self._row is None and not self._dropped:
                self._told = True
                began = self._tape.began
                self._row = await self._studio.start(
                    self._org_id, self._conversation_id, self._run_id, self._name, began
                )
        except Exception as error:
            self._give_up(str(error) or type(error).__name__)

    def _append(self, taken: Samples) -> None:
        if self._file is None:
            self._file = OpusFile(self.file)
        self._file.write(taken)

    def _discard(self) -> None:
        file, self._file = self._file, None
        with suppress(Exception):
            if file is not None:
                file.close()
        self.file.unlink(missing_ok=True)

    def _give_up(self, reason: str) -> None:
        self._over = True
        self.failure = reason
        log.error("recording stopped", run=self._run_id, reason=reason)

    async def _close(self, *, keep: bool) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
        end = self._tape.end() if keep else None
        while end is not None and not self._over and (rest := self._tape.take(end)) is not None:
            await self._write(rest)
        self._over = True
        file, self._file = self._file, None
        if file is not None:
            try:
                await self._studio.run(file.close)
            except Exception as error:  # what was written before can be played
                log.error("recording not closed", run=self._run_id, reason=str(error))
            if self._row is not None and keep:
                size = await self._studio.run(lambda: self.file.stat().st_size)
                row, long = self._row.id, file.milliseconds
                if await self._studio.finish(self._org_id, self._run_id, row, long, size):
                    run = self._run_id.removeprefix("run_")
                    self.whole = Whole(f"/v1/traces/{run}/recordings/{row}.ogg", long)
                    return
        await self._studio.run(lambda: self.file.unlink(missing_ok=True))


class Studio:
    """The recorders of this process, and the thread that writes for all of them."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        shelf: Shelf,
        clock: Callable[[], int],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shelf = shelf
        self.now = now
        self.recorders: set[Recorder] = set()
        self._archive = Archive(db, shelf, self._writes)
        self._db = db
        self._settings = settings
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording")
        self._ticking: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to look after what was recorded before."""
        self._archive.open()

    def takes(self, guest: Guest) -> bool:
        """Whether the sound of a guest may be kept."""
        return is_recorded(guest.definition, self._settings, e2ee=guest.e2ee)

    def recorder(self, guest: Guest, run_id: str) -> Recorder | None:
        """The recorder of a new run; none where there is never anything to record."""
        chosen = guest.definition  # a later session may ask for it, where the agent lets it
        if self._settings.trace != "on" or not (chosen.record or "record" in chosen.overrides):
            return None
        return Recorder(self, guest.org_id, guest.conversation_id, run_id)

    def follow(self, recorder: Recorder) -> None:
        """Lets a recorder write from now on, until it is closed."""
        self.recorders.add(recorder)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Closes what is open, and the thread; runs close their recorders before."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait([self._ticking])
            self._ticking = None
        for each in list(self.recorders):
            await each.close(keep=True)
        await self._archive.close()
        self._thread.shutdown(wait=False)  # what it still has to do closes files, or deletes them

    async def run(self, work: Callable[..., Result], *args: object) -> Result:
        """Does something in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def start(
        self, org_id: str, conversation_id: str, run_id: str, name: str, began: float | None
    ) -> recordings.Recording:
        """Tells the store of a recording that began then."""
        ago = 0.0 if began is None else self.now() - began
        now = self._clock()
        return await self._db.write(
            recordings.start,
            org_id,
            run_id,
            path=name,
            format="ogg",
            started_ns=now * 1_000_000 - round(ago * 1e9),
            now=now,
            conversation_id=conversation_id,
        )

    def afterwards(self, work: Callable[[], object]) -> None:
        """Does something in the thread, behind all that it has to do; nobody waits for it."""
        self._thread.submit(work)

    async def finish(
        self, org_id: str, run_id: str, recording: str, milliseconds: int, size: int
    ) -> bool:
        """Tells the store that a recording is whole; false when it was discarded meanwhile."""
        done = await self._db.write(
            recordings.finish, org_id, recording, duration_ms=milliseconds, size=size
        )
        self._archive.wake()
        return done or await self._db.read(recordings.get, org_id, run_id, recording) is not None

    def _writes(self, path: str) -> bool:
        return any(each.file.name == path for each in self.recorders)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            for each in list(self.recorders):
                try:
                    each.tick()
                except Exception:
                    log.exception("recording not written")
