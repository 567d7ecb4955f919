"""What an agent's code logs is in the trace of its own run, without secrets; so is who it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.agents import Agent, function_tool, llm
from tests.pipeline.stage import Client, Stage, stage, until

from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.loader import load_file
from duologue.agents.voices.scripted import Call, ScriptedLLM
from duologue.store import trace_lists
from duologue.store.trace_records import Trace
from duologue.wire.traces import Log

KEY = "dk_secret_" + "a" * 40
log = logging.getLogger("clerk.books")


class Clerk(Agent):
    """Logs what it does."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def book(self, when: str) -> str:
        """Books a table."""
        log.info("booking for %s", when, extra={"table": 7})
        await asyncio.sleep(0.05)
        try:
            raise KeyError(f"cannot use {KEY}")
        except KeyError:
            log.exception("no table for %s", when)
        await asyncio.to_thread(log.warning, "told the cook of %s", when)
        return "done"


@pytest.fixture(autouse=True)
def _talkative() -> object:
    """As `serve` has it: lines of `info` are news."""
    log.setLevel(logging.INFO)
    return log


async def told(desk: Stage, client: Client) -> tuple[Trace, list[Log]]:
    """What is stored of a run once it is over."""
    run = client.run.id
    await desk.leave(client)
    await desk.host._settle()
    await asyncio.sleep(0)
    await until(lambda: not desk.host.tracing.ledger.report.pending)
    trace = await desk.host.db.read(trace_lists.get, desk.org_id, run)
    assert trace is not None
    return trace, await desk.host.db.read(trace_lists.logs_of, desk.org_id, run)


class Mind(ScriptedLLM):
    """Books the last thing that it heard, and says so."""

    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """A call, and after it a word."""
        last = talk.items[-1]
        said = last.text_content if isinstance(last, llm.ChatMessage) else None
        yield Call("book", {"when": said}) if said else "Done."


async def test_lines_of_two_runs_do_not_mix(tmp_path: Path) -> None:
    """Each has its own, from tasks and threads alike, at its moment and in its step."""
    async with stage(tmp_path, llm=Mind(), make=Clerk, greeting="") as desk:
        first, second = await desk.join(), await desk.join(again=False)
        log.info("nobody's")
        first.run.floor.type("nine")
        second.run.floor.type("ten")
        await first.said("Done.")
        await second.said("Done.")
        _, lines = await told(desk, first)
        _, others = await told(desk, second)
    for kept, when in ((lines, "nine"), (others, "ten")):
        texts = [line.text for line in kept if line.logger == "clerk.books"]
        assert texts == [f"booking for {when}", f"no table for {when}", f"told the cook of {when}"]
    booking, failed, _ = (line for line in lines if line.logger == "clerk.books")
    assert (booking.level, booking.attributes) == ("info", {"table": 7})
    assert failed.level == "error"
    assert failed.attributes["exception.type"] == "KeyError"
    assert "Traceback" in failed.attributes["exception.stacktrace"]
    assert "aaaa" not in str(failed.attributes)
    assert booking.span


@pytest.mark.parametrize(("mode", "kept"), [("metadata", [""] * 3), ("off", None)])
async def test_lines_are_kept_as_words_are(tmp_path: Path, mode: str, kept: object) -> None:
    """Without words only their times and loggers are; with tracing off, nothing reads along."""
    settings = {"trace": mode}
    async with stage(tmp_path, llm=Mind(), make=Clerk, greeting="", settings=settings) as desk:
        client = await desk.join()
        client.run.floor.type("nine")
        await client.said("Done.")
        if kept is None:
            assert desk.host.tracing._lines not in logging.getLogger().handlers
            return
        _, lines = await told(desk, client)
    assert [line.text for line in lines if line.logger == "clerk.books"] == kept
    ours = [line.attributes for line in lines if line.logger == "clerk.books"]
    assert ours == [{}, {"exception.type": "KeyError"}, {}]


async def test_a_trace_names_the_version_and_the_room(tmp_path: Path) -> None:
    """The version is the agent's as it was loaded, whatever a session asked to be different."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join(room="lobby", overrides={"turns": {"can_interrupt": False}})
        loaded = desk.host.catalog.get("desk")
        assert loaded is not None
        client.run.floor.type("hello")
        await client.said("You said: hello")
        trace, _ = await told(desk, client)
    assert (trace.agent_version, trace.room) == (loaded.version, "lobby")


def test_a_version_is_another_when_the_definition_or_the_file_is(tmp_path: Path) -> None:
    """And the same for the same: two processes agree."""
    file = tmp_path / "desk.py"
    source = "from livekit.agents import Agent\n\n\nclass Desk(Agent):\n    pass\n"
    file.write_text(source)
    (first,), (again,) = load_file(file), load_file(file)
    assert first.version == again.version
    file.write_text(source + "# and more\n")
    (changed,) = load_file(file)
    assert changed.version != first.version
    definition = AgentDefinition(slug="desk", greeting="Hello.")
    other = LoadedAgent(definition, first.make, first.source, None, first.code)
    assert other.version != first.version
