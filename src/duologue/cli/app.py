"""All commands together, and what becomes of their errors."""

from __future__ import annotations

import errno
import sys
from importlib.metadata import version
from typing import Annotated

import msgspec
import typer
from sqlalchemy.exc import DBAPIError
from typer.exceptions import TyperException

from duologue.cli import (
    agents,
    alerts,
    call,
    console,
    conversations,
    db,
    dev,
    doctor,
    keys,
    orgs,
    output,
    serve,
    traces,
    visitors,
    worker,
)
from duologue.client.errors import SessionError
from duologue.errors import DuologueError

app = typer.Typer(
    name="duologue",
    help="The session layer of realtime voice agents: serve them, see them, resume them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        output.say(f"duologue {version('duologue')}")
        raise typer.Exit


@app.callback()
def _root(
    asked: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """The session layer of realtime voice agents: serve them, see them, resume them."""


app.command("dev")(dev.dev)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("call")(call.call)
app.add_typer(agents.app, name="agents")
app.add_typer(keys.app, name="keys")
app.add_typer(conversations.app, name="conversations")
app.add_typer(traces.app, name="traces")
app.add_typer(alerts.app, name="alerts")
app.add_typer(visitors.app, name="visitors")
app.add_typer(orgs.app, name="orgs")
app.add_typer(console.app, name="console")
app.add_typer(db.app, name="db")
app.command("doctor")(doctor.doctor)


def run(arguments: list[str]) -> int:
    """The exit code of a command; what went wrong is said on stderr in one sentence."""
    as_json = "--json" in arguments
    try:
        result = app(arguments, prog_name="duologue", standalone_mode=False)
    except DuologueError as error:
        return _fail(error.message, error.code, 1, as_json=as_json)
    except SessionError as error:
        return _fail(error.message, "session", 1, as_json=as_json)
    except TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        return _fail(message, "usage", getattr(error, "exit_code", 2), as_json=as_json)
    except DBAPIError as error:
        return _fail(f"The database refused: {error.orig}", "database", 1, as_json=as_json)
    except OSError as error:
        return _fail(_words(error), "system", 1, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return result if isinstance(result, int) else 0


def _words(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "The port is taken by another program. Choose another: --port 8788, or --port 0."
    return str(error)


def _fail(message: str, code: str, status: int, *, as_json: bool) -> int:
    body = msgspec.json.encode({"error": message, "code": code}).decode() if as_json else message
    if message:
        sys.stderr.write(body + "\n")
    return status
