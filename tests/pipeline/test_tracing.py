"""Every run leaves a trace: its turns with their delays, its steps, its end; and no secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, ModelSettings, function_tool, llm
from sqlalchemy import Connection, MetaData, select
from tests.pipeline.stage import Client, Stage, stage, until

from duologue.agents.voices.scripted import Call
from duologue.core import happenings as h
from duologue.pipeline import tracing
from duologue.store import recordings, recovery, trace_lists
from duologue.store.trace_records import Trace
from duologue.testing.models import ScriptedAnswers, ScriptedSTT
from duologue.testing.speech import speak
from duologue.wire.traces import Span, Turn

SAYS = "I would like to book"
SECRET = "elderberries"


class Clerk(Agent):
    """Has a tool that works, and one that does not."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def book(self, when: str) -> str:
        """Books a table."""
        await asyncio.sleep(0.02)
        return f"booked for {when}"

    @function_tool
    async def pay(self) -> str:
        """Takes money, in vain."""
        raise RuntimeError("the till is empty")


class Told:
    """What the store holds of one run."""

    def __init__(self, trace: Trace, turns: list[Turn], spans: list[Span]) -> None:
        self.trace = trace
        self.turns = turns
        self.spans = spans

    def named(self, name: str) -> list[Span]:
        """The spans of that name."""
        return [span for span in self.spans if span.name == name]

    def kinds(self) -> set[str]:
        """What kinds of spans there are."""
        return {span.kind for span in self.spans}


async def told(desk: Stage, client: Client) -> Told:
    """What is stored of a client's run, once it was written to its end."""
    run, session = client.run.id, client.run._actor.session
    assert session is not None
    await until(lambda: session.current_speech is None)  # leaving would interrupt it
    await desk.leave(client)
    await desk.host._settle()
    await desk.host.tracing.ledger.close()
    read = desk.host.db.read
    trace = await read(trace_lists.get, desk.org_id, run)
    assert trace is not None
    turns = await read(trace_lists.turns_of, desk.org_id, run)
    return Told(trace, turns, await read(trace_lists.spans_of, desk.org_id, run))


async def say(client: Client, seconds: float = 1.2) -> None:
    """Speaks into the client's microphone, in real time, and is silent afterwards."""
    sound = speak(SAYS).at(16000).pcm + bytes(int(seconds * 32000))
    for start in range(0, len(sound), 3200):
        client.run.floor.hear(sound[start : start + 3200], 16000)
        await asyncio.sleep(0.1)


async def test_a_typed_turn_with_a_tool_is_told_whole(tmp_path: Path) -> None:
    """Words, tool, model's delay and tokens, how it was played; the greeting is a turn before."""
    mind = ScriptedAnswers([[Call("book", {"when": "nine"})], "Done."])
    async with stage(tmp_path, llm=mind, make=Clerk) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("book it")
        await client.said("Done.")
        kept = await told(desk, client)
    greeting, turn = kept.turns
    assert (greeting.user_text, greeting.agent_text) == ("", "Hello.")
    assert (turn.user_text, turn.agent_text, turn.spoken) == ("book it", "Done.", False)
    assert (turn.tools, turn.tool_errors, turn.errors) == (1, 0, 0)
    assert turn.llm_ms is not None
    assert turn.tts_ms is not None
    assert turn.played_s is not None
    assert (turn.eou_ms, turn.stt_ms, turn.e2e_ms) == (None, None, None)
    assert turn.input_tokens > 0
    assert turn.output_tokens > 0
    (tool,) = kept.named("function_tool")
    assert tool.end_ns - tool.start_ns >= 20_000_000
    assert tool.attributes["lk.pii.function_tool.output"] == "booked for nine"
    assert tool.parent in {span.id for span in kept.named("agent_turn")}
    assert kept.kinds() >= {"session", "assistant_turn", "llm", "tts", "tool", "state", "speech"}
    assert all(span.end_ns and span.status == "ok" for span in kept.spans)
    assert tool.turn == 1
    assert {span.turn for span in kept.spans if span.kind == "llm"} == {1}
    assert sorted(span.turn for span in kept.named("agent_turn")) == [0, 1]
    assert {span.turn for span in kept.named("tts_request")} == {0, 1}
    assert {span.turn for span in kept.named("agent_speaking")} == {0, 1}
    trace = kept.trace
    assert (trace.status, trace.reason, trace.agent) == ("complete", "left", "desk")
    assert (trace.source, trace.transport) == ("duologue", "websocket")
    assert trace.conversation_id == desk.conversation
    assert trace.ended_at is not None
    assert {entry["type"] for entry in trace.usage} == {"llm_usage", "tts_usage"}
    assert trace.usage[0]["cost_micros"] == 0  # it thinks here, for nothing
    assert trace.usage[1]["cost_micros"] is None  # nobody knows this voice's price


