"""Turns come out of spans and messages the same, whatever comes first and however often."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest

from duologue.settings import Price
from duologue.trace.entries import Kind, Span, Turn
from duologue.trace.prices import Prices
from duologue.trace.turns import TurnBuilder

TRACE = "0" * 31 + "1"
MS = 1_000_000
S = 1_000_000_000


def span(
    name: str, kind: Kind, id_: str, start: float, end: float = 0, parent: str = "", **told: Any
) -> Span:
    """A span of that many seconds; two underscores in an attribute's name are a dot."""
    return Span(
        trace=TRACE,
        id=id_,
        parent=parent,
        name=name,
        kind=kind,
        start_ns=int(start * S),
        end_ns=int(end * S),
        status="ok" if end else "active",
        attributes={key.replace("__", "."): value for key, value in told.items()},
    )


USER = span(
    "user_turn", "user_turn", "u1", 1, 3,
    lk__pii__user_transcript="book it", lk__end_of_turn_delay=0.5, lk__transcription_delay=0.3,
    lk__transcript_confidence=0.9,
)  # fmt: skip
AGENT = span(
    "agent_turn", "assistant_turn", "a1", 2.8, 6,
    lk__pii__user_input="book it", lk__pii__response__text="Done.", lk__e2e_latency=0.8,
    lk__interrupted=True, lk__interruption__source="audio_activity", lk__playout__position=1.25,
)  # fmt: skip
NODE = span("llm_node", "other", "n1", 2.8, 3.1, "a1", lk__response__ttft=0.1)
MODEL = span(
    "llm_request", "llm", "l1", 2.8, 3.1, "n1",
    gen_ai__usage__input_tokens=100, gen_ai__usage__output_tokens=10,
    gen_ai__provider__name="acme", gen_ai__request__model="m",
)  # fmt: skip
VOICE = span("tts_node", "other", "v1", 3.1, 4, "a1", lk__response__ttfb=0.15)
SPEECH = span(
    "tts_request", "tts", "s1", 3.1, 4, "v1",
    gen_ai__provider__name="acme", gen_ai__request__model="v",
    lk__tts_metrics='{"ttfb": 0.15, "characters_count": 5}',
)  # fmt: skip
TOOL = span("function_tool", "tool", "t1", 3, 3.1, "a1", lk__function_tool__is_error=True)
PRICES = Prices({"acme/m": Price(input=2, output=4), "acme/v": Price(characters=10)})
ALL = (USER, AGENT, NODE, MODEL, VOICE, SPEECH, TOOL)
WHOLE = Turn(
    trace=TRACE,
    index=0,
    started_ns=S,
    ended_ns=6 * S,
    user_text="book it",
    agent_text="Done.",
    spoken=True,
    interrupted=True,
    interruption="audio_activity",
    eou_ms=500.0,
    stt_ms=300.0,
    llm_ms=100.0,
    early_ms=100.0,
    tts_ms=150.0,
    e2e_ms=800.0,
    played_s=1.25,
    tools=1,
    tool_errors=1,
    input_tokens=100,
    output_tokens=10,
    cost_micros=290,
    confidence=0.9,
)


def built(*spans: Span) -> list[Turn]:
    """The turns that these spans make, in this order."""
    builder = TurnBuilder(TRACE, prices=PRICES)
    for each in spans:
        builder.span(each)
    return builder.turns()


def test_a_spoken_turn_comes_out_of_its_spans() -> None:
    """Every figure is there, and the model's and the voice's cost."""
    assert built(*ALL) == [WHOLE]


def test_the_order_of_spans_does_not_matter_nor_does_a_repeat() -> None:
    """Children come before their parents over OTLP, and batches come twice."""
    for order in itertools.islice(itertools.permutations(ALL), 0, None, 97):
        assert built(*order, *order[:3]) == [WHOLE]


