"""What is told keeps within its bounds, and says what it left out."""

from __future__ import annotations

from typing import Any

from duologue.trace.entries import Log, Span, Trace, Turn
from duologue.trace.limits import Budget, Limits, bounded, cut, weight

TRACE = "0" * 32
SMALL = Limits(attribute=1000, span=3000, session=20_000)


def span(**attributes: Any) -> Span:
    """A step with these attributes."""
    return Span(trace=TRACE, id="1" * 16, name="llm", start_ns=1, attributes=attributes)


def test_cuts_a_long_text_and_says_how_long_it_was() -> None:
    """A text over the bound keeps its beginning and its former length in bytes."""
    assert cut("x" * 5000, 1000) == "x" * 1000 + "…[5000 bytes]"
    assert cut("short", 1000) == "short"
    assert cut("é" * 600, 1001) == "é" * 500 + "…[1200 bytes]"
    assert cut(["y" * 900, "z" * 900], 1000).startswith('["yyy')
    assert cut([1, 2], 1000) == [1, 2]
    assert cut(["y" * 600], 1000) == ["y" * 600]


def test_an_entry_within_the_bounds_is_the_same() -> None:
    """Nothing is copied where nothing is cut."""
    entry = span(a="b")
    assert bounded(entry, SMALL) is entry


def test_every_attribute_and_the_whole_span_are_bounded() -> None:
    """Ten long attributes end within the span's bound, with all their names."""
    entry = bounded(span(**{f"a{n}": "x" * 2000 for n in range(10)}), SMALL)
    assert isinstance(entry, Span)
    assert weight(entry) <= SMALL.span
    assert len(entry.attributes) == 10
    assert all(value.endswith("[2000 bytes]") or len(value) for value in entry.attributes.values())


def test_too_many_attributes_are_left_out() -> None:
    """A thousand small ones that cannot be cut lose some of themselves."""
    entry = bounded(span(**{f"attribute{n}": "y" * 60 for n in range(1000)}), SMALL)
    assert isinstance(entry, Span)
    assert 0 < len(entry.attributes) < 1000
    assert weight(entry) <= SMALL.span


def test_a_spans_moments_are_bounded() -> None:
    """Moments that do not fit are left out from the end."""
    entry = bounded(
        Span(
            trace=TRACE,
            id="1" * 16,
            name="x",
            start_ns=1,
            events=[{"name": "e", "at_ns": n, "attributes": {"m": "x" * 900}} for n in range(9)],
        ),
        SMALL,
    )
    assert isinstance(entry, Span)
    assert [event["at_ns"] for event in entry.events] == [0, 1, 2]


def test_turns_logs_and_runs_are_bounded() -> None:
    """What was said, logged and noted of a run is cut alike."""
    turn = bounded(Turn(trace=TRACE, index=0, started_ns=1, agent_text="x" * 2000), SMALL)
    line = bounded(
        Log(trace=TRACE, id="2" * 16, at_ns=1, text="x" * 2000, attributes={"a": "y" * 2000}), SMALL
    )
    run = bounded(Trace(trace=TRACE, attributes={"a": "y" * 2000}), SMALL)
    usage = Trace(trace=TRACE, usage=[{"model": "x" * 2000}])
    assert isinstance(turn, Turn)
    assert isinstance(line, Log)
    assert isinstance(run, Trace)
    assert turn.agent_text.endswith("…[2000 bytes]")
    assert line.text.endswith("…[2000 bytes]")
    assert line.attributes["a"].endswith("…[2000 bytes]")
    assert run.attributes == {"a": "y" * 1000 + "…[2000 bytes]"}
    assert bounded(usage, SMALL) is usage


def test_a_session_that_says_too_much_loses_its_content_first() -> None:
    """Over its allowance a session's spans come without content, then not; its turns go on."""
    budget = Budget(SMALL)
    bare = fallen = 0
    for n in range(60):
        entry = budget.admit(span(**{"lk.pii.chat_ctx": "x" * 900, "lk.n": n}))
        if entry is None:
            fallen += 1
        elif isinstance(entry, Span) and "lk.pii.chat_ctx" not in entry.attributes:
            bare += 1
            assert entry.attributes == {"lk.n": n}
            assert fallen == 0
    assert bare > 10
    assert fallen > 5
    turn = Turn(trace=TRACE, index=0, started_ns=1, user_text="still here")
    assert budget.admit(turn) is turn


def test_the_allowance_is_each_sessions_own() -> None:
    """A talkative session takes nothing from another."""
    budget = Budget(Limits(session=2000))
    assert budget.admit(span(x="y" * 5000)) is None
    other = Span(trace="f" * 32, id="1" * 16, name="x", start_ns=1, attributes={"x": "y" * 900})
    assert budget.admit(other) is other


def test_forgets_sessions_that_are_long_silent() -> None:
    """What thousands of sessions said is not remembered for ever."""
    budget = Budget(Limits())
    for n in range(5000):
        budget.admit(Turn(trace=f"{n:032x}", index=0, started_ns=1))
    assert len(budget._spent) <= 4097


def test_forgets_a_session_with_its_end() -> None:
    """What ended says no more, so that nothing of it is left."""
    budget = Budget(Limits())
    budget.admit(span(x="y"))
    ended = Trace(trace=TRACE, status="complete", ended_ns=2)
    assert budget.admit(ended) is ended
    assert not budget._spent
