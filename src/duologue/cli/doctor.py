"""`duologue doctor`: what is installed, reachable and missing, and the command that mends it."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import typer
from sqlalchemy.exc import SQLAlchemyError

from duologue.bus.open import opened
from duologue.cli import output
from duologue.cli.options import Config, Data, Host, Json, Port, settings
from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store import agents, keys, organizations
from duologue.store.database import backend, unit

State = Literal["ok", "optional", "missing"]
MARKS = {"ok": "[green]✓[/]", "optional": "[yellow]–[/]", "missing": "[red]✗[/]"}
PACKAGES = {
    "livekit-agents": "hosts the agents",
    "hibari-tts": "the offline voice",
    "pocketsphinx": "the offline ear",
    "litestar": "answers HTTP",
    "sqlalchemy": "remembers",
}
PROVIDERS = ("OPENAI", "DEEPGRAM", "CARTESIA", "ELEVEN", "ANTHROPIC", "GOOGLE", "GROQ")


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    mend: str = ""
    """The command, or the sentence, that mends it."""


def doctor(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Look at everything that a server needs here, and say how to mend what is missing."""
    checks = list(examine(data, config, host, port, os.environ))
    if as_json:
        output.emit(checks)
    else:
        output.checks((MARKS[each.state], each.name, each.found, each.mend) for each in checks)
    if any(each.state == "missing" for each in checks):
        raise typer.Exit(1)


def examine(
    data: str | None,
    config: Path | None,
    host: str | None,
    port: int | None,
    environment: Mapping[str, str],
) -> Iterator[Check]:
    """Each check in turn; without valid settings those of the machine alone."""
    yield python()
    yield from packages()
    yield from models(environment)
    yield livekit()
    try:
        chosen = settings(data, config, host=host, port=port)
    except DuologueError as error:
        yield Check("settings", "missing", error.message, "Correct that setting.")
        return
    yield Check("settings", "ok", "duologue.toml and DUOLOGUE_ variables are understood")
    yield from database(chosen)
    if chosen.redis_url:
        yield redis(chosen)
    yield listening(chosen)


def python() -> Check:
    """Which Python runs this."""
    # An older one could not have installed this package.
    return Check("python", "ok", platform.python_version())


def packages() -> Iterator[Check]:
    """Whether the server's own packages are here."""
    for name, purpose in PACKAGES.items():
        try:
            yield Check(name, "ok", f"{importlib.metadata.version(name)} ({purpose})")
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "missing", purpose, "pip install 'duologue[server]'")


def models(environment: Mapping[str, str]) -> Iterator[Check]:
    """Which providers' keys are set; their values are never shown."""
    held = [each for each in PROVIDERS if environment.get(f"{each}_API_KEY")]
    local = environment.get("OPENAI_BASE_URL")
    if local:
        yield Check("models", "ok", f"OpenAI-compatible server at {local}")
    if held:
        yield Check("models", "ok", ", ".join(f"{each}_API_KEY" for each in held) + " set")
    if not held and not local:
        yield Check(
            "models",
            "optional",
            "no provider's key: offline voices and scripted demo agents only",
            "export OPENAI_API_KEY=…  or OPENAI_BASE_URL of a local server",
        )


def livekit() -> Check:
    """Whether a LiveKit server could be started here; the WebSocket road does without."""
    path = shutil.which("livekit-server")
    if path is None:
        return Check(
            "livekit-server",
            "optional",
            "not installed; sessions travel by WebSocket",
            "Nothing to do unless you want WebRTC.",
        )
    return Check("livekit-server", "ok", path)


def database(chosen: Settings) -> Iterator[Check]:
    """Whether the database opens, and what it knows."""
    kind = backend(chosen.database)
    mend = (
        f"Check who may write to {chosen.data!r}, or choose another folder: --data DIR"
        if kind == "sqlite"
        else "Check DUOLOGUE_DATABASE_URL, and that PostgreSQL runs."
    )
    try:
        with unit(chosen.database) as conn:
            owners = organizations.all(conn)
            published = [a for o in owners for a in agents.all(conn, o.id) if a.published_at]
            held = [k for o in owners for k in keys.all(conn, o.id) if k.revoked_at is None]
    except (SQLAlchemyError, OSError, DuologueError) as error:
        yield Check("database", "missing", f"{kind}: {error}".splitlines()[0], mend)
        return
    where = chosen.data if kind == "sqlite" else "DUOLOGUE_DATABASE_URL"
    yield Check("database", "ok", f"{kind} ({where})")
    yield _count("agents", len(published), "published", "duologue agents publish demo")
    yield _count("keys", len(held), "valid", "duologue keys create --kind secret")


def redis(chosen: Settings) -> Check:
    """Whether Redis lets this machine in, with what a server needs of it."""

    async def reach() -> None:
        async with opened(chosen.redis_url, "doctor"):
            pass

    try:
        asyncio.run(reach())
    except DuologueError as error:
        return Check("redis", "missing", error.message, "Check DUOLOGUE_REDIS_URL.")
    return Check("redis", "ok", "it answers at DUOLOGUE_REDIS_URL")


def listening(chosen: Settings) -> Check:
    """Whether the address is free."""
    address = f"{chosen.host}:{chosen.port}"
    try:
        with socket.create_server((chosen.host, chosen.port)):
            return Check("port", "ok", f"{address} is free")
    except OSError as error:
        return Check(
            "port",
            "missing",
            f"{address}: {os.strerror(error.errno or 0)}",
            "Choose another: --port 8788. Or a server of yours runs there already.",
        )


def _count(name: str, number: int, word: str, mend: str) -> Check:
    if number:
        return Check(name, "ok", f"{number} {word}")
    return Check(name, "optional", f"none {word} (only `duologue serve` needs one)", mend)
