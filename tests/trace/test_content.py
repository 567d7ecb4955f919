"""What was said can be left out, and how long it took stays."""

from __future__ import annotations

import pytest

from duologue.trace.content import is_content, without_content
from duologue.trace.entries import Log, Span, Trace, Turn

TRACE = "0" * 32


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("lk.pii.user_transcript", True),
        ("lk.user_transcript", True),
        ("gen_ai.input.messages", True),
        ("gen_ai.prompt.variable.name", True),
        ("exception.message", True),
        ("lk.e2e_latency", False),
        ("gen_ai.usage.input_tokens", False),
        ("error.type", False),
        ("lk.piiano", False),
    ],
)
def test_knows_content_by_its_name(key: str, content: bool) -> None:
    """The names of livekit-agents 1.5 to 1.8 and of the GenAI conventions are known."""
    assert is_content(key) is content


def test_livekits_own_list_is_known() -> None:
    """Everything that livekit-agents counts as personal is content here."""
    from livekit.agents.telemetry import pii

    assert all(map(is_content, pii.GEN_AI_PII_ATTRIBUTES))


def test_leaves_out_what_was_said() -> None:
    """Texts go; times, names, counts and types stay."""
    said = {"lk.pii.response.text": "x", "lk.e2e_latency": 0.5}
    span = without_content(
        Span(
            trace=TRACE,
            id="1" * 16,
            name="agent_turn",
            start_ns=1,
            end_ns=2,
            attributes=said,
            events=[
                {"name": "gen_ai.choice", "at_ns": 1, "attributes": {"content": "x"}},
                {"name": "generation", "at_ns": 2, "attributes": said},
            ],
        )
    )
    assert span.attributes == {"lk.e2e_latency": 0.5}
    assert span.events == [
        {"name": "generation", "at_ns": 2, "attributes": {"lk.e2e_latency": 0.5}}
    ]
    assert (span.name, span.start_ns, span.end_ns) == ("agent_turn", 1, 2)
    turn = without_content(
        Turn(trace=TRACE, index=0, started_ns=1, user_text="a", agent_text="b", e2e_ms=5.0)
    )
    assert turn == Turn(trace=TRACE, index=0, started_ns=1, e2e_ms=5.0)
    line = without_content(
        Log(trace=TRACE, id="2" * 16, at_ns=1, level="error", text="x", attributes=said)
    )
    assert (line.text, line.level, line.attributes) == ("", "error", {"lk.e2e_latency": 0.5})
    told = {"exception.type": "KeyError", "error": "asked for: x", "said": "x"}
    line = without_content(Log(trace=TRACE, id="2" * 16, at_ns=1, text="x", attributes=told))
    assert line.attributes == {"exception.type": "KeyError"}
    run = without_content(Trace(trace=TRACE, agent="a", attributes=said))
    assert run == Trace(trace=TRACE, agent="a", attributes={"lk.e2e_latency": 0.5})


def test_an_entry_that_says_nothing_is_the_same() -> None:
    """Nothing is copied where there is nothing to leave out."""
    span = Span(trace=TRACE, id="1" * 16, name="x", start_ns=1, attributes={"lk.e2e_latency": 1})
    turn = Turn(trace=TRACE, index=0, started_ns=1)
    run = Trace(trace=TRACE)
    assert without_content(span) is span
    assert without_content(turn) is turn
    assert without_content(run) is run
