"""Two servers behind a round-robin proxy, while one at a time is killed, drained and renewed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
from tests.processes.alone import require_one_agent, require_one_voice
from tests.processes.cluster import Cluster, End
from tests.processes.guest import PATIENCE, TALE, Guest
from tests.processes.proxy import Proxy, until

from duologue.client.errors import SessionError
from duologue.testing.caller import SyntheticCaller
from duologue.testing.line import Refused, authorize, open_socket

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


async def require_all_kept(many: Cluster, guest: Guest) -> None:
    """Whatever was acknowledged is in the store once, in order; never two agents."""
    await require_one_agent(many, guest.session.conversation_id)
    stored = await many.said(guest.session.conversation_id)
    asked = [one["text"] for one in stored if one["role"] == "user"]
    assert [text for text in asked if text not in guest.lost] == [
        text for text in guest.acknowledged if text not in guest.lost
    ]
    for text in guest.lost:
        assert 1 <= asked.count(text) <= 1 + guest.lost.count(text)


async def test_who_is_admitted_by_one_process_talks_with_another(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Each authorize and each socket is anybody's: all talk, and both processes have some."""
    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Guest(door.url, key)) for _ in range(4)]
        for line in ("One.", "Two."):
            answers = await asyncio.gather(*(guest.ask(line) for guest in guests))
            assert answers == [f"You said: {line}"] * 4
        assert set(door.taken) == {0, 1}
        for guest in guests:
            await require_all_kept(many, guest)
            assert guest.lost == []


@pytest.mark.parametrize("how", ["drain", "kill"])
async def test_conversations_go_on_while_one_process_after_the_other_ends(
    many: Cluster, key: str, door: Proxy, how: End
) -> None:
    """Nothing that was acknowledged is lost; of a process that drains not even an answer."""
    over = asyncio.Event()

    async def talk(guest: Guest) -> None:
        number = 0
        while not over.is_set():
            number += 1
            await guest.ask(f"Line {number}.")
        await guest.ask("Goodbye.")

    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Guest(door.url, key)) for _ in range(3)]
        conversations = [guest.session.conversation_id for guest in guests]
        async with asyncio.TaskGroup() as group:
            for guest in guests:
                group.create_task(talk(guest))
            for server in many.servers:
                await asyncio.to_thread(many.again, server, how)
            over.set()
        assert [guest.session.conversation_id for guest in guests] == conversations
        assert any("reconnecting" in guest.states for guest in guests)
        for guest in guests:
            await require_all_kept(many, guest)
        if how == "drain":
            assert [guest.lost for guest in guests] == [[]] * 3
    assert many.faults() == []


async def test_a_line_that_is_cut_is_opened_at_another_process_and_the_run_goes_on(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Wherever the socket lands, the same agent remembers, in the same conversation."""
    async with Guest(door.url, key) as guest:
        await guest.ask("One.")
        for line in ("Two.", "Three."):
            door.cut()
            await until(lambda: "reconnecting" in guest.states, "the client to notice")
            assert await guest.ask(line) == f"You said: {line}"
            guest.states.clear()
        await require_all_kept(many, guest)
        assert guest.lost == []


async def test_a_second_place_takes_over_wherever_it_lands(
    many: Cluster, key: str, door: Proxy
) -> None:
    """The first is told that it was replaced; there is one agent, which knows both."""
    async with AsyncExitStack() as stack:
        last = await stack.enter_async_context(Guest(door.url, key))
        await last.ask("One.")
        conversation = last.session.conversation_id
        for server in many.servers:  # one of them has the run, the other has not
            before, last = last, Guest(server.url, key, conversation_id=conversation)
            await stack.enter_async_context(last)
            assert await before.ended() == "replaced"
            assert await last.ask("Me, too.") == "You said: Me, too."
        texts = [one["text"] for one in await many.said(conversation)]
        assert texts.count("Me, too.") == 2
        assert texts.count("You said: Me, too.") == 2
        await require_one_agent(many, conversation)


async def test_owners_reach_a_conversation_at_every_process(
    many: Cluster, key: str, door: Proxy
) -> None:
    """They look, let it say something, silence it and hang up, whichever process has the run."""
    headers = {"x-api-key": key}
    for server in many.servers:
        async with (
            Guest(door.url, key) as guest,
            httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE) as http,
        ):
            path = f"/v1/conversations/{guest.session.conversation_id}"
            assert (await http.get(f"{path}/live")).status_code == 200
            spoken = await http.post(f"{path}/say", json={"text": TALE})
            assert spoken.status_code == 200
            await guest.until("speaking")
            assert (await http.post(f"{path}/interrupt")).status_code == 200
            await guest.until("listening")
            assert (await http.post(f"{path}/end")).status_code == 200
            assert await guest.ended() == "ended"
        again = Guest(door.url, key, conversation_id=guest.session.conversation_id)
        with pytest.raises(SessionError, match="410"):
            await again.session.start()


async def test_a_session_key_opens_one_socket_at_whichever_process(
    many: Cluster, key: str, door: Proxy
) -> None:
    """A key that was rotated at one process opens nothing at the other."""
    first = await authorize(many.servers[0].url, "silent", key)
    second = await authorize(many.servers[1].url, "silent", key, first.conversation_id)
    with pytest.raises(Refused) as refused:
        await open_socket(many.servers[0].url, first.session_key)
    assert refused.value.code == "session_key_unknown"
    socket = await open_socket(many.servers[0].url, second.session_key)
    with pytest.raises(Refused) as taken:
        await open_socket(many.servers[1].url, second.session_key)
    assert taken.value.code == "session_open"
    await socket.close()


async def test_layercodes_client_comes_back_by_hand_at_the_process_that_stays(
    many: Cluster, key: str, door: Proxy
) -> None:
    """It is told 1012 by the one that goes, authorizes again, and the agent remembers."""
    async with SyntheticCaller(door.url, agent="parrot", key=key) as caller:
        assert (await caller.answer()).text == "Welcome."
        await caller.type("One.")
        assert (await caller.answer()).text == "You said: One."
        conversation = str(caller.conversation_id)
        for server in many.servers:
            await asyncio.to_thread(many.again, server, "drain")
            if caller.close_code is not None:
                assert caller.close_code == 1012
                await caller.reconnect()
                await caller.type("Two.")
                assert (await caller.answer()).text == "You said: Two."
        texts = [one["text"] for one in await many.said(conversation)]
    await require_one_agent(many, conversation)
    require_one_voice(caller.record.events)
    assert texts[:3] == ["Welcome.", "One.", "You said: One."]
    assert texts.count("Welcome.") == 1
    assert texts.count("You said: Two.") == texts.count("Two.") >= 1
