"""What must not be told: by the name it has, by the shape it has, or by your own judgement."""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UNSET

from duologue.trace.entries import Entry, Log, Span, Trace, Turn

log = logging.getLogger("duologue.trace")

Hook = Callable[[str, Any], Any]
"""Takes a name and its value, gives back the value to tell; none leaves it out."""

_EMAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_CARD: Final = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
# A plus and a country, a zero and an area, or the three groups of North America: a date, an id
# and a number of seconds are none of these.
_PHONE: Final = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+\d(?:[ ./()-]{0,2}\d){6,14}"
    r"|\(?0\d{1,5}\)?(?:[ ./-]{1,2}\d{2,}){1,4}"
    r"|0\d{8,12}"
    r"|(?:1[ .-])?\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"
    r")(?![\w-]|\.\d)"
)


def _luhn(digits: str) -> bool:
    """Whether a card's check digit is right."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return "[card]" if _luhn(digits) else found[0]


PATTERNS: Final[Mapping[str, Callable[[str], str]]] = {
    "email": lambda text: _EMAIL.sub("[email]", text) if "@" in text else text,
    "card": lambda text: _CARD.sub(_card, text),
    "phone": lambda text: _PHONE.sub("[phone]", text),
}
"""The shapes that are known by name."""


class Redactor:
    """Takes out of an entry what must not be told, before it is kept or sent anywhere.

    `keys` are names whose values go whatever they are: `"password"` means every attribute, and
    every field within one, whose last part is that; `"lk.sip.*"` stands for all that begin so.
    `patterns` are `"email"`, `"phone"`, `"card"`, or expressions of your own. `hook` is asked last;
    a hook that fails takes the value with it.
    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        patterns: Iterable[str | re.Pattern[str]] = ("email", "phone", "card"),
        hook: Hook | None = None,
    ) -> None:
        self._keys = [key.lower() for key in keys]
        self._hook = hook
        self._shapes: list[Callable[[str], str]] = []
        for pattern in patterns:
            if isinstance(pattern, re.Pattern):
                self._shapes.append(partial(pattern.sub, "[redacted]"))
            elif pattern in PATTERNS:
                self._shapes.append(PATTERNS[pattern])
            else:
                raise ValueError(
                    f"no pattern is called {pattern!r}; there are {', '.join(sorted(PATTERNS))}, "
                    f"and re.compile(…) makes one of your own"
                )

    def __call__(self, entry: Entry) -> Entry:
        """The entry without what must not be told."""
        replace = msgspec.structs.replace
        match entry:
            case Span():
                return replace(
                    entry,
                    attributes=self._fields(entry.attributes),
                    events=[
                        event | {"attributes": self._fields(event.get("attributes", {}))}
                        for event in entry.events
                    ],
                )
            case Turn():
                return replace(
                    entry,
                    user_text=self._text("user_text", entry.user_text),
                    agent_text=self._text("agent_text", entry.agent_text),
                )
            case Log():
                return replace(
                    entry,
                    text=self._text("text", entry.text),
                    attributes=self._fields(entry.attributes),
                )
            case Trace():
                return replace(
                    entry,
                    attributes=UNSET
                    if entry.attributes is UNSET
                    else self._fields(entry.attributes),
                    tags=UNSET
                    if entry.tags is UNSET
                    else [self._text("tags", tag) for tag in entry.tags],
                )

    def _fields(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that may be told."""
        kept = {}
        for key, value in attributes.items():
            told = self._asked(key, self._value(key, value))
            if told is not None:
                kept[key] = told
        return kept

    def _text(self, key: str, text: str) -> str:
        told = self._asked(key, self._value(key, text)) if text else text
        return told if isinstance(told, str) else ""

    def _value(self, key: str, value: Any) -> Any:
        """A value with everything within it judged."""
        if self._named(key):
            return "[redacted]"
        match value:
            case str():
                return self._shaped(self._packed(value))
            case Mapping():
                return {str(name): self._value(str(name), held) for name, held in value.items()}
            case list() | tuple():
                return [self._value("", held) for held in value]
            case _:
                return value

    def _packed(self, text: str) -> str:
        """A text that is JSON, as tool arguments are, with its own fields judged."""
        if not self._keys or text[:1] not in ("{", "["):
            return text
        try:
            held = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
        told = self._value("", held)
        return text if told == held else msgspec.json.encode(told).decode()

    def _shaped(self, text: str) -> str:
        for shape in self._shapes:
            text = shape(text)
        return text

    def _named(self, key: str) -> bool:
        key = key.lower()
        return any(
            key == name or key.endswith(f".{name}") or ("*" in name and fnmatch.fnmatch(key, name))
            for name in self._keys
        )

    def _asked(self, key: str, value: Any) -> Any:
        if self._hook is None:
            return value
        try:
            return self._hook(key, value)
        except Exception as failure:
            log.warning(
                "The redaction hook failed on %r, which is left out: %s",
                key,
                type(failure).__name__,
            )
            return None


def redactor(redact: Redactor | Iterable[str] | Hook | None) -> Redactor | None:
    """The Redactor that is meant: itself, names of patterns, or a function of name and value."""
    if redact is None or isinstance(redact, Redactor):
        return redact
    if callable(redact):
        return Redactor(patterns=(), hook=redact)
    if isinstance(redact, str):
        raise ValueError(f"redact takes a list of patterns, as [{redact!r}]")
    return Redactor(patterns=redact)
