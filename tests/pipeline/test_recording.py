"""A run's sound in a file: both sides, each when it was heard, and never what may not be kept."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.pipeline.stage import Client, Stage, stage, until
from tests.pipeline.test_opus import PLAYED, heard, pitch

from duologue.access import keys
from duologue.agents.definition import AgentDefinition
from duologue.core import happenings as h
from duologue.pipeline import opus, recording
from duologue.pipeline.opus import length_of
from duologue.pipeline.recording import is_recorded
from duologue.server import forget
from duologue.server.admit import Wish
from duologue.settings import Settings
from duologue.store import recordings, trace_deletion, trace_lists
from duologue.store.recordings import Recording
from duologue.testing.models import ToneTTS
from duologue.testing.speech import tone

AGENT, USER = 330, 600
"""Hertz."""


async def kept(desk: Stage, run: str) -> list[Recording]:
    """What the store knows of a run's recordings."""
    return await desk.host.db.read(recordings.of, desk.org_id, run)


def files(folder: Path) -> list[Path]:
    """The sounds that lie in the folder."""
    return sorted((folder / "recordings").glob("*.ogg"))


async def hum(client: Client, seconds: float) -> None:
    """The user hums, as a microphone sends it."""
    sound = tone(seconds, USER, 16_000).pcm
    for start in range(0, len(sound), 3200):
        client.run.floor.hear(sound[start : start + 3200], 16_000)
        await asyncio.sleep(0.1)


async def over(desk: Stage, client: Client) -> str:
    """The client leaves; the id of its run, which is over."""
    run = client.run.id
    await desk.leave(client)
    await desk.host._settle()
    return run


def sides(path: Path, start: float, end: float) -> Any:
    """What tone is heard left and right in a piece of a recording."""
    part = heard(path)[:, int(start * PLAYED) : int(end * PLAYED)]
    return pitch(part[0]), pitch(part[1])


def where(side: Any) -> Any:
    """When a side begins and stops to sound, in seconds."""
    loud = np.flatnonzero(np.abs(side) > 0.02)
    return float(loud[0]) / PLAYED, float(loud[-1]) / PLAYED


async def test_the_agent_is_heard_right_and_the_user_left(tmp_path: Path) -> None:
    """A greeting of 1.8 s, then a hum of a second; the store knows how long and how large it is."""
    voice = ToneTTS(hertz=AGENT)
    async with stage(tmp_path, record=True, tts=voice, greeting="g" * 30) as desk:
        client = await desk.join()
        await client.until(h.AgentEnded)
        await hum(client, 1.0)
        run = await over(desk, client)
        (found,) = await kept(desk, run)
        (file,) = files(tmp_path)
    assert (found.state, found.format, found.path) == ("complete", "ogg", file.name)
    assert found.bytes == file.stat().st_size
    assert found.duration_ms == pytest.approx(length_of(file), abs=20)
    sound = heard(file)
    begin, end = where(sound[1])
    assert (begin, end) == (pytest.approx(0.0, abs=0.03), pytest.approx(1.8, abs=0.1))
    assert sides(file, 0.3, 1.5) == (0, pytest.approx(AGENT, abs=3))
    begin, end = where(sound[0])
    assert begin > 1.6  # its first tenth of a second comes when it was spoken
    assert end - begin == pytest.approx(1.0, abs=0.1)
    assert sides(file, begin + 0.2, end - 0.2) == (pytest.approx(USER, abs=3), 0)


async def test_an_interrupted_answer_ends_where_the_user_heard_it_end(tmp_path: Path) -> None:
    """Six seconds were made and a third of a second was under way; about one was heard."""
    async with stage(tmp_path, record=True, greeting="g" * 100) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        began = time.monotonic()
        await asyncio.sleep(1.0)
        client.run.interrupt()
        heard_for = time.monotonic() - began
        await client.until(h.AgentEnded)
        run = await over(desk, client)
        (found,) = await kept(desk, run)
        (file,) = files(tmp_path)
    assert found.duration_ms < (heard_for + 0.6) * 1000
    assert where(heard(file)[1])[1] == pytest.approx(heard_for, abs=0.3)


