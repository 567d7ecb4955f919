"""The clock of the machine is set while people talk: by an hour, on and back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.pipeline.stage import Client, Stage, stage

from duologue.access import keys
from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.server.admit import Wish
from duologue.server.serve import now_ms
from duologue.store import conversations, organizations, sessions
from duologue.store.records import Session

MINUTE = 60_000
HOUR = 60 * MINUTE
GIFT = 5_000_000
"""Millionths: five minutes."""


class Clock:
    """The machine's clock, which a test sets."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        """The time of day."""
        return now_ms() + self.ahead


async def session_of(desk: Stage, client: Client) -> Session:
    """A client's session as it is stored."""
    assert client.seat is not None
    found = await desk.host.db.read(sessions.get, desk.org_id, client.seat.guest.session_id)
    assert found is not None
    return found


async def talks(client: Client, text: str) -> None:
    """It is answered."""
    client.run.floor.type(text)
    await client.said(f"You said: {text}")


async def test_a_call_goes_on_and_pays_for_its_own_seconds(tmp_path: Path) -> None:
    """An hour on and back: nobody is cut, warned, charged for it or paid back, and order stays."""
    clock = Clock()
    settings = {"price_per_minute": 1.0, "session_minutes": 30.0}
    async with stage(tmp_path, clock=clock, settings=settings) as desk:
        await desk.host.db.write(organizations.credit, desk.org_id, GIFT, "a gift", 1)
        client = await desk.join()
        await client.said("Hello.")
        for ahead, word in ((HOUR, "later"), (-HOUR, "earlier"), (0, "now")):
            clock.ahead = ahead
            before = (await session_of(desk, client)).attached_ms
            await until_metered(desk, client, before)
            await talks(client, word)
        assert not client.all(h.Ended)
        assert not client.all(h.Noticed)
        spent = await session_of(desk, client)
        assert 0 < spent.attached_ms < MINUTE
        owner = await desk.host.db.read(organizations.get, desk.org_id)
        assert owner is not None
        assert owner.balance_micros is not None
        assert GIFT - 1_000_000 < owner.balance_micros < GIFT
        told = [(role, text) for role, text, _ in await desk.words()]
        assert told == [
            ("assistant", "Hello."),
            *(
                line
                for word in ("later", "earlier", "now")
                for line in (("user", word), ("assistant", f"You said: {word}"))
            ),
        ]


async def until_metered(desk: Stage, client: Client, before: int) -> None:
    """Waits for a reading of the meter after that."""
    async with asyncio.timeout(60):
        while (await session_of(desk, client)).attached_ms <= before:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


async def key_of(desk: Stage, conversation: str | None = None) -> str:
    """A new session key."""
    principal = keys.local(desk.org_id)
    wish = Wish(
        key=None, principal=principal, origin=None, agent="desk", conversation_id=conversation
    )
    admitted = await desk.doorman.authorize(wish)
    desk.conversation = admitted.conversation_id
    return admitted.session_key


async def enters(desk: Stage, key: str) -> Client:
    """A client that opens with a key."""
    guest, _ = await desk.doorman.open(key, None)
    client = Client(desk.host)
    client.seat = await desk.host.seat(guest, client)
    client.run.ready(client)
    return client


async def refusal(desk: Stage, key: str) -> str:
    """The code with which a key is refused."""
    with pytest.raises(DuologueError) as refused:
        await desk.doorman.open(key, None)
    return refused.value.code


async def test_a_key_dies_by_the_clock_and_a_new_one_is_had_at_once(tmp_path: Path) -> None:
    """Set on by an hour it has expired, set back it opens as it did; authorize always helps."""
    clock = Clock()
    async with stage(tmp_path, clock=clock) as desk:
        key = await key_of(desk)
        clock.ahead = HOUR
        assert await refusal(desk, key) == "session_key_expired"
        clock.ahead = -HOUR
        client = await enters(desk, key)
        await talks(client, "an hour ago")
        await desk.leave(client)
        clock.ahead = 2 * HOUR
        again = await enters(desk, await key_of(desk, desk.conversation))
        await talks(again, "two hours on")


async def test_who_dropped_is_waited_for_whatever_the_clock_says(tmp_path: Path) -> None:
    """The same agent: with the same key after a clock set back, with a new one after one set on."""
    clock = Clock()
    async with stage(tmp_path, clock=clock) as desk:
        key = await key_of(desk)
        client = await enters(desk, key)
        await client.said("Hello.")
        run = client.run
        await desk.leave(client, "dropped")
        clock.ahead = -HOUR
        client = await enters(desk, key)
        assert client.run is run
        await desk.leave(client, "dropped")
        clock.ahead = HOUR // 2
        assert await refusal(desk, key) == "session_key_expired"
        client = await enters(desk, await key_of(desk, desk.conversation))
        assert client.run is run
        await talks(client, "back")


async def test_an_hour_deletes_nothing(tmp_path: Path) -> None:
    """What is kept for days is still there, and a live session is not tidied away."""
    clock = Clock()
    async with stage(tmp_path, clock=clock, settings={"trace_days": 1}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        for ahead in (HOUR, -HOUR, 0):
            clock.ahead = ahead
            meters = desk.host._meters
            await meters._tidy()
        assert (await session_of(desk, client)).state == "live"
        kept = await desk.host.db.read(conversations.get, desk.org_id, desk.conversation)
        assert kept is not None
        await talks(client, "still here")
