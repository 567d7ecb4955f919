"""What is sent into a room: how much of it, from whom, and how much at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from duologue.testing.speech import tone
from duologue.transports.livekit import early, mail
from duologue.transports.livekit.early import EarlySound
from duologue.transports.livekit.link import Link
from duologue.transports.livekit.mail import AttentiveRoom, Mail
from duologue.transports.livekit.microphone import KEPT, Microphone


class Reader:
    """A stream that is sent piece by piece, and ends when it is told to."""

    def __init__(self, *pieces: Any, ends: bool = True, **attributes: str) -> None:
        self.info = SimpleNamespace(
            stream_id="s", name="n", mime_type="audio/pcm", topic="t", attributes=attributes
        )
        self.closed = False
        self._pieces = pieces
        self._end = asyncio.Event()
        if ends:
            self._end.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._end.set()

    def close(self) -> None:
        """Nobody reads any more."""
        self.closed = True

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The pieces, then nothing until the end."""
        for piece in self._pieces:
            yield piece
        await self._end.wait()


class User:
    """A link that notes what it is handed."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.files: list[int] = []
        self.written: list[str] = []
        self.complaints: list[str] = []
        self.sounds: list[EarlySound] = []
        self.deeds = SimpleNamespace(
            file=lambda file: self.files.append(len(file.content)),
            write=lambda text, name: self.written.append(text),
            complain=lambda reason: self.complaints.append(str(reason)),
        )
        self.microphone = SimpleNamespace(early=self.sounds.append)


class Box:
    """The mail of a room of which we are the senders."""

    def __init__(self, *users: User) -> None:
        self.users = {user.identity: user for user in users}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.mail = Mail(AttentiveRoom(), self._link_of, self._spawn)

    def link(self, user: User) -> None:
        """Somebody is a user from now on."""
        self.users[user.identity] = user
        self.mail.deliver(cast("Link", user))

    def file(self, reader: Reader, identity: str) -> None:
        """Somebody sends a file."""
        self.mail._file(cast("rtc.ByteStreamReader", reader), identity)

    def early(self, reader: Reader, identity: str) -> None:
        """Somebody sends what it said before."""
        self.mail._early(cast("rtc.ByteStreamReader", reader), identity)

    def chat(self, reader: Reader, identity: str) -> None:
        """Somebody writes."""
        self.mail._chat(cast("rtc.TextStreamReader", reader), identity)

    async def settled(self, left: int = 0) -> None:
        """Returns when no more than so many are still being read."""
        async with asyncio.timeout(20):
            while len(self.tasks) > left:
                await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)

    def _link_of(self, identity: str) -> Link | None:
        return cast("Link | None", self.users.get(identity))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def test_one_who_sends_many_files_takes_nobody_elses_place() -> None:
    """Each has places of its own, and they are free again afterwards."""
    ann, bob = User("ann"), User("bob")
    box = Box(ann, bob)
    slow = [Reader(b"x", ends=False) for _ in range(mail.AT_ONCE)]
    for reader in slow:
        box.file(reader, "bob")
    await asyncio.sleep(0)
    box.file(Reader(b"x"), "bob")
    box.file(Reader(b"abc"), "ann")
    await box.settled(left=mail.AT_ONCE)
    assert (ann.files, ann.complaints) == ([3], [])
    assert bob.complaints == ["more than 4 of your messages or files are on their way"]
    for reader in slow:
        reader.end()
    await box.settled()
    box.file(Reader(b"more"), "bob")
    await box.settled()
    assert bob.files == [1, 1, 1, 1, 4]


async def test_a_strangers_file_must_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not linked has the time of a message; a user has that of a file."""
    monkeypatch.setattr(mail, "PATIENCE", 0.05)
    box = Box(ann := User("ann"))
    strange, known = Reader(b"x", ends=False), Reader(b"x", ends=False)
    box.file(strange, "eve")
    box.file(known, "ann")
    await box.settled(left=1)
    assert strange.closed
    assert not known.closed
    known.end()
    await box.settled()
    assert ann.files == [1]


async def test_of_a_stranger_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that waits for its link weighs no more than one file may."""
    monkeypatch.setattr(mail, "STRANGE_LIMIT", 100)
    box = Box()
    for _ in range(5):
        box.file(Reader(b"x" * 40), "eve")
        await box.settled()
    box.file(Reader(b"x" * 101), "eve")
    await box.settled()
    eve = User("eve")
    box.link(eve)
    assert eve.files == [40, 40]


async def test_a_strangers_recording_is_decoded_when_it_is_a_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody makes the server decode by being in a room."""
    decoded: list[early.Recording] = []
    whole = early.heard

    async def noted(recording: early.Recording) -> EarlySound:
        decoded.append(recording)
        return await whole(recording)

    monkeypatch.setattr(early, "heard", noted)
    box = Box()
    sound = tone(0.5).at(16000).pcm
    box.early(Reader(sound, trackId="TR", sampleRate="16000", channels="1"), "eve")
    await box.settled()
    assert not decoded
    eve = User("eve")
    box.link(eve)
    await box.settled()
    assert [(one.track, one.pcm) for one in eve.sounds] == [("TR", sound)]


async def test_a_recording_that_is_none_is_complained_about() -> None:
    """Its user reads why."""
    box = Box(ann := User("ann"))
    box.early(Reader(b"xx", trackId="TR", sampleRate="1", channels="1"), "ann")
    await box.settled()
    assert not ann.sounds
    assert "sampleRate" in ann.complaints[0]


async def test_messages_without_end_are_refused_beyond_a_few() -> None:
    """Others write on, and what was begun in time arrives."""
    ann, bob = User("ann"), User("bob")
    box = Box(ann, bob)
    slow = [Reader("hm", ends=False) for _ in range(mail.CHATS_AT_ONCE)]
    for reader in slow:
        box.chat(reader, "bob")
    await asyncio.sleep(0)
    box.chat(Reader("one too many"), "bob")
    box.chat(Reader("hello"), "ann")
    await box.settled(left=len(slow))
    assert ann.written == ["hello"]
    assert len(bob.complaints) == 1
    for reader in slow:
        reader.end()
    await box.settled()
    assert bob.written == ["hm"] * mail.CHATS_AT_ONCE


async def test_early_sound_is_kept_of_a_few_tracks_only() -> None:
    """A user who names ever new tracks costs no memory without end."""
    microphone = Microphone(
        lambda pcm, rate: None, lambda again: None, lambda: None, lambda publication: True
    )
    for number in range(KEPT + 3):
        microphone.early(EarlySound(f"TR_{number}", b"x", 16000))
    assert list(microphone._early) == [f"TR_{number}" for number in range(3, KEPT + 3)]
    await microphone.close()
