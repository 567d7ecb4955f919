"""Forms: what was filled in, and what is wrong with it, drawn again as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from duologue.errors import DuologueError

LONGEST: Final = 200
"""Letters of a name or a note."""
T = TypeVar("T")


class Wrong(Exception):
    """A field cannot be what it is; the words say why, and what it may be."""

    def __init__(self, field: str, words: str) -> None:
        self.field = field
        super().__init__(f"{words[:1].upper()}{words[1:].rstrip('.')}.")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a form as somebody filled them in."""

    values: dict[str, list[str]] = {}
    wrong: str = ""
    """The field that cannot be so; empty when it is about all of them."""
    error: str = ""

    @classmethod
    def of(cls, given: Iterable[tuple[str, str]], *known: str) -> Form:
        """What was sent; a field that the form does not have is refused by name."""
        values: dict[str, list[str]] = {}
        for name, value in given:
            if name not in known:
                fields = ", ".join(known) or "none"
                reason = f"the form has no field {name[:60]!r}; it has {fields}"
                raise DuologueError("bad_request", reason=reason)
            values.setdefault(name, []).append(value.strip())
        return cls(values=values)

    def __getitem__(self, name: str) -> str:
        """What stands in a field; nothing when it is empty or missing."""
        return (self.values.get(name) or [""])[0]

    def all(self, name: str) -> list[str]:
        """All that stands in fields of that name."""
        return [value for value in self.values.get(name, ()) if value]

    def because(self, error: Wrong | DuologueError) -> Form:
        """The same form, with what is wrong in it."""
        if isinstance(error, Wrong):
            return msgspec.structs.replace(self, wrong=error.field, error=str(error))
        reason = str(error.values.get("reason", "")) if error.code == "bad_request" else ""
        said = str(Wrong("", reason)) if reason else error.message
        return msgspec.structs.replace(self, wrong="", error=said)

    def name(self, field: str = "name") -> str:
        """A short text without anything that no database keeps."""
        text = self[field]
        if len(text) > LONGEST:
            raise Wrong(field, f"it has {len(text)} letters; {LONGEST} at most are kept")
        if "\x00" in text:
            raise Wrong(field, "it has a NUL in it, which cannot be kept")
        return text

    def read(self, field: str, reading: Callable[[str], T]) -> T:
        """What a field means; what it cannot mean is told beside it."""
        try:
            return reading(self[field])
        except ValueError as error:
            raise Wrong(field, str(error)) from None
        except DuologueError as error:
            raise Wrong(field, str(error.values.get("reason", error.message))) from None


def chosen(text: str, among: Mapping[str, T]) -> T:
    """What a choice stands for; one that is not offered is a ValueError."""
    if text not in among:
        raise ValueError(f"{text[:60]!r} is not offered; choose {', '.join(among)}")
    return among[text]
