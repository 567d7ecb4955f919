"""Recordings are kept in order: finished, moved, deleted and swept, whatever was killed when."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs
from tests.pipeline.test_opus import tones
from tests.store.s3 import S3, s3
from tests.store.tracing import NS, told
from tests.store.world import NOW, build

from duologue.pipeline import archive
from duologue.pipeline.archive import ORPHANED, QUIET, Archive
from duologue.pipeline.opus import OpusFile, length_of
from duologue.store import recordings, trace_deletion, traces
from duologue.store.database import Database
from duologue.store.recordings import Recording
from duologue.store.shelf import Shelf

RUN = "run_" + "ab" * 16
BUCKET = "s3://sounds/house"
NAME = "ab" * 16 + "-00c0ffee.ogg"


class Desk:
    """A store with one organization, a shelf, and an archive at a time of its own."""

    def __init__(self, db: Database, org_id: str, folder: Path, bucket: str = "") -> None:
        self.db = db
        self.org_id = org_id
        self.shelf = Shelf(folder / "recordings", bucket)
        self.now = time.time()
        self.archive = Archive(db, self.shelf, now=lambda: self.now)

    async def record(
        self, status: str = "complete", *, seconds: float = 2.0, whole: bool = True
    ) -> Path:
        """A recording of a run that is in that state; its file may lack its end."""
        await self.db.write(traces.put, self.org_id, [told(RUN[4:], status=status)], NOW)
        file = OpusFile(self.shelf.file(NAME))
        file.write(tones(seconds, 400, 700))
        path = self.shelf.file(NAME)
        killed = path.read_bytes()
        file.close()
        if not whole:
            path.write_bytes(killed)
        start = partial(recordings.start, path=NAME, format="ogg", started_ns=NS, now=NOW)
        made = await self.db.write(start, self.org_id, RUN)
        if whole and status == "complete":
            size = path.stat().st_size
            finish = partial(recordings.finish, duration_ms=2000, size=size)
            assert await self.db.write(finish, self.org_id, made.id)
        return path

    async def one(self, number: int, path: str = "", *, whole: bool = False) -> Path:
        """One more recording of the run, whose file is not here."""
        path = path or f"{number}.ogg"
        await self.db.write(traces.put, self.org_id, [told(RUN[4:], status="complete")], NOW)
        start = partial(
            recordings.start, path=path, format="ogg", started_ns=NS, now=NOW - 9 + number
        )
        made = await self.db.write(start, self.org_id, RUN)
        if whole:
            finish = partial(recordings.finish, duration_ms=2000, size=4)
            assert await self.db.write(finish, self.org_id, made.id)
        return self.shelf.file(path)

    async def found(self) -> list[Recording]:
        """What the store has of the run."""
        return await self.db.read(recordings.of, self.org_id, RUN)

    async def forget(self) -> None:
        """The run is deleted."""
        assert await self.db.write(trace_deletion.delete_one, self.org_id, RUN)


def everything(conn: Connection) -> list[Recording]:
    """All that is discarded, page by page."""
    found: list[Recording] = []
    while more := recordings.discarded(conn, found[-1].id if found else ""):
        found += more
    return found


@asynccontextmanager
async def at(folder: Path, bucket: str = "") -> AsyncIterator[Desk]:
    """Recordings in a folder, or on their way into a bucket."""
    db = await Database.open(f"sqlite:///{folder / 'duologue.db'}")
    try:
        yield Desk(db, (await db.write(build, "ours")).id, folder, bucket)
    finally:
        await db.close()


@pytest.fixture
def moto() -> Iterator[S3]:
    """A bucket."""
    with s3() as found:
        yield found


async def test_what_a_killed_server_left_open_is_finished_from_its_file(tmp_path: Path) -> None:
    """Once nothing was written for some seconds; how long it is, the file says."""
    async with at(tmp_path) as desk:
        file = await desk.record("lost", seconds=3.0, whole=False)
        assert await desk.archive.tidy()  # it waits: somebody may still be writing
        assert (await desk.found())[0].state == "open"
        desk.now += QUIET + 1
        assert not await desk.archive.tidy()
        (found,) = await desk.found()
        assert (found.state, found.bytes) == ("complete", file.stat().st_size)
        assert found.duration_ms == length_of(file)
        assert 1900 <= found.duration_ms <= 3000


async def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """By a run that goes on, or by a recorder of this process that is about to close it."""
    async with at(tmp_path) as desk:
        await desk.record("active", whole=False)
        desk.now += 10 * QUIET
        assert not await desk.archive.tidy()
        assert (await desk.found())[0].state == "open"
        await desk.db.write(traces.put, desk.org_id, [told(RUN[4:], status="complete")], NOW)
        busy = Archive(desk.db, desk.shelf, lambda path: path == NAME, lambda: desk.now)
        await busy.tidy()
        assert (await desk.found())[0].state == "open"


async def test_a_file_without_a_sound_is_swept_with_its_row(tmp_path: Path) -> None:
    """Its server was killed before the first page; the run does not claim a recording."""
    async with at(tmp_path) as desk:
        file = await desk.record("lost", whole=False)
        file.write_bytes(b"OggS")
        desk.now += QUIET + 1
        await desk.archive.tidy()
        assert await desk.found() == []
        assert not file.exists()
        flagged = await desk.db.read(
            lambda conn: conn.exec_driver_sql("SELECT has_recording FROM traces").scalar_one()
        )
        assert flagged == 0


async def test_an_open_recording_of_another_machine_waits_for_it(tmp_path: Path) -> None:
    """Its file is not in this folder."""
    async with at(tmp_path) as desk:
        (await desk.record("lost", whole=False)).unlink()
        desk.now += 10 * QUIET
        assert not await desk.archive.tidy()
        assert (await desk.found())[0].state == "open"


async def test_a_deleted_recording_takes_its_file_with_it(tmp_path: Path) -> None:
    """What cannot be deleted is tried again, and holds up nothing else."""
    async with at(tmp_path) as desk:
        file = await desk.record()
        await desk.forget()
        file.unlink()
        (file / "not-empty").mkdir(parents=True)
        await desk.archive.tidy()
        assert len(await desk.db.read(recordings.discarded)) == 1
        (file / "not-empty").rmdir()
        file.rmdir()
        file.write_bytes(b"OggS")
        await desk.archive.tidy()
        assert await desk.db.read(recordings.discarded) == []
        assert not file.exists()


async def test_a_file_that_nobody_knows_is_swept_after_an_hour(tmp_path: Path) -> None:
    """Only one of ours: what else lies in the folder is not our business."""
    async with at(tmp_path) as desk:
        known = await desk.record()
        orphan = desk.shelf.file("cd" * 16 + "-00c0ffee.ogg")
        other = desk.shelf.file("holiday.ogg")
        young = desk.shelf.file("ef" * 16 + "-00c0ffee.ogg")
        for file in (orphan, other, young):
            file.write_bytes(b"OggS")
        for file in (known, orphan, other):
            os.utime(file, (desk.now - ORPHANED - 5,) * 2)
        await desk.archive.tidy()  # a server that was just started touches nothing
        assert {known, orphan, other, young} == set(desk.shelf.folder.iterdir())
        desk.now += ORPHANED + 5
        os.utime(young, (desk.now,) * 2)
        await desk.archive.tidy()
        assert {known, other, young} == set(desk.shelf.folder.iterdir())
        desk.now += ORPHANED + 5
        await desk.archive.tidy()
        assert {known, other} == set(desk.shelf.folder.iterdir())


async def test_a_database_that_knows_none_of_the_files_sweeps_none(tmp_path: Path) -> None:
    """It is the wrong one; the log says so, and a folder of recordings stays as it is."""
    async with at(tmp_path) as desk:
        files = [desk.shelf.file(f"{number:032x}-00c0ffee.ogg") for number in range(3)]
        desk.shelf.folder.mkdir()
        for file in files:
            file.write_bytes(b"OggS")
        desk.now += 2 * ORPHANED
        with capture_logs() as logged:
            await desk.archive.tidy()
        assert set(files) == set(desk.shelf.folder.iterdir())
        assert [(one["event"], one["files"]) for one in logged] == [("recordings not swept", 3)]


async def test_what_fails_holds_up_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither files that cannot be deleted, nor a page of them that others keep open."""
    monkeypatch.setattr(recordings, "AT_ONCE", 2)
    async with at(tmp_path) as desk:
        made = [await desk.one(number) for number in range(5)]
        await desk.forget()
        for file in made[:3]:
            file.mkdir(parents=True)
        made[4].write_bytes(b"OggS")
        await desk.archive.tidy()
        left = [one.path for one in await desk.db.read(everything)]
        assert left == [file.name for file in made[:3]]
        assert not made[4].exists()


