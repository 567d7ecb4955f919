"""Push-to-talk: what a button, held and let go, does to a conversation."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.stage import stage

from duologue.core import happenings as h
from duologue.testing.models import ScriptedSTT

SOUND = bytes(3200)


async def test_a_pressed_button_is_a_turn(tmp_path: Path) -> None:
    """Sound counts only while it is down; what was heard is answered when it is let go."""
    turns = {"trigger": "push_to_talk"}
    async with stage(tmp_path, stt=ScriptedSTT(["book a table"]), turns=turns) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.press()
        client.run.floor.press()
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        client.run.floor.release()
        await client.said("You said: book a table")
        user = client.all(h.UserStarted)
        assert len(user) == 1
        assert h.UserSaid(user[0].turn, "book a table") in client.heard


async def test_a_button_that_was_pressed_over_silence_ends_its_turn(tmp_path: Path) -> None:
    """Nothing understood is no message, and no answer."""
    turns = {"trigger": "push_to_talk"}
    async with stage(tmp_path, turns=turns, greeting="") as desk:
        client = await desk.join()
        client.run.floor.press()
        client.run.floor.release()
        await client.until(h.UserEnded)
        assert await desk.words() == []


async def test_what_is_typed_after_a_button_waits_until_its_words_are_known(
    tmp_path: Path,
) -> None:
    """Silence under a button is no turn that answers into the typed one; words come first."""
    turns = {"trigger": "push_to_talk"}
    async with stage(tmp_path, stt=ScriptedSTT(["", "a table", ""]), turns=turns) as desk:
        client = await desk.join()
        await client.said("Hello.")
        for typed in ("Nothing.", "For two.", "Thanks."):
            client.run.floor.press()
            client.run.floor.hear(SOUND * 10, 16000)
            client.run.floor.release()
            client.run.floor.type(typed)
            await client.said(f"You said: {typed}")
        users = [words for role, words, _ in await desk.words() if role == "user"]
        assert users == ["Nothing.", "a table", "For two.", "Thanks."]
