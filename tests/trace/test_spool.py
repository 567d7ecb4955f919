"""What another machine has not taken outlives an outage, a restart and a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.trace.receiver import Receiver, until

from duologue.trace import spool as spooling
from duologue.trace.entries import Entry, Turn
from duologue.trace.ledger import Ledger
from duologue.trace.sending import Forbidden, NotTaken, refused
from duologue.trace.sink_otlp import OtlpSink
from duologue.trace.spool import Spooled
from duologue.trace.spool_book import Book

TRACE = "0" * 32


def turn(index: int, text: str = "") -> Turn:
    """The turn of that number."""
    return Turn(trace=TRACE, index=index, started_ns=1, agent_text=text)


class Far:
    """A sink far away, which takes everything, or fails as it is told to."""

    name = "far"
    remote = True
    content = True

    def __init__(self, where: str = "there") -> None:
        self.where = where
        self.failure: Exception | None = None
        self.hangs = False
        self.tries = 0
        self.taken: list[int] = []
        self.closed = False

    async def write(self, batch: Sequence[Entry]) -> None:
        """Takes a batch or fails."""
        self.tries += 1
        if self.hangs:
            await asyncio.sleep(3600)
        if self.failure is not None:
            raise self.failure
        self.taken += [entry.index for entry in batch if isinstance(entry, Turn)]

    async def close(self) -> None:
        """Is closed."""
        self.closed = True


def files(folder: Path) -> list[Path]:
    """What lies in a spool's folder."""
    return sorted(folder.iterdir())


async def test_what_is_taken_leaves_the_disk(tmp_path: Path) -> None:
    """Batches arrive in their order, and no file stays behind."""
    far = Far()
    spooled = Spooled(far, tmp_path)
    for index in range(5):
        await spooled.write([turn(index)])
    await until(lambda: len(far.taken) == 5)
    await spooled.close()
    await spooled.close()
    assert far.taken == [0, 1, 2, 3, 4]
    assert far.closed
    assert (spooled.spooled, spooled.arrived, spooled.lost) == (0, 5, 0)
    assert files(tmp_path) == []


async def test_what_is_left_is_sent_by_the_next(tmp_path: Path) -> None:
    """An outage that lasts longer than its process costs nothing; the newest come first then."""
    far = Far()
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0), turn(1)])
    await spooled.write([turn(2)])
    await spooled.close()
    assert (far.taken, spooled.spooled, spooled.arrived) == ([], 3, 0)
    assert [path.stat().st_mode & 0o777 for path in files(tmp_path)] == [0o600]

    far = Far()
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(3)])
    await until(lambda: len(far.taken) == 4)
    await spooled.close()
    assert far.taken == [3, 0, 1, 2]
    assert (spooled.replayed, spooled.arrived) == (3, 1)
    assert files(tmp_path) == []


async def test_what_is_left_is_sent_before_anything_is_told(tmp_path: Path) -> None:
    """A server that starts again needs no new call to send what it left; a ledger sees to it."""
    far = Far()
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0), turn(1)])
    await spooled.close()
    far = Far()
    ledger = Ledger([Spooled(far, tmp_path)])
    ledger.open()
    await until(lambda: far.taken == [0, 1])
    report = await ledger.close()
    assert (report.sent, report.spooled) == (0, 0)
    assert files(tmp_path) == []


async def test_a_spool_that_does_not_open_is_opened_by_what_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that nobody may write to is told of, and nothing is lost if that passes."""
    folder = tmp_path / "spool"
    folder.write_text("no folder")
    far = Far()
    ledger = Ledger([Spooled(far, folder)])
    ledger.open()
    await until(lambda: "far does not open" in caplog.text)
    folder.unlink()
    ledger.put(turn(0))
    await until(lambda: far.taken == [0])
    await ledger.close()


async def test_two_that_start_at_once_do_not_share_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that looks for leftovers may hold the other's new file for a moment: it takes another."""
    names = iter([b"held", b"mine"])
    monkeypatch.setattr(os, "urandom", lambda count: next(names))
    far = Far()
    spooled = Spooled(far, tmp_path)
    held = Book(tmp_path / f"{spooled._prefix}{os.getpid()}-{b'held'.hex()}.sqlite3", 1000)
    await spooled.write([turn(0)])
    await until(lambda: far.taken == [0])
    await spooled.close()
    held.close()
    assert files(tmp_path) == []