async def test_open_ones_of_another_machine_hold_up_nothing_behind_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though they come first, round after round."""
    monkeypatch.setattr(recordings, "AT_ONCE", 2)
    async with at(tmp_path) as desk:
        for number in range(3):
            await desk.one(number)
        await desk.record("lost", whole=False)
        desk.now += QUIET + 1
        await desk.archive.tidy()
        assert [one.state for one in await desk.found()] == ["open"] * 3 + ["complete"]


async def test_a_bucket_that_is_away_is_asked_once_a_round_and_each_time_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one of its sounds, nor the folder, waits for ever behind one that fails."""
    asked: list[str] = []
    async with at(tmp_path) as desk:
        for number in range(3):
            await desk.one(number, f"s3://sounds/{number}.ogg")
        here = await desk.one(3)
        here.parent.mkdir(exist_ok=True)
        here.write_bytes(b"OggS")
        await desk.forget()

        async def away(path: str) -> None:
            asked.append(path)
            if path.endswith("0.ogg"):
                raise OSError("access denied")

        monkeypatch.setattr(desk.shelf, "delete", away)
        await desk.archive.tidy()
        assert asked == ["s3://sounds/0.ogg"]
        assert not here.exists()
        await desk.archive.tidy()
        assert asked[1:] == [f"s3://sounds/{number}.ogg" for number in (1, 2, 0)]
        left = [one.path for one in await desk.db.read(recordings.discarded)]
        assert left == ["s3://sounds/0.ogg"]