async def test_who_comes_back_is_recorded_on(tmp_path: Path) -> None:
    """One file a run: while nobody was there it is silent, and as long as that took."""
    async with stage(tmp_path, record=True, greeting="g" * 10) as desk:
        client = await desk.join()
        await client.until(h.AgentEnded)
        run = client.run
        await desk.leave(client, "dropped")
        await asyncio.sleep(1.0)
        again = await desk.join(again=True)
        assert again.run is run
        await hum(again, 0.5)
        await over(desk, again)
        (found,) = await kept(desk, run.id)
        (file,) = files(tmp_path)
    assert found.duration_ms > 2000
    assert where(heard(file)[0])[0] > 1.5


@pytest.mark.parametrize(
    ("fields", "settings", "e2ee"),
    [
        ({}, {}, False),
        ({"record": True}, {"trace": "metadata"}, False),
        ({"record": True}, {"trace": "off"}, False),
        ({"record": True}, {}, True),
    ],
    ids=["unasked", "metadata", "untraced", "encrypted"],
)
async def test_nothing_is_recorded_that_may_not_be(
    tmp_path: Path, fields: dict[str, Any], settings: dict[str, Any], e2ee: bool
) -> None:
    """Unless the agent asks for it, words are kept, and the session is not encrypted."""
    async with stage(tmp_path, settings=settings, **fields) as desk:
        client = await desk.join(e2ee=e2ee)
        await client.until(h.AgentEnded)
        await hum(client, 0.5)
        run = await over(desk, client)
        assert await kept(desk, run) == []
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "trace", "e2ee", "recorded"),
    [
        ({}, "on", False, False),
        ({"record": True}, "on", False, True),
        ({"record": True}, "metadata", False, False),
        ({"record": True}, "off", False, False),
        ({"record": True}, "on", True, False),
        ({"record": True, "record_encrypted": True}, "on", True, True),
        ({"record_encrypted": True}, "on", True, False),
    ],
)
def test_a_visitor_is_told_of_what_is_done_and_of_nothing_else(
    fields: dict[str, Any], trace: Any, e2ee: bool, recorded: bool
) -> None:
    """The same rule says what doors, rooms and widgets tell, and what is recorded."""
    definition = AgentDefinition(slug="desk", **fields)
    assert is_recorded(definition, Settings(trace=trace), e2ee=e2ee) is recorded


@pytest.mark.parametrize("record", [True, False])
async def test_a_session_is_told_at_the_door(tmp_path: Path, record: bool) -> None:
    """Before its socket opens."""
    async with stage(tmp_path, record=record) as desk:
        wish = Wish(key=None, principal=keys.local(desk.org_id), origin=None, agent="desk")
        assert (await desk.doorman.authorize(wish)).recorded is record


async def test_where_one_may_not_be_recorded_nobody_is(tmp_path: Path) -> None:
    """A second client of the conversation is encrypted: from then on there is silence."""
    async with stage(tmp_path, record=True, tabs="share", greeting="g" * 10) as desk:
        first = await desk.join()
        await first.until(h.AgentEnded)
        await hum(first, 0.5)
        second = await desk.join(again=True, e2ee=True)
        await hum(first, 2.0)
        await desk.leave(second)
        await hum(first, 0.5)
        await over(desk, first)
        (file,) = files(tmp_path)
    loud = np.abs(heard(file)[0]) > 0.02
    silence = np.diff(np.flatnonzero(loud)).max()
    assert silence > 1.4 * PLAYED, "between what was said before and after"
    assert loud.sum() < 1.3 * PLAYED


async def test_an_encrypted_session_is_recorded_where_its_owner_asked_for_it(
    tmp_path: Path,
) -> None:
    """As its words are."""
    async with stage(tmp_path, record=True, record_encrypted=True) as desk:
        client = await desk.join(e2ee=True)
        await client.until(h.AgentEnded)
        run = await over(desk, client)
        assert len(await kept(desk, run)) == 1


async def test_a_visitor_without_a_sound_leaves_no_file(tmp_path: Path) -> None:
    """There is nothing to listen to."""
    async with stage(tmp_path, record=True, greeting="") as desk:
        client = await desk.join()
        run = await over(desk, client)
        assert await kept(desk, run) == []
    assert files(tmp_path) == []