def test_tells_only_what_changed() -> None:
    """A figure that comes late tells its turn again; a repeat tells nothing."""
    builder = TurnBuilder(TRACE, prices=PRICES)
    (turn,) = builder.span(USER)
    assert (turn.user_text, turn.eou_ms, turn.agent_text) == ("book it", 500.0, "")
    assert builder.span(USER) == []
    (turn,) = builder.span(AGENT)
    assert (turn.index, turn.agent_text, turn.llm_ms) == (0, "Done.", None)
    (turn,) = builder.span(NODE)
    assert turn.llm_ms == 100.0
    assert builder.span(span("session_start", "other", "x", 0, 1)) == []


def test_names_of_older_releases_make_the_same_turn() -> None:
    """1.5 marks no content in its names, and tells delays with the user's turn only."""
    user = span(
        "user_turn", "user_turn", "u1", 1, 3,
        lk__user_transcript="hi", lk__end_of_turn_delay=0.5, lk__transcription_delay=0.3,
    )  # fmt: skip
    first = span(
        "agent_turn", "assistant_turn", "a1", 3, 4, lk__user_input="hi", lk__generation_id="g1"
    )
    second = span(
        "agent_turn", "assistant_turn", "a2", 4, 5,
        lk__generation_id="g2", lk__parent_generation_id="g1", lk__response__text="hello",
        lk__e2e_latency=1.0,
    )  # fmt: skip
    (turn,) = built(second, user, first)
    assert (turn.user_text, turn.agent_text, turn.eou_ms, turn.e2e_ms) == (
        "hi",
        "hello",
        500.0,
        1000.0,
    )


def test_a_typed_turn_has_no_span_of_the_user() -> None:
    """The agent's turn says what was typed; what the agent says unasked is a turn of its own."""
    greeting = span("agent_turn", "assistant_turn", "a0", 0, 1, lk__pii__response__text="Hello.")
    typed = span(
        "agent_turn", "assistant_turn", "a1", 2, 3,
        lk__pii__user_input="hi", lk__pii__response__text="hello",
    )  # fmt: skip
    first, second = built(typed, greeting)
    assert (first.user_text, first.agent_text) == ("", "Hello.")
    assert (second.index, second.user_text, second.spoken) == (1, "hi", False)
    assert second.eou_ms is None


def test_the_same_word_twice_is_two_turns() -> None:
    """Each answer finds its own utterance."""
    spans = []
    for n in range(3):
        spans += [
            span(
                "user_turn", "user_turn", f"u{n}", 10 * n, 10 * n + 1,
                lk__pii__user_transcript="yes", lk__end_of_turn_delay=0.5,
            ),
            span(
                "agent_turn", "assistant_turn", f"a{n}", 10 * n + 1, 10 * n + 2,
                lk__pii__user_input="yes", lk__pii__response__text=f"answer {n}",
            ),
        ]  # fmt: skip
    random.Random(5).shuffle(spans)
    turns = built(*spans)
    assert [turn.agent_text for turn in turns] == ["answer 0", "answer 1", "answer 2"]
    assert all(turn.user_text == "yes" and turn.eou_ms == 500.0 for turn in turns)


def test_without_content_turns_pair_by_their_delays() -> None:
    """A source that strips words still tells who answered whom."""
    bare = [
        msgspec.structs.replace(
            each, attributes={k: v for k, v in each.attributes.items() if ".pii." not in k}
        )
        for each in ALL
    ]
    assert built(*bare) == [msgspec.structs.replace(WHOLE, user_text="", agent_text="")]


def test_a_noise_is_no_turn_and_a_discarded_answer_is_none() -> None:
    """What was not understood, and what was thought early and thrown away, leave no turn."""
    noise = span("user_turn", "user_turn", "u9", 0, 1)
    early = span("agent_turn", "assistant_turn", "a9", 0.5, 0.7, lk__interrupted=True)
    assert built(noise, early) == []
    assert built(noise, early, *ALL) == [WHOLE]


def test_an_utterance_without_answer_is_a_turn() -> None:
    """It is what a list of unanswered turns looks for."""
    (turn,) = built(USER)
    assert (turn.user_text, turn.agent_text, turn.ended_ns) == ("book it", "", 3 * S)


