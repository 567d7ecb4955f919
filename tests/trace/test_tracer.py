"""A tracer tells all of a session and stands in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, function_tool
from tests.trace.receiver import until

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers
from duologue.trace import PrefactorLiveKitSession, SessionTracer
from duologue.trace.entries import Entry, Span, Trace, Turn
from duologue.trace.tracer import TelemetryLost


class Kept:
    """A sink that keeps what it is told."""

    name = "kept"
    remote = False
    content = True
    every = 0.01

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.closed = False

    async def write(self, batch: Sequence[Entry]) -> None:
        """Keeps."""
        self.entries += batch

    async def close(self) -> None:
        """Is closed."""
        self.closed = True

    def spans(self, kind: str, trace: str = "") -> list[Span]:
        """The ended steps of a kind."""
        return [
            entry
            for entry in self.entries
            if isinstance(entry, Span)
            and entry.kind == kind
            and entry.end_ns
            and entry.trace.startswith(trace)
        ]

    def run(self, trace: str) -> dict[str, Any]:
        """What is known of a run in the end."""
        known: dict[str, Any] = {}
        for entry in self.entries:
            if isinstance(entry, Trace) and entry.trace == trace:
                told = {name: getattr(entry, name) for name in entry.__struct_fields__}
                known |= {name: value for name, value in told.items() if value}
        return known

    def turns(self, trace: str) -> list[Turn]:
        """The turns of a run, as they were told last."""
        last = {
            entry.index: entry
            for entry in self.entries
            if isinstance(entry, Turn) and entry.trace == trace
        }
        return [last[index] for index in sorted(last)]


@function_tool
async def book(night: int) -> str:
    """Books a room."""
    if night > 2:
        raise KeyError("no such night")
    return f"night {night} is yours"


def session_of(*answers: str | Call | Sequence[str | Call]) -> AgentSession[Any]:
    """A session whose model says these."""
    return AgentSession(llm=ScriptedAnswers(answers))


def agent() -> Agent:
    """An agent with a tool."""
    return Agent(instructions="Help.", tools=[book])


async def test_a_session_is_told_whole() -> None:
    """Run, turns, model, tools good and bad, usage: all of one session in one trace."""
    kept = Kept()
    tracer = SessionTracer(
        kept,
        agent_name="Front desk",
        tool_schemas={"book": {"span_type": "booking", "input_schema": {}}},
    )
    session = session_of("Hello.", Call("book", {"night": 1}), "Done.", Call("book", {"night": 9}))
    await tracer.start(session, agent())
    handle = await tracer.attach(session)
    for said in ("Hi", "Book the first night", "Book the ninth night"):
        await session.run(user_input=said)
    await session.aclose()
    report = await tracer.close()
    assert (report.dropped, report.pending) == (0, 0)
    assert report.sent == len(kept.entries)
    assert not kept.closed
    run = kept.run(handle.id)
    assert (run["source"], run["agent"], run["status"]) == ("wrapper", "Front desk", "complete")
    assert run["reason"] == "user_initiated"
    assert run["attributes"] == {"agent_class": "Agent", "session_class": "AgentSession"}
    turns = kept.turns(handle.id)
    assert [turn.user_text for turn in turns] == [
        "Hi",
        "Book the first night",
        "Book the ninth night",
    ]
    assert turns[0].agent_text == "Hello."
    assert [(turn.tools, turn.tool_errors) for turn in turns] == [(0, 0), (1, 0), (1, 1)]
    assert {entry.trace for entry in kept.entries} == {handle.id}
    assert len(kept.spans("session")) == 1
    assert len(kept.spans("llm")) >= 4
    good, bad = sorted(kept.spans("tool"), key=lambda span: span.start_ns)
    assert good.attributes["duologue.span_type"] == "livekit:tool:booking"
    assert (good.status, bad.status, bad.error) == ("ok", "error", "KeyError")
    assert bad.attributes["exception.message"] == "'no such night'"


async def test_sessions_at_once_keep_their_traces() -> None:
    """One tracer, four sessions, each in a task of its own: no step strays."""
    kept = Kept()
    async with SessionTracer(kept) as tracer:

        async def talk(number: int) -> str:
            session = session_of(f"answer {number}", Call("book", {"night": 1}), "end")
            await tracer.start(session, agent())
            handle = await tracer.attach(session)
            await session.run(user_input=f"question {number}")
            await session.run(user_input=f"book {number}")
            await session.aclose()
            return str(handle.id)

        ids = await asyncio.gather(*map(talk, range(4)))
    assert len(set(ids)) == 4
    for number, id_ in enumerate(ids):
        turns = kept.turns(id_)
        assert [turn.user_text for turn in turns] == [f"question {number}", f"book {number}"]
        assert turns[0].agent_text == f"answer {number}"
        assert len(kept.spans("tool", id_)) == 1
        assert len(kept.spans("session", id_)) == 1
    assert {entry.trace for entry in kept.entries} == set(ids)


async def test_sessions_of_one_task_keep_their_traces() -> None:
    """Two sessions that one task starts and speaks to by turns are two traces."""
    kept = Kept()
    async with SessionTracer(kept) as tracer:
        first, second = session_of("one", "three"), session_of("two", "four")
        await tracer.start(first, agent())
        await tracer.start(second, agent())
        ids = [(await tracer.attach(session)).id for session in (first, second)]
        for _ in range(2):
            await first.run(user_input="to the first")
            await second.run(user_input="to the second")
        await first.aclose()
        await second.aclose()
    assert [turn.agent_text for turn in kept.turns(ids[0])] == ["one", "three"]
    assert [turn.agent_text for turn in kept.turns(ids[1])] == ["two", "four"]
    assert [len(kept.spans("assistant_turn", id_)) for id_ in ids] == [2, 2]


async def test_two_initialize_at_once_and_there_is_one_run() -> None:
    """However often it is asked, one run waits for a session, which then is that run."""
    kept = Kept()
    tracer = SessionTracer(kept)
    handles = await asyncio.gather(*(tracer.ensure_initialized() for _ in range(5)))
    session = session_of("Hello.")
    assert {handle.id for handle in handles} == {(await tracer.attach(session)).id}
    assert (await tracer.attach(session)).id == handles[0].id
    assert await tracer.start(session, agent()) is None
    assert (await tracer.ensure_initialized()).id == handles[0].id
    await session.aclose()
    await tracer.close()
    assert {entry.trace for entry in kept.entries} == {handles[0].id}


async def test_start_returns_and_raises_what_the_session_does() -> None:
    """The session's own start decides; a start that fails is told as a failed run."""

    class Odd(AgentSession[Any]):
        async def start(self, agent: Agent, **kwargs: Any) -> Any:
            if kwargs.get("fail"):
                raise LookupError("no room")
            return kwargs

    kept = Kept()
    tracer = SessionTracer(kept)
    session = Odd(llm=ScriptedAnswers())
    with pytest.raises(LookupError, match="no room"):
        await tracer.start(session, agent(), fail=True)
    assert await tracer.start(session, agent(), capture_run=True) == {"capture_run": True}
    await tracer.close()
    [failed, fine] = dict.fromkeys(entry.trace for entry in kept.entries)
    assert (kept.run(failed)["status"], kept.run(failed)["reason"]) == (
        "failed",
        "start: LookupError",
    )
    assert (kept.run(fine)["status"], kept.run(fine)["reason"]) == ("complete", "tracer_closed")


