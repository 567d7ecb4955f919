"""`docs/llms.txt`: the whole product on one page for a language model, read from the code."""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
import typer
from tests.platforms import TOLD
from tests.signatures import documented, lines, summary

import duologue
from duologue import errors, settings
from duologue.agents.definition import AgentDefinition, TurnTaking
from duologue.agents.registry import Catalog
from duologue.agents.widget import Widget
from duologue.cli.app import app
from duologue.client import agent, data, media, messages, road, telling, tokens, voice
from duologue.core import agent_states, line
from duologue.pipeline.host import Host
from duologue.server.app import House
from duologue.server.openings import SOCKET_PATH
from duologue.server.rooms import Rooms

ROOT: Final = Path(__file__).parent.parent
PROSE: Final = Path(__file__).parent / "llms.md"
AGENT_SIDE: Final = ("Current", "SessionTracer", "agent", "current")
MADE_BY_US: Final = ("Current",)
HELD: Final = (agent.Agent, messages.Messages, data.SharedState)
"""What a session holds, which nobody makes."""
ALIASES: Final = (
    (line, "State"),
    (agent_states, "State"),
    (road, "TransportName"),
    (road, "Role"),
    (messages, "Kind"),
    (telling, "EventName"),
    (voice, "Microphone"),
    (road, "RpcHandler"),
    (road, "TextHandler"),
    (data, "FileHandler"),
    (tokens, "Answer"),
    (tokens, "Custom"),
    (tokens, "Validator"),
)
RECORDS: Final = (
    road.SoundReceived,
    road.TrackChanged,
    road.DataReceived,
    road.ReceivedFile,
    road.FileComing,
    road.TextStream,
    road.ToolUsed,
    road.Noticed,
    road.Navigated,
    road.EncryptionChanged,
)


def page() -> str:
    """The page: prose of `tests/llms.md`, with what the code says in its gaps."""
    return Template(PROSE.read_text(encoding="utf-8")).substitute(
        commands="\n".join(
            f"- `{name}{_given(command)}`: {summary(command.callback) or command.help}"
            for name, command in commands(typer.main.get_command(app), "duologue")
        ),
        example=_read("examples/front_desk.py").strip(),
        fields="\n".join(_fields(AgentDefinition)),
        turns="\n".join(_fields(TurnTaking)),
        widget="\n".join(_fields(Widget)),
        agent_side=_public(*AGENT_SIDE),
        routes="\n".join(routes()),
        faults="\n".join(faults()),
        ask=_read("examples/ask.py").strip(),
        talk=re.findall(r"```python\n(.*?)\n```", _read("docs/session.md"), re.DOTALL)[0],
        session=_public(*(name for name in _rest() if not _error(getattr(duologue, name)))),
        held="\n".join(
            each for one in HELD for each in lines(one, given=True, without=_inner(one))
        ),
        records="\n".join(each for one in RECORDS for each in lines(one)),
        aliases="\n".join(alias(module, name) for module, name in ALIASES),
        mistakes=_public(*(name for name in _rest() if _error(getattr(duologue, name)))),
        media="\n".join(_media()),
        transports=_table("docs/transports.md"),
        settings="\n".join(_fields(settings.Settings)),
        pages="\n".join(pages()),
    )


def commands(command: Any, name: str) -> list[tuple[str, Any]]:
    """Every command of the program under its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(name, command)]
    return [found for key, each in inner.items() for found in commands(each, f"{name} {key}")]


def routes() -> Iterator[str]:
    """Every address of the application, with what it does; the socket's, which is no route."""
    database: Any = None  # no address is asked here
    host = Host(database, settings.Settings(), Catalog(), clock=lambda: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Litestar 3, which is not there
        house = House(host, Rooms(host), "dev", "default", bound="http://127.0.0.1:8787")
    found = {f"- `GET {SOCKET_PATH}`: The socket of a session, opened by its key."}
    for route in house._doors.routes:
        for each in getattr(route, "route_handlers", ()):
            methods = "|".join(sorted(each.http_methods - {"OPTIONS"}))
            if methods and each.fn.__module__.startswith("duologue."):
                path = re.sub(r":\w+}", "}", route.path)
                found.add(f"- `{methods} {path}`: {summary(each.fn)}")
    yield from sorted(found, key=lambda said: (said.split()[2], said))


def faults() -> Iterator[str]:
    """Every error code with its status, its close code and its sentence."""
    for code, fault in errors.FAULTS.items():
        close = f", socket {fault.close}" if fault.close else ""
        yield f"- `{code}` ({fault.status}{close}): {fault.message.replace('!r}', '}')}"


def alias(module: Any, name: str) -> str:
    """How a module writes a type that signatures name."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            shown = ast.unparse(node.value)
            owner = f"{module.__name__.rpartition('.')[2]}." if name == "State" else ""
            return f"{owner}{name} = {shown}"
    raise LookupError(f"{module.__name__} has no {name}")


def pages() -> Iterator[str]:
    """Every page of `docs/`, with its title and its first sentence."""
    for file in sorted((ROOT / "docs").glob("*.md")):
        text = re.sub(r"<!--.*?-->\s*", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        title, _, rest = text.partition("\n")
        paragraph = next(
            each for each in rest.split("\n\n") if each.strip() and each[0] not in "|#"
        )
        first = re.split(r"(?<=\.)\s", " ".join(paragraph.split()))[0]
        first = re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", first)  # its own links lead elsewhere
        yield f"- [{title.lstrip('# ').replace('`', '')}]({file.name}): {first}"


# ---------------------------------------------------------------- parts of it


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _given(command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    return "".join(f" {each.metavar or each.name.upper()}" for each in arguments)


def _fields(of: type[msgspec.Struct]) -> Iterator[str]:
    words = documented(of)
    for each in msgspec.structs.fields(of):
        default = each.default_factory() if callable(each.default_factory) else each.default
        plain = isinstance(default, str | int | float | tuple) and default not in ("", ())
        shown = f" = {default!r}" if plain else ""
        one_of = (
            " | ".join(map(repr, get_args(each.type))) if get_origin(each.type) is Literal else ""
        )
        said = " ".join(filter(None, (one_of and f"({one_of})", words[each.name])))
        yield f"- `{each.name}{shown}`: {said}".removesuffix(": ")


def _rest() -> list[str]:
    return [name for name in duologue.__all__ if name not in AGENT_SIDE]


def _error(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, BaseException)


def _inner(one: type) -> frozenset[str]:
    return frozenset(TOLD.get(one.__name__, ()))


def _public(*names: str) -> str:
    found: list[str] = []
    for name in names:
        one = getattr(duologue, name)
        found += lines(one, given=name in MADE_BY_US, without=_inner(one))
    return "\n".join(found)


def _media() -> Iterator[str]:
    for name, value in vars(media).items():
        ours = getattr(value, "__module__", "").startswith("duologue.client")
        if ours and not name.startswith("_") and not _error(value) and value is not road.Road:
            yield lines(value)[0].removeprefix("class ")


def _table(name: str) -> str:
    return "\n".join(row for row in _read(name).splitlines() if row.startswith("|"))
