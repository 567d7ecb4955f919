"""Sampling decides for whole sessions, and keeps every one in which something failed."""

from __future__ import annotations

import pytest

from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.sampling import Sampler, chosen, failed

TRACE = "0" * 24 + "80000000"


def span(number: int = 1) -> Span:
    """A step that went well."""
    return Span(trace=TRACE, id=f"{number:016x}", name="llm", start_ns=1, status="ok")


BAD = Span(trace=TRACE, id="b" * 16, name="llm", start_ns=1, status="error")


def test_chooses_by_the_end_of_the_id() -> None:
    """The same session is chosen everywhere; a share of none or all is none or all."""
    assert chosen(TRACE, 0.6)
    assert not chosen(TRACE, 0.5)
    assert chosen("f" * 32, 1.0)
    assert not chosen("0" * 32, 0.0)


def test_a_chosen_session_passes_at_once() -> None:
    """Nothing of it is held back."""
    assert Sampler(0.6).admit(span()) == [span()]


def test_a_session_without_failure_is_forgotten() -> None:
    """Its entries never pass, and its end frees what was held."""
    sampler = Sampler(0.0)
    assert sampler.admit(span()) == []
    assert sampler.admit(Trace(trace=TRACE, status="complete")) == []
    assert sampler.admit(BAD) == [BAD]  # nothing was held any more


def test_a_failure_lets_the_whole_session_pass() -> None:
    """What was held comes with the failure, and all that follows passes, too."""
    sampler = Sampler(0.0)
    sampler.admit(Trace(trace=TRACE, status="active"))
    sampler.admit(span())
    assert sampler.admit(BAD) == [Trace(trace=TRACE, status="active"), span(), BAD]
    assert sampler.admit(span(2)) == [span(2)]


def test_a_long_session_loses_its_oldest_steps() -> None:
    """What is held is bounded, and the run's own entry stays."""
    sampler = Sampler(0.0)
    sampler.admit(Trace(trace=TRACE, status="active"))
    for number in range(1000):
        sampler.admit(span(number))
    passed = sampler.admit(BAD)
    assert len(passed) == 401
    assert passed[0] == Trace(trace=TRACE, status="active")
    assert passed[-2] == span(999)


@pytest.mark.parametrize(
    "entry",
    [
        BAD,
        Turn(trace=TRACE, index=0, started_ns=1, tool_errors=1),
        Log(trace=TRACE, id="1", at_ns=1, level="error", text="no"),
        Trace(trace=TRACE, status="failed"),
    ],
)
def test_knows_a_failure(entry: Entry) -> None:
    """Each kind of entry can tell of one."""
    assert failed(entry)


def test_refuses_a_share_that_is_none() -> None:
    """A share is between none and all."""
    with pytest.raises(ValueError, match=r"between 0 and 1; 2\.0 does not"):
        Sampler(2.0)
