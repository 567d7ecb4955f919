"""Where a room's user is, and where the agent leads it."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.stage import until
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers
from duologue.wire.page import Page

TEA = Page("https://shop.example/tea", "Tea", "/tea")
PRICES = "https://shop.example/prices"


async def test_a_page_is_known_and_led_in_a_room(tmp_path: Path, livekit: LiveKit) -> None:
    """By the claim, then by what the page tells of itself; the tool leads it, the talk goes on."""
    mind = ScriptedAnswers([[Call("go_to_page", {"url": PRICES})], "Here they are.", "Yes."])
    async with hall(tmp_path, livekit, llm=mind, greeting="Hello.", navigation=True) as house:
        ann, claim = await house.call(page=TEA)
        await ann.reads("Hello.")
        (run,) = house.stage.host._runs.values()
        here = run._here
        assert here is not None
        assert here.page == TEA
        await ann.write("Show me your prices.")
        led = {"type": "duologue.navigate", "url": PRICES}
        await ann.until(lambda: led in ann.data)
        await ann.reads("Here they are.")
        await ann.send({"type": "duologue.page", "url": PRICES, "title": "Prices"})
        await until(lambda: here.page == Page(PRICES, "Prices", "/prices"))
        assert ann.data == [led]
        assert claim.page == TEA
