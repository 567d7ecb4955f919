"""What is told arrives at Prefactor's API: in order, in bulk, once, with its own times."""

from __future__ import annotations

from typing import Any

import pytest
from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import Answer, Receiver, Request

from duologue.trace.entries import Entry, Kind, Log, Span, Status, Trace, Turn
from duologue.trace.schemas import agent_schema
from duologue.trace.sending import Forbidden, NotTaken
from duologue.trace.sink_prefactor import PrefactorSink
from duologue.trace.sinks import Refused

TRACE = "0123456789abcdef0123456789abcdef"
SECOND = 1_000_000_000


def span(
    number: int,
    kind: Kind,
    start: int,
    end: int = 0,
    *,
    parent: int = 0,
    status: Status = "ok",
    error: str = "",
    **attributes: Any,
) -> Span:
    """A step from one second to another, as the collector tells it."""
    return Span(
        trace=TRACE,
        id=f"{number:016x}",
        parent=f"{parent:016x}" if parent else "",
        name={"session": "agent_session", "llm": "llm_request"}.get(kind, kind),
        kind=kind,
        start_ns=start * SECOND,
        end_ns=end * SECOND,
        status=status if end else "active",
        error=error,
        attributes={name.replace("__", "."): value for name, value in attributes.items()},
    )


BEGIN = Trace(trace=TRACE, status="active", started_ns=SECOND, last_seen_ns=SECOND)
END = Trace(
    trace=TRACE,
    status="complete",
    ended_ns=9 * SECOND,
    last_seen_ns=9 * SECOND,
    reason="user_initiated",
    usage=[{"model": "m", "input_tokens": 7}],
)
ROOT = span(1, "session", 1)


