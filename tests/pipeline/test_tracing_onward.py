"""What is told of a run goes on from here, and stops where the run is forgotten."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.pipeline.stage import Stage, stage, until
from tests.trace.receiver import FOREVER, Answer, Receiver

from duologue.testing.models import ScriptedAnswers
from duologue.trace.entries import Entry, Trace, Turn


def told(file: Path) -> list[Entry]:
    """What stands in the file."""
    return [msgspec.json.decode(line, type=Entry) for line in file.read_bytes().splitlines()]


def waits(desk: Stage) -> int:
    """How much of what was told is not in the file yet."""
    assert desk.host.tracing.onward is not None
    return desk.host.tracing.onward.report.pending


async def test_a_forgotten_run_is_told_of_no_more(tmp_path: Path) -> None:
    """What is said after that stays here, and so does its end."""
    file = tmp_path / "lines.jsonl"
    mind = ScriptedAnswers(["One.", "Two."])
    async with stage(tmp_path, llm=mind, settings={"trace_lines": str(file)}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("first")
        await client.said("One.")
        desk.host.tracing.forget(client.run.id)
        client.run.floor.type("elderberries")
        await client.said("Two.")
        await desk.leave(client)
        await until(lambda: not waits(desk))
    entries = told(file)
    assert {each.user_text for each in entries if isinstance(each, Turn)} <= {"", "first"}
    assert b"elderberries" not in file.read_bytes()
    assert [each for each in entries if isinstance(each, Trace) and each.ended_ns] == []


async def test_only_news_of_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it lives is told to the store alone: a vendor counts every event."""
    monkeypatch.setattr("duologue.pipeline.tracing.BEAT_MS", 0)
    file = tmp_path / "lines.jsonl"
    async with stage(tmp_path, settings={"trace_lines": str(file)}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        for _ in range(3):
            await until(lambda: not waits(desk))
            await desk.host.tracing.beat()
        await until(lambda: not waits(desk))
        await desk.leave(client)
        await until(lambda: not waits(desk))
    runs = [each for each in told(file) if isinstance(each, Trace)]
    assert runs[0].agent == "desk"
    assert runs[-1].reason == "left"
    alive = [Trace(trace=each.trace, last_seen_ns=each.last_seen_ns) for each in runs]
    assert [each for each in runs if each in alive] == []


async def test_a_call_knows_nothing_of_a_receiver_that_hangs(tmp_path: Path) -> None:
    """It is answered and stored as ever; closing waits within bounds, and keeps what is left."""
    async with Receiver(lambda request: Answer(after=FOREVER)) as receiver:
        mind = ScriptedAnswers(["One."])
        async with stage(tmp_path, llm=mind, settings={"trace_otlp": receiver.url}) as desk:
            client = await desk.join()
            await client.said("Hello.")
            await until(lambda: bool(receiver.requests))
            client.run.floor.type("first")
            await client.said("One.")
            assert [text for _, text, _ in await desk.words()] == ["Hello.", "first", "One."]
            await desk.leave(client)
            await until(lambda: not waits(desk))
            assert not desk.host.tracing.ledger.report.dropped
        assert desk.host.tracing.onward is not None
        report = desk.host.tracing.onward.report
    assert (report.sent, report.dropped, report.pending) == (0, 0, 0)
    assert report.spooled > 5
