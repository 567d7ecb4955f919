"""The files that the pages load: style as it was written, scripts as `make web` built them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

TYPES: Final = {"js": "text/javascript", "css": "text/css"}
"""What a file comes as, by how its name ends."""
WIDGET: Final = "widget.js"
"""What `/duologue.js` is."""
SCRIPTS: Final = ("talk.js", WIDGET, "duologue.js", "worklet.js")
"""Without which nobody can talk on the page at `/`."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)?\.(js|css)")
"""No other name reaches the disk."""
_FOLDER = files("duologue.console") / "assets"


class Asset(NamedTuple):
    """A file as it is now."""

    name: str
    content: bytes
    media_type: str
    etag: str


def read(name: str) -> Asset | None:
    """The file of that name; nothing for other names, and for one that was not built."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        content = (_FOLDER / name).read_bytes()
    except FileNotFoundError:
        return None
    # Weighed by what is in it: a rebuilt bundle is another one at once, and a touched one is not.
    return Asset(name, content, TYPES[match[1]], hashlib.sha256(content).hexdigest()[:32])


@lru_cache(maxsize=32)
def compressed(asset: Asset) -> bytes:
    """Its content for browsers that unpack, made once."""
    return gzip.compress(asset.content, 9, mtime=0)


def smallest(asset: Asset) -> bytes | None:
    """Its content packed with brotli, where the build did that with this very content."""
    try:
        return (_FOLDER / f"{asset.name}.{asset.etag}.br").read_bytes()
    except FileNotFoundError:
        return None


def integrity(name: str) -> str:
    """What a tag says that trusts this very file and no other; empty where it was not built."""
    found = read(name)
    if found is None:
        return ""
    return "sha384-" + base64.b64encode(hashlib.sha384(found.content).digest()).decode()


def has(name: str) -> bool:
    """Whether the build made that script."""
    return (_FOLDER / name).is_file()


def built() -> bool:
    """Whether the scripts of the talk page are there."""
    return all(has(name) for name in SCRIPTS)
