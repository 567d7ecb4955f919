"""`duologue dev`: agents on this machine, reloaded when their files are saved."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from duologue.access.origins import is_loopback
from duologue.cli import console, output
from duologue.cli import livekit as local
from duologue.cli.catalog import catalog
from duologue.cli.options import CONFIG, Config, Data, Files, Host, Json, Port, settings, with_rooms
from duologue.cli.supervisor import Supervisor
from duologue.errors import DuologueError
from duologue.server.following import follow_parent
from duologue.settings import Settings
from duologue.store.database import unit

CHILD = "DUOLOGUE_RELOAD_CHILD"


def dev(
    files: Files = None,
    host: Host = None,
    port: Port = None,
    livekit: Annotated[
        bool,
        typer.Option(
            "--livekit", help="Rooms, too: of the LiveKit that is set, or of one started here."
        ),
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Serve agents to this machine without a key, and reload them when a file is saved.

    Without FILE and without agents in the settings, the demo agents answer.
    """
    chosen = settings(data, config, host=host, port=port)
    if os.environ.get(CHILD):
        return _child(chosen, files)
    for file in files or ():
        if not file.is_file():
            raise DuologueError("file_invalid", path=str(file), reason="there is no such file")
    watched = [*(files or ()), config or CONFIG]
    address = chosen.livekit_url

    def listening(url: str, first: bool) -> None:
        if as_json and first:
            output.emit(with_rooms({"event": "listening", "url": url}, address))
        if as_json:
            return
        if not first:
            output.say("Reloaded.")
            return
        output.say(f"duologue listens at {url}")
        output.say(*_console(chosen, url))
        if address:
            whose = "" if address == chosen.livekit_url else ", which ends with this command"
            output.say(f"  rooms are on the LiveKit server at {address}{whose}")
        output.say(*(f"  ! {each}" for each in insecure(chosen)))
        if not no_open and has_display(os.environ):
            webbrowser.open(url)

    options = ["--host", chosen.host, "--data", chosen.data]
    options += ["--config", str(config)] if config else []
    options += ["--json"] if as_json else []
    command = [sys.executable, "-m", "duologue", "dev", *map(str, files or ()), *options]
    say = (lambda _: None) if as_json else output.say
    environment = os.environ | {CHILD: "1"}
    with ExitStack() as stack:
        if livekit and not address:
            running = stack.enter_context(local.server())
            address = running.url
            environment |= running.environment
        supervisor = Supervisor(command, environment, chosen.port, listening, say)
        return asyncio.run(supervisor.run(watched))


def _child(chosen: Settings, files: Files) -> int:
    """The server itself, which the supervisor starts anew after each change."""
    loaded = catalog(files, chosen)
    from duologue.server import logs
    from duologue.server.serve import run

    logs.configure(chosen.log_format, chosen.log_level)
    follow_parent()
    run(
        chosen,
        loaded,
        mode="dev",
        announce=lambda url: output.emit({"event": "listening", "url": url}),
    )
    return 0


def _console(chosen: Settings, url: str) -> list[str]:
    """The link that signs in to the console; without one the server is no worse."""

    def made() -> str:
        with unit(chosen.database) as conn:
            return console.link(conn, "default", role="owner", name="", url=url)

    try:
        # In a thread: a database may need a loop of its own, and one runs here.
        with ThreadPoolExecutor(1) as aside:
            return [f"  its console, for ten minutes: {aside.submit(made).result()}"]
    except (DBAPIError, DuologueError, OSError):
        return ["  its console: duologue console login"]


def insecure(chosen: Settings) -> list[str]:
    """What is open here that must not be open in public, a sentence each."""
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    if is_loopback(f"http://{host}"):
        if chosen.public_url and not is_loopback(chosen.public_url.rstrip("/")):
            return [
                f"{chosen.public_url} leads here, so nobody gets in without a key.",
                "Every agent that is loaded is published. In public, use: duologue serve",
            ]
        return [
            "Whoever sits at this machine may talk to every agent without a key.",
            "Every agent that is loaded is published. In public, use: duologue serve",
        ]
    return [
        f"{chosen.host} is reachable from outside; callers there need a key.",
        "What is said travels unencrypted. In public, put an HTTPS proxy before: duologue serve",
        "Every agent that is loaded is published.",
    ]


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether somebody would see a browser that is opened here."""
    if sys.platform in ("darwin", "win32"):
        return sys.stdout.isatty()
    shown = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return bool(shown) and sys.stdout.isatty()
