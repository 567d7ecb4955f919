"""What a closed road means."""

import pytest

from duologue.core.resume import departure, may_reattach, may_resume


@pytest.mark.parametrize(
    ("code", "expected"),
    [(1000, "left"), (1005, "left"), (1001, "dropped"), (1006, "dropped"), (1011, "dropped")],
)
def test_each_close_code_means_left_or_dropped(code: int, expected: str) -> None:
    """A goodbye is a goodbye; everything else may come back."""
    assert departure(code) == expected


def test_a_socket_that_vanished_was_dropped() -> None:
    """No close code at all is a lost connection."""
    assert departure(None) == "dropped"


def test_the_agent_waits_for_the_grace_time() -> None:
    """The last millisecond still counts, the one after it does not; nor does a clock set back."""
    assert may_reattach(1000, 1000 + 29_999, 30_000)
    assert not may_reattach(1000, 1000 + 30_000, 30_000)
    assert may_reattach(1000, 999, 30_000)


def test_a_browser_may_resume_within_its_window() -> None:
    """Five minutes are five minutes."""
    assert may_resume(0, 299_999, 300_000)
    assert not may_resume(0, 300_000, 300_000)
