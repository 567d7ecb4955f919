"""The life of a `LiveKitSession` on a road that a test drives: what fails, and what it means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from tests.client.diary import Diary
from tests.client.endpoint import jwt
from tests.client.roads import ScriptedRoad

from duologue import LiveKitSession
from duologue.client import opening, saved, widget_door, widget_life
from duologue.client.errors import AgentTimeout, SessionConnectError, SessionError
from duologue.client.road import (
    AgentGone,
    ChatReceived,
    DataReceived,
    LineChanged,
    Noticed,
    Ticket,
    TrackChanged,
    TranscriptChanged,
)


class Door:
    """A widget door and the roads behind it; every opening takes the next road."""

    def __init__(self) -> None:
        self.roads: list[ScriptedRoad] = []
        self.asked: list[dict[str, Any]] = []
        self.refuses: list[Exception] = []
        self.silent = False
        """Whether the agents stay away."""
        self.socket = False

    def road(self, *_: Any, **__: Any) -> ScriptedRoad:
        """A road whose agent comes as soon as it is open."""
        road = ScriptedRoad()
        self.roads.append(road)
        if not self.silent:
            asyncio.get_running_loop().call_later(0.02, road.agent)
        return road

    async def ask(self, url: str, key: str | None, body: dict[str, Any]) -> Ticket:
        """A ticket to the conversation that is asked for, else to a new one."""
        self.asked.append(body)
        if self.refuses:
            raise self.refuses.pop(0)
        number = len(self.asked)
        return Ticket(
            "ws://room",
            f"dk_session_{number}" if self.socket else jwt(number=number),
            room_name=f"room-{number}",
            conversation_id=body.get("conversation_id", f"conv_{number}"),
            resume_token=f"dk_resume_{number}",
            config={"agent": {"name": "Desk", "avatarImageUrl": "https://x/a.png"}},
        )


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The door that every session of a test asks."""
    made = Door()
    monkeypatch.setattr(widget_door, "ask", made.ask)
    monkeypatch.setattr(opening.Opening, "road", made.road)
    return made


def desk() -> LiveKitSession:
    """A session that is not open."""
    return LiveKitSession("desk", "http://house")


