"""`duologue worker`: more hands for the rooms of a LiveKit server."""

from __future__ import annotations

from duologue.cli import output
from duologue.cli.catalog import catalog
from duologue.cli.options import Config, Data, Files, Json, settings


def worker(
    files: Files = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take LiveKit rooms beside a server, in one more process or on another machine.

    It needs the server's own LiveKit settings, database and FILEs. On another machine the
    database must be PostgreSQL.
    """
    chosen = settings(data, config)
    loaded = catalog(files, chosen)
    from duologue.server import logs
    from duologue.server.worker import run

    logs.configure(chosen.log_format, chosen.log_level)

    def announce(url: str) -> None:
        if as_json:
            return output.emit({"event": "working", "url": url})
        return output.say(f"duologue takes up to {chosen.max_sessions} rooms of {url}")

    run(chosen, loaded, announce=announce)
