"""Ends of calls, and callers side by side, behind a proxy while processes are killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.processes.alone import require_one_agent, require_one_voice
from tests.processes.cluster import Cluster, cluster
from tests.processes.proxy import Proxy, proxy
from tests.processes.regular import Regular

from duologue.testing.line import Refused, authorize
from duologue.testing.speech import words

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

GOODBYE = "Thank you, goodbye."


async def killed(many: Cluster, *callers: Regular) -> None:
    """The process of each caller is killed; it starts anew while they come back."""
    lines = [caller.lines for caller in callers]
    conversation = str(callers[0].conversation_id)
    await many.settled(conversation)
    house = await many.holder(conversation)
    starting = asyncio.create_task(asyncio.to_thread(many.again, house, "kill"))
    try:
        await callers[0].back(lines[0] + 1)
    finally:
        await starting
    for caller in callers:
        await caller.back(1)


async def require_refused(many: Cluster, key: str, caller: Regular, status: int, code: str) -> None:
    """Whoever asks for the conversation, at whichever process, is told this."""
    for server in many.servers:
        with pytest.raises(Refused) as refused:
            await authorize(server.url, caller.agent, key, caller.conversation_id)
        assert (refused.value.status, refused.value.code) == (status, code)


async def require_kept(many: Cluster, caller: Regular, kills: int) -> None:
    """One agent after the other, as many as processes were killed, and never two voices."""
    runs = await require_one_agent(many, str(caller.conversation_id))
    assert [run.end_reason for run in runs[:-1]] == ["server_lost"] * kills
    require_one_voice(caller.record.events)
    assert many.faults() == []


async def test_a_balance_runs_out_though_the_process_that_counts_is_killed(tmp_path: Path) -> None:
    """The other one counts on: a warning, the end with 4003, and then 402 everywhere."""
    with cluster(tmp_path, price_per_minute=60.0) as many, proxy(many.ports) as door:
        house = many.servers[0]
        await asyncio.to_thread(house.command, "orgs", "credit", "default", "25")
        key = await asyncio.to_thread(house.secret_key)
        async with Regular(door.url, key, "parrot") as caller:
            assert (await caller.answer()).text == "Welcome."
            await killed(many, caller)
            await caller.type("Still there?")
            assert (await caller.hears_of("still")).text == "You said: Still there?"
            assert await caller.closed() == 4003
        told = [event.content for event in caller.record.of_type("response.data")]
        codes = [one["code"] for one in told if one["type"] == "duologue.notice"]
        assert codes[-2:] == ["balance_low", "insufficient_balance"]
        await require_refused(many, key, caller, 402, "insufficient_balance")
        (org,) = await asyncio.to_thread(house.command, "orgs", "list")
        assert -3_000_000 <= org["balance_micros"] <= 0
        await require_kept(many, caller, 1)


async def test_the_agent_hangs_up_though_its_process_was_killed(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Its goodbye is heard to the end, and stays the last word when its process is killed, too."""
    async with Regular(door.url, key, "table") as caller:
        await caller.hears_of("corner")
        await killed(many, caller)
        house = await many.holder(str(caller.conversation_id))
        await caller.type(GOODBYE)
        assert await caller.closed() == 4002
        last = caller.answers[-1]
    assert "goodbye" in words(last.text)
    assert last.played == last.received > 0
    await asyncio.to_thread(many.again, house, "kill")
    await require_refused(many, key, caller, 410, "conversation_ended")
    said = await many.said(str(caller.conversation_id))
    assert [one["role"] for one in said] == ["assistant", "user", "assistant"]
    await require_kept(many, caller, 1)


async def test_two_callers_do_not_mix_though_each_process_is_killed(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Each is answered and remembered for their own words, whoever of them lost an agent."""
    lines = ("I would like to book a table for four people please.", "Please tell me a joke.")
    async with Regular(door.url, key, "table") as one, Regular(door.url, key, "table") as two:
        callers = (one, two)
        for caller, line in zip(callers, lines, strict=True):
            await caller.answer()
            await caller.type(line)
            await caller.answer()
        for caller in callers:
            await killed(many, caller, *callers)
        for caller in callers:
            await caller.type("What did I say first?")
        (first, second) = [words((await caller.hears_of("first")).text) for caller in callers]
        kept = [await many.said(str(caller.conversation_id)) for caller in callers]
    assert {"table", "four"} <= set(first)
    assert "joke" in second
    assert "joke" not in first
    assert "four" not in second
    asked = [[one["text"] for one in said if one["role"] == "user"] for said in kept]
    assert asked == [[line, "What did I say first?"] for line in lines]
    for caller in callers:
        await require_one_agent(many, str(caller.conversation_id))
        require_one_voice(caller.record.events)
    assert many.faults() == []