async def test_it_is_written_as_it_goes(tmp_path: Path) -> None:
    """A few seconds into the call it is in the store and on disk, and can be played."""
    async with stage(tmp_path, record=True, greeting="g" * 150) as desk:
        client = await desk.join()
        async with asyncio.timeout(30):
            while not (found := await kept(desk, client.run.id)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        (file,) = files(tmp_path)
        assert found[0].state == "open"
        await until(lambda: (length_of(file) or 0) > 1000)
        assert sides(file, 0.3, 0.9) == (0, pytest.approx(AGENT, abs=3))


async def test_a_conversation_that_is_deleted_leaves_nothing(tmp_path: Path) -> None:
    """While it is being recorded: neither a row, nor a trace, nor a file."""
    async with stage(tmp_path, record=True, greeting="g" * 100) as desk:
        client = await desk.join()
        run = client.run
        await client.until(h.AgentAudio)
        await asyncio.sleep(0.5)
        await desk.host.finish(desk.org_id, desk.conversation, "deleted", forgotten=True)
        await run.closed()
        await desk.host.db.write(trace_deletion.delete_one, desk.org_id, run.id)
        assert await kept(desk, run.id) == []
        await until(lambda: files(tmp_path) == [])


async def test_what_was_discarded_while_it_was_made_leaves_no_file(tmp_path: Path) -> None:
    """Its row is gone before it is whole: it deletes its file itself."""
    async with stage(tmp_path, record=True, greeting="g" * 100) as desk:
        await desk.host._studio._archive.close()  # which would do it, too, but later
        client = await desk.join()
        run = client.run.id
        async with asyncio.timeout(30):
            while not await kept(desk, run):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert await desk.host.db.write(trace_deletion.delete_one, desk.org_id, run)
        assert files(tmp_path) != []
        await over(desk, client)
        assert files(tmp_path) == []


async def test_a_deletion_while_the_disk_hangs_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes of the first writing afterwards brings neither a row nor a trace nor a file."""
    begun, stuck, written = threading.Event(), threading.Event(), opus.OpusFile.write

    def hang(self: opus.OpusFile, samples: Any) -> None:
        begun.set()
        stuck.wait(60)
        written(self, samples)

    monkeypatch.setattr(opus.OpusFile, "write", hang)
    monkeypatch.setattr(recording, "CLOSING", 0.5)
    try:
        async with stage(tmp_path, record=True, greeting="g" * 100) as desk:
            client = await desk.join()
            run = client.run
            recorder = run._recorder
            assert recorder is not None
            await until(begun.is_set)
            await forget.conversation(desk.host, desk.org_id, desk.conversation)
            await desk.host._settle()
            assert files(tmp_path) != []
            stuck.set()
            writing = recorder._writing
            assert writing is not None
            await writing
            await until(lambda: files(tmp_path) == [])
            assert await kept(desk, run.id) == []
            assert await desk.host.db.read(trace_lists.get, desk.org_id, run.id) is None
    finally:
        stuck.set()


async def test_a_disk_that_is_full_costs_the_recording_and_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The conversation goes on, and the log says why there is no recording."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opus.OpusFile, "write", full)
    async with stage(tmp_path, record=True, greeting="g" * 60) as desk:
        client = await desk.join()
        await client.until(h.AgentEnded)
        run = await over(desk, client)
        assert await kept(desk, run) == []
        assert [role for role, _, _ in await desk.words()] == ["assistant"]
    assert files(tmp_path) == []


async def test_a_disk_that_hangs_holds_up_neither_the_call_nor_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording is given up, closing it is bounded; nothing stays of what came too late."""
    stuck, written = threading.Event(), opus.OpusFile.write

    def hang(self: opus.OpusFile, samples: Any) -> None:
        stuck.wait(60)
        written(self, samples)

    monkeypatch.setattr(opus.OpusFile, "write", hang)
    monkeypatch.setattr(recording, "BEHIND", 1.0)
    monkeypatch.setattr(recording, "CLOSING", 0.5)
    try:
        async with stage(tmp_path, record=True, greeting="g" * 100) as desk:
            client = await desk.join()
            recorder = client.run._recorder
            assert recorder is not None
            await until(lambda: recorder._over)
            await client.until(h.AgentEnded)
            async with asyncio.timeout(30):
                await over(desk, client)
            assert files(tmp_path) != []
            stuck.set()
        await until(lambda: files(tmp_path) == [])
    finally:
        stuck.set()
