"""The door to the files that pages load: our own, and those of sites that embed us."""

from __future__ import annotations

import asyncio
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
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{found.etag}{"-gz" if packed else ""}"'
    headers = {**_OPEN, "etag": tag, "cache-control": cache, "vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(b"", status_code=304, headers=headers)
    content = found.content
    if packed:
        content = await asyncio.to_thread(files.compressed, found)
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=found.media_type, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether the browser unpacks gzip: nearly all do, and none needs to."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


DOORS = [asset, widget_script]