async def test_an_agent_that_does_not_come(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """AGENT_TIMEOUT; the room is closed, and its ticket is no way back: nobody met us there."""
    monkeypatch.setattr(widget_life, "AGENT_PATIENCE", 0.05)
    door.silent = True
    session = desk()
    diary = Diary(session)
    with pytest.raises(AgentTimeout):
        await session.connect()
    assert diary.of("connection_state_change") == ["connecting", "connected", "error"]
    assert [code for _, code in diary.of("error")] == ["AGENT_TIMEOUT"]
    assert session.last_error is not None
    assert session.error == str(session.last_error)
    assert door.roads[0].closed == 1
    assert not session.can_resume()
    door.silent = False
    await session.connect()
    assert "resume_token" not in door.asked[1]
    assert session.can_resume()
    await session.disconnect()


async def test_an_agent_that_leaves(door: Door) -> None:
    """That is told; the room stays open, for the surface decides."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    door.roads[0].tell(AgentGone("agent-1"))
    assert [code for _, code in diary.of("error")] == ["agent_left"]
    assert (session.connection_state, session.agent_state) == ("connected", "idle")
    await session.disconnect()


@pytest.mark.parametrize(
    ("notice", "code", "state", "resumable", "words"),
    [
        (None, "lost", "error", True, "it is over"),
        (None, "replaced", "disconnected", True, "it is over"),
        (None, "ended", "disconnected", False, "it is over"),
        (Noticed("going_away", "Closing."), "ended", "disconnected", True, "Closing."),
        (Noticed("ended", "Hung up."), "ended", "disconnected", False, "Hung up."),
        (Noticed("ended", "Hung up."), "removed", "disconnected", False, "Hung up."),
        (Noticed("balance_low", "Soon."), "ended", "disconnected", False, "it is over"),
        (Noticed("internal", "Once more."), "lost", "error", True, "it is over"),
    ],
)
async def test_an_end_that_is_not_ours(
    notice: Noticed | None, code: str, state: str, resumable: bool, words: str, door: Door
) -> None:
    """ROOM_DISCONNECT, in the server's words if it said any; what was said stays to be read."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    road = door.roads[0]
    road.tell(TranscriptChanged("S1", "agent", "Bye.", final=True))
    if notice is not None:
        road.tell(notice)
    road.tell(LineChanged("disconnected", code, "it is over"))
    [(message, told)] = diary.of("error")
    assert told == "ROOM_DISCONNECT"
    assert words in message
    assert session.connection_state == state
    assert session.can_resume() is resumable
    assert [entry.text for entry in session.transcript] == ["Bye."]
    await diary.until(lambda: road.closed)
    await session.connect()
    assert ("resume_token" in door.asked[1]) is resumable
    assert len(session.transcript) == int(resumable)
    await session.disconnect()


async def test_the_window_closes_by_itself(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """`on_resumability_change` says so, and the next conversation is a new one."""
    monkeypatch.setattr(saved, "RESUME_WINDOW", 0.2)
    session = desk()
    diary = Diary(session)
    await session.connect()
    await session.disconnect()
    assert session.can_resume()
    await diary.until(lambda: not session.can_resume())
    await diary.until(lambda: diary.of("resumability_change") == [True, False])
    await session.connect()
    assert "conversation_id" not in door.asked[1]
    await session.disconnect()
    session.reset()


@pytest.mark.parametrize("socket", [False, True])
async def test_the_newest_good_ticket_is_the_way_back(socket: bool, door: Door) -> None:
    """A socket's is good at once, for the door took the old one; a room's once its agent came."""
    door.socket = socket
    session = desk()
    await session.connect()
    await session.disconnect()
    asking = asyncio.create_task(session.connect())
    await asyncio.sleep(0)
    while len(door.roads) < 2:  # noqa: ASYNC110  # until the second road is being opened
        await asyncio.sleep(0)
    await session.disconnect()
    with pytest.raises(SessionConnectError):
        await asking
    await session.connect()
    shown = [body.get("resume_token") for body in door.asked]
    assert shown == [None, "dk_resume_1", "dk_resume_2" if socket else "dk_resume_1"]
    await session.disconnect()
    session.reset()


@pytest.mark.parametrize("code", ["conversation_ended", "conversation_not_found"])
async def test_a_conversation_that_is_over_at_the_door(code: str, door: Door) -> None:
    """Whoever connects wants to talk: another one begins."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    await session.disconnect()
    door.refuses = [widget_door.DoorError("it was ended", code=code, url="http://house")]
    await session.connect()
    assert [body.get("conversation_id") for body in door.asked] == [None, "conv_1", None]
    assert session.session.conversation_id == "conv_3"
    assert diary.of("error") == []
    await session.disconnect()


@pytest.mark.parametrize("code", ["key_wrong_org", "key_expired", "agent_has_no_org", "overloaded"])
async def test_the_doors_own_codes(code: str, door: Door) -> None:
    """What the door says is what `on_error` is told; the conversation can still be gone on with."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    await session.disconnect()
    door.refuses = [widget_door.DoorError("No", code=code, url="http://house", status=403)]
    with pytest.raises(widget_door.DoorError) as raised:
        await session.connect()
    assert diary.of("error") == [(str(raised.value), code)]
    assert session.connection_state == "error"
    assert session.can_resume()
    await session.disconnect()
    assert session.connection_state == "disconnected"  # type: ignore[comparison-overlap]  # it changed
    session.reset()


async def test_pictures_come_and_go(door: Door) -> None:
    """An avatar's track is given as it is, and taken away once."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    road = door.roads[0]
    road.tell(TrackChanged("audio", "voice", "TR_1", True))
    road.tell(TrackChanged("video", "face", "TR_2", True))
    road.tell(TrackChanged("video", "avatar", "TR_3", True, on_behalf=True))
    road.tell(TrackChanged("video", "avatar", "TR_3", False, on_behalf=True))
    road.tell(TrackChanged("video", "face", "TR_2", False))
    assert diary.of("video_track") == ["face", "avatar", "face"]
    assert len(diary.of("video_track_removed")) == 3
    [audio] = diary.of("audio_track")
    assert audio.track == "voice"
    assert diary.of("agent_config")[0].avatar_image_url == "https://x/a.png"
    await session.disconnect()


async def test_words_are_told_together(door: Door) -> None:
    """What comes in one go is one change of the transcript; chat is of both sides."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    road = door.roads[0]
    road.tell(TranscriptChanged("T1", "user", "Wh", final=False, at=5))
    road.tell(TranscriptChanged("T1", "user", "What?", final=True, at=5))
    road.tell(ChatReceived("C1", "agent", "A link.", at=7))
    await diary.until(lambda: diary.of("transcript"))
    [entries] = diary.of("transcript")
    assert [(e.role, e.text, e.final, e.timestamp) for e in entries] == [
        ("user", "What?", True, 5),
        ("agent", "A link.", True, 7),
    ]
    await session.disconnect()


async def test_data_that_is_no_json_comes_as_bytes(door: Door) -> None:
    """Nothing of a room is dropped."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    for content in (b'{"a": 1}', b"\xff\x00", b"[" * 100_000):
        door.roads[0].tell(DataReceived(content, "topic"))
    assert diary.of("data_message") == [{"a": 1}, b"\xff\x00", b"[" * 100_000]
    await session.disconnect()


async def test_who_gives_up_connecting_leaves_nothing_open(door: Door) -> None:
    """The last one who waits; as long as another one waits, it goes on."""
    session = desk()
    diary = Diary(session)
    door.silent = True
    one, other = (asyncio.create_task(session.connect()) for _ in range(2))
    await diary.until(lambda: session.connection_state == "connected")
    one.cancel()
    await asyncio.wait([one])
    assert one.cancelled()
    assert door.roads[0].closed == 0
    other.cancel()
    await asyncio.wait([other])
    assert door.roads[0].closed == 1
    assert session.connection_state == "disconnected"
    assert diary.of("error") == []
    door.silent = False
    await session.connect()
    await session.disconnect()


@pytest.mark.parametrize("how", ["function", "coroutine"])
async def test_a_callback_that_fails(
    how: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the session goes on; so do all others."""
    session = desk()
    diary = Diary(session)

    def fail(state: str) -> None:
        raise ValueError(state)

    async def fail_later(state: str) -> None:
        fail(state)

    callbacks: dict[str, Callable[[str], Any]] = {"function": fail, "coroutine": fail_later}
    session.on_connection_state_change = callbacks[how]
    with caplog.at_level(logging.ERROR, "duologue.client"):
        await session.connect()
    assert len(caplog.records) == 2
    assert diary.of("agent_state_change")
    await session.disconnect()
    await asyncio.sleep(0.01)


async def test_left_and_begun_in_one_breath(door: Door) -> None:
    """`disconnect` need not be awaited: the next one waits for its end."""
    session = desk()
    diary = Diary(session)
    await session.connect()
    session.disconnect()
    assert session.connection_state == "disconnected"
    await session.connect()
    assert [road.closed for road in door.roads] == [1, 0]
    opened = ["connecting", "connected"]
    assert diary.of("connection_state_change") == [*opened, "disconnected", *opened]
    await session.disconnect()


async def test_a_callback_may_end_the_session(door: Door) -> None:
    """From within `on_connection_state_change`, where a page does it too."""
    session = desk()
    diary = Diary(session)
    ended: list[str] = []

    async def leave(state: str) -> None:
        if state == "connected":
            await session.disconnect()
            ended.append(state)

    session.on_connection_state_change = leave
    with pytest.raises(SessionError, match="meanwhile"):
        await session.connect()
    await diary.until(lambda: ended)
    assert session.connection_state == "disconnected"
