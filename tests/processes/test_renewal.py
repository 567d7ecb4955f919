"""`duologue serve --workers 2` for real: a rolling restart under load, and its end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests import postgres, redis
from tests.processes.guest import PARROT, Guest
from tests.processes.proxy import until
from tests.serving import House

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A parent with two children on one port."""
    file = tmp_path / "parrots.py"
    file.write_text(PARROT)
    with postgres.server() as database, redis.server() as cache:
        made = House(
            tmp_path / "data",
            file,
            workers=2,
            database_url=f"{database}/postgres",
            redis_url=cache.url,
            drain_seconds=5.0,
            grace_seconds=60.0,
        )
        with made as running:
            running.publish("silent")
            yield running


async def knock(house: House, answers: list[str]) -> None:
    """Asks for /health on one new connection after the other, until it is cancelled."""
    host, _, port = house.url.removeprefix("http://").partition(":")
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answers.append((await reader.read()).decode().partition("\r\n")[0])
            finally:
                writer.close()
        except OSError as error:
            answers.append(repr(error))
        await asyncio.sleep(0.01)


async def test_a_rolling_restart_refuses_nobody_and_loses_nothing(house: House) -> None:
    """Conversations go on, every answer is heard, and every connection is answered."""
    answers: list[str] = []
    over = asyncio.Event()

    async def talk(guest: Guest) -> None:
        number = 0
        while not over.is_set():
            number += 1
            await guest.ask(f"Line {number}.")
        await guest.ask("Goodbye.")

    async with AsyncExitStack() as stack:
        key = await asyncio.to_thread(house.secret_key)
        guests = [await stack.enter_async_context(Guest(house.url, key)) for _ in range(3)]
        conversations = [guest.session.conversation_id for guest in guests]
        knocking = asyncio.create_task(knock(house, answers))
        async with asyncio.TaskGroup() as group:
            for guest in guests:
                group.create_task(talk(guest))
            house.signal(signal.SIGHUP)
            await until(lambda: "all processes are renewed" in house.log, "the renewal")
            over.set()
        knocking.cancel()
        await asyncio.wait([knocking])
        assert [guest.session.conversation_id for guest in guests] == conversations
        assert [guest.lost for guest in guests] == [[]] * 3
        assert all("reconnecting" in guest.states for guest in guests)
    assert set(answers) == {"HTTP/1.1 200 OK"}
    for guest in guests:
        said = await asyncio.to_thread(house.messages, guest.session.conversation_id)
        asked = [one["text"] for one in said if one["role"] == "user"]
        assert asked == guest.acknowledged
    named = {json.loads(line).get("process") for line in house.log.splitlines() if line[:1] == "{"}
    assert {0, 1, 2} <= named
    house.signal(signal.SIGTERM)
    assert await asyncio.to_thread(house.wait) == 0
    assert "Traceback" not in house.log
