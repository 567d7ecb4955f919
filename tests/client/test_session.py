"""A session's life on a road that a test drives: what fails, what stays, what is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.client.roads import ScriptedRoad, Sound, session_on, started

from duologue.client.errors import (
    AgentLeft,
    AgentTimeout,
    NotConnected,
    SessionConnectError,
    SessionError,
    TokenSourceError,
)
from duologue.client.road import (
    AgentGone,
    DataReceived,
    LineChanged,
    Navigated,
    Noticed,
    SoundEnded,
    SoundStopped,
    Ticket,
    ToolUsed,
    TrackChanged,
    TranscriptChanged,
)
from duologue.client.session import Session
from duologue.client.tokens import TokenSource


async def test_with_agent_is_the_constructor_by_another_name() -> None:
    """As Swift, Kotlin and Flutter spell it."""
    source = TokenSource.literal(Ticket("ws://x", "dk_session_1"))
    session = Session.with_agent("desk", token_source=source, agent_metadata="m")
    assert session.agent.name == "desk"
    assert session.connection_state == "idle"
    assert session.transport is None


async def test_async_with_starts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The road is open inside, and closed behind."""
    road = ScriptedRoad()
    asyncio.get_running_loop().call_later(0.01, road.agent)
    async with session_on(road, monkeypatch) as session:
        assert session.is_connected
        assert session.agent.can_listen
    assert road.closed == 1
    assert (session.connection_state, session.agent.state) == ("disconnected", "disconnected")


async def test_start_does_not_wait_for_the_agent_when_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The session is open, and the agent is on its way."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    await session.start(wait_for_agent=False)
    assert session.agent.is_pending
    await session.end()


async def test_a_session_that_is_open_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do first."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    await started(road, session)
    with pytest.raises(SessionError, match="open already"):
        await session.start()
    assert session.is_connected
    await session.end()


async def test_end_is_idempotent_and_costs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the start, twice, and at the same time: nothing happens that did not already."""
    road, asked = ScriptedRoad(), []

    def give() -> Ticket:
        asked.append(1)
        return Ticket("ws://room", "dk_session_1")

    session = session_on(road, monkeypatch, source=TokenSource.literal(give))
    await session.end()
    await started(road, session)
    await asyncio.gather(session.end(), session.end())
    await session.end()
    assert (road.closed, len(asked)) == (1, 1)


async def test_a_session_starts_again_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another road, the same handlers, and the messages of before are kept."""
    first, second = ScriptedRoad(), ScriptedRoad()
    session = session_on(first, monkeypatch, second)
    session.on_rpc("time", lambda _: "noon")
    session.on_file(lambda _: None, topic="photos")
    await started(first, session)
    first.tell(TranscriptChanged("S1", "agent", "Good morning", final=True))
    await session.end()
    assert [each.text for each in session.messages] == ["Good morning"]
    await started(second, session)
    assert session.is_connected
    assert [call[:2] for call in second.calls] == [("on_rpc", "time"), ("take_files", "photos")]
    await session.end()


async def test_a_token_that_does_not_come_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The typed error comes out, and the microphone is let go."""

    def broken() -> Ticket:
        raise OSError("no disk")

    road, sound = ScriptedRoad(), Sound()
    session = session_on(road, monkeypatch, source=TokenSource.literal(broken))
    with pytest.raises(TokenSourceError, match="no disk"):
        await session.start(microphone=sound)
    assert sound.closed
    assert session.microphone is None
    assert session.connection_state == "failed"
    assert road.closed == 0


async def test_a_road_that_cannot_be_opened_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is half open is closed, and the session can be started again."""
    road, good = ScriptedRoad(), ScriptedRoad()
    road.refuses = SessionConnectError("nobody answers", url="ws://room")
    session = session_on(road, monkeypatch, good)
    with pytest.raises(SessionConnectError, match=r"ws://room: nobody answers"):
        await session.start()
    assert road.closed == 1
    await started(good, session)
    await session.end()


async def test_an_agent_that_does_not_join_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """AgentTimeout(not_joined), the road closed, and the reason to be read afterwards."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch, agent_connect_timeout=0.05)
    with pytest.raises(AgentTimeout) as error:
        await session.start()
    assert error.value.reason == "not_joined"
    assert road.closed == 1
    assert session.agent.state == "failed"
    assert session.agent.failure_reasons == ("Agent did not join the room.",)
    await session.end()
    assert session.agent.is_finished
    assert not session.agent.failure_reasons


async def test_a_refusal_of_a_start_is_told_in_the_servers_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it waits for the agent or not, and after the road was cleared away."""
    for waits in (True, False):
        road = ScriptedRoad()
        session = session_on(road, monkeypatch)
        task = asyncio.create_task(session.start(wait_for_agent=waits))
        await asyncio.sleep(0.01)
        road.tell(Noticed("agent_not_loaded", "Agent 'desk' is published, but not loaded here."))
        road.tell(LineChanged("disconnected", "ended", "the room was closed"))
        if waits:
            with pytest.raises(SessionConnectError, match="'desk' is published") as error:
                await task
            assert error.value.code == "agent_not_loaded"
        await asyncio.sleep(0.01)
        assert road.closed == 1
        assert session.error is not None
        assert session.error.code == "agent_not_loaded"
        assert session.agent.state == "failed"
        assert session.agent.failure_reasons == (
            "Agent did not join the room.",
            "Agent 'desk' is published, but not loaded here. (agent_not_loaded)",
        )
        await session.end()
        assert not session.agent.failure_reasons


async def test_an_agent_that_does_not_begin_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AgentTimeout(not_initialized): it is there, and says so little."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch, agent_connect_timeout=0.2)
    task = asyncio.create_task(session.start())
    await asyncio.sleep(0.01)
    road.agent("initializing")
    with pytest.raises(AgentTimeout) as error:
        await task
    assert error.value.reason == "not_initialized"


