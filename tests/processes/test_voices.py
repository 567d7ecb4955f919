"""Conversations by voice through a round-robin proxy, while the process that talks is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import pytest
from tests.processes.alone import require_one_agent, require_one_voice
from tests.processes.cluster import Cluster, End
from tests.processes.proxy import Proxy
from tests.processes.regular import Regular

from duologue.testing.heard import USER
from duologue.testing.speech import words

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

HALF = 8000
"""Samples of half a second."""
When = Literal["between", "while the user speaks", "while the agent speaks"]
Fault = tuple[End, When]

BOOKING = (
    ("I would like to book a table for four people please.", "four", "day"),
    ("On Friday please.", "friday", "time"),
    ("At half past seven.", "seven", "name"),
    ("My name is Barbara.", "barbara", "right"),
    ("Yes that's right.", "yes", "booked"),
)
"""What is said, a word of it that is understood, and one of its answer."""


class Booking:
    """One booking in five turns, and what happens to its process meanwhile."""

    def __init__(self, many: Cluster, caller: Regular) -> None:
        self.many = many
        self.caller = caller
        self.ends = 0
        self.cut: list[str] = []
        """Words of answers that a kill cut, one each."""
        self._ending: asyncio.Task[None] | None = None

    async def end(self, how: End) -> None:
        """Begins to end the process that has the conversation, and to start it anew."""
        await self.all_there()
        self.ends += 1
        house = await self.many.holder(str(self.caller.conversation_id))
        self._ending = asyncio.create_task(asyncio.to_thread(self.many.again, house, how))

    async def all_there(self) -> None:
        """Returns when every process serves again."""
        if self._ending is not None:
            await self._ending

    async def turn(self, line: str, about: str, fault: Fault | None) -> None:
        """Says it, and hears the answer, as far as the process lets it be heard."""
        caller, lines = self.caller, self.caller.lines
        how, when = fault or (None, "between")
        if how is not None and when == "while the user speaks":
            speaking = asyncio.create_task(caller.say(line))
            await asyncio.sleep(0.6)
            await self.end(how)
            await speaking
            if how == "kill":  # nobody has heard it
                await caller.back(lines + 1)
                await caller.say(line)
        else:
            await caller.say(line)
        answer = await caller.tells_of(about)
        if how is not None and when == "while the agent speaks":
            await caller.hears(answer, HALF)
            await self.end(how)
        if how == "kill" and when == "while the agent speaks":
            self.cut.append(about)
        else:
            await caller.hears_of(about)
        if how is not None and when == "between":
            await self.many.settled(str(caller.conversation_id))
            await self.end(how)
        if how is not None:
            await caller.back(lines + 1)

    async def require_all_kept(self) -> None:
        """Each sentence is in the store once and in order, and was heard as it stands there."""
        conversation = str(self.caller.conversation_id)
        said = await self.many.said(conversation)
        assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
        asked, answers = said[1::2], said[2::2]
        for (_, word, about), question, answer in zip(BOOKING, asked, answers, strict=True):
            assert word in words(question["text"])
            assert answer["interrupted"] is (about in self.cut)
            told = [turn for turn in self.caller.answers if turn.text == answer["text"]]
            if about not in self.cut:
                (turn,) = told
                assert turn.played == turn.received > 0
                assert not turn.interrupted
        shown = [turn.text for turn in self.caller.record.by(USER) if turn.text]
        assert shown == [one["text"] for one in asked]
        runs = await require_one_agent(self.many, conversation)
        assert len(runs) == 1 + self.ends
        require_one_voice(self.caller.record.events)


async def book(many: Cluster, caller: Regular, faults: Sequence[Fault | None]) -> None:
    """Books a table by voice, with a fault in each turn that has one."""
    async with caller:
        await caller.hears_of("corner")
        booking = Booking(many, caller)
        for (line, _, about), fault in zip(BOOKING, faults, strict=True):
            await booking.turn(line, about, fault)
        last = caller.answers[-1]
        assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(last.text))
        assert {"four", "friday", "seven"} <= set(words(last.understood()))
    await booking.all_there()
    await booking.require_all_kept()
    assert many.faults() == []


async def test_a_table_is_booked_though_each_turn_loses_its_process(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Whoever is killed or drained, and whoever is speaking: five sentences, five answers."""
    faults: list[Fault | None] = [
        ("kill", "between"),
        ("drain", "while the user speaks"),
        ("kill", "while the agent speaks"),
        ("drain", "while the agent speaks"),
        None,
    ]
    await book(many, Regular(door.url, key, "table"), faults)


@pytest.mark.soak
@pytest.mark.parametrize("agent", ["table", "button"])
@pytest.mark.parametrize("how", ["kill", "drain"])
@pytest.mark.parametrize("when", ["between", "while the user speaks", "while the agent speaks"])
async def test_a_table_is_booked_though_every_turn_loses_its_process_alike(
    many: Cluster, key: str, door: Proxy, agent: str, how: End, when: When
) -> None:
    """The same end in every turn but the last, by an open microphone and by the button."""
    faults: list[Fault | None] = [(how, when)] * 4 + [None]
    await book(many, Regular(door.url, key, agent), faults)
