"""A tracer that is given nothing tells this machine's own store, or a file where there is none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from livekit.agents import Agent, AgentSession
from livekit.agents.llm import ChatContext

from duologue.agents.voices.scripted import ScriptedLLM
from duologue.errors import DuologueError
from duologue.store import organizations, trace_lists
from duologue.store.database import Database
from duologue.trace import SessionTracer, local


class Yes(ScriptedLLM):
    """Says yes, and counts its words."""

    def answer(self, talk: ChatContext, tools: frozenset[str]) -> Iterator[str]:
        """One word."""
        yield "Yes."


async def talk(tracer: SessionTracer) -> str:
    """The id of a traced session in which something was said."""
    session = AgentSession[None](llm=Yes())
    handle = await tracer.ensure_initialized()
    await tracer.start(session, Agent(instructions="Help."))
    await session.run(user_input="Are you there?")
    await session.aclose()
    return str(handle.id)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose `duologue.toml` names a data folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "duologue.toml").write_text('data = "kept"\n')
    return tmp_path


async def test_it_tells_the_store_that_a_server_here_would_read(folder: Path) -> None:
    """In the organization `default`; again after it was closed."""
    tracer = SessionTracer(agent_name="Front desk")
    traces = []
    for _ in range(2):
        traces.append(await talk(tracer))
        assert not (await tracer.close()).dropped
    db = await Database.open(f"sqlite:///{folder}/kept/duologue.db")
    try:
        owner = await db.read(organizations.get, "default")
        assert owner is not None
        for trace in traces:
            run = f"run_{trace}"
            kept = await db.read(trace_lists.get, owner.id, run)
            assert kept is not None
            assert (kept.source, kept.agent, kept.status) == ("wrapper", "Front desk", "complete")
            (turn,) = await db.read(trace_lists.turns_of, owner.id, run)
            assert (turn.user_text, turn.agent_text) == ("Are you there?", "Yes.")
    finally:
        await db.close()


@pytest.mark.parametrize("mode", ["metadata", "off"])
async def test_what_the_settings_keep_out_is_kept_by_no_tracer(folder: Path, mode: str) -> None:
    """Nor the words that a server here would not keep; its prices count here, too."""
    price = '[prices."offline/scripted"]\ninput = 0\noutput = 7\n'
    (folder / "duologue.toml").write_text(f'data = "kept"\ntrace = "{mode}"\n{price}')
    tracer = SessionTracer()
    trace = await talk(tracer)
    assert not (await tracer.close()).dropped
    file = folder / "kept" / "duologue.db"
    assert file.exists() == (mode != "off")
    if mode == "metadata":
        db = await Database.open(f"sqlite:///{file}")
        try:
            owner = await db.read(organizations.get, "default")
            assert owner is not None
            (turn,) = await db.read(trace_lists.turns_of, owner.id, f"run_{trace}")
        finally:
            await db.close()
        assert (turn.user_text, turn.agent_text, turn.cost_micros) == ("", "", 7)


async def test_a_database_of_another_version_is_left_as_it_is(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be a running server's; the log says which version is there, and what to do."""
    url = f"sqlite:///{folder}/kept/duologue.db"
    await (await Database.open(url)).close()
    with closing(sqlite3.connect(folder / "kept" / "duologue.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0006'")
    tracer = SessionTracer()
    await talk(tracer)
    assert (await tracer.close()).dropped
    assert "the database is at version 0006, and this duologue writes" in caplog.text
    assert "install the duologue of the server here" in caplog.text
    with closing(sqlite3.connect(folder / "kept" / "duologue.db")) as file:
        assert file.execute("SELECT version_num FROM alembic_version").fetchall() == [("0006",)]


async def test_it_writes_a_file_where_only_the_tracer_is_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line an entry, in the data folder; a second life goes on behind the first."""

    def found(name: str) -> ModuleSpec | None:
        return None if name == "alembic" else ModuleSpec(name, None)

    monkeypatch.setattr(local, "find_spec", found)
    tracer = SessionTracer()
    traces = []
    for _ in range(2):
        traces.append(await talk(tracer))
        await tracer.close()
    lines = (folder / "kept" / local.FILE).read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["trace"] for one in told if one["type"] == "turn" and one.get("ended_ns")] == traces


def test_wrong_settings_are_said_when_it_is_made(folder: Path) -> None:
    """Not when a call begins."""
    (folder / "duologue.toml").write_text('dta = "kept"\n')
    with pytest.raises(DuologueError, match="did you mean data"):
        SessionTracer()
