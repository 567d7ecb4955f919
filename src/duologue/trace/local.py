"""Where a tracer tells that was given nothing: this machine's own store, or a file beside it."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from duologue.settings import Settings, load
from duologue.trace.sink_lines import LinesSink
from duologue.trace.sinks import Sink

log = logging.getLogger("duologue.trace")

CONFIG: Final = Path("duologue.toml")
FILE: Final = "traces.jsonl"
"""Below the data folder."""
_STORE: Final = ("sqlalchemy", "alembic")
"""What the server's parts bring along, and the tracer alone does not."""


def settings() -> Settings:
    """What `duologue` would take if it were started here."""
    return load(CONFIG if CONFIG.exists() else None, os.environ)


def local_sinks(chosen: Settings) -> list[Sink]:
    """The store that a server started here would read; without the server's parts, a file.

    Nothing where the settings say that nothing is traced here.
    """
    if chosen.trace == "off":
        log.info("sessions are not traced: trace is off in the settings")
        return []
    if all(find_spec(name) for name in _STORE):
        from duologue.trace.store_sink import LocalStore

        log.info("sessions are traced into the store of the data folder %s", chosen.data)
        return [LocalStore(chosen.database)]
    file = Path(chosen.data) / FILE
    log.info("sessions are traced into %s: duologue[server] is not installed", file)
    return [LinesSink(file)]
