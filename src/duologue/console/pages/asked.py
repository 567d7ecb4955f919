"""What the address of a list asks for, where all of it is text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self
from urllib.parse import urlencode

import msgspec

from duologue.errors import DuologueError


class AskedText(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of a list, and behind which place it begins; what is empty asks for nothing."""

    before: str = ""
    path: ClassVar[str] = ""
    """The list's own address."""

    @classmethod
    def of(cls, query: Iterable[tuple[str, str]]) -> Self:
        """The filters of an address; an unknown one is refused by name."""
        given = {name: value.strip() for name, value in query if value.strip()}
        for name in given:
            if name not in cls.__struct_fields__:
                known = ", ".join(cls.__struct_fields__)
                reason = f"there is no filter {name!r}; there are {known}"
                raise DuologueError("bad_request", reason=reason)
        return cls(**given)

    def address(self, before: str) -> str:
        """The address of the piece that begins behind a cursor."""
        told = msgspec.structs.asdict(msgspec.structs.replace(self, before=before))
        query = urlencode({name: value for name, value in told.items() if value})
        return f"{self.path}?{query}" if query else self.path
