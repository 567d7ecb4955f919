"""The door to the files that pages load: our own, and those of sites that embed us."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from litestar import Request, Response, get

from duologue.console import files
from duologue.console.files import Asset
from duologue.errors import DuologueError

SCRIPT: Final = "/duologue.js"
KEPT: Final = "public, max-age=300"
"""How long a site's visitors use the widget that they have before they ask for a newer one."""
CHECKED: Final = "no-cache"
NOT_BUILT: Final = (
    "// duologue: this server has no widget, for its scripts were not built.\n"
    "// Build them with `make web` (Node.js 20 or newer), or install the published package.\n"
)
_REFUSED: Final = re.compile(r"\s*q=0(?:\.0*)?\s*")
"""The weight of an encoding that is not wanted, as RFC 9110 writes it."""
_OPEN: Final = {
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """A file, or 304 to who has it already; pages of any site may load it as a module."""
    found = await asyncio.to_thread(files.read, name)
    if found is None:
        raise DuologueError("not_found", path=request.url.path)
    return await _answer(request, found, CHECKED)


@get(SCRIPT, include_in_schema=False)
async def widget_script(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The widget, for one tag on any page; where it was not built, a script that says so."""
    found = await asyncio.to_thread(files.read, files.WIDGET)
    if found is None:
        return Response(
            NOT_BUILT.encode(),
            status_code=503,
            media_type="text/javascript",
            headers={**_OPEN, "cache-control": "no-store"},
        )
    return await _answer(request, found, CHECKED if request.app.state.mode == "dev" else KEPT)


async def _answer(request: Request[Any, Any, Any], found: Asset, cache: str) -> Response[bytes]:
    encoding, content = await _packed(found, request.headers.get("accept-encoding", "").lower())
    tag = f'"{found.etag}{encoding and f"-{encoding}"}"'
    headers = {**_OPEN, "etag": tag, "cache-control": cache, "vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(b"", status_code=304, headers=headers)
    if encoding:
        headers["content-encoding"] = encoding
    return Response(content, media_type=found.media_type, headers=headers)


async def _packed(found: Asset, accepted: str) -> tuple[str, bytes]:
    """The file as small as the browser can unpack it, and how it is packed."""
    if _takes("br", accepted):
        packed = await asyncio.to_thread(files.smallest, found)
        if packed is not None:
            return "br", packed
    if _takes("gzip", accepted):
        return "gzip", await asyncio.to_thread(files.compressed, found)
    return "", found.content


def _takes(encoding: str, accepted: str) -> bool:
    """Whether the browser unpacks it: nearly all do, and none needs to."""
    for one in accepted.split(","):
        name, _, weight = one.partition(";")
        if name.strip() == encoding:
            return _REFUSED.fullmatch(weight) is None
    return False


DOORS = [asset, widget_script]