async def test_a_conversation_arrives_in_order_with_its_own_times() -> None:
    """Instance, session, turns, model, tool and typed words: each once, below the right parent."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(
            receiver.url,
            "token",
            agent_id="front-desk",
            agent_name="Front desk",
            schema=agent_schema(None, livekit=True, tools=None),
            tools={"book": "livekit:tool:booking"},
        )
        await sink.write([BEGIN, ROOT, span(3, "assistant_turn", 3, parent=1)])
        await sink.write(
            [
                Turn(trace=TRACE, index=0, started_ns=2 * SECOND, user_text="a room, please"),
                # What is no step to Prefactor is left out, and its children hang above it.
                span(4, "other", 3, 6, parent=3),
                span(5, "llm", 3, 5, parent=4, gen_ai__request__model="m", lk__response__ttft=0.5),
                span(
                    6,
                    "tool",
                    5,
                    6,
                    parent=4,
                    status="error",
                    error="KeyError",
                    lk__function_tool__name="book",
                    lk__pii__function_tool__arguments='{"night":2}',
                    lk__pii__function_tool__output="no such night",
                ),
                span(
                    3,
                    "assistant_turn",
                    3,
                    7,
                    parent=1,
                    lk__pii__response__text="Sorry",
                    lk__interrupted=True,
                    lk__e2e_latency=0.75,
                ),
            ]
        )
        await sink.write([span(1, "session", 1, 9), END])
        await sink.close()
    assert api.refused == []
    [instance] = api.instances.values()
    assert (instance["id"], instance["agent_id"]) == (TRACE, "front-desk")
    assert instance["agent_version"]["name"] == "Front desk"
    assert instance["agent_schema_version"]["external_identifier"].startswith("livekit-front-desk-")
    assert len(instance["agent_schema_version"]["span_type_schemas"]) == 9
    assert (instance["status"], instance["started_at"], instance["finished_at"]) == (
        "complete",
        "1970-01-01T00:00:01+00:00",
        "1970-01-01T00:00:09+00:00",
    )
    [session] = api.named("livekit:session")
    assert session["started_at"] == "1970-01-01T00:00:01+00:00"
    assert session["finished_at"] == "1970-01-01T00:00:09+00:00"
    assert session["result_payload"]["usage"] == [{"model": "m", "input_tokens": 7}]
    assert session["result_payload"]["reason"] == "user_initiated"
    [turn] = api.named("livekit:assistant_turn")
    assert turn["parent_span_id"] == session["id"]
    assert turn["result_payload"]["outputs"] == {"message": "Sorry"}
    assert turn["result_payload"]["interrupted"] is True
    assert turn["result_payload"]["metrics"] == {"lk.e2e_latency": 0.75}
    [typed] = api.named("livekit:user_turn")
    assert typed["result_payload"] == {"status": "completed", "transcript": "a room, please"}
    assert typed["parent_span_id"] == session["id"]
    [model] = api.named("livekit:llm")
    assert (model["parent_span_id"], model["payload"]["model_name"]) == (turn["id"], "m")
    assert (model["started_at"], model["finished_at"]) == (
        "1970-01-01T00:00:03+00:00",
        "1970-01-01T00:00:05+00:00",
    )
    [tool] = api.named("livekit:tool:booking")
    assert tool["status"] == "failed"
    assert tool["payload"]["inputs"] == {"night": 2}
    assert tool["result_payload"]["error"]["error_type"] == "KeyError"
    assert tool["result_payload"]["is_error"] is True
    paths = [request.path for request in receiver.requests]
    assert (paths.count("/api/v1/bulk"), paths.count("/api/v1/agent_spans")) == (2, 0)


async def test_a_repeat_tells_nothing_twice() -> None:
    """A batch that is tried again, by this process or by the next one, changes nothing."""
    api = PrefactorApi()
    batch: list[Entry] = [
        BEGIN,
        ROOT,
        span(2, "llm", 2, 3, parent=1),
        span(3, "llm", 2, 3, parent=1),
        span(1, "session", 1, 9),
        END,
    ]
    async with Receiver(api) as receiver:
        for _ in range(2):
            sink = PrefactorSink(receiver.url, "token")
            await sink.write(batch[:3])
            await sink.write(batch[3:])
            await sink.write(batch[3:])
            await sink.close()
    assert len(api.instances) == 1
    assert len(api.spans) == 3
    assert api.refused == []


@pytest.mark.parametrize("at", range(1, 8))
async def test_whatever_request_fails_the_batch_can_be_told_again(at: int) -> None:
    """A failure in the middle of a batch loses none of it, wherever it strikes."""
    api = PrefactorApi()
    count = 0

    def behaviour(request: Request) -> Answer:
        nonlocal count
        count += 1
        answer = api(request)
        return answer._replace(cut=True) if count == at else answer

    async with Receiver(behaviour) as receiver:
        sink = PrefactorSink(receiver.url, "token", patience=5)
        batches: tuple[list[Entry], ...] = (
            [BEGIN, ROOT, span(3, "assistant_turn", 3, parent=1)],
            [span(3, "assistant_turn", 3, 5, parent=1), span(5, "llm", 3, 5, parent=3)],
            [span(1, "session", 1, 9), END],
        )
        for batch in batches:
            for _ in range(2):
                try:
                    await sink.write(batch)
                except NotTaken:
                    continue
                break
        await sink.close()
    assert count > at
    [instance] = api.instances.values()
    assert instance["status"] == "complete"
    assert sorted(told["status"] for told in api.spans.values()) == ["complete"] * 3
    assert api.named("livekit:llm")[0]["parent_span_id"] == f"{3:016x}"


async def test_one_bad_step_takes_no_other_with_it() -> None:
    """A step that is refused is counted; those after it in the same request arrive."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token", tools={})
        with pytest.raises(Refused) as refused:
            await sink.write(
                [
                    BEGIN,
                    ROOT,
                    span(2, "llm", 2, 3, parent=1, gen_ai__request__model="refuse"),
                    span(3, "llm", 3, 4, parent=1),
                    span(4, "tts", 4, 5, parent=1),
                ]
            )
        await sink.close()
    assert refused.value.lost == 1
    assert sorted(api.spans) == [f"{number:016x}" for number in (1, 3, 4)]


async def test_an_api_without_bulk_gets_each_step() -> None:
    """Where there is no bulk, steps go one by one, and it is not asked for again."""
    api = PrefactorApi(bulk=False)
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        await sink.write([BEGIN, ROOT, span(2, "llm", 2, 3, parent=1)])
        await sink.write([span(3, "llm", 3, 4, parent=1), span(4, "llm", 4, 5, parent=1)])
        await sink.close()
    assert len(api.spans) == 4
    assert [request.path for request in receiver.requests].count("/api/v1/bulk") == 1


