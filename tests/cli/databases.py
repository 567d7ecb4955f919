"""Databases of both kinds for the tests of `duologue db`, what is in them, how they are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from tests.cli.conftest import Shell
from tests.store.tracing import line, span, told, turn
from tests.store.visiting import batch, page
from tests.store.world import NOW, World, build

from duologue.store import (
    copying,
    direct,
    recordings,
    runs,
    traces,
    visits,
)
from duologue.store.database import unit
from duologue.store.trace_records import TraceEntry

RECORDING = "0" * 32 + "-00000001.ogg"


def filled(url: str, *, recorded: Path | None = None) -> World:
    """Some of everything, in an organization of its own."""
    with unit(url) as conn:
        world = build(conn, "ours")
        run = f"run_{'0' * 31}1"
        where = {"conversation_id": world.conversation.id, "agent_id": world.agent.id}
        runs.end(conn, world.id, world.run.id, "left", None, NOW)
        runs.start(conn, world.id, id=run, process=f"proc_{9:032x}", now=NOW, **where)
        runs.end(conn, world.id, run, "left", None, NOW)
        visits.record(conn, world.id, batch(page("/tea")), NOW)
        entries: list[TraceEntry] = [
            told(),
            span(1),
            turn(0, e2e_ms=812.5),
            turn(1, e2e_ms=float("inf")),
            line(1),
        ]
        traces.put(conn, world.id, entries, NOW)
        if recorded is not None:
            recorded.mkdir(parents=True, exist_ok=True)
            (recorded / RECORDING).write_bytes(b"sound" * 500)
            facts: dict[str, Any] = {
                "path": RECORDING,
                "format": "ogg",
                "started_ns": 1,
                "now": NOW,
            }
            one = recordings.start(conn, world.id, run, **facts)
            recordings.finish(conn, world.id, one.id, duration_ms=9, size=2500)
    return world


def whole(url: str) -> dict[str, copying.Holding]:
    """What each table holds."""

    def look(conn: Connection) -> dict[str, copying.Holding]:
        direct.snapshot(conn)
        return {each.name: copying.held(conn, each) for each in copying.all_of(conn)}

    return direct.run(look, url)


def change(url: str, *statements: str) -> None:
    """What no program of ours would do."""

    def work(conn: Connection) -> None:
        direct.claim(conn)
        for each in statements:
            conn.execute(text(each))

    direct.run(work, url)


def absolute(shell: Shell, url: str) -> str:
    """The same address, whatever the folder."""
    return url.replace("sqlite:///", f"sqlite:///{shell.folder}/")


def states(shell: Shell) -> dict[str, dict[str, str]]:
    """The findings of `db check`, by their names."""
    return {each["name"]: each for each in shell("db", "check", "--json").json["findings"]}
