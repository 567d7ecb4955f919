"""livekit-agents' spans reach who follows their trace, beside any provider that a user has set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, ModelSettings, function_tool, llm, telemetry
from opentelemetry import context as otel
from opentelemetry import trace as api
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers
from duologue.trace import collector
from duologue.trace.entries import Span
from duologue.trace.light import LightProvider, LightSpan

ONE = f"{1:032x}"
TWO = f"{2:032x}"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Gives livekit-agents its provider back."""
    tracer = telemetry.tracer
    before, inner = tracer._tracer_provider, tracer._tracer
    captured = telemetry.gen_ai.capture_content_enabled()
    telemetry.set_tracer_provider(api.NoOpTracerProvider())
    telemetry.gen_ai.set_capture_content(True)
    collector._quiet.clear()
    yield
    collector._quiet.clear()
    tracer._tracer_provider, tracer._tracer = before, inner
    telemetry.gen_ai.set_capture_content(captured)
    collector._followers.clear()


class Exported(SpanExporter):
    """What another vendor would get."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Any) -> SpanExportResult:
        """Keeps them."""
        self.spans += spans
        return SpanExportResult.SUCCESS


class Clerk(Agent):
    """Has a tool."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def book(self, when: str) -> str:
        """Books."""
        return f"booked for {when}"


async def talk(trace: str, agent: Agent | None = None) -> list[Span]:
    """The spans of a session with two typed turns, one with a tool."""
    told: list[Span] = []
    collector.follow(trace, told.append)
    mind = ScriptedAnswers([[Call("book", {"when": "nine"})], "Done."])

    async def session() -> None:
        otel.attach(collector.within(trace))
        session = AgentSession[None](llm=mind)
        await session.start(agent or Clerk())
        await session.run(user_input="book it")
        await session.run(user_input="thanks")
        await session.aclose()

    await asyncio.create_task(session())
    collector.leave(trace)
    return told


def ended(told: list[Span], name: str) -> list[Span]:
    """Those of that name that ended."""
    return [span for span in told if span.name == name and span.end_ns]


def holds(told: list[Span], trace: str) -> None:
    """What every way in must give."""
    assert {span.trace for span in told} == {trace}
    (root,) = ended(told, "agent_session")
    assert (root.parent, root.kind) == ("", "session")
    assert len(ended(told, "agent_turn")) == 2
    assert len(ended(told, "llm_request")) == 3
    assert not ended(told, "llm_request_run")
    (tool,) = ended(told, "function_tool")
    assert tool.kind == "tool"
    assert tool.attributes["lk.pii.function_tool.arguments"] == '{"when": "nine"}'
    ids = {span.id for span in told}
    assert all(span.parent in ids for span in told if span.parent)
    assert all(0 < span.start_ns <= span.end_ns for span in told if span.end_ns)
    opened = {span.kind for span in told if not span.end_ns}
    assert opened == {"session", "assistant_turn", "tool"}
    assert ended(told, "llm_request")[-1].attributes["gen_ai.usage.output_tokens"] > 0


async def test_spans_come_with_nothing_set_up() -> None:
    """Light ones, of each session in its own trace."""
    first, second = await asyncio.gather(talk(ONE), talk(TWO))
    holds(first, ONE)
    holds(second, TWO)
    assert isinstance(telemetry.tracer._tracer_provider, LightProvider)
    assert not any("lk.pii.chat_ctx" in span.attributes for span in first)
    assert not any("gen_ai.input.messages" in span.attributes for span in first)


async def test_a_provider_of_the_user_stays_and_tells_us_too() -> None:
    """Its exporter gets what it got before, whole prompts included, and we get ours."""
    exported = Exported()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    await talk(TWO)  # before it was set, nothing was
    telemetry.set_tracer_provider(provider)
    told = await talk(ONE)
    holds(told, ONE)
    assert telemetry.tracer._tracer_provider is provider
    assert {"agent_session", "agent_turn", "llm_request"} <= {s.name for s in exported.spans}
    assert any("gen_ai.input.messages" in (s.attributes or {}) for s in exported.spans)
    holds(await talk(TWO), TWO)  # it is joined once


