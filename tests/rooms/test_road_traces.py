"""A talk in a room leaves a trace as any other: turns, steps, and the road it took."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.stage import until
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit

from duologue.store import trace_lists


async def test_a_room_s_run_leaves_its_trace(tmp_path: Path, livekit: LiveKit) -> None:
    """Greeted, asked in writing, answered: two turns, and the spans of one session."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        await ann.write("apples, please")
        await ann.reads("You said: apples, please")
        host, org = house.stage.host, house.stage.org_id
        run = host.run_of(claim.conversation)
        assert run is not None
        session = run._actor.session
        assert session is not None
        await until(lambda: session.current_speech is None)
        await host.finish(org, claim.conversation, "done")
        await host._settle()
        await host.tracing.ledger.close()
        trace = await host.db.read(trace_lists.get, org, run.id)
        turns = await host.db.read(trace_lists.turns_of, org, run.id)
        spans = await host.db.read(trace_lists.spans_of, org, run.id)
    assert trace is not None
    assert (trace.transport, trace.status, trace.reason) == ("livekit", "complete", "done")
    assert trace.conversation_id == claim.conversation
    assert [(turn.user_text, turn.agent_text) for turn in turns] == [
        ("", "Hello."),
        ("apples, please", "You said: apples, please"),
    ]
    assert {"session", "assistant_turn", "llm", "tts"} <= {span.kind for span in spans}
    assert [span.name for span in spans if span.kind == "session"] == ["agent_session"]
