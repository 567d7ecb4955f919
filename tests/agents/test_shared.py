"""What an agent and its clients share: limits, copies, and who is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.agents.shared import DEEPEST, KEY_LENGTH, SHARED_SIZE, State, merged
from duologue.errors import DuologueError

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@given(st.lists(st.tuples(st.sampled_from("abc"), ANY_JSON), max_size=12))
def test_a_state_is_what_was_set_last(changes: list[tuple[str, Any]]) -> None:
    """It equals a plain dictionary, nothing of it is null, and the store's text restores it."""
    state, plain = State(), dict[str, Any]()
    for key, value in changes:
        state.set(key, value)
        plain[key] = value
    plain = {key: value for key, value in plain.items() if value is not None}
    assert state.values() == plain
    again = State()
    again.restore(state.values())
    assert again.json() == state.json()
    assert again._size == state._size


def test_only_what_changes_is_told() -> None:
    """A value that is set again tells nobody; one that is taken away does."""
    told: list[Any] = []
    seen: list[Any] = []
    state = State(lambda key, value: told.append((key, value)))
    state.on(lambda key, value: seen.append((key, value)))
    for value in ("glad", "glad", None, None):
        state.set("mood", value)
    assert told == seen == [("mood", "glad"), ("mood", None)]


def test_what_was_given_away_changes_nothing() -> None:
    """Neither the object that was set nor the one that was read is the kept one."""
    state = State()
    cart = ["tea"]
    state.set("cart", cart)
    cart.append("milk")
    state.get("cart").append("honey")
    assert state.get("cart") == ["tea"]


async def test_an_async_watcher_is_started() -> None:
    """What it returns is run by whoever runs the agent's code."""
    state, started, seen = State(), list[Any](), list[Any]()
    state.start = started.append

    async def later(key: str, value: Any) -> None:
        await asyncio.sleep(0)
        seen.append((key, value))

    leave = state.on(later)
    state.set("n", 1)
    await started.pop()
    leave()
    assert not state.watched
    state.set("n", 2)
    assert (seen, started) == ([("n", 1)], [])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("", 1, "1 to 256 characters, not 0"),
        ("k" * (KEY_LENGTH + 1), 1, "not 257"),
        ("k", object(), "no JSON"),
        ("k", {1j: 1}, "no JSON"),
        ("k", "\ud800", "no JSON"),
        ("k", nested(DEEPEST + 1), "nested deeper than 64 levels"),
        ("k", {"a": nested(DEEPEST)}, "nested deeper than 64 levels"),
        ("k", nested(100_000), "nested deeper than 64 levels"),
        ("k", "x" * SHARED_SIZE, "more than 65536"),
    ],
)
def test_what_cannot_be_shared_is_refused_with_its_reason(key: str, value: Any, words: str) -> None:
    """The error names the key, and the state stays as it was."""
    state = State()
    state.set("before", 1)
    with pytest.raises(DuologueError, match=words) as refused:
        state.set(key, value)
    assert refused.value.code == "not_shareable"
    assert state.values() == {"before": 1}


def test_the_limits_are_exact() -> None:
    """The longest key, the deepest value, and a state of just so many bytes are taken."""
    state = State()
    state.set("k" * KEY_LENGTH, nested(DEEPEST))
    state.set("k" * KEY_LENGTH, None)
    state.set("k", "x" * (SHARED_SIZE - len('{"k":""}')))
    assert len(state.json()) == SHARED_SIZE
    with pytest.raises(DuologueError, match="would be"):
        state.set("l", 1)
    state.set("k", "x")
    state.set("l", 1)


def test_a_state_that_an_older_version_let_grow_may_shrink() -> None:
    """What makes it smaller is taken, even if it is still too large."""
    state = State()
    state.restore({"a": "x" * SHARED_SIZE, "b": "y" * 100})
    state.set("b", None)
    with pytest.raises(DuologueError, match="more than 65536"):
        state.set("c", "z" * 200)


def test_attributes_are_merged() -> None:
    """An empty text takes one away; what is no text, or too much, is refused."""
    assert merged({"a": "1", "b": "2"}, {"b": "", "c": "3"}) == {"a": "1", "c": "3"}
    wrong: list[tuple[Any, str]] = [
        ({"a": 1}, "are texts"),
        ({1: "a"}, "are texts"),
        ({"": "a"}, "1 to 256 characters, not 0"),
        ({"k" * 300: "a"}, "not 300"),
        ({"a": "x" * SHARED_SIZE}, "more than 65536"),
        ({"a": "\ud800"}, "no JSON"),
    ]
    for changes, words in wrong:
        with pytest.raises(DuologueError, match=words):
            merged({}, changes)
