"""The ledger writes in batches, tries again for a while, counts losses, and closes in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.virtual import run

from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.ledger import Ledger, Report
from duologue.trace.limits import Limits
from duologue.trace.redact import Redactor
from duologue.trace.sinks import Refused

TRACE = "0" * 31 + "1"


def span(number: int, **attributes: str) -> Span:
    """One step."""
    return Span(trace=TRACE, id=f"{number:016x}", name="llm", start_ns=1, attributes=attributes)


class Listed:
    """A sink that keeps what it gets, or fails as it is told."""

    name = "list"
    remote = False
    content = True
    every = 0.5

    def __init__(self, *failures: Exception) -> None:
        self.batches: list[Sequence[Entry]] = []
        self.failures = list(failures)
        self.tries = 0
        self.closed = 0
        self.hangs = False
        self.got = asyncio.Event()

    async def write(self, batch: Sequence[Entry]) -> None:
        """Fails while there are failures left."""
        self.tries += 1
        if self.hangs:
            await asyncio.sleep(3600)
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(batch)
        self.got.set()

    async def close(self) -> None:
        """Counts."""
        self.closed += 1

    @property
    def entries(self) -> list[Entry]:
        """All that it got."""
        return [entry for batch in self.batches for entry in batch]


def test_entries_that_come_together_are_written_together() -> None:
    """A batch gathers half a second; two hundred do not wait."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink])
        ledger.put(span(0))  # nobody writes yet, and it is not lost
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(0.4)
        assert sink.batches == []
        await asyncio.sleep(0.2)
        assert sink.batches == [[span(0), span(1)]]
        for number in range(450):
            ledger.put(span(number))
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert [len(batch) for batch in sink.batches[1:]] == [200, 200, 50]
        assert await ledger.close() == Report(sent=452)
        assert sink.closed == 1

    run(main())


def test_a_failure_is_tried_again() -> None:
    """What a sink did not take at first arrives once it does, and only once."""

    async def main() -> None:
        sink = Listed(OSError("no route"), OSError("no route"))
        ledger = Ledger([sink])
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(3)
        assert sink.entries == [span(1)]
        assert sink.tries == 3
        await ledger.close()

    run(main())


def test_a_sink_that_stays_down_costs_one_batch_a_minute_and_every_loss_is_counted() -> None:
    """After half a minute a batch is given up; the run says later how much is missing."""

    async def main() -> None:
        sink = Listed(*[OSError()] * 9)
        ledger = Ledger([sink])
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(40)
        assert ledger.report.dropped == 1
        tries = sink.tries
        ledger.put(span(2))
        await asyncio.sleep(10)
        assert sink.tries == tries  # it is left alone for a while
        await asyncio.sleep(60)
        assert Trace(trace=TRACE, dropped=1) in sink.entries
        assert span(2) in sink.entries
        await ledger.close()

    run(main())


def test_a_sink_that_opens_slowly_is_written_to_though_it_closes() -> None:
    """Who closes at once loses nothing of what was told before."""

    class Slow(Listed):
        async def open(self) -> None:
            await asyncio.sleep(1)

    async def main() -> None:
        ledger = Ledger([Slow()])
        ledger.open()
        ledger.put(span(1))
        assert await ledger.close() == Report(sent=1)

    run(main())


def test_what_is_always_refused_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Batches that are taken in between are no news; each refused entry is counted."""

    class Picky(Listed):
        async def write(self, batch: Sequence[Entry]) -> None:
            if any(isinstance(entry, Turn) for entry in batch):
                raise Refused("takes no turns")
            await super().write(batch)

    async def main() -> None:
        ledger = Ledger([Picky()])
        ledger.open()
        for number in range(3):
            ledger.put(Turn(trace=TRACE, index=number, started_ns=1))
            await asyncio.sleep(1)
            ledger.put(span(number))
            await asyncio.sleep(1)
        assert (await ledger.close()).dropped == 3

    with caplog.at_level("INFO", "duologue.trace"):
        run(main())
    assert caplog.messages == ["list refuses entries: takes no turns"]


def test_a_batch_that_is_refused_is_not_sent_again() -> None:
    """What a sink will never take is dropped at once; the next batch is written."""

    async def main() -> None:
        sink = Listed(Refused("422"))
        ledger = Ledger([sink])
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(1)
        ledger.put(span(2))
        await asyncio.sleep(1)
        assert sink.tries == 2
        assert ledger.report == Report(sent=2, dropped=1)  # the second, and the word of the first
        assert span(2) in sink.entries
        await ledger.close()

    run(main())


def test_a_sink_may_refuse_a_part_of_a_batch() -> None:
    """What it did not refuse counts as sent."""
    refusal = Refused("one was no span")
    refusal.lost = 1

    async def main() -> None:
        ledger = Ledger([Listed(refusal)])
        ledger.put(span(1))
        ledger.put(span(2))
        report = await ledger.close()
        assert (report.sent, report.dropped) == (2, 1)  # one, and the word of the other

    run(main())


def test_a_sink_in_trouble_harms_no_other() -> None:
    """One that hangs leaves the other's entries alone, and close is done within its time."""

    async def main() -> None:
        good, bad = Listed(), Listed()
        bad.hangs = True
        ledger = Ledger([bad, good])
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(1)
        assert good.entries == [span(1)]
        began = asyncio.get_running_loop().time()
        report = await ledger.close(timeout=5)
        assert asyncio.get_running_loop().time() - began <= 5
        assert report == Report(sent=1, pending=1)
        assert (good.closed, bad.closed) == (1, 1)
        assert await ledger.close() == report

    run(main())