def test_messages_are_enough_where_there_are_no_spans() -> None:
    """A sampled-out session still has its turns and their delays."""
    builder = TurnBuilder(TRACE)
    builder.said("assistant", "Hello.", 1 * S, id="m0", metrics={"tts_node_ttfb": 0.1})
    builder.said(
        "user", "book it", 4 * S, id="m1", confidence=0.8,
        metrics={
            "started_speaking_at": 2.0, "stopped_speaking_at": 3.0,
            "transcription_delay": 0.3, "end_of_turn_delay": 0.5,
        },
    )  # fmt: skip
    builder.said(
        "assistant", "Do", 5 * S, id="m2", interrupted=True,
        metrics={"llm_node_ttft": 0.2, "tts_node_ttfb": 0.1, "e2e_latency": 0.9},
    )  # fmt: skip
    builder.said("user", "typed", 7 * S, id="m3")
    builder.said("assistant", "read", 8 * S, id="m4", metrics={"llm_node_ttft": 0.2})
    greeting, spoken, typed = builder.turns()
    assert (greeting.agent_text, greeting.tts_ms) == ("Hello.", 100.0)
    assert (spoken.started_ns, spoken.spoken, spoken.interrupted) == (2 * S, True, True)
    assert (spoken.eou_ms, spoken.stt_ms, spoken.llm_ms, spoken.e2e_ms) == (500, 300, 200, 900)
    assert (typed.user_text, typed.agent_text, typed.spoken) == ("typed", "read", False)


def test_a_message_s_figures_count_more_than_a_step_s() -> None:
    """The message was told of the answer that was heard; steps may be of one that was not."""
    builder = TurnBuilder(TRACE, prices=PRICES)
    for each in ALL:
        builder.span(each)
    builder.said(
        "assistant", "Do", 4 * S, id="m", span="a1", interrupted=True,
        metrics={"llm_node_ttft": 0.25, "e2e_latency": 0.9},
    )  # fmt: skip
    (turn,) = builder.turns()
    assert (turn.agent_text, turn.llm_ms, turn.tts_ms, turn.e2e_ms) == ("Do", 250.0, 150.0, 900.0)


@pytest.mark.parametrize(
    ("asked", "early"),
    [(1.9, 100.0), (1.5, 400.0), (2.1, 0.0)],
    ids=["asked early", "thought all of it early", "asked when the turn was over"],
)
def test_what_was_thought_while_the_silence_was_waited_out(asked: float, early: float) -> None:
    """Of the request that was heard, and not of one thrown away nor of one behind a tool."""
    e2e = 0.5 + 0.4 - early / 1000 + 0.15 + 0.05
    steps = [
        span("user_turn", "user_turn", "u", 1, 2.3, lk__pii__user_transcript="book it"),
        span("agent_turn", "assistant_turn", "a", 1.4, 6, lk__pii__user_input="book it"),
        span("llm_request", "llm", "l0", 1.4, 1.6, "a", lk__response__ttft=0.1),
        span("llm_node", "other", "n1", asked, asked + 0.6, "a", lk__response__ttft=0.4),
        span("llm_request", "llm", "l1", asked, asked + 0.6, "n1", lk__response__ttft=0.399),
        span("llm_node", "other", "n2", 5, 6, "a", lk__response__ttft=0.2),
    ]
    for order in (steps, steps[::-1]):
        builder = TurnBuilder(TRACE)
        for each in order:
            builder.span(each)
        builder.said(
            "user", "book it", 2 * S, id="m1", span="a",
            metrics={"stopped_speaking_at": 1.5, "end_of_turn_delay": 0.5},
        )  # fmt: skip
        builder.said(
            "assistant", "Done.", 6 * S, id="m2", span="a",
            metrics={"llm_node_ttft": 0.4, "tts_node_ttfb": 0.15, "e2e_latency": e2e},
        )  # fmt: skip
        (turn,) = builder.turns()
        assert (turn.llm_ms, turn.early_ms) == (400.0, early)
        assert turn.parts() == {
            "eou": 500.0,
            "stt": 0.0,
            "llm": 400.0 - early,
            "tts": 150.0,
            "transport": 0.0,
            "unexplained": 50.0,
        }


