"""Voices whose line lands at a process that does not have their agent, and is carried there."""

from __future__ import annotations

import asyncio

import pytest
from tests.processes.alone import require_one_agent, require_one_voice
from tests.processes.cluster import Cluster
from tests.processes.proxy import Proxy
from tests.processes.regular import Regular
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import USER
from duologue.testing.line import Refused
from duologue.testing.models import CHARACTER, place, ruler, sounding
from duologue.testing.speech import words

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

SECOND = 16000
TWICE = 3 * SECOND // 10
"""Samples that a return may let somebody hear again."""
WHOLE = ruler(10 * SECOND)
HELLO = "Hello, can you hear me?"


def ours(
    house: House, key: str, agent: str, *, tab_of: SyntheticCaller | None = None
) -> SyntheticCaller:
    """A caller with our own client at one process; as a second tab it has the first's token."""
    caller = SyntheticCaller(house.url, agent=agent, key=key, client="own")
    if tab_of is not None:
        caller.client = tab_of.client.reloaded()
        caller.conversation_id = tab_of.conversation_id
    return caller


async def other(many: Cluster, caller: SyntheticCaller) -> House:
    """A server that does not have the agent of this caller."""
    holder = await many.holder(str(caller.conversation_id))
    return next(server for server in many.servers if server is not holder)


async def require_one_run(many: Cluster, *callers: SyntheticCaller) -> None:
    """One agent, from the beginning to the end, and never two voices at once."""
    (conversation,) = {str(caller.conversation_id) for caller in callers}
    assert len(await require_one_agent(many, conversation)) == 1
    for caller in callers:
        require_one_voice(caller.record.events)


async def returns(many: Cluster, key: str, how: str) -> None:
    """Somebody who goes in the middle of a sentence, and comes back by the other process."""
    async with ours(many.servers[0], key, "ruler-takeover") as caller:
        first = await caller.answering()
        await caller.hears(first, SECOND)
        caller.url = (await other(many, caller)).url
        if how == "reload":
            await caller.reload()
        else:
            await caller.drop()
            await asyncio.sleep(5)
        await caller.reconnect()
        assert caller.ticket.answer["resumed"] == "live"
        rest = await caller.answer()
        said = await many.said(str(caller.conversation_id))
    assert place(first.sound.pcm, WHOLE) == 0
    twice = first.played - place(rest.sound.pcm, WHOLE)
    assert 0 <= twice <= TWICE
    end = first.played - twice + sounding(rest.sound.pcm)
    assert end == round(len(str(said[0]["text"])) * CHARACTER * SECOND), "the end is missing"
    assert [(one["role"], one["interrupted"]) for one in said] == [("assistant", False)]
    await require_one_run(many, caller)


async def test_what_was_not_heard_is_heard_after_a_return_to_the_other_process(
    many: Cluster, key: str
) -> None:
    """A page that is loaded anew, or a line that is dead for 5 s: the sentence goes on, exactly."""
    await asyncio.gather(*(returns(many, key, how) for how in ("reload", "drop")))


async def takes_over(many: Cluster, key: str) -> None:
    """The first page is closed with 4001, and the second goes on where that was silenced."""
    async with ours(many.servers[0], key, "ruler-takeover") as first:
        cut = await first.answering()
        await first.hears(cut, SECOND)
        there = await other(many, first)
        async with ours(there, key, "ruler-takeover", tab_of=first) as second:
            assert await first.closed() == 4001
            rest = await second.answer()
    assert 0 <= cut.played - place(rest.sound.pcm, WHOLE) <= TWICE
    await require_one_run(many, first, second)


async def is_refused(many: Cluster, key: str) -> None:
    """With `reject` the first page notices nothing."""
    async with ours(many.servers[0], key, "ruler-reject") as first:
        turn = await first.answering()
        await first.hears(turn, 1600)
        there = await other(many, first)
        with pytest.raises(Refused) as refused:
            await ours(there, key, "ruler-reject", tab_of=first).connect()
        assert (refused.value.status, refused.value.code) == (409, "conversation_open")
        await first.until(lambda: turn.ended_at is not None, "the end of the sentence")
    assert turn.played == turn.received
    await require_one_run(many, first)


async def shares(many: Cluster, key: str) -> None:
    """Both hear the same agent; who comes later, by the other process, hears what is left."""
    async with ours(many.servers[0], key, "ruler-share") as first:
        turn = await first.answering()
        await first.hears(turn, SECOND)
        there = await other(many, first)
        async with ours(there, key, "ruler-share", tab_of=first) as second:
            shared = await second.answer()
            await first.until(lambda: turn.ended_at is not None, "the end of the sentence")
    assert shared.turn_id == turn.turn_id
    assert turn.played == turn.received
    assert SECOND <= place(shared.sound.pcm, WHOLE) == turn.played - shared.played
    await require_one_run(many, first, second)


async def test_a_second_tab_at_the_other_process_meets_the_policy_of_its_agent(
    many: Cluster, key: str
) -> None:
    """It takes over, is refused or shares the one agent, to the sample as within one process."""
    await asyncio.gather(*(each(many, key) for each in (takes_over, is_refused, shares)))


async def test_a_voice_that_is_carried_silences_the_agent(
    many: Cluster, key: str, door: Proxy
) -> None:
    """The count stops for words from the other process, and only what was heard is kept."""
    async with Regular(door.url, key, "table") as caller:
        await caller.hears_of("corner")
        caller.url = (await other(many, caller)).url
        await caller.drop()
        await caller.back(2)
        assert caller.ticket.answer["resumed"] == "live"
        await caller.type("Please count slowly from one to twenty.")
        count = await caller.tells_of("two")
        await caller.hears(count, 2 * SECOND)
        await caller.say(HELLO)
        answer = await caller.hears_of("hear")
        said = await many.said(str(caller.conversation_id))
    assert count.interrupted
    assert answer.played == answer.received > 0
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 2
    assert [one["interrupted"] for one in said] == [False, False, True, False, False]
    cut = set(words(said[2]["text"]))
    assert "one" in cut
    assert "twenty" not in cut
    assert "hear" in words(caller.record.by(USER)[-1].text)
    await require_one_run(many, caller)
