"""How an agent looks on the console's pages: its own picture, or the letter of its name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from duologue.access.origins import parse
from duologue.errors import DuologueError


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's face."""

    letter: str
    picture: str | None
    """The address of its picture, where the page may load that."""
    origin: str | None
    """From where the picture comes, if that is another place."""


def face(name: str, definition: dict[str, Any]) -> Face:
    """The face of an agent of that name; a picture at no address of the web is left out."""
    address = str(definition.get("avatar") or "")
    letter = name[:1].upper() or "?"
    if address.startswith(("data:image/", "/")) and not address.startswith("//"):
        return Face(letter=letter, picture=address, origin=None)
    try:
        parts = urlsplit(address)
        origin = str(parse(f"{parts.scheme}://{parts.netloc}"))
    except (DuologueError, ValueError):
        return Face(letter=letter, picture=None, origin=None)
    return Face(letter=letter, picture=None if "*" in origin else address, origin=origin)
