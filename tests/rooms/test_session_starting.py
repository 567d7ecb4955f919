"""Starting, failing, ending and starting again, against a real LiveKit server."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from livekit import api, rtc
from tests.client.endpoint import jwt
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import StubAgent, fresh, session_to, stub, until

from duologue.client.connecting import connect
from duologue.client.errors import AgentLeft, AgentTimeout, SessionConnectError
from duologue.client.session import Session
from duologue.client.tokens import TokenSource


async def test_an_agent_that_does_not_join_leaves_nothing_open(livekit: LiveKit) -> None:
    """AgentTimeout(not_joined), and nobody of ours in the room any more."""
    room = fresh()
    session = session_to(livekit, room, agent_connect_timeout=1.0, agent_name="desk")
    with pytest.raises(AgentTimeout, match="'desk' did not join within 1 s") as error:
        await session.start()
    assert error.value.reason == "not_joined"
    assert session.agent.failure_reasons == ("Agent did not join the room.",)
    assert session.room is None
    await livekit.crowd(room, 0)


async def test_an_agent_that_does_not_begin_is_told_apart(livekit: LiveKit) -> None:
    """AgentTimeout(not_initialized): a participant of kind agent that says nothing of itself."""
    room = fresh()
    dumb = StubAgent(livekit, room)
    await dumb.room.connect(livekit.url, dumb.token())
    try:
        session = session_to(livekit, room, agent_connect_timeout=5.0)
        with pytest.raises(AgentTimeout) as error:
            await session.start()
        assert error.value.reason == "not_initialized"
    finally:
        await dumb.room.disconnect()
        await dumb.session.aclose()


async def test_an_agent_that_leaves_is_told(livekit: LiveKit) -> None:
    """The state is `failed` with LiveKit's sentence, and waits raise AgentLeft."""
    room = fresh()
    agent = StubAgent(livekit, room)
    await agent.join()
    session = session_to(livekit, room)
    await session.start()
    waiting = asyncio.create_task(session.agent.wait_until_video_track(timeout=60))
    await agent.leave()
    with pytest.raises(AgentLeft):
        await waiting
    assert session.agent.state == "failed"
    assert session.agent.failure_reasons == ("Agent left the room unexpectedly.",)
    assert session.is_connected
    await session.end()


async def test_a_late_agent_is_welcome(livekit: LiveKit) -> None:
    """After the agent's time was over the session stays, and shows the one that comes."""
    room = fresh()
    session = session_to(livekit, room, agent_connect_timeout=0.3)
    await session.start(wait_for_agent=False)
    await session.agent.wait_until_finished(timeout=60)
    assert session.agent.state == "failed"
    async with stub(livekit, room):
        await until(lambda: session.agent.is_connected)
        assert session.agent.failure_reasons == ()
        await session.end()


async def test_a_token_that_the_room_refuses_is_an_error(livekit: LiveKit) -> None:
    """SessionConnectError with the address and LiveKit's word."""
    source = TokenSource.literal({"server_url": livekit.url, "participant_token": jwt(sub="x")})
    session = Session(source)
    with pytest.raises(SessionConnectError) as error:
        await session.start()
    assert error.value.url == livekit.url
    assert session.connection_state == "failed"


async def test_a_server_that_is_not_there_is_an_error(livekit: LiveKit) -> None:
    """No wait without end, whatever LiveKit's client tries."""
    source = TokenSource.literal({"server_url": "ws://127.0.0.1:9", "participant_token": jwt()})
    with pytest.raises(SessionConnectError, match=r"127\.0\.0\.1:9"):
        await Session(source).start(timeout=30)


async def test_a_start_that_is_cancelled_leaves_the_room(livekit: LiveKit) -> None:
    """Whenever it is called off, nobody of ours stays in the room."""
    for after in (0.0, 0.02, 0.1, 0.3):
        room = fresh()
        session = session_to(livekit, room)
        task = asyncio.create_task(session.start())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.room is None
        await livekit.crowd(room, 0)


def said(session: Session, text: str) -> bool:
    """Whether the agent said this."""
    return any(text in each.text for each in session.messages if each.role == "agent")


async def test_the_same_session_and_the_same_room_work_again(livekit: LiveKit) -> None:
    """End, start: a new joining of the same room, and the messages of before."""
    room = fresh()
    async with stub(livekit, room):
        session = session_to(livekit, room)
        for text in ("first", "second"):
            await session.start()
            await session.messages.send(text)
            await until(partial(said, session, text))
            await session.end()
            await session.end()
            await livekit.crowd(room, 1)
        assert [m.text for m in session.messages if m.role == "user"] == ["first", "second"]


async def test_prepare_fetches_the_token_that_start_uses(livekit: LiveKit) -> None:
    """One request for both."""
    room, asked = fresh(), []

    def give() -> dict[str, str]:
        asked.append(1)
        return {"server_url": livekit.url, "participant_token": livekit.token(room, "ann")}

    session = Session(TokenSource.literal(give))
    await session.prepare()
    await session.start(wait_for_agent=False)
    assert len(asked) == 1
    assert session.ticket is not None
    assert session.ticket.url == livekit.url
    await session.end()


async def test_connect_opens_a_room_by_its_token(livekit: LiveKit) -> None:
    """An address and a JWT are enough."""
    room = fresh()
    session = await connect(livekit.url, livekit.token(room, "ann"), wait_for_agent=False)
    assert session.transport == "livekit"
    assert session.is_connected
    await session.end()


async def test_a_room_of_ones_own_is_used(livekit: LiveKit) -> None:
    """Prebuilt, or connected already; one that was used before is refused with what to do."""
    name = fresh()
    mine = rtc.Room()
    session = session_to(livekit, name, room=mine)
    await session.start(wait_for_agent=False)
    assert session.room is mine
    await session.end()
    assert not mine.isconnected()
    with pytest.raises(SessionConnectError, match=r"room=rtc\.Room"):
        await session.start()

    connected = rtc.Room()
    await connected.connect(livekit.url, livekit.token(name, "bob"))
    other = session_to(livekit, name, room=connected)
    await other.start(wait_for_agent=False)
    assert other.room is connected
    await other.end()
    assert not connected.isconnected()

    made = session_to(livekit, name, room=rtc.Room)
    for _ in range(2):
        await made.start(wait_for_agent=False)
        await made.end()


@pytest.mark.parametrize(("how", "code"), [("replaced", "replaced"), ("closed", "ended")])
async def test_the_end_of_a_room_is_told_with_its_reason(
    how: str, code: str, livekit: LiveKit
) -> None:
    """Another place under the same identity, or a room that was closed."""
    room = fresh()
    session = session_to(livekit, room)
    told: list[SessionConnectError] = []
    session.on("ended", told.append)
    await session.start(wait_for_agent=False)
    other = rtc.Room()
    if how == "replaced":
        await other.connect(livekit.url, livekit.token(room, "ann"))
    else:
        async with livekit.api() as asked:
            await asked.room.delete_room(api.DeleteRoomRequest(room=room))
    await until(lambda: told)
    assert told[0].code == code
    assert session.connection_state == "disconnected"
    await until(lambda: session.room is None)
    await session.end()
    await other.disconnect()
