"""Words come whole and in time, however their back end cuts them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any

import pytest
from livekit.agents import Agent, ModelSettings

from duologue.agents.webhook.words import Joiner, breathe, with_pauses
from duologue.wire import webhooks as wire


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Hello.", "How are you?", "Fine!"], "Hello. How are you? Fine!"),
        (["Let me see.", " It is ", "open."], "Let me see. It is open."),
        (["It costs ", "3.", "50", " euros."], "It costs 3.50 euros."),
        (["The ", "U", ".S", ".", " is", " big."], "The U.S. is big."),
        (['He said "yes."', "Then he left."], 'He said "yes." Then he left.'),
        (["I heard: hello there?", ".", " Yes."], "I heard: hello there?. Yes."),
        (["", "One.", "", "Two words."], "One. Two words."),
        (["One two.\n", "Three."], "One two.\nThree."),
    ],
)
def test_sentences_are_apart_and_pieces_are_not(pieces: list[str], text: str) -> None:
    """Whoever sends sentences sends no spaces between them; a model's pieces have their own."""
    joiner = Joiner()
    assert "".join(map(joiner.joined, pieces)) == text


def test_a_pause_closes_a_sentence_once() -> None:
    """In its middle only a long one does; and what comes then brings no second space."""
    joiner = Joiner()
    assert joiner.paused() == ""
    assert [joiner.joined("One"), joiner.paused(), joiner.joined(" moment")] == [
        "One",
        "",
        " moment",
    ]
    assert [joiner.joined("."), joiner.paused(), joiner.paused()] == [".", " ", ""]
    assert joiner.joined(" Here it") == "Here it"
    assert [joiner.paused(), joiner.paused(), joiner.joined(" is.")] == ["", " ", "is."]


async def test_pauses_are_told_between_answers() -> None:
    """After an answer that nothing follows on for a while, and once more; the end is none."""

    async def answers() -> AsyncGenerator[wire.Answer, None]:
        yield wire.Tts("a")
        yield wire.Tts("b")
        await asyncio.sleep(2.0)
        yield wire.End()

    found = [each async for each in with_pauses(answers())]
    assert found == [wire.Tts("a"), wire.Tts("b"), None, None, wire.End()]


async def test_who_leaves_ends_what_is_waited_for() -> None:
    """At once, and not when the next answer comes."""
    closed = asyncio.Event()

    async def answers() -> AsyncGenerator[wire.Answer, None]:
        try:
            yield wire.Tts("a")
            await asyncio.Event().wait()
        finally:
            closed.set()

    heard = with_pauses(answers())
    assert [await anext(heard), await anext(heard)] == [wire.Tts("a"), None]
    await heard.aclose()
    assert closed.is_set()


SETTINGS = ModelSettings()


class Reading(Agent):
    """Tells what its voice was given, and when that was whole."""

    def __init__(self) -> None:
        super().__init__(instructions="")
        self.spoken: list[str] = []

    async def tts_node(  # type: ignore[override]  # frames are of no matter here
        self, text: AsyncIterable[str], model_settings: Any
    ) -> AsyncIterator[str]:
        """A frame for each breath."""
        breath = "".join([piece async for piece in text])
        self.spoken.append(breath)
        yield breath


async def test_a_whole_sentence_is_spoken_before_the_next_comes() -> None:
    """The rest follows as a breath of its own, and half a sentence waits for its end a while."""
    agent = Reading()
    breathe(agent)
    looked_up = asyncio.Event()

    async def text() -> AsyncIterator[str]:
        yield "Let me "
        await asyncio.sleep(0.3)
        yield "see. "
        await looked_up.wait()
        yield "It is "
        yield "open."

    frames: list[Any] = []
    async for frame in agent.tts_node(text(), SETTINGS):
        frames.append(frame)
        looked_up.set()
    assert frames == agent.spoken == ["Let me see. ", "It is open."]


async def test_what_goes_wrong_with_the_words_is_the_voices() -> None:
    """As it is without us."""
    agent = Reading()
    breathe(agent)

    async def text() -> AsyncIterator[str]:
        yield "One."
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        _ = [frame async for frame in agent.tts_node(text(), SETTINGS)]
    assert agent.spoken == ["One."]
