"""A call does not notice what becomes of its telemetry, and what is lost is counted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import FOREVER, Answer, Behaviour, Receiver, until

from duologue.testing.models import ScriptedAnswers
from duologue.trace import OtlpSink, Report, SessionTracer
from duologue.trace.entries import Span
from duologue.trace.ledger import Ledger

FAULTS: dict[str, Answer | None] = {
    "down": None,
    "slow": Answer(after=0.3),
    "hanging": Answer(after=FOREVER),
    "500": Answer(500),
    "401": Answer(401),
    "422": Answer(422),
    "cut": Answer(cut=True),
}
LOSING = {"down", "hanging", "500", "401", "422", "cut"}


async def strike(receiver: Receiver, fault: str, fine: Behaviour | None = None) -> None:
    """From now on the other machine is in trouble."""
    answer = FAULTS[fault]
    if answer is None:
        await receiver.down()
        return

    def behaviour(request: Any) -> Answer:
        told = fine(request) if fine is not None and answer.code < 400 else answer
        return told._replace(after=answer.after, cut=answer.cut)

    receiver.behaviour = behaviour


@contextlib.asynccontextmanager
async def far(fault: str, fine: Behaviour | None = None) -> AsyncIterator[Receiver]:
    """Another machine that is in trouble from the start."""
    async with Receiver() as receiver:
        await strike(receiver, fault, fine)
        yield receiver


def said_in(result: Any) -> list[str]:
    """The words of a run."""
    return [event.item.text_content for event in result.events if event.type == "message"]


def ended(api: PrefactorApi) -> list[dict[str, Any]]:
    """The answers that are told to their end."""
    return [told for told in api.named("livekit:assistant_turn") if told.get("result_payload")]


def test_every_fault_that_is_known_is_tried() -> None:
    """The faults are those that peers were measured with."""
    assert set(FAULTS) == {*LOSING, "slow"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_does_not_notice(fault: str) -> None:
    """The session starts before one answer came, says all its words, and closing is bounded."""
    async with far(fault, PrefactorApi()) as receiver:
        tracer = SessionTracer.from_config(receiver.url, "token", "front-desk")
        session: AgentSession[Any] = AgentSession(llm=ScriptedAnswers(["one", "two"]))
        await tracer.start(session, Agent(instructions="Help."))
        assert receiver.answered == 0
        assert session.agent_state in ("initializing", "listening")
        heard = [said_in(await session.run(user_input=said)) for said in ("Hi", "Go on")]
        await session.aclose()
        began = time.monotonic()
        async with asyncio.timeout(60):
            report = await tracer.close()
        assert heard == [["one"], ["two"]]
        assert time.monotonic() - began < 8  # 5 s are promised; a busy machine may sleep
        if fault in LOSING:
            assert (report.sent, report.spooled) == (0, 0)
            assert report.dropped + report.pending > 0
        else:
            assert report.sent > 0
            assert (report.dropped, report.pending) == (0, 0)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_does_not_notice_what_begins_in_its_middle(fault: str) -> None:
    """What was told before is there, the rest is counted, and closing is bounded."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        tracer = SessionTracer.from_config(receiver.url, "token", "front-desk")
        session: AgentSession[Any] = AgentSession(llm=ScriptedAnswers(["one", "two"]))
        await tracer.start(session, Agent(instructions="Help."))
        heard = [said_in(await session.run(user_input="Hi"))]
        await until(lambda: api.named("livekit:assistant_turn"))
        await until(lambda: not tracer.report.pending)
        await strike(receiver, fault, None if fault in LOSING else api)
        heard.append(said_in(await session.run(user_input="Go on")))
        await session.aclose()
        began = time.monotonic()
        async with asyncio.timeout(60):
            report = await tracer.close()
        assert time.monotonic() - began < 8  # as above
    assert heard == [["one"], ["two"]]
    answers = [told["result_payload"]["outputs"]["message"] for told in ended(api)]
    if fault in LOSING:
        assert answers == ["one"]
        assert report.spooled == 0
        assert report.dropped + report.pending >= 4  # a turn's two halves, its model, the end
    else:
        assert answers == ["one", "two"]
        assert (report.dropped, report.pending) == (0, 0)


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_entry_is_counted_once(fault: str) -> None:
    """What was put is what arrived, was dropped or waits; the receiver agrees on what arrived."""
    put = 300
    async with far(fault) as receiver:
        ledger = Ledger([OtlpSink(receiver.url, patience=3.0)])
        ledger.open()
        for number in range(put):
            ledger.put(
                Span(trace="0" * 31 + "1", id=f"{number + 1:016x}", name="x", start_ns=1, end_ns=2)
            )
        report = await ledger.close()
    arrived = {
        span.span_id
        for request in receiver.taken
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans
        for span in resource.scope_spans[0].spans
    }
    assert report.sent == len(arrived)
    assert report.dropped + report.pending == put - len(arrived)
    assert (len(arrived) == put) is (fault == "slow")


