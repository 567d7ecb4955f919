"""The door to the files that pages load: our own, and those of sites that embed the client."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get

from duologue.console import files
from duologue.errors import DuologueError


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """A file, or 304 to who has it already; pages of any site may load it as a module."""
    found = await asyncio.to_thread(files.read, name)
    if found is None:
        raise DuologueError("not_found", path=request.url.path)
    headers = {
        "etag": found.etag,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
    }
    known = request.headers.get("if-none-match", "")
    if known == "*" or found.etag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(b"", status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


DOORS = [asset]
