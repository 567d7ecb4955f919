"""A session that is kept for the next process: where, what, how long, and the way back."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.client.diary import Diary
from tests.client.network import between
from tests.client.sockets import GRACE, house
from tests.serving import House

from duologue import LiveKitSession, SavedSession, clear_session, load_session, save_session
from duologue.client import keeping, saved
from duologue.client.errors import NotConnected, SessionError

__all__ = ["house"]

NOW = 1_800_000_000_000
KEPT = SavedSession("ws://x", "a.b.c", "room-1", "conv_1", "dk_resume_1", NOW, {"tabs": "share"})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that goes on by so many seconds when it is told to."""
    now = [NOW]
    monkeypatch.setattr(saved, "_now", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += int(seconds * 1000)

    return later


@pytest.mark.parametrize("kind", ["mapping", "path", "text", "default"])
def test_what_is_saved_is_loaded_and_cleared(
    kind: str, tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a mapping, in a file, or in the user's own state folder."""
    monkeypatch.setattr(saved, "default_path", lambda: tmp_path / "deep" / "session.json")
    stores: dict[str, saved.Store | None] = {
        "mapping": {},
        "path": tmp_path / "new" / "kept.json",
        "text": str(tmp_path / "kept.json"),
        "default": None,
    }
    store = stores[kind]
    assert load_session(store) is None
    save_session(KEPT, store)
    assert load_session(store) == KEPT
    save_session(replace(KEPT, token="d.e.f"), store)
    found = load_session(store)
    assert found is not None
    assert found.token == "d.e.f"
    clear_session(store)
    clear_session(store)
    assert load_session(store) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_file_is_for_its_owner_only_and_whole(tmp_path: Path) -> None:
    """It holds a token; beside it nothing half-written stays."""
    path = tmp_path / "inner" / "kept.json"
    save_session(KEPT, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["kept.json"]


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "saved.json").read_text())


def test_the_times_are_those_of_the_vectors() -> None:
    """A page and a program keep a session for as long."""
    assert int(saved.RESUME_WINDOW * 1000) == VECTORS["resume_window"]
    assert int(saved.GRACE * 1000) == VECTORS["grace"]
    assert int(keeping.PULSE * 1000) == VECTORS["pulse"]


@pytest.mark.parametrize(("age", "left", "loads", "live"), VECTORS["ages"])
def test_what_is_still_to_be_had(
    age: int, left: bool, loads: bool, live: bool, clock: Callable[[float], None]
) -> None:
    """`tests/vectors/saved.json` says it of every age."""
    store: dict[str, Any] = {}
    kept = replace(KEPT, ts=NOW - age, left=left)
    save_session(kept, store)
    assert load_session(store) == (kept if loads else None)
    assert kept.is_live() is live


def test_five_minutes_and_thirty_seconds(clock: Callable[[float], None]) -> None:
    """The agent waits for 30 s, the conversation for 5 minutes; then it is as if nothing were."""
    store: dict[str, Any] = {}
    save_session(SavedSession("ws://x", "a.b.c"), store)
    clock(29.9)
    found = load_session(store)
    assert found is not None
    assert found.is_live()
    clock(0.2)
    found = load_session(store)
    assert found is not None
    assert not found.is_live()
    clock(269.8)
    assert load_session(store) is not None
    clock(0.2)
    assert load_session(store) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"url": "ws://x"}',
        '{"url": "", "token": "a", "ts": 1800000000000}',
        '{"url": 7, "token": "a", "ts": 1800000000000}',
        '{"url": "ws://x", "token": "a", "ts": true}',
        '{"url": "ws://x", "token": "a", "ts": "1800000000000"}',
        '{"url": "ws://x", "token": "a", "ts": 1800000000000, "config": []}',
        '{"url": "ws://x", "token": "a", "ts": 1800000000000, "left": "no"}',
        '{"url": "ws://x", "token": "a", "ts": 1800000000000, "unknown": 1}',
        '{"url": "ws://x", "token": "a", "ts": 1800000600000}',
    ],
)
def test_what_cannot_be_used_counts_as_nothing(
    text: str, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    """Broken, foreign, or from a time to come: none of it is an error."""
    path = tmp_path / "kept.json"
    path.write_text(text)
    assert load_session(path) is None
    assert load_session({saved.KEY: text}) is None
    assert load_session({saved.KEY: 7}) is None
    assert load_session(tmp_path) is None


@pytest.mark.parametrize(
    ("platform", "inside"),
    [
        ("linux", (".local", "state", "duologue", "session.json")),
        ("darwin", ("Library", "Application Support", "duologue", "session.json")),
        ("win32", ("AppData", "Local", "duologue", "session.json")),
    ],
)
def test_where_the_file_of_a_user_is(
    platform: str,
    inside: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the folder that each system has for such things."""
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert saved.default_path() == tmp_path.joinpath(*inside)


def test_a_session_that_is_not_open_cannot_be_saved() -> None:
    """There would be nothing to come back to."""
    store: dict[str, Any] = {}
    with pytest.raises(NotConnected, match=r"save_session\(\)"):
        save_session(LiveKitSession("desk", "http://x"), store)
    assert store == {}


async def test_the_next_process_goes_on_in_the_middle(house: House, tmp_path: Path) -> None:
    """Within the grace time by url and token, as the document has it: the agent has waited."""
    path = tmp_path / "kept.json"
    async with left_behind(house, path) as conversation:
        kept = load_session(path)
        assert kept is not None
        assert kept.is_live()
        assert kept.conversation_id == conversation
        session = LiveKitSession("talker", house.url)
        diary = Diary(session)
        await session.connect_with_token(kept.url, kept.token)
        await session.session.messages.send("Again.")
        await diary.said("agent", "You said: Again.")
        await session.disconnect()
    said = [one["text"] for one in house.messages(conversation)]
    assert "Again." in said
    assert said.count("Hello there.") == 1


@pytest.mark.parametrize("late", [False, True])
async def test_resume_does_what_is_best(
    late: bool, house: House, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    """Live while the agent waits, by the resume token after that; it can be left and gone on."""
    path = tmp_path / "kept.json"
    async with left_behind(house, path) as conversation:
        if late:
            clock(GRACE + 60)
        kept = load_session(path)
        assert kept is not None
        session = LiveKitSession("talker", house.url)
        diary = Diary(session)
        await session.resume(kept)
        assert session.session.conversation_id == conversation
        assert session.can_resume()
        await diary.said("agent", "Hello there.")
        assert diary.of("error") == []
        assert diary.of("agent_config")[0].name == "Talker"
        await session.disconnect()
        await session.connect()
        assert session.session.conversation_id == conversation
        await session.disconnect()


async def test_what_was_left_on_purpose_is_no_longer_live(house: House) -> None:
    """No agent waits after a deliberate end, so that going on asks the door at once."""
    store: dict[str, Any] = {}
    session = LiveKitSession("talker", house.url)
    await session.connect()
    save_session(session, store)
    found = load_session(store)
    assert found is not None
    assert found.is_live()
    await session.disconnect()
    found = load_session(store)
    assert found is not None
    assert found.left
    assert not found.is_live()
    await session.resume(found)
    assert session.session.conversation_id == found.conversation_id
    await session.disconnect()


class Moody(dict[str, Any]):
    """A mapping over something that goes away, as a network does."""

    gone = False

    def get(self, *given: Any) -> Any:
        """What was kept, while it is there."""
        if self.gone:
            raise RuntimeError("the store is away")
        return super().get(*given)


async def test_a_store_that_goes_away_keeps_nobody_in_a_session(house: House) -> None:
    """Leaving is leaving, whatever becomes of what was to be kept."""
    store = Moody()
    session = LiveKitSession("talker", house.url)
    await session.connect()
    save_session(session, store)
    store.gone = True
    await session.disconnect()
    assert session.connection_state == "disconnected"
    assert not session.session.is_connected


async def test_a_kept_token_that_opens_nothing_any_more(house: House) -> None:
    """With a resume token the door is asked, and what was is new; without one it is an error."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    gone = SavedSession(house.url, "dk_session_gone", "", "conv_0", "dk_resume_0")
    await session.resume(gone)
    assert session.session.conversation_id not in ("", "conv_0")
    assert diary.of("error") == []
    with pytest.raises(SessionError, match="open"):
        await session.resume(gone)
    await session.disconnect()
    with pytest.raises(SessionError):
        await session.resume(SavedSession(house.url, "dk_session_gone"))
    assert session.connection_state == "error"
    assert len(diary.of("error")) == 1


async def test_an_open_session_keeps_what_was_saved_fresh(
    house: House, tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is disconnected; a store that was cleared, or given to another, is left alone."""
    monkeypatch.setattr(keeping, "PULSE", 0.05)
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    cleared: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    path = tmp_path / "kept.json"
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.connect()
    for store in (one, two, cleared, taken, path, path):
        save_session(session, store)
    other = SavedSession("ws://other", "a.b.c", conversation_id="conv_other")
    clear_session(cleared)
    save_session(other, taken)
    clock(200)

    def said_at(store: saved.Store) -> int:
        kept = load_session(store)
        return kept.ts if kept else 0

    for store in (one, two, path):
        await diary.until(lambda store=store: said_at(store) == NOW + 200_000)  # type: ignore[misc]  # a store each
    assert load_session(cleared) is None
    assert load_session(taken) == other
    await session.disconnect()
    clock(200)
    await asyncio.sleep(0.2)
    found = load_session(one)
    assert found is not None
    assert found.ts == NOW + 200_000
    assert not found.is_live()


async def test_a_broken_line_is_no_sign_of_life(
    house: House, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an end that was not ours leaves what was kept as it was."""
    monkeypatch.setattr(keeping, "PULSE", 0.05)
    store: dict[str, Any] = {}
    async with between(house.url) as network:
        session = LiveKitSession("exchange", network.url)
        diary = Diary(session)
        await session.connect()
        save_session(session, store)
        network.down = True
        network.cut()
        await diary.until(lambda: session.connection_state == "connecting")
        kept = dict(store)
        clock(10)
        await asyncio.sleep(0.2)
        assert store == kept
        network.down = False
        await diary.until(lambda: store != kept)
        await session.send_data({"end": "enough"})
        await diary.until(lambda: session.connection_state == "disconnected")
        kept = dict(store)
        clock(10)
        await asyncio.sleep(0.2)
        assert store == kept
        await session.disconnect()


@asynccontextmanager
async def left_behind(house: House, path: Path) -> AsyncIterator[str]:
    """A saved session whose process is killed: its line breaks, and nobody says goodbye."""
    async with between(house.url) as network:
        session = LiveKitSession("talker", network.url)
        diary = Diary(session)
        await session.connect()
        await diary.heard_out("Hello there.")
        save_session(session, path)
        kept = load_session(path)
        assert kept is not None
        save_session(replace(kept, url=house.url), path)
        network.down = True
        network.cut()
        yield kept.conversation_id
        await session.disconnect()
