"""The doors to the sound of recordings: whole, or the piece of it that a player asks for."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import Provide
from litestar.response import Stream
from sqlalchemy import Connection

from duologue.access.console import Reader
from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.owners import principal_of
from duologue.store import recordings, trace_lists
from duologue.wire import traces as wire
from duologue.wire.layercode import encode_error

ENDING: Final = ".ogg"
_HEADERS: Final = {
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
_RANGE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)
_TWICE: Final = 2
"""Tries to open a sound: while it is asked for, it may go from the folder into the bucket."""


async def sound(
    request: Request[Any, Any, Any],
    host: Host,
    org_id: str,
    run: str,
    rec: str,
) -> Response[Any]:
    """Answers with the sound of a recording, or with the piece that the request's `Range` names.

    `rec` is the id of a recording of that run; it may end in `.ogg`.
    """
    wanted = rec.removesuffix(ENDING)
    for _ in range(_TWICE):
        found = await host.db.read(recordings.get, org_id, run, wanted)
        if found is not None:
            try:
                return await _answer(request, host, found)
            except FileNotFoundError:
                continue
    raise DuologueError("recording_not_found", recording=wanted, trace=run)


def piece_of(asked: str | None, size: int) -> tuple[int, int] | None:
    """The first byte that a `Range` names and the one behind the last; none where all is meant.

    Several pieces at once are answered with the whole, which HTTP allows; what begins behind the
    end is a `ValueError`.
    """
    read = _RANGE.fullmatch(asked) if asked else None
    if read is None or read[0].endswith("=-"):
        return None
    first, last = read.groups()
    if not first:
        start, stop = max(0, size - int(last or 0)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise ValueError(f"{asked!r} begins behind the last of {size} bytes")
    return start, stop


class Recordings(Controller):
    """What was heard in a run."""

    path = "/v1/traces/{trace:str}/recordings"
    tags = ("Traces",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/")
    async def list_recordings(
        self, host: Host, principal: Principal, trace: str
    ) -> wire.RecordingList:
        """The recordings of a trace, in the order in which they began."""
        principal.require("read")
        found = await host.db.read(_recordings, principal.org_id, trace)
        return msgspec.convert({"items": found}, wire.RecordingList, from_attributes=True)

    @get("/{recording:str}", media_type="audio/ogg")
    async def get_sound(
        self,
        request: Request[Any, Any, Any],
        host: Host,
        principal: Principal,
        trace: str,
        recording: str,
    ) -> Response[Any]:
        """The sound of a recording, as Ogg/Opus: the user left, the agent right.

        `Range` names a piece of it.
        """
        principal.require("read")
        return await sound(request, host, principal.org_id, trace, recording)


@get("/traces/{run:str}/recordings/{rec:str}")
async def console_sound(
    request: Request[Any, Any, Any], host: Host, reader: Reader, run: str, rec: str
) -> Response[Any]:
    """The sound of a recording, for the console's player."""
    return await sound(request, host, reader.org_id, run, rec)


DOORS: Final[list[Any]] = [Recordings]
CONSOLE_DOORS: Final[list[Any]] = [console_sound]


# ---------------------------------------------------------------- within


def _recordings(conn: Connection, org_id: str, trace: str) -> list[recordings.Recording]:
    if trace_lists.get(conn, org_id, trace) is None:
        raise DuologueError("trace_not_found", trace=trace)
    return recordings.of(conn, org_id, trace)


async def _answer(
    request: Request[Any, Any, Any], host: Host, found: recordings.Recording
) -> Response[Any]:
    """The sound as it is now; `FileNotFoundError` where it just went elsewhere."""
    whole = found.state == "complete"
    size = found.bytes if whole else await host.shelf.size(found.path)
    tag = f'"{found.id}"'
    headers = dict(_HEADERS)
    if whole:  # one that is being written is another one a second later
        headers["etag"] = tag
    asked = request.headers.get("range")
    if request.headers.get("if-range", tag) != tag or not (whole or asked):
        asked = None
    try:
        piece = piece_of(asked, size)
    except ValueError as error:
        headers["content-range"] = f"bytes */{size}"
        shown = DuologueError("range_refused", reason=error)
        body = encode_error(shown.code, shown.message)
        return Response(body, status_code=416, media_type="application/json", headers=headers)
    start, stop = piece or (0, size)
    if piece is not None:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    bodiless = request.scope.get("duologue.head") or start == stop
    return Stream(
        () if bodiless else await host.shelf.open(found.path, start, stop),
        status_code=200 if piece is None else 206,
        media_type="audio/ogg",
        headers=headers,
    )
