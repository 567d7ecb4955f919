"""Agents from files and tables: imports what a user wrote, and says where it is wrong."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import re
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec
from livekit.agents import Agent

from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.registry import Catalog, Collection, collecting, describe, maker_of
from duologue.errors import DuologueError

TABLES: Final = "duologue.toml"
_WORN: Final = frozenset({"widget", "trace_days", "trace_megabytes", "conversation_days"})
"""What a table may say of an agent that a file defines."""
_numbers = itertools.count(1)


def load(files: list[Path], tables: dict[str, dict[str, Any]]) -> Catalog:
    """The agents of Python files and of `[agents.…]` tables."""
    catalog = Catalog()
    for file in files:
        for loaded in load_file(file):
            catalog.add(loaded)
    for slug, table in tables.items():
        if not dresses(table):
            catalog.add(load_table(slug, table))
    return dressed(catalog, tables)


def dresses(table: dict[str, Any]) -> bool:
    """Whether a table says only how an agent looks, or is kept, that is defined elsewhere."""
    return bool(table) and _WORN.issuperset(table)


def dressed(catalog: Catalog, tables: dict[str, dict[str, Any]]) -> Catalog:
    """The catalog, its agents' widgets and traces as `[agents.…]` tables say.

    How long traces are kept may also be said of agents that run elsewhere.
    """
    for slug, table in tables.items():
        if not dresses(table):
            continue
        if catalog.get(slug) is None and "widget" not in table:
            describe("elsewhere", table)
        else:
            catalog.replace(_dressed(catalog, slug, table))
    return catalog


def _dressed(catalog: Catalog, slug: str, table: dict[str, Any]) -> LoadedAgent:
    loaded = catalog.get(slug)
    if loaded is None:
        raise DuologueError("agent_invalid", agent=slug, reason=_undressed(catalog, slug))
    given = dict(table)
    if isinstance(widget := table.get("widget"), dict):
        given["widget"] = msgspec.to_builtins(loaded.definition.widget) | widget
    worn, _ = describe(slug, given)
    changed = {name: getattr(worn, name) for name in given}
    return replace(loaded, definition=msgspec.structs.replace(loaded.definition, **changed))


def _undressed(catalog: Catalog, slug: str) -> str:
    """Why a table dresses nobody, and what to do."""
    loaded = [f"{each.definition.slug} ({each.source})" for each in catalog.all()]
    return (
        f"{TABLES} has a table [agents.{slug}.widget], and no agent of that name is loaded; "
        f"loaded: {', '.join(loaded) or 'none'}. Name the file that defines {slug!r} in the "
        f"command, too, or write its instructions in a table [agents.{slug}], or take "
        f"[agents.{slug}.widget] out"
    )


def load_table(slug: str, table: dict[str, Any]) -> LoadedAgent:
    """An agent that is only written down: its instructions and its models."""
    definition, given = describe(slug, table)
    return LoadedAgent(
        definition, lambda: Agent(instructions=definition.instructions), TABLES, given or None
    )


def load_file(file: Path) -> list[LoadedAgent]:
    """The agents that a file registers, or the only Agent class that it defines."""
    path = file.resolve()
    if not path.is_file():
        raise DuologueError("file_invalid", path=str(file), reason="there is no such file")
    # The name is new for each load: a file that is loaded twice leaves nothing behind for itself.
    stem = re.sub(r"\W", "_", path.stem)
    name = f"duologue_agents_{next(_numbers)}_{stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DuologueError("file_invalid", path=str(file), reason="it is not a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.parent)
    if folder not in sys.path:  # stays there: agents import their neighbours while they run, too
        sys.path.insert(0, folder)
    sys.modules[name] = module
    with collecting(str(file)) as collection:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            reason = _reason(error, path)
            raise DuologueError("file_invalid", path=str(file), reason=reason) from error
    code = hashlib.sha256(path.read_bytes()).hexdigest()
    return [
        replace(each, code=code) for each in collection.agents or [_only_class(module, collection)]
    ]


def _only_class(module: ModuleType, collection: Collection) -> LoadedAgent:
    """A file with one Agent class needs no decorator: it is known by the file's name."""
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Agent)
        and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(one.__name__ for one in classes)
        reason = (
            f"it defines several agents ({names}) and registers none"
            if classes
            else "it defines no agent"
        )
        raise DuologueError(
            "file_invalid",
            path=collection.source,
            reason=f"{reason}; put @duologue.agent('name') over a livekit.agents.Agent",
        )
    slug = re.sub(r"[^a-z0-9]+", "-", Path(collection.source).stem.lower()).strip("-")
    definition: AgentDefinition = describe(slug, {})[0]
    return LoadedAgent(definition, maker_of(classes[0], definition), collection.source, None)


def _reason(error: BaseException, path: Path) -> str:
    """What went wrong and in which line of the file."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"line {error.lineno}: {error.msg}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    words = f"{type(error).__name__}: {error}"
    if isinstance(error, DuologueError):
        words = error.message.rstrip(".")
    elif isinstance(error, SystemExit):
        words = 'it ends the process; put that under if __name__ == "__main__"'
    return f"line {lines[-1]}: {words}" if lines else words
