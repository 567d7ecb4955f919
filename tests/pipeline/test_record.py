"""What is kept of an encrypted session: that something was said, and not what."""

from __future__ import annotations

from pathlib import Path

from livekit.agents import Agent, function_tool
from tests.pipeline.stage import Stage, stage

import duologue
from duologue.agents.voices.scripted import Call
from duologue.store import conversations
from duologue.testing.models import ScriptedAnswers

SECRET = "swordfish"


class Keeper(Agent):
    """Keeps a secret in the shared state."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def keep(self, what: str) -> str:
        """Keeps something."""
        duologue.current().state.set("kept", what)
        return f"I keep {what}"


def mind() -> ScriptedAnswers:
    """Calls the tool, then tells what it kept."""
    return ScriptedAnswers([[Call("keep", {"what": SECRET})], f"I keep {SECRET}."])


async def kept(house: Stage) -> str:
    """Everything that the store holds of the conversation, as one text."""
    found = await house.host.db.read(conversations.get, house.org_id, house.conversation)
    assert found is not None
    return f"{await house.record()} {found.state}"


async def test_of_an_encrypted_session_no_word_is_kept(tmp_path: Path) -> None:
    """Not of the user, the agent, the tools or the state; that somebody spoke, and when, is."""
    async with stage(tmp_path, make=Keeper, llm=mind()) as house:
        client = await house.join(e2ee=True)
        await client.said("Hello.")
        client.run.floor.type(f"Keep {SECRET}")
        await client.said(f"I keep {SECRET}.")
        await house.leave(client)
        assert SECRET not in await kept(house)
        stored = await house.record()
        assert {(one.text, one.item) for one in stored} == {("", None)}
        assert [one.role for one in stored] == ["assistant", "user", "tool", "tool", "assistant"]


async def test_with_record_encrypted_everything_is_kept(tmp_path: Path) -> None:
    """The owner asked for it."""
    async with stage(tmp_path, make=Keeper, llm=mind(), record_encrypted=True) as house:
        client = await house.join(e2ee=True)
        client.run.floor.type(f"Keep {SECRET}")
        await client.said(f"I keep {SECRET}.")
        await house.leave(client)
        assert (await kept(house)).count(SECRET) >= 4


async def test_what_was_said_in_clear_before_and_after_is_kept(tmp_path: Path) -> None:
    """The sessions of one run differ; an answer that began encrypted stays secret to its end."""
    async with stage(tmp_path, greeting="", llm=ScriptedAnswers()) as house:
        first = await house.join()
        first.run.floor.type("apples")
        await first.said("You said: apples")
        await house.leave(first, "dropped")
        second = await house.join(again=True, e2ee=True)
        assert second.run is first.run
        second.run.floor.type("pears")
        await second.said("You said: pears")
        await house.leave(second, "dropped")
        third = await house.join(again=True)
        third.run.floor.type("plums")
        await third.said("You said: plums")
        await house.leave(third)
        assert [text for _, text, _ in await house.words()] == [
            "apples",
            "You said: apples",
            "",
            "",
            "plums",
            "You said: plums",
        ]
