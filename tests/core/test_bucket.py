"""How much is allowed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.core.bucket import Bucket


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in() -> None:
    """Full at first, empty after a burst, and filled by time alone."""
    now = 0.0
    bucket = Bucket(2.0, 5.0, lambda: now)
    assert bucket.take(5)
    assert not bucket.take(0.1)
    now = 1.0
    assert bucket.take(2)
    assert not bucket.take(0.1)


def test_what_is_refused_takes_nothing() -> None:
    """A piece that is too large leaves room for a smaller one."""
    bucket = Bucket(1.0, 5.0, lambda: 0.0)
    assert not bucket.take(6)
    assert bucket.take(5)


@given(st.lists(st.tuples(st.floats(-1, 3), st.floats(0, 10)), max_size=40))
def test_no_more_is_given_than_flowed_in(steps: list[tuple[float, float]]) -> None:
    """Whatever the clock does, rate and size bound what is taken."""
    now = passed = given_out = 0.0
    clock = [0.0]
    bucket = Bucket(2.0, 5.0, lambda: clock[0])
    for step, amount in steps:
        now += step
        passed += max(0.0, step)
        clock[0] = now
        if bucket.take(amount):
            given_out += amount
    assert given_out <= 5.0 + 2.0 * passed + 1e-6
