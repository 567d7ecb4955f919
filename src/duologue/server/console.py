"""The console at `/console`: pages for those who are signed in."""

from __future__ import annotations

from typing import Any, Final

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from duologue.errors import DuologueError
from duologue.server import console_entry, console_traces, recordings
from duologue.server.console_page import misread, own_pages_only, reader_of, refused

CONSOLE: Final[Any] = Router(
    "/console",
    route_handlers=[*console_entry.DOORS, *console_traces.DOORS, *recordings.CONSOLE_DOORS],
    dependencies={"reader": Provide(reader_of)},
    guards=[own_pages_only],
    exception_handlers={DuologueError: refused, HTTPException: misread},
    include_in_schema=False,
)
