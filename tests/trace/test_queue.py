"""What waits is bounded: content goes first, then spans, then turns, and every loss is told."""

from __future__ import annotations

import threading

from duologue.trace.entries import Log, Span, Trace, Turn
from duologue.trace.limits import Limits
from duologue.trace.queue import Queue, merged

TRACE = "0" * 31 + "1"


def span(number: int, text: str = "", end_ns: int = 2) -> Span:
    """One step."""
    said = {"lk.pii.response.text": text} if text else {}
    return Span(
        trace=TRACE, id=f"{number:016x}", name="llm", start_ns=1, end_ns=end_ns, attributes=said
    )


def turn(index: int) -> Turn:
    """One turn."""
    return Turn(trace=TRACE, index=index, started_ns=1)


def test_a_later_entry_takes_the_place_of_an_earlier_one() -> None:
    """A span that ends before it was written is written once, as it ended; turns likewise."""
    queue = Queue(Limits())
    queue.put(span(1, end_ns=0))
    queue.put(turn(0))
    queue.put(span(1, end_ns=5))
    queue.put(Turn(trace=TRACE, index=0, started_ns=1, agent_text="yes"))
    assert queue.take(10) == [
        Turn(trace=TRACE, index=0, started_ns=1, agent_text="yes"),
        span(1, end_ns=5),
    ]
    assert len(queue) == 0


def test_what_is_known_of_a_run_is_put_together() -> None:
    """Two entries of a run become one, the later word over the earlier."""
    queue = Queue(Limits())
    queue.put(Trace(trace=TRACE, status="active", agent="desk"))
    queue.put(Trace(trace=TRACE, status="complete"))
    assert queue.take(10) == [Trace(trace=TRACE, status="complete", agent="desk")]
    assert merged(Trace(trace=TRACE, tags=["a"]), Trace(trace=TRACE)).tags == ["a"]


def test_content_goes_before_spans() -> None:
    """Too many bytes cost the oldest spans their content, and no span is lost."""
    queue = Queue(Limits(queue=3000))
    for number in range(4):
        queue.put(span(number, "x" * 1000))
    taken = queue.take(10)
    assert [bool(s.attributes) for s in taken if isinstance(s, Span)] == [False, False, True, True]
    assert (queue.stripped, queue.dropped) == (2, 0)


def test_spans_go_before_turns_and_turns_before_the_run() -> None:
    """Too many entries cost the oldest spans first, then turns; the run says how many."""
    queue = Queue(Limits(entries=3))
    queue.put(Trace(trace=TRACE, status="active"))
    queue.put(turn(0))
    queue.put(span(1))
    queue.put(Log(trace=TRACE, id="a", at_ns=1, text="hello"))
    queue.put(turn(1))
    queue.put(turn(2))
    assert queue.dropped == 3
    assert queue.take(10) == [
        Trace(trace=TRACE, status="active", dropped=3),
        turn(1),
        turn(2),
    ]


def test_a_run_tells_its_losses_again_when_there_are_more() -> None:
    """What is told is the sum so far; without a new loss nothing is told."""
    queue = Queue(Limits())
    queue.lose([span(1), span(2)])
    assert queue.take(10) == []  # it waits for company
    queue.put(turn(0))
    assert queue.take(10) == [Trace(trace=TRACE, dropped=2), turn(0)]
    assert queue.take(10, last=True) == []
    queue.lose([span(3)])
    assert queue.take(10, last=True) == [Trace(trace=TRACE, dropped=3)]


def test_takes_no_more_than_asked() -> None:
    """A batch has its bound; the rest waits for the next."""
    queue = Queue(Limits())
    for number in range(5):
        queue.put(span(number))
    assert len(queue.take(3)) == 3
    assert len(queue.take(3)) == 2


def test_takes_entries_of_any_thread() -> None:
    """Nothing is lost when several threads put at once."""
    queue = Queue(Limits())

    def fill(first: int) -> None:
        for number in range(first, first + 200):
            queue.put(span(number))

    threads = [threading.Thread(target=fill, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(queue.take(2000)) == 800
