"""Ids are UUIDs of version 7 behind a prefix."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core import ids

times = st.integers(min_value=0, max_value=(1 << 48) - 1)
entropy = st.binary(min_size=10, max_size=10)


@given(times, entropy)
def test_an_id_is_a_version_7_uuid_that_tells_its_time(now: int, random: bytes) -> None:
    """The standard library reads version and variant; the time comes back."""
    made = ids.make("conv_", now, random)
    assert made.startswith("conv_")
    parsed = uuid.UUID(made.removeprefix("conv_"))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert ids.made_at(made) == now
    assert len(made) == len("conv_") + 32


@given(times, times, entropy, entropy)
def test_ids_sort_by_time(one: int, two: int, random_one: bytes, random_two: bytes) -> None:
    """Of two times, the later has the greater id, whatever the randomness."""
    if one != two:
        first, second = ids.make("x_", one, random_one), ids.make("x_", two, random_two)
        assert (first < second) == (one < two)


@given(entropy, entropy)
def test_seventy_four_bits_tell_ids_of_one_moment_apart(one: bytes, two: bytes) -> None:
    """Ids are equal only when those bits are."""
    mask = (1 << 74) - 1
    same = int.from_bytes(one, "big") & mask == int.from_bytes(two, "big") & mask
    assert (ids.make("", 5, one) == ids.make("", 5, two)) == same


@pytest.mark.parametrize(("now", "random"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_what_does_not_fit_is_refused(now: int, random: bytes) -> None:
    """A time outside 48 bits or too little randomness is an error, not a wrong id."""
    with pytest.raises(ValueError, match="an id"):
        ids.make("x_", now, random)


@given(times, entropy)
def test_ids_of_a_time_are_found_behind_its_first(now: int, random: bytes) -> None:
    """Those that were made then or later sort behind it, earlier ones before it."""
    made = ids.make("use_", now, random)
    assert ids.first_at("use_", now) < made
    assert now == (1 << 48) - 1 or made < ids.first_at("use_", now + 1)
    assert ids.first_at("use_", -1) == ids.first_at("use_", 0)
