"""The files that the pages load: style as it was written, scripts as `make web` built them."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

TYPES: Final = {
    "duologue.js": "text/javascript",
    "house.css": "text/css",
    "talk.css": "text/css",
    "talk.js": "text/javascript",
    "worklet.js": "text/javascript",
}
"""Every file that is served, and as what; no other name reaches the disk."""
_FOLDER = files("duologue.console") / "assets"


class Asset(NamedTuple):
    """A file as it is now."""

    content: bytes
    media_type: str
    etag: str


def read(name: str) -> Asset | None:
    """The file of that name; nothing for other names, and for one that was not built."""
    if name not in TYPES:
        return None
    try:
        content = (_FOLDER / name).read_bytes()
    except FileNotFoundError:
        return None
    # Weighed by what is in it: a rebuilt bundle is another one at once, and a touched one is not.
    return Asset(content, TYPES[name], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def built() -> bool:
    """Whether the scripts of the talk page are there."""
    return all((_FOLDER / name).is_file() for name in ("talk.js", "worklet.js"))