async def test_a_provider_for_the_whole_process_that_comes_later_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A vendor's own set-up may run after our first session."""
    await talk(ONE)
    exported = Exported()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(api, "get_tracer_provider", lambda: provider)
    holds(await talk(TWO), TWO)
    assert telemetry.tracer._tracer_provider is provider
    assert telemetry.gen_ai.capture_content_enabled()
    assert exported.spans


async def test_sessions_that_nobody_follows_cost_nothing() -> None:
    """Another session of the same process is not recorded."""
    collector.install()
    seen: list[Span] = []
    collector.follow(TWO, seen.append)
    session = AgentSession[None](llm=ScriptedAnswers())
    await session.start(Agent(instructions=""))
    assert session._session_span is not None
    assert not session._session_span.is_recording()
    await session.aclose()
    assert seen == []


async def test_a_node_that_thinks_by_itself_is_a_model() -> None:
    """Its span carries what a request's would."""

    class Own(Clerk):
        """Answers without any model."""

        async def llm_node(
            self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
        ) -> AsyncIterator[str]:
            yield "by myself"

    told = await talk(ONE, Own())
    nodes = ended(told, "llm_node")
    assert [span.kind for span in nodes] == ["llm", "llm"]
    assert nodes[0].attributes["gen_ai.operation.name"] == "chat"
    assert nodes[0].attributes["lk.pii.response.text"] == "by myself"


async def test_a_span_that_fails_says_how() -> None:
    """The type of what was raised is its error; its words are content."""
    told: list[Span] = []
    collector.follow(ONE, told.append)
    otel.attach(collector.within(ONE))
    with (
        pytest.raises(KeyError),
        telemetry.tracer.start_as_current_span("llm_request_run") as span,
    ):
        raise KeyError("secret")
    assert isinstance(span, LightSpan)
    (failed,) = told  # an attempt is told of where it failed
    assert (failed.status, failed.error, failed.kind) == ("error", "KeyError", "other")
    assert failed.attributes["exception.message"] == "'secret'"
    assert failed.events[0]["name"] == "exception"


async def test_a_light_span_is_what_was_written_into_it() -> None:
    """It ends once, not before it began, and takes what livekit-agents gives it."""
    told: list[Span] = []
    collector.follow(ONE, told.append)
    otel.attach(collector.within(ONE))
    span = telemetry.tracer.start_span("x", attributes={"a": 1}, start_time=100)
    span.set_attributes({"b": 2})
    span.set_attribute("c", 3)
    span.add_event("moment", {"d": 4}, timestamp=101)
    span.add_event("other", timestamp=102)
    span.add_link(span.get_span_context())
    span.update_name("y")
    span.set_status(api.StatusCode.OK)
    span.end(50)
    span.end(500)
    (entry,) = told
    assert (entry.name, entry.start_ns, entry.end_ns) == ("y", 100, 100)
    assert entry.attributes == {"a": 1, "b": 2, "c": 3}
    assert entry.events == [
        {"name": "moment", "at_ns": 101, "attributes": {"d": 4}},
        {"name": "other", "at_ns": 102},
    ]
    assert not span.is_recording()


async def test_what_a_failure_says_holds_no_key() -> None:
    """A provider's key or password is blotted out, in the span and in its event."""
    told: list[Span] = []
    collector.follow(ONE, told.append)
    otel.attach(collector.within(ONE))
    with (
        pytest.raises(RuntimeError),
        telemetry.tracer.start_as_current_span("llm_request_run"),
    ):
        raise RuntimeError("401 for Bearer abcdefghijklmnop, api_key=1234, of sk-abcdefghijklmnop")
    (failed,) = told
    said = "401 for Bearer [redacted], api_key=[redacted], of [redacted]"
    assert failed.attributes["exception.message"] == said
    assert failed.events[0]["attributes"]["exception.message"] == said
    assert "abcdef" not in failed.events[0]["attributes"]["exception.stacktrace"]