async def test_an_agent_that_leaves_while_it_is_waited_for_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AgentLeft, not a timeout."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    task = asyncio.create_task(session.start())
    await asyncio.sleep(0.01)
    road.agent("initializing")
    road.tell(AgentGone("agent-1"))
    with pytest.raises(AgentLeft):
        await task
    assert road.closed == 1


async def test_the_whole_start_can_be_given_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not reached by then says which error it is."""
    slow, lonely = ScriptedRoad(), ScriptedRoad()
    slow.may_open.clear()
    session = session_on(slow, monkeypatch, lonely)
    with pytest.raises(SessionConnectError, match=r"longer than 0\.05 s"):
        await session.start(timeout=0.05)
    assert slow.closed == 1
    with pytest.raises(AgentTimeout) as error:
        await session.start(timeout=0.05)
    assert error.value.reason == "not_joined"


async def test_a_start_that_is_cancelled_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever gives up gets the road closed."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    task = asyncio.create_task(session.start())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert road.closed == 1
    assert session.connection_state == "disconnected"


async def test_a_road_that_ends_while_the_agent_is_waited_for_is_the_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server's word comes out of start."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    task = asyncio.create_task(session.start())
    await asyncio.sleep(0.01)
    road.tell(LineChanged("disconnected", "replaced", "somebody else came"))
    with pytest.raises(SessionConnectError, match="somebody else came") as error:
        await task
    assert error.value.code == "replaced"


async def test_a_road_that_does_not_close_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """`end` is bounded."""
    monkeypatch.setattr("duologue.client.session.CLOSING", 0.05)
    road = ScriptedRoad()
    road.hangs = True
    session = session_on(road, monkeypatch)
    await started(road, session)
    await asyncio.wait_for(session.end(), 10)
    assert session.connection_state == "disconnected"


async def test_reconnecting_keeps_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what it does, the agent stays as it was."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    lines: list[str] = []
    session.on("connection", lines.append)
    await started(road, session)
    road.tell(LineChanged("reconnecting"))
    assert session.is_connected
    assert session.agent.state == "listening"
    road.tell(LineChanged("connected"))
    await session.end()
    assert lines == ["connecting", "connected", "reconnecting", "connected", "disconnected"]


@pytest.mark.parametrize(
    ("code", "state"), [("ended", "disconnected"), ("replaced", "disconnected"), ("lost", "failed")]
)
async def test_an_end_that_is_not_ours_closes_everything(
    code: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener gets the error with its code, and messages stay."""
    road = ScriptedRoad()
    told: list[SessionConnectError] = []
    session = session_on(road, monkeypatch)
    session.on("ended", told.append)
    await started(road, session)
    road.tell(TranscriptChanged("S1", "agent", "Bye", final=True))
    road.tell(LineChanged("disconnected", code, "it is over"))
    assert session.connection_state == state
    await session.agent.wait_until_finished(timeout=10)
    await session.end()
    assert road.closed == 1
    assert [error.code for error in told] == [code]
    assert session.error is told[0]
    assert len(session.messages) == 1


async def test_what_needs_a_road_says_so_without_one() -> None:
    """Each names itself and what to do."""
    session = Session(TokenSource.literal(Ticket("ws://x", "dk_session_1")))
    for work in (
        session.rpc("m"),
        session.send_data({}),
        session.set_attributes({}),
        session.send_file(b"x"),
        session.messages.send("hi"),
        session.state.set("a", 1),
        session.interrupt(),
        session.set_encryption(False),
        session.set_microphone(True),
        session.hear(b""),
    ):
        with pytest.raises(NotConnected, match=r"session\.start\(\)"):
            await work


async def test_events_reach_whoever_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and coroutines alike, until they want no more; one's error is not the next's."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    await started(road, session)
    told: list[Any] = []
    done = asyncio.Event()

    def broken(_: Any) -> None:
        raise ValueError("mine")

    async def slow(event: Any) -> None:
        await asyncio.sleep(0)
        told.append(event)
        done.set()

    session.on("tool", broken)
    off = session.on("tool", told.append)
    session.on("tool", slow)
    tool = ToolUsed("search", "c1", "started")
    road.tell(tool)
    await asyncio.wait_for(done.wait(), 10)
    assert told == [tool, tool]
    off()
    off()
    done.clear()
    road.tell(tool)
    await asyncio.wait_for(done.wait(), 10)
    assert len(told) == 3
    with pytest.raises(ValueError, match="nothing is called 'tools' here; there is connection"):
        session.on("tools", told.append)  # type: ignore[arg-type]  # what is tested
    await session.end()


async def test_everything_that_a_road_tells_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracks, data, notices, shared state and sound are listened to by name."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    told: list[tuple[Any, ...]] = []
    for name in (
        *("track", "data", "notice", "navigate"),
        *("sound_stopped", "sound_ended", "message"),
    ):
        session.on(name, lambda *event, name=name: told.append((name, *event)))
    await started(road, session)
    events: list[tuple[str, Any]] = [
        ("track", TrackChanged("audio", "t", "TR", True)),
        ("data", DataReceived(b"{}")),
        ("notice", Noticed("slow", "It is slow.")),
        ("navigate", Navigated("https://shop.example/")),
    ]
    for _, event in events:
        road.tell(event)
    road.tell(SoundStopped())
    road.tell(SoundEnded())
    road.tell(TranscriptChanged("S1", "agent", "Hi", final=True))
    assert told[:6] == [*events, ("sound_stopped",), ("sound_ended",)]
    assert told[6][0] == "message"
    await session.end()
