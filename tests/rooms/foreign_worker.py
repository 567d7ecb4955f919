"""A worker of somebody else: plain livekit-agents with scripted models, and nothing of ours set up.

Started as a program of its own; LIVEKIT_URL, its key and its secret come by the environment.
"""

from __future__ import annotations

import logging

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli, function_tool
from tests.rooms.stub import LoudSTT

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers, ToneTTS

log = logging.getLogger("booking")
server = AgentServer(
    load_fnc=lambda *_: 0.0, initialize_process_timeout=120, num_idle_processes=1, port=0
)


class Waiter(Agent):
    """Books tables."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def book(self, people: int) -> str:
        """Books a table."""
        log.warning("booking for %d", people)
        return f"booked for {people}"


@server.rtc_session(agent_name="waiter")
async def wait_at_table(ctx: JobContext) -> None:
    """One conversation."""
    session: AgentSession[None] = AgentSession(
        stt=LoudSTT(["a table for two please", "that is all"]),
        llm=ScriptedAnswers([Call("book", {"people": 2}), "Done, for two.", "Good bye."]),
        tts=ToneTTS(),
        turn_detection="stt",
        vad=None,
        aec_warmup_duration=None,
    )
    await session.start(Waiter(), room=ctx.room)
    ctx.tagger.add("lunch")
    ctx.tagger.success(reason="a table was booked")


if __name__ == "__main__":
    cli.run_app(server)