async def test_can_be_used_again_after_closing() -> None:
    """Closing twice is harmless, and a closed tracer opens again for the next session."""
    kept = Kept()
    tracer = PrefactorLiveKitSession(kept)
    assert (await tracer.close()).sent == 0
    ids = []
    for number in range(2):
        session = session_of(f"answer {number}")
        await tracer.start(session, agent())
        ids.append((await tracer.attach(session)).id)
        await session.run(user_input="Hi")
        await session.aclose()
        first = await tracer.close()
        assert await tracer.close() == first == tracer.report
    assert [kept.turns(id_)[0].agent_text for id_ in ids] == ["answer 0", "answer 1"]


async def test_a_session_that_goes_on_is_told_until_the_tracer_closes() -> None:
    """Closing the tracer first leaves the session talking, untraced from then on."""
    kept = Kept()
    tracer = SessionTracer(kept)
    session = session_of("one", "two")
    await tracer.start(session, agent())
    id_ = (await tracer.attach(session)).id
    await session.run(user_input="Hi")
    await tracer.close()
    told = len(kept.entries)
    result: Any = await session.run(user_input="Still there?")
    assert [event.item.text_content for event in result.events if event.type == "message"] == [
        "two"
    ]
    await session.aclose()
    assert len(kept.entries) == told
    assert kept.run(id_)["reason"] == "tracer_closed"


async def test_a_running_session_can_be_attached() -> None:
    """Of a session that runs already the turns are told, from its events."""
    kept = Kept()
    session = session_of("one", "two")
    await session.start(agent())
    await session.run(user_input="before")
    async with SessionTracer(kept) as tracer:
        id_ = (await tracer.attach(session)).id
        await session.run(user_input="after")
        await session.aclose()
    assert [(turn.user_text, turn.agent_text) for turn in kept.turns(id_)] == [("after", "two")]
    assert kept.run(id_)["status"] == "complete"