async def test_an_outage_in_the_middle_costs_nothing() -> None:
    """Three answers of 500 in the middle are tried again: everything arrives."""
    api = PrefactorApi()
    failing = 0

    def behaviour(request: Any) -> Answer:
        nonlocal failing
        if failing:
            failing -= 1
            return Answer(500)
        return api(request)

    async with Receiver(behaviour) as receiver:
        tracer = SessionTracer.from_config(receiver.url, "token")
        session: AgentSession[Any] = AgentSession(llm=ScriptedAnswers(["one", "two"]))
        await tracer.start(session, Agent(instructions="Help."))
        await session.run(user_input="Hi")
        await until(lambda: api.named("livekit:assistant_turn"))
        failing = 3
        await session.run(user_input="Go on")
        await session.aclose()
        report = await tracer.close()
    assert (report.dropped, report.pending) == (0, 0)
    turns = api.named("livekit:assistant_turn")
    assert [turn["result_payload"]["outputs"]["message"] for turn in turns] == ["one", "two"]
    assert [told["result_payload"]["transcript"] for told in api.named("livekit:user_turn")] == [
        "Hi",
        "Go on",
    ]
    assert [told["status"] for told in api.instances.values()] == ["complete"]


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_other_side_ends_a_session_where_it_may(allowed: bool) -> None:
    """The kill switch closes the session and its run is told as terminated; or nothing happens."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        tracer = SessionTracer.from_config(receiver.url, "token", allow_termination=allowed)
        session: AgentSession[Any] = AgentSession(llm=ScriptedAnswers(["one", "two"]))
        closed: list[Any] = []
        session.on("close", closed.append)
        await tracer.start(session, Agent(instructions="Help."))
        await until(lambda: api.instances)
        api.control = {"terminate": True, "reason": "costs"}
        await session.run(user_input="Hi")
        if allowed:
            await until(lambda: closed)
            await until(lambda: "finished_at" in next(iter(api.instances.values())))
        else:
            await until(lambda: api.named("livekit:assistant_turn"))
            api.control = None
            await session.run(user_input="Go on")
            assert closed == []
            await session.aclose()
        await tracer.close()
    [instance] = api.instances.values()
    assert instance["status"] == ("cancelled" if allowed else "complete")


KILLED = """
import asyncio, sys
from livekit.agents import Agent, AgentSession
from duologue.testing.models import ScriptedAnswers
from duologue.trace import SessionTracer

async def main(url, folder):
    tracer = SessionTracer.from_config(url, "token", spool=folder)
    session = AgentSession(llm=ScriptedAnswers([f"answer {n}" for n in range(9)]))
    await tracer.start(session, Agent(instructions="Help."))
    for n in range(6):  # the sixth has begun when the fifth is over
        await session.run(user_input=f"question {n}")
    while tracer.report.pending or not tracer.report.spooled:
        await asyncio.sleep(0.05)
    print("said", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_worker_loses_no_finished_turn(tmp_path: Path) -> None:
    """Kill -9 while the API is down: the next worker sends every turn that was finished."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        url = receiver.url
        await receiver.down()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, url, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(180):
                assert await process.stdout.readline() == b"said\n"
        finally:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        await receiver.up()
        async with SessionTracer.from_config(url, "token", spool=tmp_path) as tracer:
            await until(lambda: len(api.named("livekit:assistant_turn")) >= 5)
            await until(lambda: tracer.report.spooled == 0)
    turns = api.named("livekit:assistant_turn")[:5]
    assert [turn["result_payload"]["outputs"]["message"] for turn in turns] == [
        f"answer {n}" for n in range(5)
    ]
    assert len(api.named("livekit:user_turn")) in (5, 6)
    assert isinstance(tracer.report, Report)
