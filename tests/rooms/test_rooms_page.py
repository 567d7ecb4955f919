"""docs/rooms.md: its agent and its avatar run, and do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from livekit.agents import llm
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit
from tests.rooms.pictures import GREY, frames, is_shade
from tests.rooms.stub import fresh, until
from tests.rooms.test_session_duologue import call

from duologue.agents.loader import load_file
from duologue.testing.face import read
from duologue.testing.models import ScriptedAnswers

PAGE = Path(__file__).parents[2] / "docs" / "rooms.md"
LOOKER, FACE = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


async def test_the_looker_gives_its_model_what_is_shown(tmp_path: Path, livekit: LiveKit) -> None:
    """With each of the user's messages, while the camera is on."""
    file = tmp_path / "looker.py"
    file.write_text(LOOKER)
    (looker,) = load_file(file)
    assert looker.definition.vision
    mind = ScriptedAnswers()
    async with hall(tmp_path, livekit, make=looker.make, llm=mind, vision=True) as house:
        claim = await house.claim(fresh())
        session = await call(house, claim)
        await session.set_camera(frames(GREY))
        run = house.stage.host.run_of(claim.conversation)
        assert run is not None
        assert run.eye is not None
        eye = run.eye
        await until(lambda: is_shade(eye.newest(), GREY))
        await session.messages.send("look")
        await until(lambda: any("This is what I show now." in m.text for m in session.messages))
        told = [part for message in mind.talks[-1].messages() for part in message.content]
        shown: list[Any] = [one.image for one in told if isinstance(one, llm.ImageContent)]
        assert [is_shade(one, GREY) for one in shown] == [True]
        await session.end()


async def test_the_face_of_the_page_is_seen(tmp_path: Path, livekit: LiveKit) -> None:
    """The function of the page gives a picture of a face that is silent."""
    page: dict[str, Any] = {}
    exec(FACE, page)
    async with hall(tmp_path, livekit, greeting="") as house:
        session = await call(house, await house.claim(fresh()))
        given = livekit.url, livekit.api_key, livekit.api_secret
        assert read(await page["a_frame_of_its_face"](session, *given)) < 0.1
        await session.end()