def test_close_writes_what_waits() -> None:
    """Nothing that was put before is lost, and closing does not gather."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink])
        ledger.put(span(1))
        ledger.open()
        ledger.put(span(2))
        began = asyncio.get_running_loop().time()
        assert await ledger.close() == Report(sent=2)
        assert asyncio.get_running_loop().time() - began < 0.1

    run(main())


def test_takes_entries_of_other_threads() -> None:
    """What another thread puts is written without waiting for the loop's own next entry."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink])
        ledger.open()
        thread = threading.Thread(target=ledger.put, args=(span(1),))
        thread.start()
        await asyncio.to_thread(thread.join)
        async with asyncio.timeout(20):
            await sink.got.wait()
        await ledger.close()

    asyncio.run(main())


def test_a_sink_may_want_no_content() -> None:
    """It gets the same entries without what was said."""

    async def main() -> None:
        whole, bare = Listed(), Listed()
        bare.content = False
        ledger = Ledger([whole, bare])
        ledger.put(Turn(trace=TRACE, index=0, started_ns=1, user_text="hello"))
        await ledger.close()
        assert whole.entries == [Turn(trace=TRACE, index=0, started_ns=1, user_text="hello")]
        assert bare.entries == [Turn(trace=TRACE, index=0, started_ns=1)]

    run(main())


def test_cuts_what_is_too_long_and_redacts() -> None:
    """The bounds and the redaction hold before anything is kept."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink], limits=Limits(attribute=100), redact=lambda entry: entry)
        ledger.put(span(1, text="x" * 500))
        await ledger.close()
        (kept,) = sink.entries
        assert isinstance(kept, Span)
        assert kept.attributes["text"] == "x" * 100 + "…[500 bytes]"

    run(main())


@pytest.mark.parametrize("text", ["x" * 92 + " 4111 1111 1111 1111", '{"a":"' + "x" * 60])
@pytest.mark.parametrize("where", ["attributes", "events", "turn", "line"])
def test_a_secret_at_the_place_of_a_cut_is_redacted(text: str, where: str) -> None:
    """Nothing is cut before it was read: half a card is no card, half a JSON has no names."""
    if text.startswith("{"):
        text += '","password":"4111"}'
    told: dict[str, Entry] = {
        "attributes": span(1, text=text),
        "events": Span(
            trace=TRACE, id="1" * 16, name="llm", start_ns=1,
            events=[{"name": "x", "at_ns": 1, "attributes": {"text": text}}],
        ),
        "turn": Turn(trace=TRACE, index=0, started_ns=1, user_text=text),
        "line": Log(trace=TRACE, id="1" * 16, at_ns=1, text=text),
    }  # fmt: skip

    async def main() -> None:
        sink = Listed()
        redact = Redactor(keys=["password"], patterns=["card"])
        ledger = Ledger([sink], limits=Limits(attribute=100), redact=redact)
        ledger.put(told[where])
        await ledger.close()
        assert "411" not in str(sink.entries)
        assert "xxx" in str(sink.entries)

    run(main())


def test_put_never_raises() -> None:
    """A redaction that fails loses the entry, and not the call."""

    def fails(entry: Entry) -> Entry:
        raise RuntimeError("no")

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink], redact=fails)
        ledger.put(span(1))
        ledger.put(span(2))
        assert await ledger.close() == Report()

    run(main())


def test_samples_whole_sessions() -> None:
    """With a share of none, only a session with a failure is written."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink], sample=0.0)
        ledger.put(span(1))
        await ledger.close()
        assert sink.entries == []

    run(main())


def test_counts_what_a_session_may_not_say_any_more() -> None:
    """Spans over a session's allowance are lost, and that is told with the run."""

    async def main() -> None:
        sink = Listed()
        ledger = Ledger([sink], limits=Limits(session=1000))
        for number in range(20):
            ledger.put(span(number))
        report = await ledger.close()
        spans = sum(isinstance(entry, Span) for entry in sink.entries)
        assert (0 < spans < 20, report.dropped) == (True, 20 - spans)
        assert Trace(trace=TRACE, dropped=20 - spans) in sink.entries

    run(main())


def test_a_sink_may_be_written_to_less_often() -> None:
    """A sink far away gathers for longer, but not when a run ends."""

    async def main() -> None:
        sink = Listed()
        sink.every = 2.0
        ledger = Ledger([sink])
        ledger.open()
        ledger.put(span(1))
        await asyncio.sleep(1.9)
        assert sink.batches == []
        await asyncio.sleep(0.2)
        assert sink.batches == [[span(1)]]
        end = Trace(trace=TRACE, ended_ns=9)
        ledger.put(span(2))
        ledger.put(end)
        await asyncio.sleep(0.1)
        assert sink.batches[1:] == [[end, span(2)]]
        await ledger.close()

    run(main())
