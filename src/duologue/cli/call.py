"""`duologue call`: talk to an agent from the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from duologue.cli import output
from duologue.cli.options import Config, Json, settings
from duologue.client.errors import MediaError, SessionError, TokenSourceError

if TYPE_CHECKING:
    from duologue.cli.calling import Report

DOOR = "/api/token"
"""LiveKit's standard token endpoint, as a duologue server has it."""
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  # what a server listens on, not what we do


class Transport(StrEnum):
    """The roads of a call."""

    auto = "auto"
    livekit = "livekit"
    websocket = "websocket"


def call(
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="Whom to call, as the server knows it.")
    ],
    url: Annotated[
        str | None,
        typer.Option(
            "--url", help="A duologue server, or any LiveKit token endpoint (default: this one's)."
        ),
    ] = None,
    key: Annotated[
        str,
        typer.Option("--key", help="The server's key: itself, or env:NAME, or file:PATH."),
    ] = "",
    transport: Annotated[
        Transport,
        typer.Option("--transport", help="A LiveKit room, a WebSocket, or what there is."),
    ] = Transport.auto,
    text: Annotated[
        bool, typer.Option("--text", help="Type, or pipe lines in; no sound is needed.")
    ] = False,
    say: Annotated[
        list[str] | None,
        typer.Option(
            "--say",
            metavar="WORDS",
            help="Say this by a synthetic voice (with --text: write it), hear the answer, and hang "
            "up. May be given again.",
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", help="A WAV file for the agent's voice; with --say its answers."),
    ] = None,
    headphones: Annotated[
        bool,
        typer.Option(
            "--headphones",
            help="Keep the microphone open while the agent speaks, so that it can be interrupted.",
        ),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds that an answer may take.")
    ] = 60.0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Talk to an agent: at microphone and loudspeaker, by typing, or by words that are given.

    While the agent speaks the microphone is closed, unless you wear headphones: it would hear
    itself. The seconds behind an answer are those from your last word to its first sound.
    """
    lines = tuple(each.strip() for each in say or ())
    if not all(lines):
        raise typer.BadParameter('--say needs words, such as --say "Good morning."')
    door = endpoint(url or _ours(config))
    headers = {"Authorization": f"Bearer {secret(key)}"} if key else {}

    # Imported here: other commands need not wait for what only a call needs.
    from duologue.cli.calling import Call, Wish
    from duologue.client.tokens import TokenSource

    wish = Wish(
        agent=agent,
        source=TokenSource.endpoint(door, headers=headers),
        transport=transport.value,
        text=text,
        lines=lines,
        record=record,
        headphones=headphones,
        within=timeout,
        waits=not sys.stdin.isatty(),
        silent=as_json,
    )

    async def talk() -> Report:
        return await Call(wish).run()

    try:
        report = asyncio.run(talk())
    except MediaError as error:
        if text or lines:
            raise
        raise SessionError(f"{error.message} Or type: duologue call {agent} --text") from None
    except TokenSourceError as error:
        raise SessionError(reason(error, door, key=key)) from None
    if as_json:
        return output.emit(report)
    return output.say(summary(report), style="dim")


def endpoint(url: str) -> str:
    """The token endpoint that an address means: a server's own, or the address itself."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"--url begins with http:// or https://, not {url!r}.")
    path = parts.path if parts.path.strip("/") else DOOR
    return parts._replace(scheme=scheme, path=path).geturl()


def secret(key: str) -> str:
    """A key that is given, or is in the environment, or in a file."""
    kind, _, place = key.partition(":")
    try:
        if kind == "env":
            return os.environ[place]
        return Path(place).read_text(encoding="utf-8").strip() if kind == "file" else key
    except KeyError:
        raise typer.BadParameter(f"--key {key}: there is no {place} in the environment.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--key {key} cannot be read: {error}.") from None


def reason(error: TokenSourceError, door: str, *, key: str) -> str:
    """Why nobody was reached, in the server's own sentence where it said one."""
    if error.status is None and "reached" in error.reason:
        return (
            f"Nobody answers at {door}: {error.reason}. "
            "Is the server running? Here: duologue dev. Elsewhere: --url https://…"
        )
    try:
        said = str(json.loads(error.body)["error"])
    except (ValueError, KeyError, TypeError):
        return error.message
    if error.status == 401:
        said = f"{said} A call takes it as --key." if not key else said
    return said


def summary(report: Report) -> str:
    """The end of a call, in a line."""
    waits, parts = report.latencies, ["The call is over."]
    if waits:
        answers = f"{len(waits)} answer{'s' if len(waits) > 1 else ''}"
        typical, worst = statistics.median(waits), max(waits)
        parts.append(f"{answers}, heard after {typical:.2f} s (median), {worst:.2f} s at most.")
    if report.recorded:
        parts.append(f"The agent's voice is in {report.recorded}.")
    return " ".join(parts)


def _ours(config: Path | None) -> str:
    """The address of the server that the settings here describe."""
    chosen = settings(None, config)
    host = "127.0.0.1" if chosen.host in ANYWHERE else chosen.host
    return f"http://{f'[{host}]' if ':' in host else host}:{chosen.port}"