async def test_a_handle_judges_and_has_steps_of_its_own() -> None:
    """Qualities stay together on the run; steps are told open and ended, failures by type."""
    kept = Kept()
    async with SessionTracer(kept) as tracer:
        handle = await tracer.ensure_initialized()
        await handle.start()
        await handle.record_quality("politeness", {"score": 4})
        await handle.record_quality("truth", {"score": 5})
        async with handle.span("mine:search", payload={"q": "x"}) as step:
            await step.start()
            step.set_result({"hits": 3})
        with pytest.raises(LookupError):
            async with handle.span("mine:fetch"):
                raise LookupError("gone")
        left = await handle.create_span("mine:left", parent_span_id=step.id)
        await handle.finish("failed")
        with pytest.raises(ValueError, match="complete, failed, cancelled"):
            await handle.finish("done")
    steps = {entry.name: entry for entry in kept.entries if isinstance(entry, Span)}
    assert steps["mine:search"].attributes == {"payload": {"q": "x"}, "result": {"hits": 3}}
    assert steps["mine:search"].status == "ok"
    assert (steps["mine:fetch"].status, steps["mine:fetch"].error) == ("error", "LookupError")
    assert (steps["mine:left"].id, steps["mine:left"].status) == (left, "cancelled")
    assert steps["mine:left"].parent == step.id
    run = kept.run(handle.id)
    assert run["attributes"] == {"quality.politeness": {"score": 4}, "quality.truth": {"score": 5}}
    assert (run["status"], run["reason"]) == ("failed", "finished")


async def test_a_run_that_is_anothers_goes_on_after_the_session() -> None:
    """A wrapper around a handle uses its run, and leaves it and its sinks open."""
    kept = Kept()
    async with SessionTracer(kept) as owner:
        handle = await owner.ensure_initialized()
        wrapper = SessionTracer(instance=handle)
        session = session_of("one")
        await wrapper.start(session, agent())
        assert await wrapper.attach(session) is handle
        await session.run(user_input="Hi")
        await session.aclose()
        await wrapper.close()
        await until(lambda: kept.turns(handle.id))
        assert kept.run(handle.id)["status"] == "active"
        await handle.finish()
    assert kept.run(handle.id)["status"] == "complete"
    assert [turn.agent_text for turn in kept.turns(handle.id)] == ["one"]


async def test_without_content_nothing_said_is_told() -> None:
    """content=False leaves times and numbers; redaction by pattern leaves the other words."""
    bare, masked = Kept(), Kept()
    session = session_of("Write to me at a@b.co")
    async with SessionTracer(bare, content=False) as silent:
        await silent.start(session, agent())
        await session.run(user_input="My secret")
        await session.aclose()
    session = session_of("Write to me at a@b.co")
    async with SessionTracer(masked, redact=["email"]) as tracer:
        await tracer.start(session, agent())
        id_ = (await tracer.attach(session)).id
        await session.run(user_input="My secret")
        await session.aclose()
    assert "secret" not in repr(bare.entries)
    assert "a@b.co" not in repr(bare.entries)
    assert any(isinstance(entry, Turn) for entry in bare.entries)
    assert masked.turns(id_)[0].agent_text == "Write to me at [email]"
    assert "a@b.co" not in repr(masked.entries)


async def test_what_is_lost_can_be_raised() -> None:
    """on_failure="raise" says at the end how much was lost; the session has not noticed."""

    class Broken(Kept):
        async def write(self, batch: Sequence[Entry]) -> None:
            raise OSError("no")

    for choice in ("log", "raise"):
        tracer = SessionTracer(Broken(), on_failure="raise" if choice == "raise" else "log")
        session = session_of("one")
        await tracer.start(session, agent())
        await session.run(user_input="Hi")
        await session.aclose()
        if choice == "log":
            assert (await tracer.close(timeout=0.5)).sent == 0
        else:
            with pytest.raises(TelemetryLost, match="entries") as lost:
                await tracer.close(timeout=0.5)
            assert lost.value.report.dropped + lost.value.report.pending > 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"client": Kept(), "instance": object()}, "not both"),
        ({"client": object()}, "object is no sink: it needs name"),
        ({"instance": object()}, "no handle of a run"),
        ({"client": Kept(), "on_failure": "explode"}, "'log' or 'raise', not 'explode'"),
        ({"client": Kept(), "sample": 7}, "between 0 and 1, not 7"),
        ({"client": Kept(), "redact": "email"}, r"\['email'\]"),
        ({"client": Kept(), "redact": ["emial"]}, "no pattern is called 'emial'"),
        ({"client": Kept(), "tool_schemas": {"x": {}}}, "tool_schemas"),
    ],
)
def test_refuses_what_it_cannot_use(given: dict[str, Any], said: str) -> None:
    """A wrong argument is an error when the tracer is made, and names what to give."""
    with pytest.raises(ValueError, match=said):
        SessionTracer(**given)
