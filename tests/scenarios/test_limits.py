"""Credit that ends in mid-call, and keys that many ask for at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.line import Refused, authorize, open_socket

pytestmark = pytest.mark.voice


async def test_a_balance_that_runs_out_is_told_and_then_ends_the_call(tmp_path: Path) -> None:
    """The caller is warned, hears the agent meanwhile, is closed with 4003, and gets 402 then."""
    with House(tmp_path / "data", price_per_minute=60.0) as house:
        house.publish("demo")
        house.command("orgs", "credit", "default", "18")
        key = house.secret_key()
        async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
            greeting = await caller.answer()
            assert await caller.closed() == 4003
            notices = [
                event.content["code"]
                for event in caller.record.of_type("response.data")
                if event.content.get("type") == "duologue.notice"
            ]
            assert notices == ["balance_low", "insufficient_balance"]
            assert greeting.played == greeting.received
            with pytest.raises(Refused) as refused:
                await caller.reconnect()
            assert (refused.value.status, refused.value.code) == (402, "insufficient_balance")
        spent = house.command("orgs", "list")[0]["balance_micros"]
        assert -3_000_000 <= spent <= 0
        house.command("orgs", "credit", "default", "60")
        await caller.reconnect()
        await caller.leave()


async def test_of_fifty_racing_authorizes_one_key_opens(house: House, key: str) -> None:
    """Each authorize voids the key before it, in whatever order they are served."""
    first = await authorize(house.url, "demo", key)
    tickets = await asyncio.gather(
        *(authorize(house.url, "demo", key, first.conversation_id) for _ in range(50))
    )
    keys = {ticket.session_key for ticket in tickets} | {first.session_key}
    assert len(keys) == 51
    opened, refused = [], []
    for session_key in keys:
        try:
            opened.append(await open_socket(house.url, session_key))
        except Refused as error:
            refused.append((error.status, error.code))
    assert len(opened) == 1
    assert refused == [(401, "session_key_unknown")] * 50
    await opened[0].close()
