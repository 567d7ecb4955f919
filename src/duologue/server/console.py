"""The console at `/console`: pages for those who are signed in."""

from __future__ import annotations

from typing import Any, Final

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from duologue.errors import DuologueError
from duologue.server import (
    console_agents,
    console_balance,
    console_entry,
    console_exports,
    console_kept,
    console_keys,
    console_links,
    console_live,
    console_overview,
    console_people,
    console_traces,
    console_transcripts,
    console_visitors,
    console_voice,
    recordings,
)
from duologue.server.console_page import misread, own_pages_only, reader_of, refused

CONSOLE: Final[Any] = Router(
    "/console",
    route_handlers=[
        *console_entry.DOORS,
        *console_traces.DOORS,
        *console_overview.DOORS,
        *console_links.DOORS,
        *console_exports.DOORS,
        *console_agents.DOORS,
        *console_keys.DOORS,
        *console_balance.DOORS,
        *console_visitors.DOORS,
        *console_transcripts.DOORS,
        *console_people.DOORS,
        *console_kept.DOORS,
        *console_live.DOORS,
        *console_voice.DOORS,
        *recordings.CONSOLE_DOORS,
    ],
    dependencies={"reader": Provide(reader_of)},
    guards=[own_pages_only],
    exception_handlers={DuologueError: refused, HTTPException: misread},
    include_in_schema=False,
)
