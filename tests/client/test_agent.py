"""What a session shows of its agent, and waits that end."""

from __future__ import annotations

import asyncio

import pytest

from duologue.client import last_word
from duologue.client.agent import Agent
from duologue.client.errors import (
    AgentLeft,
    AgentTimeout,
    NotConnected,
    SessionConnectError,
    WaitTimeout,
)
from duologue.client.road import (
    AgentGone,
    AgentSeen,
    AgentStateChanged,
    Noticed,
    TrackChanged,
)
from duologue.client.signals import Changes
from duologue.client.tasks import Tasks


def agent() -> Agent:
    """One that is asked for as `desk`."""
    return Agent(Changes(), Tasks(), "desk")


def ready() -> Agent:
    """One that listens."""
    one = agent()
    one.move("connect")
    one.seen(AgentSeen("agent-1", "Desk", "meta", {"lk.agent.state": "listening"}))
    one.says(AgentStateChanged("listening"))
    return one


async def test_states_are_the_words_of_livekits_clients() -> None:
    """From the connecting to the end, each told once."""
    one = agent()
    states: list[str] = []
    one.on("state", states.append)
    one.move("connect")
    one.move("buffer")
    one.seen(AgentSeen("agent-1"))
    for word in ("initializing", "listening", "listening", "thinking", "humming", "speaking"):
        one.says(AgentStateChanged(word))
    one.move("end")
    assert states == [
        "connecting",
        "pre-connect-buffering",
        "initializing",
        "listening",
        "thinking",
        "speaking",
        "disconnected",
    ]


async def test_flags_follow_the_state() -> None:
    """What a picture needs to know is asked in one word."""
    one = agent()
    assert one.is_finished
    one.move("connect")
    assert (one.is_pending, one.can_listen, one.is_connected, one.is_finished) == (
        True, False, False, False,
    )  # fmt: skip
    one.move("buffer")
    assert (one.is_pending, one.can_listen) == (True, True)
    one.says(AgentStateChanged("speaking"))
    assert (one.is_pending, one.can_listen, one.is_connected) == (False, True, True)
    one.says(AgentStateChanged("idle"))
    assert (one.can_listen, one.is_connected) == (False, True)


async def test_who_it_is_is_known_as_soon_as_it_is_there() -> None:
    """Identity, name, metadata and attributes; the name that was asked for stands in before."""
    assert agent().name == "desk"
    one = ready()
    assert (one.identity, one.name, one.metadata) == ("agent-1", "Desk", "meta")
    assert dict(one.attributes) == {"lk.agent.state": "listening"}
    told: list[dict[str, str]] = []
    one.on("attributes", lambda attributes: told.append(dict(attributes)))
    one.seen(AgentSeen("agent-1", attributes={"mood": "good"}))
    one.seen(AgentSeen("agent-1", attributes={"mood": "good"}))
    assert told == [{"mood": "good"}]
    one.move("end")
    assert (one.identity, dict(one.attributes)) == ("", {})


async def test_an_avatars_tracks_stand_for_the_agents() -> None:
    """What a worker publishes on the agent's behalf is seen and heard instead."""
    one = ready()
    one.track(TrackChanged("audio", "own", "TR_1", True))
    assert (one.audio_track, one.video_track) == ("own", None)
    one.track(TrackChanged("audio", "avatar", "TR_2", True, on_behalf=True))
    one.track(TrackChanged("video", "face", "TR_3", True, on_behalf=True))
    assert (one.audio_track, one.video_track) == ("avatar", "face")
    one.track(TrackChanged("audio", None, "TR_0", False, on_behalf=True))
    assert one.audio_track == "avatar"
    one.track(TrackChanged("audio", None, "TR_2", False, on_behalf=True))
    assert one.audio_track == "own"


async def test_an_agent_that_does_not_come_is_not_waited_for_without_end() -> None:
    """The wait fails when the session says that the time is over, and says why."""
    one = agent()
    one.move("connect")
    waiting = asyncio.create_task(one.wait_until_connected())
    await asyncio.sleep(0)
    one.late(20)
    with pytest.raises(AgentTimeout, match="'desk' did not join within 20 s") as error:
        await waiting
    assert error.value.reason == "not_joined"
    assert one.state == "failed"
    assert one.failure_reasons == ("Agent did not join the room.",)
    with pytest.raises(AgentTimeout):
        await one.wait_until_could_be_listening()


async def test_an_agent_that_never_begins_is_told_apart() -> None:
    """It joined: its own log says more."""
    one = agent()
    one.move("connect")
    one.seen(AgentSeen("agent-1"))
    one.late(20)
    assert isinstance(one.error, AgentTimeout)
    assert one.error.reason == "not_initialized"
    assert one.failure_reasons == ("Agent joined the room but did not complete initializing.",)


