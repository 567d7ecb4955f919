"""An agent that deals with a page in every way but talk, and says what it was given."""

from __future__ import annotations

from typing import Any

from livekit.agents import Agent

import duologue
from duologue.agents.current import Current
from duologue.testing.models import RulerTTS, ScriptedAnswers


@duologue.agent(
    "clerk", greeting="Hello.", vision=True, tts=RulerTTS, llm=lambda: ScriptedAnswers()
)
def clerk() -> Agent:
    """Doubles, takes and gives files, looks, and echoes."""
    here = duologue.current()
    here.on_rpc("double", lambda payload: str(2 * int(payload)))
    here.on_file(
        lambda file: here.send(
            {"file": [file.name, file.mime_type, len(file.content), dict(file.attributes)]}
        )
    )

    async def obey(data: Any) -> None:
        await _obey(here, data)

    here.on_data(obey)
    return Agent(instructions="Answer.")


async def _obey(here: Current, data: Any) -> None:
    match data:
        case "ask":
            here.send({"answered": await here.rpc("name", "you")})
        case "file":
            await here.send_file(b"x" * 100_000, name="big.bin", attributes={"of": "clerk"})
        case "write":
            here.chat("See the link.")
        case "look":
            frame = here.frame()
            here.send({"sees": None if frame is None else [frame.width, frame.height]})
        case _:
            here.send({"echo": data})