async def test_what_cannot_be_moved_holds_up_nothing_behind_it(
    tmp_path: Path, moto: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next round begins behind it; a round that moved enough goes on in the next."""
    monkeypatch.setattr(archive, "AT_ONCE", 1)
    async with at(tmp_path, BUCKET) as far:
        for number in range(3):
            file = await far.one(number, whole=True)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"OggS")
        move = far.shelf.move

        async def torn(path: str) -> str:
            if path.startswith("0"):
                raise OSError("cannot be read")
            return await move(path)

        monkeypatch.setattr(far.shelf, "move", torn)
        assert not await far.archive.tidy()
        assert await far.archive.tidy()
        assert await far.archive.tidy()
        assert moto.names() == ["house/1.ogg", "house/2.ogg"]
        assert not await far.archive.tidy()
        assert [one.path for one in await far.db.read(recordings.unmoved)] == ["0.ogg"]


async def test_what_is_whole_moves_into_the_bucket(tmp_path: Path, moto: S3) -> None:
    """It is heard from there as from the folder, and the folder has it no more."""
    async with at(tmp_path, BUCKET) as far:
        file = await far.record()
        content = file.read_bytes()
        await far.archive.tidy()
        (found,) = await far.found()
        assert found.path == f"s3://sounds/house/{NAME}"
        assert moto.names() == [f"house/{NAME}"]
        assert not file.exists()
        sound = b"".join(
            [piece async for piece in await far.shelf.open(found.path, 10, found.bytes)]
        )
        assert sound == content[10:]
        await far.forget()
        await far.archive.tidy()
        assert moto.names() == []
        assert await far.db.read(recordings.discarded) == []


async def test_what_is_open_stays_in_the_folder(tmp_path: Path, moto: S3) -> None:
    """A bucket takes whole things only."""
    async with at(tmp_path, BUCKET) as far:
        await far.record("active", whole=False)
        far.now += 10 * QUIET
        await far.archive.tidy()
        assert moto.names() == []


async def test_a_bucket_that_was_away_gets_it_later(
    tmp_path: Path, moto: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it lies, and is heard, here; nothing is lost."""
    async with at(tmp_path, BUCKET) as far:
        file = await far.record()

        async def away(path: str) -> str:
            raise OSError("no route to host")

        with monkeypatch.context() as patch:
            patch.setattr(far.shelf, "move", away)
            await far.archive.tidy()
        assert (await far.found())[0].path == NAME
        assert file.exists()
        await far.archive.tidy()
        assert moto.names() == [f"house/{NAME}"]


async def test_what_is_deleted_on_its_way_into_the_bucket_does_not_stay_there(
    tmp_path: Path, moto: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is copied, and between the copy and the note of it, where a server is killed."""
    async with at(tmp_path, BUCKET) as far:
        file = await far.record()
        move = far.shelf.move

        async def slow(path: str) -> str:
            address = await move(path)
            await far.forget()
            return address

        monkeypatch.setattr(far.shelf, "move", slow)
        await far.archive.tidy()
        assert moto.names() == []
        assert not file.exists()
        monkeypatch.undo()
        with s3() as again:  # the copy is there, and the row still says that it lies in the folder
            desk = Desk(far.db, far.org_id, far.shelf.folder.parent, "s3://sounds")
            await desk.record()
            await desk.shelf.move(NAME)
            await desk.forget()
            await desk.archive.tidy()
            assert again.names() == []


async def test_it_goes_round_by_itself_and_at_once_when_something_is_finished(
    tmp_path: Path, moto: S3
) -> None:
    """A recording that is whole is not left for the next minute."""
    async with at(tmp_path, BUCKET) as far:
        far.archive.open()
        await far.record()
        far.archive.wake()
        async with asyncio.timeout(30):
            while moto.names() == []:  # noqa: ASYNC110  # moto tells nobody
                await asyncio.sleep(0.05)
        await far.archive.close()
        await far.archive.close()


async def test_what_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away for a moment does not end the rounds."""
    async with at(tmp_path) as desk:
        tries = 0

        async def sometimes() -> bool:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise RuntimeError("the store is away")
            return False

        monkeypatch.setattr(desk.archive, "tidy", sometimes)
        monkeypatch.setattr(archive, "EVERY", 0.01)
        desk.archive.open()
        async with asyncio.timeout(30):
            while tries < 3:  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.01)
        await desk.archive.close()
