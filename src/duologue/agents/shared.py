"""What an agent and its clients share: a few JSON values, and attributes of either side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from duologue.errors import DuologueError

KEY_LENGTH: Final = 256
"""Characters of a key."""
SHARED_SIZE: Final = 64 * 1024
"""Bytes of a whole state as JSON, and of all attributes of one side."""
DEEPEST: Final = 64
"""Levels of lists and objects in one value; every client's language reads that."""

Unsubscribe = Callable[[], None]
Watcher = Callable[[str, Any], Awaitable[None] | None]
Changed = Callable[[str, Any], None]
Start = Callable[[Awaitable[None]], None]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def _alone(key: str, value: Any) -> None:
    """Nobody else shares it."""


class State:
    """Small values that the agent and its clients share, and that the conversation keeps.

    Values are kept as JSON: whoever changes what `get` gave changes a copy, until it is set again.
    """

    def __init__(self, changed: Changed = _alone) -> None:
        self._kept: dict[str, bytes] = {}
        self._size = 1
        self._changed = changed
        self._watchers: list[Watcher] = []
        self.start: Start | None = None
        """Runs what an async watcher returned, as the agent's own code; set by the pipeline."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        kept = self._kept.get(key)
        return default if kept is None else _decode(kept)

    def set(self, key: str, value: Any) -> None:
        """Keeps a value, tells every client and every watcher; `None` takes it away."""
        if self.put(key, value):
            self.notify(key)

    def on(self, watcher: Watcher) -> Unsubscribe:
        """Calls `watcher(key, value)` at each change, until the returned function is called."""
        return subscribe(self._watchers, watcher)

    # ------------------------------------------------------------ for the pipeline

    @property
    def watched(self) -> bool:
        """Whether anybody would be called."""
        return bool(self._watchers)

    def values(self) -> dict[str, Any]:
        """Everything, as a copy."""
        return {key: _decode(kept) for key, kept in self._kept.items()}

    def json(self) -> str:
        """Everything, as the store has it."""
        return _encode({key: msgspec.Raw(kept) for key, kept in self._kept.items()}).decode()

    def restore(self, values: dict[str, Any]) -> None:
        """Takes what the store kept; nobody is told."""
        self._kept = {key: _encode(value) for key, value in values.items()}
        self._size = 1 + sum(_room(key, kept) for key, kept in self._kept.items())

    def put(self, key: str, value: Any) -> bool:
        """Keeps a value and tells every client; false if it was the same before."""
        what = f"State {key[:KEY_LENGTH]!r}"
        if not 0 < len(key) <= KEY_LENGTH:
            raise refusal(what, f"a key has 1 to {KEY_LENGTH} characters, not {len(key)}")
        before = self._kept.get(key)
        after = None if value is None else _as_json(what, value)
        if after == before:
            return False
        size = self._size
        size -= 0 if before is None else _room(key, before)
        size += 0 if after is None else _room(key, after)
        if size > max(SHARED_SIZE, self._size):  # what makes it smaller is always taken
            raise refusal(what, f"the whole state would be {size} bytes, more than {SHARED_SIZE}")
        self._size = size
        if after is None:
            del self._kept[key]
        else:
            self._kept[key] = after
        self._changed(key, self.get(key))
        return True

    def notify(self, key: str) -> None:
        """Calls every watcher with the value of now."""
        for watcher in list(self._watchers):
            answer = watcher(key, self.get(key))
            if answer is not None and self.start is not None:
                self.start(answer)


def merged(before: dict[str, str], changes: Mapping[Any, Any]) -> dict[str, str]:
    """Attributes after changes; an empty text takes one away."""
    for key, value in changes.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise refusal(f"Attribute {key!r}", "names and values are texts")
        if not 0 < len(key) <= KEY_LENGTH:
            reason = f"a name has 1 to {KEY_LENGTH} characters, not {len(key)}"
            raise refusal(f"Attribute {key[:KEY_LENGTH]!r}", reason)
    after = {key: value for key, value in {**before, **changes}.items() if value}
    size = len(_as_json("Attributes", after))
    if size > SHARED_SIZE:
        raise refusal("Attributes", f"all together are {size} bytes, more than {SHARED_SIZE}")
    return after


def subscribe(listed: list[Any], one: Any) -> Unsubscribe:
    """Adds one to a list; the returned function takes it away, once."""
    listed.append(one)

    def leave() -> None:
        if one in listed:
            listed.remove(one)

    return leave


def refusal(what: str, reason: str) -> DuologueError:
    """Why something cannot be shared."""
    return DuologueError("not_shareable", what=what, reason=reason)


def _room(key: str, kept: bytes) -> int:
    """Bytes that an entry takes in the whole."""
    return len(_encode(key)) + len(kept) + 2


def _as_json(what: str, value: Any) -> bytes:
    """The JSON of a value, or a refusal that says why it has none."""
    try:
        encoded = _encode(value)
        level: list[Any] = [_decode(encoded)]
    except RecursionError:
        raise refusal(what, f"it is nested deeper than {DEEPEST} levels") from None
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise refusal(what, f"it is no JSON ({error})") from None
    for _ in range(DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [one for each in inner for one in _within(each)]
        if not level:
            return encoded
    raise refusal(what, f"it is nested deeper than {DEEPEST} levels")


def _within(value: Any) -> list[Any]:
    """The lists and objects right inside of something."""
    if isinstance(value, str | int | float | bool | None):
        return []
    return [one for one in value if isinstance(one, dict | list)]
