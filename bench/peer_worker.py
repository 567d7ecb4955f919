"""The peer of bench.rooms: a stock livekit-agents worker, as LiveKit's own documents write it.

Chosen in its favour: processes are kept warm with voice detection loaded, the reported load is
nothing, so that LiveKit never refuses it a job, and the room goes when its user does.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, inference
from livekit.agents.voice.room_io import RoomOptions

from bench.conditions import MIN_DELAY, SILENCE, WORKER
from bench.stubs import StubLLM, StubSTT, StubTTS


def warm(process: JobProcess) -> None:
    """Loads what every job needs, before there is one."""
    process.userdata["vad"] = inference.VAD(min_silence_duration=SILENCE)


async def serve(job: JobContext) -> None:
    """One room is one job, and a job is a process."""
    session: AgentSession[None] = AgentSession(
        stt=StubSTT(),
        llm=StubLLM(),
        tts=StubTTS(),
        vad=job.proc.userdata["vad"],
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"min_delay": MIN_DELAY, "max_delay": 3.0},
        },
    )
    await session.start(
        Agent(instructions="Be brief."),
        room=job.room,
        room_options=RoomOptions(delete_room_on_close=True),
    )


async def main(port: int) -> None:
    """Takes jobs until it is told to end; its address of health says that it runs."""
    server = AgentServer(
        setup_fnc=warm, load_fnc=lambda *_: 0.0, host="127.0.0.1", port=port, drain_timeout=5
    )
    server.rtc_session(serve, agent_name=WORKER)
    running = asyncio.create_task(server.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait([running])
    await server.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)  # the log says when it is registered
    asyncio.run(main(int(sys.argv[1])))
