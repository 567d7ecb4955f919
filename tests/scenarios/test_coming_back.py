"""Lost lines, killed servers: the conversation goes on, and nothing unheard is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.speech import words

pytestmark = pytest.mark.voice

HELLO = "Hello, can you hear me?"
FIRST = "What did I say first?"
COUNT = "Please count slowly from one to ten."


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A server that a test may kill."""
    with House(tmp_path / "data") as running:
        running.publish("demo")
        yield running


async def test_a_kill_between_turns_loses_nothing(own: House) -> None:
    """After `kill -9` and a new start, the caller is known, not greeted, and remembered."""
    async with SyntheticCaller(own.url, agent="demo", key=own.secret_key()) as caller:
        await caller.answer()
        await caller.say(HELLO)
        await caller.answer()
        before = own.messages(str(caller.conversation_id))
        own.kill()
        await caller.closed()
        own.start()
        await caller.reconnect()
        assert caller.ticket.answer["resumed"] == "rebuilt"
        await caller.say(FIRST)
        answer = await caller.answer()
        after = own.messages(str(caller.conversation_id))
    assert "can you hear me" in answer.text.lower()
    assert len(caller.answers) == 3, "greeted, answered, answered; and not greeted again"
    assert after[: len(before)] == before
    assert [one["role"] for one in after] == ["assistant"] + ["user", "assistant"] * 2


async def test_a_kill_in_mid_answer_keeps_what_was_committed(own: House) -> None:
    """The unfinished answer is in the store as far as it had come, and marked interrupted."""
    async with SyntheticCaller(own.url, agent="demo", key=own.secret_key()) as caller:
        await caller.answer()
        await caller.type(COUNT)
        await caller.hears(await caller.answering(), 2 * 16000)
        own.kill()
        await caller.closed()
        own.start()
        await caller.reconnect()
        await caller.say(FIRST)
        answer = await caller.answer()
        said = own.messages(str(caller.conversation_id))
    assert "count" in words(answer.text)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 2
    assert [one["interrupted"] for one in said] == [False, False, True, False, False]
    assert "one" in words(said[2]["text"])


async def test_a_drop_in_mid_answer_is_healed_without_a_gap(house: House, key: str) -> None:
    """Within the grace time the same run goes on: every sample that was not heard is sent again."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.type(COUNT)
        whole = (await caller.answer()).received

    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.type(COUNT)
        first = await caller.answering()
        await caller.hears(first, 2 * 16000)
        await caller.drop()
        played = first.played
        assert played < whole
        await caller.reconnect()
        assert caller.ticket.answer["resumed"] == "live"
        rest = await caller.answer()
        said = house.messages(str(caller.conversation_id))

    assert rest.turn_id != first.turn_id
    assert first.played == played, "sound of the old turn id came after the drop"
    assert rest.played == rest.received
    assert whole <= played + rest.played <= whole + 3 * 16000
    assert [one["role"] for one in said] == ["assistant", "user", "assistant"]
    assert "ten" in words(said[-1]["text"])
    assert not said[-1]["interrupted"]


async def test_a_dropped_caller_may_use_its_key_again(house: House, key: str) -> None:
    """Within the grace time the key of before opens the socket, and nobody is greeted twice."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.drop()
        await caller.reconnect(same_key=True)
        await caller.type(HELLO)
        await caller.answer()
        assert len(caller.answers) == 2
