"""A watch tells what a session says: its states, its failures, its tools, its end; no secrets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import AgentSession
from livekit.agents.llm import ChatMessage, FunctionCall, FunctionCallOutput, LLMError
from livekit.agents.voice.events import (
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    UserStateChangedEvent,
)

from duologue.trace import collector
from duologue.trace.entries import Entry, Span, Trace, Turn
from duologue.trace.watch import Watch

TRACE = "0" * 31 + "1"
S = 1_000_000_000


class Told:
    """A watch over a session that never starts, and what it told."""

    def __init__(self, **given: Any) -> None:
        self.entries: list[Entry] = []
        self.now = 100 * S
        self.watch = Watch(TRACE, self.entries.append, clock=lambda: self.now, **given)
        self.session = AgentSession[None]()
        self.watch.follow(self.session)

    def end(self) -> None:
        """The run is over."""
        self.watch.end("complete", "left", [])

    @property
    def spans(self) -> list[Span]:
        """What it told of steps."""
        return [entry for entry in self.entries if isinstance(entry, Span)]

    @property
    def turns(self) -> dict[int, Turn]:
        """What it told of turns, at last."""
        return {entry.index: entry for entry in self.entries if isinstance(entry, Turn)}


async def test_states_are_spans_of_their_own() -> None:
    """Each lasts until the next, the last until the run's end; listening is what is between."""
    told = Told()
    emit = told.session.emit
    for at, state in ((101, "listening"), (103, "thinking"), (104, "speaking")):
        event = AgentStateChangedEvent(old_state="idle", new_state=state, created_at=at)  # type: ignore[arg-type]  # a list of words
        emit("agent_state_changed", event)
    emit(
        "user_state_changed",
        UserStateChangedEvent(old_state="listening", new_state="speaking", created_at=102),
    )
    told.now = 110 * S
    told.end()
    found = [(span.name, span.start_ns // S, span.end_ns // S) for span in told.spans]
    assert sorted(found) == [
        ("agent:speaking", 104, 110),
        ("agent:thinking", 103, 104),
        ("user:speaking", 102, 110),
    ]
    assert all(span.kind == "state" for span in told.spans)


async def test_messages_make_turns_where_there_are_no_spans() -> None:
    """With the delays of livekit-agents' own metrics, and recognition as a step."""
    told = Told()
    said = ChatMessage(
        role="user",
        content=["book it"],
        created_at=103.0,
        transcript_confidence=0.9,
        metrics={
            "started_speaking_at": 101.0,
            "stopped_speaking_at": 102.5,
            "transcription_delay": 0.25,
            "end_of_turn_delay": 0.5,
        },
    )
    told.session.emit("conversation_item_added", ConversationItemAddedEvent(item=said))
    answer = ChatMessage(
        role="assistant",
        content=["Done."],
        created_at=104.0,
        interrupted=True,
        metrics={"llm_node_ttft": 0.2, "tts_node_ttfb": 0.1, "e2e_latency": 0.9},
    )
    told.session.emit("conversation_item_added", ConversationItemAddedEvent(item=answer))
    assert not told.turns  # they are put together a moment later
    told.end()
    turn = told.turns[0]
    assert (turn.user_text, turn.agent_text, turn.interrupted) == ("book it", "Done.", True)
    assert (turn.eou_ms, turn.stt_ms, turn.llm_ms) == (500, 250, 200)
    assert (turn.tts_ms, turn.e2e_ms, turn.confidence) == (100, 900, 0.9)
    (recognized,) = told.spans
    assert (recognized.kind, recognized.start_ns) == ("stt", int(102.5 * S))
    assert recognized.end_ns - recognized.start_ns == S // 4


async def test_tools_are_told_where_they_have_no_span() -> None:
    """A call and its result, with its time; one whose span was told is not told twice."""
    told = Told()
    call = FunctionCall(call_id="c1", name="book", arguments="{}", created_at=101.0)
    output = FunctionCallOutput(
        call_id="c1", name="book", output="no", is_error=True, created_at=102.0
    )
    event = FunctionToolsExecutedEvent(function_calls=[call], function_call_outputs=[output])
    told.session.emit("function_tools_executed", event)
    told.session.emit("function_tools_executed", event)
    told.end()
    (tool,) = told.spans
    assert (tool.kind, tool.status, tool.end_ns - tool.start_ns) == ("tool", "error", S)
    assert tool.attributes["lk.function_tool.name"] == "book"
    assert tool.attributes["lk.pii.function_tool.output"] == "no"


async def test_failures_are_spans() -> None:
    """With the type of what went wrong; one that is tried again says so, and counts in no turn."""
    told = Told()
    item = ChatMessage(role="user", content=["hi"], created_at=99.0)
    told.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))
    for again in (True, False):
        error = LLMError(timestamp=1, label="x", error=ValueError("secret"), recoverable=again)
        told.session.emit("error", ErrorEvent(error=error, source=object()))
    told.session.emit("close", CloseEvent(reason=CloseReason.ERROR, error=error))
    told.end()
    first, second, closed = told.spans
    assert (first.kind, first.error, first.status) == ("error", "ValueError", "error")
    assert first.attributes == {"error.message": "secret", "part": "llm", "recoverable": True}
    assert second.attributes["recoverable"] is False
    assert closed.error == "session_closed"
    assert told.turns[0].errors == 2  # the model's, and the session's end by it


async def test_a_secret_is_kept_from_the_moment_it_is_one() -> None:
    """What was told before stays; nothing is told any more that may repeat it."""
    secret = False
    told = Told(secret=lambda: secret)

    def say(text: str, at: float) -> None:
        item = ChatMessage(role="user", content=[text], created_at=at)
        told.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))

    say("open", 101)
    await asyncio.sleep(0.3)
    secret = True
    say("hidden", 102)
    await asyncio.sleep(0.3)
    secret = False
    say("hidden again", 103)
    told.end()
    assert [told.turns[n].user_text for n in range(3)] == ["open", "", ""]


async def test_the_end_says_what_it_cost_and_is_the_end() -> None:
    """Usage with prices, the reason, and nothing afterwards."""
    told = Told()
    told.watch.begin(agent="desk")
    usage = [
        {
            "type": "llm_usage",
            "provider": "openai",
            "model": "gpt-4o",
            "input_tokens": 10,
            "output_tokens": 10,
        }
    ]
    told.watch.end("failed", "agent_failed", usage)
    told.watch.end("complete", "left", [])
    begun, ended = told.entries
    assert isinstance(begun, Trace)
    assert isinstance(ended, Trace)
    assert (begun.status, begun.agent, begun.started_ns) == ("active", "desk", 100 * S)
    assert (ended.status, ended.reason, ended.cost_micros) == ("failed", "agent_failed", 125)
    assert int(TRACE, 16) not in collector._followers


async def test_spans_of_other_threads_come_in_order() -> None:
    """A tool may run in a thread of its own; its span is told in the loop's."""
    told = Told()
    span = Span(trace=TRACE, id="a" * 16, name="x", start_ns=1, end_ns=2)
    await asyncio.to_thread(told.watch._span, span)
    await asyncio.sleep(0)
    told.end()
    assert told.spans == [span]


@pytest.mark.parametrize("mode", [True, False])
async def test_content_can_be_left_out_from_the_start(mode: bool) -> None:
    """Then there is not a word in any entry."""
    told = Told(content=mode)
    item = ChatMessage(role="user", content=["elderberries"], created_at=101.0)
    told.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))
    told.end()
    assert ("elderberries" in str(told.entries)) is mode
