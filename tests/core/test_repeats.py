"""Messages that come twice."""

from __future__ import annotations

from duologue.core.repeats import LAST, Repeats


def test_an_id_is_known_from_its_second_time_on() -> None:
    """However often it comes, and whatever came between."""
    repeats = Repeats()
    heard = [(name, repeats.known(name)) for name in "abaab"]
    assert heard == [("a", False), ("b", False), ("a", True), ("a", True), ("b", True)]


def test_only_the_last_ids_are_remembered() -> None:
    """Memory is bounded; an id that is older than that is new again."""
    repeats = Repeats()
    for number in range(LAST):
        assert not repeats.known(str(number))
    assert repeats.known("0")
    assert not repeats.known("one more")
    assert repeats.known("1")
    assert not repeats.known("0")