async def test_goes_on_when_the_other_side_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that was not taken is tried again, and those after it wait."""
    monkeypatch.setattr(spooling, "FIRST_PAUSE", 0.01)
    far = Far()
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0)])
    await spooled.write([turn(1)])
    await until(lambda: far.tries >= 3)
    far.failure = None
    await until(lambda: len(far.taken) == 2)
    await spooled.close()
    assert far.taken == [0, 1]


async def test_a_wrong_key_keeps_everything(tmp_path: Path) -> None:
    """What a wrong key kept out is there for the right one."""
    far = Far()
    far.failure = Forbidden("401")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0)])
    await until(lambda: far.tries == 1)
    await spooled.close()
    assert spooled.spooled == 1


async def test_a_refused_batch_is_counted_and_gone(tmp_path: Path) -> None:
    """What will never be taken does not stop the rest."""
    far = Far()
    far.failure = refused("bad", 2)
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0), turn(1), turn(2)])
    await until(lambda: far.tries == 1)
    far.failure = None
    await spooled.write([turn(3)])
    await until(lambda: far.taken == [3])
    await spooled.close()
    assert (spooled.lost, spooled.arrived, spooled.spooled) == (2, 2, 0)


async def test_a_refusal_is_told_once_until_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A vendor that reads no events refuses some of every batch, and fills no log with it."""
    far = Far()
    spooled = Spooled(far, tmp_path)
    for index, reason in enumerate(["no events", "no events", "too long"]):
        far.failure = refused(reason, 1)
        await spooled.write([turn(index)])
        await until(lambda: far.tries == index + 1)  # noqa: B023  # it is awaited here
    await spooled.close()
    told = [line.getMessage() for line in caplog.records]
    assert told == ["far refused 1 entries: no events", "far refused 1 entries: too long"]
    assert spooled.lost == 3


async def test_closing_is_bounded_while_the_other_side_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink that never returns keeps nobody from closing, nor loses what is on the disk."""
    monkeypatch.setattr(spooling, "CLOSING", 0.2)
    far = Far()
    far.hangs = True
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0)])
    async with asyncio.timeout(30):
        await spooled.close()
    assert spooled.spooled == 1
    assert far.closed


async def test_a_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    """Two processes at once, as a worker's jobs are, each send their own."""
    first, second = Far(), Far()
    first.failure = NotTaken("down")
    one, other = Spooled(first, tmp_path), Spooled(second, tmp_path)
    await one.write([turn(0)])
    await other.write([turn(1)])
    await until(lambda: second.taken == [1])
    await other.close()
    first.failure = None
    await one.close()
    assert (first.taken, second.taken) == ([0], [1])


async def test_another_address_is_another_spool(tmp_path: Path) -> None:
    """What one vendor has not taken is not sent to another."""
    far = Far("here")
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0)])
    await spooled.close()
    other = Far("elsewhere")
    spooled = Spooled(other, tmp_path)
    await spooled.write([turn(1)])
    await until(lambda: other.taken == [1])
    await spooled.close()
    assert other.taken == [1]


async def test_the_oldest_go_where_there_is_no_room(tmp_path: Path) -> None:
    """A full spool keeps the newest, and counts what went."""
    far = Far()
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path, most=5000)
    for index in range(10):
        await spooled.write([turn(index, "x" * 1000)])
    assert spooled.spooled + spooled.lost == 10
    assert 0 < spooled.lost < 10
    far.failure = None
    await spooled.close()
    assert far.taken == list(range(spooled.lost, 10))


async def test_a_broken_file_is_put_aside(tmp_path: Path) -> None:
    """A file that is no spool stops nothing."""
    far = Far()
    far.failure = NotTaken("down")
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(0)])
    await spooled.close()
    [path] = files(tmp_path)
    path.write_bytes(b"no database at all" * 100)
    far.failure = None
    spooled = Spooled(far, tmp_path)
    await spooled.write([turn(1)])
    await until(lambda: far.taken == [1])
    await spooled.close()
    assert [path.suffix for path in files(tmp_path)] == [".broken"]


KILLED = """
import asyncio, sys
from duologue.trace.entries import Turn
from duologue.trace.sink_otlp import OtlpSink
from duologue.trace.spool import Spooled

async def main(url, folder):
    sink = Spooled(OtlpSink(url, content=True), folder)
    for index in range(20):
        turn = Turn(trace="0" * 32, index=index, started_ns=1, agent_text=f"turn {index}")
        await sink.write([turn])
    print("written", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_loses_no_batch(tmp_path: Path) -> None:
    """Kill -9 while the other side is away: the next process sends all of it."""
    async with Receiver() as receiver:
        url = receiver.url
        await receiver.down()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, url, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(120):
                assert await process.stdout.readline() == b"written\n"
        finally:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        await receiver.up()
        spooled = Spooled(OtlpSink(url, content=True), tmp_path)
        await spooled.write([turn(20, "turn 20")])
        await until(lambda: spooled.spooled == 0)
        await spooled.close()
    arrived = b"".join(request.body for request in receiver.taken)
    assert [index for index in range(21) if f"turn {index}".encode() not in arrived] == []
    assert spooled.replayed == 20


async def test_a_ledger_tells_what_is_on_disk_from_what_arrived(tmp_path: Path) -> None:
    """Every entry is either sent, lost or on the disk, and counted once."""
    far = Far()
    ledger = Ledger([Spooled(far, tmp_path)])
    ledger.open()
    ledger.put(turn(0))
    await until(lambda: far.taken == [0])
    far.failure = refused("bad", 1)
    ledger.put(turn(1))
    ledger.put(turn(2))
    await until(lambda: far.tries == 2)
    far.failure = NotTaken("down")
    for index in range(3, 8):
        ledger.put(turn(index))
    report = await ledger.close()
    assert (report.sent, report.dropped, report.pending, report.spooled) == (2, 1, 0, 5)
