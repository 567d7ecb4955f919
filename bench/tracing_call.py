"""One traced call of two typed turns, by whom it is told: what became of it, as one line of JSON.

Runs in our environment or in the peers': python tracing_call.py duologue|prefactor URL [SPOOL],
where SPOOL, which may be empty, says that it stays after its last turn until it is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from importlib import import_module
from typing import Any

from livekit.agents import Agent, AgentSession, llm

PATIENCE = 200.0
"""Seconds after which a start or a close is given up."""


class Model(llm.LLM[Any]):
    """Answers at once."""

    def chat(self, **given: Any) -> llm.LLMStream:
        """An answer."""
        return Answer(
            self,
            chat_ctx=given["chat_ctx"],
            tools=given.get("tools") or [],
            conn_options=given["conn_options"],
        )


class Answer(llm.LLMStream):
    """One word."""

    async def _run(self) -> None:
        said = llm.ChoiceDelta(role="assistant", content="Yes.")
        self._event_ch.send_nowait(llm.ChatChunk(id="one", delta=said))


def wrapper(by: str, url: str, spool: str | None) -> Any:
    """The tracer of that name, to that address."""
    if by == "duologue":
        from duologue.trace import PrefactorLiveKitSession

        return PrefactorLiveKitSession.from_config(url, "token", "front-desk", spool=spool or None)
    theirs = import_module("prefactor_livekit")  # the peers' environment has it
    return theirs.PrefactorLiveKitSession.from_config(url, "token", "front-desk")


async def timed(work: Any) -> tuple[float, str]:
    """How long something took, and what it raised."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            await work
    except TimeoutError:
        return time.monotonic() - began, "given up"
    except Exception as error:
        return time.monotonic() - began, type(error).__name__
    return time.monotonic() - began, ""


async def main(by: str, url: str, spool: str | None = None) -> None:
    """Makes the call, and says how it went."""
    session: AgentSession[None] = AgentSession(llm=Model())
    tracer = wrapper(by, url, spool)
    told: dict[str, Any] = {}
    told["start"], told["start_error"] = await timed(
        tracer.start(session, Agent(instructions="Answer."))
    )
    told["began"] = session.agent_state == "listening"
    turns = []
    if told["began"]:
        print("began", flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # from here on the fault is there
        for _ in range(2):
            took, failed = await timed(session.run(user_input="Are you there?"))
            turns.append(round(took, 4))
            told["turn_error"] = failed
        if spool is not None:
            print(json.dumps(told | {"turns": turns}), flush=True)
            await asyncio.sleep(PATIENCE)
        await asyncio.sleep(0.2)
        await session.aclose()
    told["turns"] = turns
    told["close"], told["close_error"] = await timed(tracer.close())
    if by == "duologue":
        report = tracer.report
        told["counted"] = {
            name: getattr(report, name) for name in ("sent", "dropped", "pending", "spooled")
        }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(*sys.argv[1:]))
