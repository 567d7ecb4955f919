"""How large what is told may grow: an attribute, a span, a session, a queue."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Log, Span, Trace, Turn

_ABOUT: Final = 160
"""What an entry takes beside its texts and attributes, in bytes."""
_SESSIONS: Final = 4096
"""Of how many sessions it is kept how much they said; the longest silent one is forgotten."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds, in bytes but for `entries`."""

    attribute: int = 16_000
    """Of one attribute or text; what is longer is cut and says how long it was."""
    span: int = 64_000
    """Of one entry; its largest attributes are cut further until it fits."""
    session: int = 20_000_000
    """Of one run; after it content is left out, and a quarter more later the spans are, too."""
    entries: int = 2048
    """How many entries may wait to be written."""
    queue: int = 8_000_000
    """How many bytes may wait to be written."""


def weight(value: Any) -> int:
    """About how many bytes a value or an entry takes, without writing it."""
    kind = type(value)  # most are of these kinds, and this is asked of all that is told
    if kind is str:
        return len(value)
    if kind is int or kind is float or kind is bool:
        return 8
    if kind is dict:
        return sum(
            len(key) + (len(held) if type(held) is str else weight(held))
            if type(key) is str
            else len(str(key)) + weight(held)
            for key, held in value.items()
        )
    match value:
        case str() | bytes():
            return len(value)
        case Span():
            return _ABOUT + weight(value.attributes) + weight(value.events)
        case Turn():
            return _ABOUT + len(value.user_text) + len(value.agent_text)
        case Log():
            return _ABOUT + len(value.text) + weight(value.attributes)
        case Trace():
            return _ABOUT + sum(weight(told) for told in (value.attributes, value.usage))
        case Mapping():
            return sum(len(str(key)) + weight(held) for key, held in value.items())
        case Sequence():
            return sum(map(weight, value))
        case _:
            return 8


def cut(value: Any, most: int) -> Any:
    """A value that takes about `most` bytes: a text is cut and says how long it was."""
    if weight(value) * 4 <= most:
        return value
    if not isinstance(value, str):
        if weight(value) <= most:
            return value
        value = msgspec.json.encode(value, enc_hook=str).decode()
    raw = value.encode(errors="replace")
    if len(raw) <= most:
        return value
    return f"{raw[:most].decode(errors='ignore')}…[{len(raw)} bytes]"


def bounded(entry: Entry, limits: Limits) -> Entry:
    """The entry itself where it keeps within the limits; otherwise one that does."""
    if weight(entry) * 4 <= limits.attribute:
        return entry
    match entry:
        case Span():
            events = [
                event | {"attributes": _within(event.get("attributes", {}), limits)}
                for event in entry.events
            ]
            attributes = _within(entry.attributes, limits)
            while events and _ABOUT + weight(attributes) + weight(events) > limits.span:
                del events[-1]
            return msgspec.structs.replace(entry, attributes=attributes, events=events)
        case Turn():
            return msgspec.structs.replace(
                entry,
                user_text=cut(entry.user_text, limits.attribute),
                agent_text=cut(entry.agent_text, limits.attribute),
            )
        case Log():
            return msgspec.structs.replace(
                entry,
                text=cut(entry.text, limits.attribute),
                attributes=_within(entry.attributes, limits),
            )
        case Trace():
            if entry.attributes is UNSET:
                return entry
            return msgspec.structs.replace(entry, attributes=_within(entry.attributes, limits))


class Budget:
    """How much each session may still say; spends it, and forgets the longest silent session."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._spent: OrderedDict[str, int] = OrderedDict()

    def admit(self, entry: Entry, weighs: int | None = None) -> Entry | None:
        """The entry as its session may still say it; nothing when it is said too much.

        Turns and what is known of the run always pass: they are few, and they are the story.
        """
        spent = self._spent.pop(entry.trace, 0)
        if isinstance(entry, Trace) and entry.ended_ns:
            return entry  # with its end a session has said all it had to say
        self._spent[entry.trace] = spent
        if len(self._spent) > _SESSIONS:
            self._spent.popitem(last=False)
        weighs = weight(entry) if weighs is None else weighs
        if isinstance(entry, Span | Log) and spent + weighs > self._limits.session:
            entry = without_content(entry)
            weighs = weight(entry)
            if spent + weighs > self._limits.session * 5 // 4:
                return None
        self._spent[entry.trace] = spent + weighs
        return entry


def _within(attributes: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """The attributes, each cut to its bound, and the largest further until all fit."""
    kept = {key: cut(value, limits.attribute) for key, value in attributes.items()}
    most = limits.attribute
    while weight(kept) + _ABOUT > limits.span and most > 64:
        most //= 2
        kept = {key: cut(value, most) for key, value in kept.items()}
    while weight(kept) + _ABOUT > limits.span:
        kept.pop(max(kept, key=lambda key: weight(kept[key])))
    return kept
