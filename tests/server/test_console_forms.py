"""Texts that are shown to one reader, one time."""

from __future__ import annotations

from duologue.access.console import Reader
from duologue.server import console_forms
from duologue.server.console_forms import Once


def reader(name: str) -> Reader:
    """Somebody."""
    return Reader(id=name, org_id="org_1", role="owner", name=name, noted_at=0)


def test_a_text_is_taken_once_by_the_one_who_made_it() -> None:
    """Within two minutes; others find nothing."""
    now = [0]
    once = Once(lambda: now[0])
    ada, bob = reader("ada"), reader("bob")
    once.keep(ada, "key_1", "secret")
    assert once.take(bob, "key_1") == ""
    assert once.take(ada, "key_2") == ""
    assert [once.take(ada, "key_1"), once.take(ada, "key_1")] == ["secret", ""]
    once.keep(ada, "key_1", "secret")
    now[0] = console_forms.KEPT_MS
    assert once.take(ada, "key_1") == ""


def test_what_nobody_takes_is_not_kept_for_ever() -> None:
    """Old ones go when a new one comes, and all where there are too many."""
    now = [0]
    once = Once(lambda: now[0])
    who = reader("ada")
    for number in range(console_forms.MOST):
        once.keep(who, str(number), "x")
    once.keep(who, "last", "y")
    assert [once.take(who, "0"), once.take(who, "last")] == ["", "y"]
