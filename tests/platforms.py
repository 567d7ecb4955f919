"""`docs/platforms.md`: LiveKit's Session API on every platform, from a table that is checked."""

from __future__ import annotations

import ast
import re
import tomllib
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import duologue
from duologue.client import media

FILE: Final = Path(__file__).parent / "platforms.toml"
COLUMNS: Final = {
    "js": "JavaScript, React",
    "swift": "Swift",
    "kotlin": "Kotlin",
    "flutter": "Flutter",
}
OURS: Final = "Python (duologue)"
HEAD: Final = """# LiveKit's Session API, name by name

<!-- Written by `make docs` from tests/platforms.toml: change that, not this. -->

LiveKit's own clients have a `Session` on the Web, in Swift, Kotlin and Flutter, and none in Python.
This is what each member is called there and here. Every name of the last column is looked up in the
code by `tests/test_platforms.py`, with its arguments, and those of the first in the packages' own
type declarations.

Theirs are livekit-client 2.23.0 and @livekit/components-react 2.9.24, client-sdk-swift `eebf780`,
client-sdk-android `020819e` with components-android 2.4.1, and client-sdk-flutter `f62d479`. The
last three were read, not run. Here `session` is a `Session`, `message` one of its messages,
`token_source` a `TokenSource`, and `media` is `duologue.client.media`; all other names come from
`duologue`. An empty field means that a platform has no such thing of its own.
"""
TOLD: Final = {
    "Agent": {
        "ended",
        "fail",
        "gone",
        "late",
        "move",
        "noticed",
        "refused",
        "says",
        "seen",
        "track",
        "transport",
        "why_ended",
    },
    "Messages": {"chat", "count", "index", "interrupt", "transcript"},
    "SharedState": {"changed"},
    "Current": {"receive"},
}
"""What is public for those beside a class, and nothing for its users."""
BETTER: Final = """\
What LiveKit's clients do was measured with the versions above, on a real server, or read in their
source. Every row names the tests that hold it.
"""


def table() -> dict[str, Any]:
    """The table as it is written down."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def page() -> str:
    """The page: a table for each part, and behind them what ours does better."""
    lines = [HEAD]
    names = ["", *COLUMNS.values(), OURS]
    for part in table()["part"]:
        lines += [f"## {part['title']}\n", _row(names), "|---" * len(names) + "|"]
        for row in part["row"]:
            ours = ", ".join(f"`{each.replace(chr(39), chr(34))}`" for each in row["python"])
            lines.append(_row([row["what"], *(row.get(name, "") for name in COLUMNS), ours]))
        lines.append("")
    lines += [
        "## What ours does better\n",
        BETTER,
        _row(["", "LiveKit's clients", "Ours", "Held by"]),
        "|---" * 4 + "|",
    ]
    for better in table()["better"]:
        held = "<br>".join(_link(each) for each in better["tests"])
        lines.append(_row([better["what"], better["theirs"], better["ours"], held]))
    return "\n".join([*lines, ""])


def _row(cells: list[str]) -> str:
    return re.sub(r"\|  (?=\|)", "| ", f"| {' | '.join(cells)} |")


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    words = name.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{file})"


# ---------------------------------------------------------------- what a Python name means


class Samples(dict[str, Any]):
    """What the names of the Python column stand for: real objects, none of them open."""

    def __init__(self) -> None:
        source = duologue.TokenSource.literal({"server_url": "ws://x", "participant_token": "x"})
        super().__init__(
            session=duologue.Session(source),
            message=duologue.Message("1", "chat", "user", "Hello"),
            token_source=source,
            media=media,
        )

    def __missing__(self, name: str) -> Any:
        return getattr(duologue, name)


def wrong(written: str, samples: Samples) -> str:
    """Why an expression of the Python column is not true; empty when it is."""
    text = re.sub(r"^(await |async with |async for \w+ in )", "", written)
    try:
        _checked(ast.parse(text, mode="eval").body, samples)
    except (SyntaxError, AttributeError, TypeError, ValueError) as error:
        return f"{written}: {error}"
    return ""


def _checked(node: ast.expr, samples: Samples) -> Any:
    """The object that an expression names; what it calls is never called but `cached`."""
    match node:
        case ast.Name(name):
            return samples[name]
        case ast.Attribute(of, name):
            return getattr(_checked(of, samples), name)
        case ast.Call(function, arguments, keywords):
            called = _checked(function, samples)
            given = {each.arg: each.value for each in keywords if each.arg}
            bound = signature(called).bind(*arguments, **given)
            for name, value in bound.arguments.items():
                _one_of(_hints(called).get(name), value)
            return called() if getattr(called, "__name__", "") == "cached" else None
        case ast.Compare(ast.Attribute(of, name), [ast.Eq()], [value]):
            owner = type(_checked(of, samples))
            found = getattr(owner, name, None)
            if isinstance(found, property):
                _one_of(get_type_hints(found.fget)["return"], value)
            else:
                _one_of(get_type_hints(owner)[name], value)
            return None
        case _:
            raise ValueError(f"{ast.unparse(node)} is not a name, a call or a comparison")


def _hints(called: Any) -> dict[str, Any]:
    """The types of what a callable takes; what only a checker imports is anything."""
    function = vars(called)["__init__"] if isinstance(called, type) else called
    unknown = {"rtc": SimpleNamespace(Room=Any, E2EEOptions=Any), "TokenSource": Any}
    return get_type_hints(function, localns={"E2EEOptions": Any, **unknown})


def _one_of(hint: Any, value: Any) -> None:
    """Refuses a text where only some texts are possible, and it is none of them."""
    literals = [*get_args(hint)] if get_origin(hint) is Literal else []
    if literals and isinstance(value, ast.Constant) and value.value not in literals:
        raise ValueError(f"{value.value!r} is none of {literals}")
