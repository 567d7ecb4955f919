"""Push-to-talk: what a button, held and let go, does to a conversation."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.pipeline.stage import Stage, stage

from duologue.core import happenings as h
from duologue.testing.models import ScriptedSTT

SOUND = bytes(3200)
LONG = "This is a long greeting that nobody hears to its end, for it goes on and on and on."
SHORT = LONG[:20]


def firm(folder: Path) -> AbstractAsyncContextManager[Stage]:
    """A stage whose agent may not be silenced, while it greets."""
    turns = {"trigger": "push_to_talk", "can_interrupt": False}
    return stage(folder, stt=ScriptedSTT(["a table"]), turns=turns, greeting=SHORT)


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


async def test_words_that_are_understood_late_are_answered_all_the_same(tmp_path: Path) -> None:
    """A recognizer that takes longer than the button waits for it loses nothing."""
    heard = ScriptedSTT(["book a table"], delay=4.5)
    async with stage(tmp_path, stt=heard, turns={"trigger": "push_to_talk"}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.press()
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        await client.said("You said: book a table")
        open_turns = {one.turn for one in client.all(h.UserStarted)}
        assert open_turns == {one.turn for one in client.all(h.UserEnded)}
        assert [words for role, words, _ in await desk.words() if role == "user"] == [
            "book a table"
        ]


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


async def test_a_microphone_that_is_on_from_the_start_silences_nobody(tmp_path: Path) -> None:
    """The greeting is said to its end, and what was said meanwhile is answered at the release."""
    turns = {"trigger": "push_to_talk"}
    async with stage(tmp_path, stt=ScriptedSTT(["book a table"]), turns=turns) as desk:
        client = await desk.join()
        client.run.floor.hold(silencing=False)
        client.run.floor.hold(silencing=False)
        client.run.floor.hear(SOUND * 10, 16000)
        await client.said("Hello.")
        client.run.floor.release()
        await client.said("You said: book a table")
        assert [cut for *_, cut in await desk.words()] == [False] * 3


async def test_a_microphone_that_is_switched_on_silences_the_agent(tmp_path: Path) -> None:
    """As a button does; and its words are answered when it is switched off."""
    turns = {"trigger": "push_to_talk"}
    heard = ScriptedSTT(["", "wait"])
    async with stage(tmp_path, stt=heard, turns=turns, greeting=LONG) as desk:
        client = await desk.join()
        client.run.floor.hold(silencing=False)
        await client.until(h.AgentAudio)
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        await client.until(h.AgentAudio, lambda one: len(client.all(h.AgentAudio)) > 40)
        assert not client.all(h.AgentEnded)  # nothing was said: the agent speaks on
        client.run.floor.hold(silencing=True)
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        await client.said("You said: wait")
        role, text, cut = (await desk.words())[0]
        assert (role, cut) == ("assistant", True)
        assert LONG.startswith(text)


async def test_an_agent_that_may_not_be_silenced_is_heard_first(tmp_path: Path) -> None:
    """Then a microphone that is on counts; a button that is pressed meanwhile does not."""
    async with firm(tmp_path) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        client.run.floor.press()
        client.run.floor.release()
        client.run.floor.hold(silencing=True)
        await client.said(SHORT)
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        await client.said("You said: a table")
        assert [cut for *_, cut in await desk.words()] == [False] * 3


async def test_a_release_over_an_agent_that_may_not_be_silenced_waits(tmp_path: Path) -> None:
    """Nothing is lost of a turn that ends while the agent still speaks."""
    async with firm(tmp_path) as desk:
        client = await desk.join()
        client.run.floor.hold(silencing=False)
        client.run.floor.hear(SOUND * 10, 16000)  # before the agent began: it is not lost
        await client.until(h.AgentAudio)
        client.run.floor.release()
        await client.said("You said: a table")
        assert [cut for *_, cut in await desk.words()] == [False] * 3


async def test_what_was_not_meant_is_not_answered(tmp_path: Path) -> None:
    """Sound under a button that turns out to be none counts as little as before any press."""
    turns = {"trigger": "push_to_talk"}
    async with stage(tmp_path, stt=ScriptedSTT(["a table"]), turns=turns, greeting="") as desk:
        client = await desk.join()
        client.run.floor.drop()
        client.run.floor.hold(silencing=True)
        client.run.floor.hear(SOUND * 10, 16000)
        await asyncio.sleep(0.1)
        client.run.floor.drop()
        client.run.floor.release()
        client.run.floor.press()
        client.run.floor.release()
        await client.until(h.UserEnded)
        assert await desk.words() == []
        client.run.floor.press()
        client.run.floor.hear(SOUND * 10, 16000)
        client.run.floor.release()
        await client.said("You said: a table")
