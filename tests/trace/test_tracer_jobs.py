"""In a worker's job a traced session stays in the job's trace, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, telemetry
from livekit.agents.testing import fake_job_context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import Receiver
from tests.trace.test_tracer import Kept

from duologue.testing.models import ScriptedAnswers
from duologue.trace import PrefactorSink, SessionTracer
from duologue.trace.entries import Trace, Turn


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Gives livekit-agents its provider back."""
    tracer = telemetry.tracer
    before, inner = tracer._tracer_provider, tracer._tracer
    captured = telemetry.gen_ai.capture_content_enabled()
    yield
    tracer._tracer_provider, tracer._tracer = before, inner
    telemetry.gen_ai.set_capture_content(captured)


def session() -> AgentSession[Any]:
    """A session that answers twice."""
    return AgentSession(llm=ScriptedAnswers(["one", "two"]))


async def test_a_session_stays_in_the_trace_of_its_job() -> None:
    """With a provider of the owner's, our run has the job's trace, and theirs is as it was."""
    theirs = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    telemetry.set_tracer_provider(provider)
    kept = Kept()
    talk = session()
    with telemetry.tracer.start_as_current_span("job_entrypoint") as job:
        async with SessionTracer(kept) as tracer:
            await tracer.start(talk, Agent(instructions="Help."))
            await talk.run(user_input="Hi")
            await talk.generate_reply(user_input="Go on")
            await talk.aclose()
    ids = job.get_span_context()
    assert {entry.trace for entry in kept.entries} >= {f"{ids.trace_id:032x}"}
    turns = kept.turns(f"{ids.trace_id:032x}")
    assert [turn.agent_text for turn in turns] == ["one", "two"]
    spans: dict[str, ReadableSpan] = {span.name: span for span in theirs.get_finished_spans()}
    parent = spans["agent_session"].parent
    assert parent is not None
    assert parent.span_id == ids.span_id
    traces = {context.trace_id for span in spans.values() if (context := span.context)}
    assert traces == {ids.trace_id}


async def test_what_waits_is_sent_when_the_job_ends() -> None:
    """Nobody closes the tracer of a job: its last callback does, and the room is told."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        room = rtc.Room()
        with fake_job_context(room=room) as job:
            kept = Kept()
            tracer = SessionTracer([sink, kept], allow_termination=True)
            talk = session()
            await tracer.start(talk, Agent(instructions="Help."), record=False)
            await talk.run(user_input="Hi")
            await talk.aclose()
            for callback in job._shutdown_callbacks:
                await callback("over")
            job._tempdir.cleanup()
        assert any(isinstance(entry, Turn) for entry in kept.entries)
        began = next(entry for entry in kept.entries if isinstance(entry, Trace))
        assert (began.room, began.transport) == (job.job.room.name, "livekit")
        assert len(api.named("livekit:assistant_turn")) == 1
        assert [told["status"] for told in api.instances.values()] == ["complete"]
        await sink.close()