async def test_an_api_that_gives_ids_of_its_own_is_understood() -> None:
    """Where our ids are not taken, theirs are used: steps keep their parents and are finished."""
    api = PrefactorApi(mints=True)
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        await sink.write([BEGIN, ROOT])
        await sink.write([span(3, "assistant_turn", 3, parent=1), span(5, "llm", 3, 5, parent=3)])
        await sink.write([span(3, "assistant_turn", 3, 6, parent=1)])
        await sink.write([span(1, "session", 1, 9), END])
        await sink.close()
    assert api.refused == []
    [session] = api.named("livekit:session")
    [turn] = api.named("livekit:assistant_turn")
    [model] = api.named("livekit:llm")
    ids = {told["schema_name"]: id_ for id_, told in api.spans.items()}
    assert turn["parent_span_id"] == ids["livekit:session"]
    assert model["parent_span_id"] == ids["livekit:assistant_turn"]
    assert session["status"] == turn["status"] == "complete"
    assert [told["status"] for told in api.instances.values()] == ["complete"]


async def test_two_sessions_are_two_instances() -> None:
    """Each session has an instance of its own, unless one was given for all."""
    other = "f" * 32
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        await sink.write([BEGIN, Trace(trace=other, status="active", started_ns=SECOND)])
        await sink.close()
        assert set(api.instances) == {TRACE, other}
        given = PrefactorSink(receiver.url, "token", instance_id=TRACE)
        await given.write([Trace(trace="e" * 32, started_ns=SECOND), ROOT, END])
        await given.close()
    assert set(api.instances) == {TRACE, other}
    assert api.instances[TRACE]["status"] == "active"
    assert api.spans[ROOT.id]["agent_instance_id"] == TRACE


@pytest.mark.parametrize("way", ["control", "poll"])
async def test_hears_that_a_session_is_to_end(way: str) -> None:
    """The kill switch is heard once, in any answer or when it asks how the instance is."""
    api = PrefactorApi()
    heard: list[tuple[str, str]] = []
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        sink.on_terminate = lambda trace, reason: heard.append((trace, reason))
        await sink.write([BEGIN, ROOT])
        assert heard == []
        if way == "control":
            api.control = {"terminate": True, "reason": "costs"}
        else:
            api.terminated.add(TRACE)
        for at in range(2, 5):
            alive: list[Entry] = [Trace(trace=TRACE, last_seen_ns=at * SECOND)]
            await sink.write([*alive, span(at, "llm", at, at + 1, parent=1)])
        await sink.close()
    assert heard == [(TRACE, "costs")]
    assert api.polls >= 3


async def test_judgements_are_recorded() -> None:
    """What somebody thinks of a session goes to its instance, under its name."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token")
        judged = Trace(trace=TRACE, attributes={"quality.politeness": {"score": 4}, "room": "x"})
        await sink.write([BEGIN, judged])
        await sink.close()
    assert [(told["name"], told["payload"]) for told in api.qualities] == [
        ("politeness", {"score": 4})
    ]


async def test_without_content_nothing_that_was_said_leaves() -> None:
    """content=False sends times, names and numbers only."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "token", content=False)
        await sink.write(
            [
                BEGIN,
                ROOT,
                span(3, "assistant_turn", 3, 4, parent=1, lk__pii__response__text="secret words"),
                Turn(trace=TRACE, index=0, started_ns=SECOND, user_text="secret words"),
                Log(trace=TRACE, id="9" * 16, at_ns=SECOND, text="secret words"),
            ]
        )
        await sink.close()
    assert b"secret" not in b"".join(request.body for request in receiver.requests)
    assert len(api.spans) == 2


async def test_a_wrong_token_is_forbidden_and_a_refused_instance_is_counted() -> None:
    """A key that lets nobody in is not the batch's fault; an instance that nobody wants is lost."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        sink = PrefactorSink(receiver.url, "wrong")
        with pytest.raises(Forbidden, match="401"):
            await sink.write([BEGIN])
        await sink.close()
        receiver.behaviour = lambda request: Answer(422, b'{"message":"no such agent"}')
        sink = PrefactorSink(receiver.url, "token")
        with pytest.raises(Refused, match="no such agent") as refused:
            await sink.write([BEGIN, ROOT])
        await sink.close()
    assert refused.value.lost == 2
    with pytest.raises(ValueError, match="api_token is empty"):
        PrefactorSink("http://x", "")