async def test_a_spoken_turn_has_all_its_delays(tmp_path: Path) -> None:
    """They are there on every one, and add up to no more than the whole."""
    stt = ScriptedSTT([SAYS], delay=0.05)
    async with stage(tmp_path, stt=stt, greeting="") as desk:
        client = await desk.join()
        await say(client)
        await client.said(f"You said: {SAYS}")
        kept = await told(desk, client)
    (turn,) = kept.turns
    assert (turn.user_text, turn.spoken) == (SAYS, True)
    assert turn.agent_text == f"You said: {SAYS}"
    assert turn.eou_ms is not None
    assert turn.stt_ms is not None
    assert turn.llm_ms is not None
    assert turn.tts_ms is not None
    assert turn.e2e_ms is not None
    assert 0 < turn.stt_ms <= turn.eou_ms < turn.e2e_ms
    assert turn.confidence is not None
    assert not turn.interrupted
    assert kept.kinds() >= {"user_turn", "stt"}
    (heard,) = [span for span in kept.spans if span.kind == "stt"]
    assert round((heard.end_ns - heard.start_ns) / 1e6, 1) == pytest.approx(turn.stt_ms, abs=0.2)


async def test_an_interruption_is_told_with_what_was_played(tmp_path: Path) -> None:
    """Of the long answer only a part was heard, and its words end there."""
    mind = ScriptedAnswers(["one two three four five six seven eight nine ten"])
    async with stage(tmp_path, llm=mind, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("count")
        await client.until(h.AgentAudio)
        await asyncio.sleep(0.8)
        client.run.floor.type("stop")
        await client.said("You said: stop")
        kept = await told(desk, client)
    turn = kept.turns[0]
    assert turn.interrupted
    assert turn.interruption == "programmatic"
    assert turn.played_s is not None
    assert 0.3 < turn.played_s < 2.9  # the whole of it takes three seconds
    assert "one" in turn.agent_text
    assert "ten" not in turn.agent_text
    assert not kept.turns[1].interrupted or kept.turns[1].agent_text


async def test_a_client_that_tells_what_it_plays_tells_how_far_away_it_is(tmp_path: Path) -> None:
    """The way of the first sound is a part of its own, and of the whole."""
    stt = ScriptedSTT([SAYS], delay=0.05)
    async with stage(tmp_path, stt=stt, greeting="") as desk:
        client = await desk.join(ready=False)
        client.run.ready(client, tells=True)
        speaking = asyncio.create_task(say(client))
        turn = (await client.until(h.AgentAudio)).turn
        await asyncio.sleep(0.4)
        client.run.heard(turn, 0.1)  # a tenth of what left four tenths ago
        for played in (0.5, 1.0, 1.5, 2.0, 2.5):
            await asyncio.sleep(0.2)
            client.run.heard(turn, played)
        await client.said(f"You said: {SAYS}")
        await speaking
        kept = await told(desk, client)
    (spoken,) = kept.turns
    assert spoken.transport_ms is not None
    assert spoken.transport_ms >= 0
    assert spoken.e2e_ms is not None
    assert spoken.eou_ms is not None
    assert spoken.e2e_ms > spoken.eou_ms + spoken.transport_ms


async def test_runs_at_the_same_time_keep_to_their_own_traces(tmp_path: Path) -> None:
    """Four talk at once, asked by whatever task: every span lies below its own session."""

    class Talker(Agent):
        """Asks another conversation's run to speak while it answers."""

        def __init__(self) -> None:
            super().__init__(instructions="Be brief.")

    async with stage(tmp_path, llm=lambda: ScriptedAnswers(), make=Talker, greeting="") as desk:
        clients = [await desk.join() for _ in range(4)]

        async def talk(number: int) -> None:
            client = clients[number]
            for round_ in range(3):
                client.run.floor.type(f"word {number} {round_}")
                await client.said(f"You said: word {number} {round_}")
                clients[(number + 1) % 4].run.say(f"from {number} {round_}")
                await clients[(number + 1) % 4].said(f"from {number} {round_}")

        await asyncio.gather(*map(talk, range(4)))
        runs = [client.run.id for client in clients]
        for client in clients:
            await desk.leave(client)
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        for number, run in enumerate(runs):
            spans = await desk.host.db.read(trace_lists.spans_of, desk.org_id, run)
            turns = await desk.host.db.read(trace_lists.turns_of, desk.org_id, run)
            assert [turn.user_text for turn in turns if turn.user_text] == [
                f"word {number} {round_}" for round_ in range(3)
            ]
            others = {turn.agent_text for turn in turns if not turn.user_text}
            assert others == {f"from {(number - 1) % 4} {round_}" for round_ in range(3)}
            ids = {span.id for span in spans}
            roots = [span for span in spans if not span.parent and span.kind != "state"]
            assert [span.name for span in roots] == ["agent_session"]
            assert all(span.parent in ids for span in spans if span.parent)
            assert len([span for span in spans if span.name == "agent_turn"]) == 6
            assert len([span for span in spans if span.kind == "llm"]) == 3


async def test_a_failure_is_told_with_its_type(tmp_path: Path) -> None:
    """A tool that fails and a model that fails are counted where they happened."""
    exploded = asyncio.Event()

    class Broken(Clerk):
        """Thinks once, and never again."""

        async def llm_node(
            self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
        ) -> AsyncIterator[Any]:
            if any("explode" in (m.text_content or "") for m in chat_ctx.messages()):
                exploded.set()
                raise RuntimeError("no more thoughts")
            node = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
            async for chunk in node:
                yield chunk

    mind = ScriptedAnswers([[Call("pay", {})], "It failed."])
    async with stage(tmp_path, llm=mind, make=Broken, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("pay")
        await client.said("It failed.")
        client.run.floor.type("explode")
        await until(lambda: "explode" in str(client.all(h.UserSaid)))
        await until(exploded.is_set)
        kept = await told(desk, client)
    assert (kept.turns[0].tools, kept.turns[0].tool_errors) == (1, 1)
    (tool,) = kept.named("function_tool")
    assert tool.status == "error"
    node = kept.named("llm_node")[-1]
    assert (node.status, node.error) == ("error", "RuntimeError")
    assert kept.trace.tool_errors == 1


def _everything(conn: Connection) -> str:
    """All texts of the database but the messages; an index of words has tables of its own."""
    found = MetaData()
    found.reflect(conn)
    kept = [table for name, table in found.tables.items() if name not in ("messages", "turn_words")]
    return str([list(conn.execute(select(table))) for table in kept])


@asynccontextmanager
async def talked(tmp_path: Path, *, e2ee: bool, **settings: Any) -> AsyncIterator[Stage]:
    """A conversation in which the secret was typed, answered, and handed to a tool."""
    mind = ScriptedAnswers([[Call("book", {"when": SECRET})], f"Done, {SECRET}."])
    async with stage(tmp_path, llm=mind, make=Clerk, greeting="", settings=settings) as desk:
        client = await desk.join(e2ee=e2ee)
        client.run.floor.type(f"book {SECRET}")
        await client.said(f"Done, {SECRET}.")
        desk.run = client.run.id  # type: ignore[attr-defined]  # for the test alone
        await desk.leave(client)
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        yield desk


@pytest.mark.parametrize(("e2ee", "mode"), [(True, "on"), (False, "metadata")])
async def test_what_must_not_be_kept_is_nowhere(tmp_path: Path, e2ee: bool, mode: str) -> None:
    """Times and counts are there; not a word that was said, nor a tool's argument."""
    async with talked(tmp_path, e2ee=e2ee, trace=mode) as desk:
        assert SECRET not in await desk.host.db.read(_everything)
        run = desk.run  # type: ignore[attr-defined]  # as above
        (turn,) = await desk.host.db.read(trace_lists.turns_of, desk.org_id, run)
        assert (turn.user_text, turn.agent_text, turn.tools) == ("", "", 1)
        assert turn.llm_ms is not None


async def test_the_same_words_are_kept_otherwise(tmp_path: Path) -> None:
    """The test before would see them."""
    async with talked(tmp_path, e2ee=False) as desk:
        assert SECRET in await desk.host.db.read(_everything)


async def test_tracing_can_be_off(tmp_path: Path) -> None:
    """Nothing is kept of any run."""
    async with talked(tmp_path, e2ee=False, trace="off") as desk:
        run = desk.run  # type: ignore[attr-defined]  # as above
        assert await desk.host.db.read(trace_lists.get, desk.org_id, run) is None


async def test_live_runs_say_that_they_live_and_others_are_lost(tmp_path: Path) -> None:
    """One writing for all of them; what was killed is marked after a minute of silence."""
    async with stage(tmp_path, greeting="") as desk:
        now = 1_800_000_000_000
        beats = tracing.Tracing(desk.host.db, desk.host.settings, lambda: now)
        beats.open()
        client = await desk.join()
        assert client.seat is not None
        lives = beats.watch(client.seat.guest, "run_" + "a" * 32, client.run.record, "")
        dies = beats.watch(client.seat.guest, "run_" + "b" * 32, client.run.record, "")
        assert lives is not None
        assert dies is not None
        del beats._watches["run_" + "b" * 32]
        for _ in range(6):
            now += 15_000
            await beats.beat()
            await asyncio.sleep(0.6)
        read = desk.host.db.read
        lost = await read(trace_lists.get, desk.org_id, "run_" + "b" * 32)
        live = await read(trace_lists.get, desk.org_id, "run_" + "a" * 32)
        assert lost is not None
        assert live is not None
        assert (lost.status, live.status) == ("lost", "active")
        await beats.close()
        await desk.leave(client)


async def test_a_long_run_is_traced_to_its_end_however_many_end_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that are over are forgotten in the order in which they ended, and none that lives."""
    monkeypatch.setattr(tracing, "_REMEMBERED", 2)
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        assert client.seat is not None
        many = tracing.Tracing(desk.host.db, desk.host.settings, desk.host.clock)
        many.open()
        for run in ("run_" + digit * 32 for digit in "a123456"):
            many.watch(client.seat.guest, run, client.run.record, "")
            if run != "run_" + "a" * 32:
                many.ended(run, "left", [])
        assert list(many._owners) == [digit * 32 for digit in "a56"]
        many.ended("run_" + "a" * 32, "left", [])
        await many.close()
        found = await desk.host.db.read(trace_lists.get, desk.org_id, "run_" + "a" * 32)
        assert found is not None
        assert found.status == "complete"
        await desk.leave(client)


async def test_nothing_more_is_told_of_a_deleted_conversation(tmp_path: Path) -> None:
    """Its run ends by the deletion, and its end does not bring the trace back."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("hello")
        await client.said("You said: hello")
        run = client.run.id
        await desk.host.finish(desk.org_id, desk.conversation, "deleted", forgotten=True)
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        found = await desk.host.db.read(trace_lists.get, desk.org_id, run)
        assert found is None or found.status == "active"


async def test_an_owner_may_call_an_end_deleted(tmp_path: Path) -> None:
    """It is a word like any other: the trace is told of the end, and the recording is kept."""
    async with stage(tmp_path, record=True, greeting="g" * 40) as desk:
        client = await desk.join()
        await client.until(h.AgentEnded)
        run = client.run.id
        await desk.host.finish(desk.org_id, desk.conversation, "deleted")
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        found = await desk.host.db.read(trace_lists.get, desk.org_id, run)
        sounds = await desk.host.db.read(recordings.of, desk.org_id, run)
    assert found is not None
    assert (found.status, found.reason) == ("complete", "deleted")
    assert [one.state for one in sounds] == ["complete"]


async def test_a_killed_process_leaves_no_trace_that_lives(tmp_path: Path) -> None:
    """Recovery marks the traces of its runs at once."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("hello")
        await client.said("You said: hello")
        session = client.run._actor.session
        assert session is not None
        await until(lambda: session.current_speech is None)
        await desk.host.tracing.ledger.close()
        db, run = desk.host.db, client.run.id
        await db.write(recovery.after_crash, [desk.host.process], desk.host.clock())
        found = await db.read(trace_lists.get, desk.org_id, run)
        assert found is not None
        assert found.status == "lost"
        assert found.turns == 1
        await desk.leave(client)