async def test_an_agent_that_is_ready_is_never_late() -> None:
    """The end of the time means nothing to it."""
    one = ready()
    one.late(20)
    assert (one.state, one.error) == ("listening", None)


async def test_an_agent_that_leaves_fails_every_wait() -> None:
    """It is told that it left, not that time passed."""
    one = ready()
    waiting = asyncio.create_task(one.wait_until_video_track())
    await asyncio.sleep(0)
    one.gone(AgentGone("agent-1"))
    with pytest.raises(AgentLeft, match="'agent-1' left"):
        await waiting
    assert one.failure_reasons == ("Agent left the room unexpectedly.",)
    assert one.is_finished


FULL = Noticed("agent_not_joined", "No agent came to room 'r': all servers are full. Try again.")


async def test_a_late_agent_is_excused_by_what_the_server_said() -> None:
    """The error and the reasons have its code and its sentence."""
    one = agent()
    one.move("connect")
    one.noticed(FULL)
    one.late(20)
    assert isinstance(one.error, AgentTimeout)
    assert (one.error.code, one.error.said) == (FULL.code, FULL.message)
    assert str(one.error) == f"Agent 'desk' did not join within 20 s. {FULL.message}"
    assert one.failure_reasons == (
        "Agent did not join the room.",
        f"{one.error} (agent_not_joined)",
    )


async def test_an_agent_that_came_to_say_no_did_not_leave() -> None:
    """One that was there and left is told apart; both have the server's words."""
    one = agent()
    one.move("connect")
    one.seen(AgentSeen("agent-1"))
    one.noticed(FULL)
    one.gone(AgentGone("agent-1"))
    assert isinstance(one.error, SessionConnectError)
    assert (one.error.code, one.error.message) == (FULL.code, FULL.message)
    other = ready()
    other.noticed(Noticed("going_away", "This server is closing. Connect again."))
    other.gone(AgentGone("agent-1"))
    assert isinstance(other.error, AgentLeft)
    assert other.error.code == "going_away"
    assert "'agent-1' left the session. This server is closing." in other.error.message


async def test_only_a_fresh_word_about_an_end_is_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one about something that passes, of the session before, or of long ago."""
    one = agent()
    one.move("connect")
    one.noticed(FULL)
    one.noticed(Noticed("balance_low", "The balance ends in about 60 seconds."))
    assert one.why_ended("ended", "the room was closed").code == FULL.code
    assert one.why_ended("replaced", "somebody came").code == "replaced"
    monkeypatch.setattr(last_word, "FRESH", -1.0)
    one.noticed(FULL)
    assert one.why_ended("ended", "the room was closed").message == "the room was closed."
    monkeypatch.undo()
    one.noticed(FULL)
    one.move("end")
    one.move("connect")
    assert one.why_ended("", "").message == "the session ended: the line was lost."
    assert one.why_ended("ended", "the room was closed").code == "ended"


async def test_an_agent_that_comes_back_is_welcome() -> None:
    """After a failure a late agent, or the same one again, is shown as it is."""
    one = ready()
    one.gone(AgentGone("agent-1"))
    one.seen(AgentSeen("agent-2"))
    one.says(AgentStateChanged("listening"))
    assert (one.state, one.error, one.failure_reasons) == ("listening", None, ())
    await one.wait_until_connected()


async def test_a_wait_outside_a_session_is_refused() -> None:
    """Nothing would ever end it."""
    with pytest.raises(NotConnected, match=r"session\.start"):
        await agent().wait_until_connected()


async def test_a_wait_ends_with_the_session() -> None:
    """Who waits for something else is told; who waits for the end has it."""
    one = ready()
    track = asyncio.create_task(one.wait_until_audio_track())
    end = asyncio.create_task(one.wait_until_finished())
    await asyncio.sleep(0)
    one.move("end")
    with pytest.raises(NotConnected):
        await track
    await end


async def test_every_wait_has_an_end_of_its_own() -> None:
    """Whatever is waited for, its name and the time are said."""
    one = ready()
    with pytest.raises(WaitTimeout, match=r"video track did not happen within 0\.01 s"):
        await one.wait_until_video_track(timeout=0.01)
    with pytest.raises(WaitTimeout, match="the agent's end"):
        await one.wait_until_finished(timeout=0.01)
    late = agent()
    late.move("connect")
    with pytest.raises(AgentTimeout) as error:
        await late.wait_until_connected(timeout=0.01)
    assert error.value.reason == "not_joined"


async def test_a_track_that_is_there_is_not_waited_for() -> None:
    """LiveKit's clients wait for the next one."""
    one = ready()
    one.track(TrackChanged("audio", "own", "TR_1", True))
    assert await one.wait_until_audio_track() == "own"
    waiting = asyncio.create_task(one.wait_until_video_track())
    await asyncio.sleep(0)
    one.track(TrackChanged("video", "face", "TR_2", True))
    assert await waiting == "face"
