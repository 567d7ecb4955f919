"""`duologue serve`: what is published, for those who have a key."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from duologue.cli import output
from duologue.cli.catalog import catalog
from duologue.cli.options import (
    Config,
    Data,
    Files,
    Host,
    Json,
    Port,
    organization,
    settings,
    with_rooms,
)
from duologue.settings import Settings
from duologue.store import agents, keys
from duologue.store.database import unit


def serve(
    files: Files = None,
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes on this port; more need Redis."),
    ] = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Serve published agents to clients with a key; without FILE, the demo agents.

    With several --workers, SIGHUP renews them one after the other while people talk.
    """
    chosen = settings(data, config, host=host, port=port, workers=workers)
    from duologue.server import logs
    from duologue.server import workers as several

    if child := os.environ.get(several.CHILD):
        return _child(chosen, files, *map(int, child.split(":")))

    def announce(url: str) -> None:
        if as_json:
            event = {"event": "listening", "url": url}
            return output.emit(with_rooms(event, chosen.livekit_url))
        output.say(f"duologue serves at {url}")
        return output.say(*next_steps(chosen))

    several.require_shared(chosen)
    if chosen.workers > 1:
        logs.configure(chosen.log_format, chosen.log_level, process=0)
        options = ["--host", chosen.host, "--data", chosen.data, "--json"]
        options += ["--config", str(config)] if config else []
        command = [sys.executable, "-m", "duologue", "serve", *map(str, files or ()), *options]
        return asyncio.run(several.serve(chosen, command, os.environ, announce))
    loaded = catalog(files, chosen)
    from duologue.server.serve import run

    logs.configure(chosen.log_format, chosen.log_level)
    run(chosen, loaded, mode="serve", announce=announce)
    return 0


def _child(chosen: Settings, files: Files, number: int, listener: int) -> int:
    """One of several processes, which shares its parent's socket with the others."""
    loaded = catalog(files, chosen)
    from duologue.server import logs
    from duologue.server.following import follow_parent
    from duologue.server.serve import run

    logs.configure(chosen.log_format, chosen.log_level, process=number)
    follow_parent()
    run(
        chosen,
        loaded,
        mode="serve",
        announce=lambda url: output.emit({"event": "listening", "url": url}),
        shared=socket.socket(fileno=listener),
    )
    return 0


def next_steps(chosen: Settings) -> list[str]:
    """What is still missing before anybody can call, and the command that mends it.

    Nothing where the database cannot say it now: whoever serves goes on.
    """
    # In a thread: a database may need a loop of its own, and one runs here.
    with ThreadPoolExecutor(1) as aside:
        try:
            return aside.submit(_missing, chosen).result()
        except Exception:
            return []


def _missing(chosen: Settings) -> list[str]:
    with unit(chosen.database) as conn:
        owner = organization(conn, "default").id
        known = agents.all(conn, owner)
        steps = []
        if not any(each.published_at for each in known):
            slug = known[0].slug if known else "demo"
            steps.append(f"No agent is published yet:  duologue agents publish {slug}")
        if not any(each.revoked_at is None for each in keys.all(conn, owner)):
            steps.append("There is no key yet:        duologue keys create --kind secret")
    return steps