def test_how_early_is_told_where_the_end_of_the_turn_is_known_only() -> None:
    """livekit-agents' span of the user ends with the turn; prefactor-livekit's may end later."""
    early = [(turn.early_ms, turn.llm_ms) for turn in built(*ALL)]
    other = msgspec.structs.replace(USER, name="livekit:user_turn")
    foreign = [(turn.early_ms, turn.llm_ms) for turn in built(other, *ALL[1:])]
    typed = [(turn.early_ms, turn.llm_ms) for turn in built(*ALL[1:])]
    assert (early, foreign, typed) == ([(100.0, 100.0)], [(None, 100.0)], [(None, 100.0)])


def test_what_was_heard_and_how_long_it_travelled_belong_to_their_turn() -> None:
    """The way to the ear is a part of the whole; pieces that were heard add up."""
    builder = TurnBuilder(TRACE, prices=PRICES)
    for each in ALL:
        builder.span(each)
    builder.heard("a1", 0.5)
    builder.heard("a1", 0.4)
    builder.transport("a1", 60.0)
    (turn,) = builder.changed()
    assert (turn.played_s, turn.transport_ms, turn.e2e_ms) == (0.9, 60.0, 860.0)


def test_failures_count_where_they_happened() -> None:
    """One that was tried again is none; a request that failed counts once with its error."""
    failed = msgspec.structs.replace(MODEL, status="error")
    error = span("error", "error", "e1", 3.05, 3.05)
    again = msgspec.structs.replace(error, id="e2", attributes={"recoverable": True})
    (turn,) = built(USER, AGENT, NODE, failed, error, again)
    assert turn.errors == 1
    builder = TurnBuilder(TRACE)
    builder.span(USER)
    (turn,) = builder.error("e", 4 * S)
    assert turn.errors == 1


def test_a_long_live_conversation_settles() -> None:
    """Turns keep their numbers, and what they were made of is forgotten."""
    builder = TurnBuilder(TRACE, live=True)
    told: dict[int, Turn] = {}
    for n in range(200):
        agent = span(
            "agent_turn", "assistant_turn", f"a{n}", n, n + 0.5,
            lk__pii__user_input=f"word {n}", lk__pii__response__text=f"answer {n}",
        )  # fmt: skip
        model = span("llm_request", "llm", f"l{n}", n, n + 0.2, f"a{n}")
        for turn in [*builder.span(agent), *builder.span(model)]:
            told[turn.index] = turn
    assert [told[n].user_text for n in range(200)] == [f"word {n}" for n in range(200)]
    assert len(builder.turns()) <= 16
    assert len(builder._facts.parents) <= 64


@pytest.mark.parametrize(
    ("turn", "parts"),
    [
        (
            Turn(
                trace="", index=0, started_ns=0, e2e_ms=1000, eou_ms=500, stt_ms=300, llm_ms=200,
                tts_ms=100, transport_ms=50,
            ),
            {"eou": 500, "stt": 0, "llm": 200, "tts": 100, "transport": 50, "unexplained": 150},
        ),
        (
            Turn(
                trace="", index=0, started_ns=0, e2e_ms=600, eou_ms=500, stt_ms=550, llm_ms=400,
                tts_ms=50,
            ),
            {"eou": 500, "stt": 50, "llm": 0, "tts": 50, "transport": 0, "unexplained": 0},
        ),
        (
            Turn(
                trace="", index=0, started_ns=0, e2e_ms=950, eou_ms=500, stt_ms=400, llm_ms=400,
                early_ms=100, tts_ms=125,
            ),
            {"eou": 500, "stt": 0, "llm": 300, "tts": 125, "transport": 0, "unexplained": 25},
        ),
    ],
)  # fmt: skip
def test_parts_add_up_to_the_whole(turn: Turn, parts: dict[str, float]) -> None:
    """What was thought during the wait for the end of the turn counts once."""
    assert turn.parts() == parts
    assert sum(parts.values()) == turn.e2e_ms
    assert turn.unexplained_ms == parts["unexplained"]
    assert Turn(trace="", index=0, started_ns=0, llm_ms=5).parts() == {}
    assert Turn(trace="", index=0, started_ns=0, llm_ms=5).unexplained_ms is None
