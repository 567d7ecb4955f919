"""The table of names holds for the livekit-agents that is installed, and for those before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from livekit import agents
from livekit.agents.telemetry import trace_types

from duologue.trace import names
from duologue.trace.content import is_content

SOURCES = "".join(
    path.read_text(encoding="utf-8") for path in sorted(Path(agents.__path__[0]).rglob("*.py"))
)


@pytest.mark.parametrize("word", sorted(names.ATTRIBUTES))
def test_an_attribute_is_called_as_livekit_agents_calls_it_today(word: str) -> None:
    """A renamed attribute fails here, by its name, before its figure goes missing in a trace."""
    constant, (newest, *_) = names.ATTRIBUTES[word]
    assert getattr(trace_types, constant) == newest


@pytest.mark.parametrize("span", sorted({*names.KINDS, *names.ATTEMPTS}))
def test_a_span_is_called_as_livekit_agents_calls_it_today(span: str) -> None:
    """Each span that has a meaning for us is still opened under its name."""
    assert f'"{span}"' in SOURCES


def test_every_operation_is_one_of_the_conventions() -> None:
    """The GenAI words are those of the registry that livekit-agents mirrors."""
    known = {value for key, value in vars(trace_types.GenAIOperationName).items() if key.isupper()}
    assert set(names.OPERATIONS) <= known


def test_reads_the_names_of_older_releases() -> None:
    """1.5 had no mark for content in its names; the newest name wins where both are there."""
    assert names.ANSWER.of({"lk.response.text": "1.5"}) == "1.5"
    assert names.ANSWER.of({"lk.response.text": "1.5", "lk.pii.response.text": "1.8"}) == "1.8"
    assert names.ANSWER.of({}) is None
    assert names.CACHED_TOKENS.of({"gen_ai.usage.input_cached_tokens": 0}) == 0


def test_knows_what_a_span_is() -> None:
    """By its name, by prefactor's name, or by its operation; anything else is other."""
    assert names.kind_of("agent_turn", {}) == "assistant_turn"
    assert names.kind_of("livekit:tool:book", {}) == "tool"
    assert names.kind_of("livekit:what", {}) == "other"
    assert names.kind_of("my own node", {"gen_ai.operation.name": "chat"}) == "llm"
    assert names.kind_of("llm_request_run", {"gen_ai.operation.name": "chat"}) == "other"
    assert names.kind_of("llm_node", {}) == "other"


def test_what_people_say_is_content_under_each_of_its_names() -> None:
    """Whatever release it comes from, it is left out where content is left out."""
    said = (
        names.USER_INPUT,
        names.TRANSCRIPT,
        names.ANSWER,
        names.PROMPT,
        names.TOOL_INPUT,
        names.TOOL_OUTPUT,
        names.ERROR_MESSAGE,
    )
    for name in said:
        assert all(is_content(each) for each in name.names)
