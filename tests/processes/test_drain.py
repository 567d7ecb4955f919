"""A real server that is asked to end while people talk: what they hear, and what becomes of it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import pytest
from tests.processes.guest import PARROT, TALE, Guest
from tests.processes.proxy import until
from tests.serving import House

from duologue.testing.line import Refused, authorize, open_socket


def opened(folder: Path, *, drain_seconds: float = 10.0) -> House:
    """A server with the parrots, which is not started yet."""
    file = folder / "parrots.py"
    file.write_text(PARROT)
    return House(folder / "data", file, grace_seconds=60.0, drain_seconds=drain_seconds)


async def begun(guest: Guest) -> None:
    """Lets the agent of a guest begin its tale."""
    await guest.session.messages.send("Tell me a tale.")
    await guest.until("speaking")


async def test_a_server_that_is_asked_to_end_lets_the_agent_finish_and_nobody_in(
    tmp_path: Path,
) -> None:
    """The next server on the port goes on with the same conversation, by the client itself."""
    with opened(tmp_path) as house:
        house.publish("silent")
        key = house.secret_key()
        waiting = await authorize(house.url, "silent", key)
        async with Guest(house.url, key, "silent") as guest:
            await begun(guest)
            conversation = guest.session.conversation_id
            house.signal(signal.SIGTERM)
            async with httpx.AsyncClient(base_url=house.url) as http:
                ready = await http.get("/ready")
                while ready.status_code == 200:  # the signal is on its way
                    ready = await http.get("/ready")
                assert (ready.status_code, ready.json()["code"]) == (503, "going_away")
                assert (await http.get("/health")).status_code == 200
                refused = await http.post(
                    "/v1/agents/web/authorize_session",
                    json={"agent_id": "silent"},
                    headers={"authorization": f"Bearer {key}"},
                )
                assert (refused.status_code, refused.json()["code"]) == (503, "going_away")
                assert refused.headers["retry-after"] == "1"
                with pytest.raises(Refused) as closed:
                    await open_socket(house.url, waiting.session_key)
                assert (closed.value.status, closed.value.code) == (503, "going_away")
            assert await asyncio.to_thread(house.wait) == 0
            await until(lambda: "reconnecting" in guest.states, "the client to notice")
            assert guest.session.connection_state == "reconnecting"
            await asyncio.to_thread(house.start)
            assert await guest.ask("Are you there?") == "You said: Are you there?"
            assert guest.session.conversation_id == conversation
            assert guest.lost == []
        said = await asyncio.to_thread(house.messages, conversation)
        assert [(one["role"], one["text"], one["interrupted"]) for one in said] == [
            ("user", "Tell me a tale.", False),
            ("assistant", TALE, False),
            ("user", "Are you there?", False),
            ("assistant", "You said: Are you there?", False),
        ]


async def test_a_server_that_is_asked_twice_ends_at_once(tmp_path: Path) -> None:
    """Nobody waits for the tale then; what was heard of it is stored as cut."""
    with opened(tmp_path, drain_seconds=600.0) as house:
        house.publish("silent")
        async with Guest(house.url, house.secret_key(), "silent") as guest:
            await begun(guest)
            conversation = guest.session.conversation_id
            house.signal(signal.SIGTERM)
            async with httpx.AsyncClient(base_url=house.url) as http:
                while (await http.get("/ready")).status_code == 200:
                    pass
            house.signal(signal.SIGTERM)
            assert await asyncio.to_thread(house.wait) == 0
        said = await asyncio.to_thread(house.messages, conversation)
        assert [(one["role"], one["interrupted"]) for one in said] == [
            ("user", False),
            ("assistant", True),
        ]
        assert TALE.startswith(said[1]["text"])
        assert said[1]["text"] != TALE
