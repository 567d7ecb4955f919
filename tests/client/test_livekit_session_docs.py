"""docs/livekit-session.md runs from top to bottom, and names all that there is."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from tests.client.diary import CALLBACKS, PATIENCE, Diary
from tests.rooms.livekit import LiveKit
from tests.serving import House
from tests.test_docs import blocks, read

from duologue import AgentConfig, LiveKitSession, Snapshot, TranscriptEntry
from duologue.client import saved
from duologue.testing import speech

PAGE = "docs/livekit-session.md"


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo agents, over sockets."""
    with House(tmp_path_factory.mktemp("guide") / "data", mode="dev") as running:
        yield running


async def whole(url: str, folder: Path, patch: pytest.MonkeyPatch) -> tuple[Any, list[str]]:
    """Runs every block after the other, as one program; gives its session, and what it printed."""
    speech.tone(0.2).save(folder / "question.wav")
    patch.chdir(folder)
    patch.setattr(saved, "default_path", lambda: folder / "session.json")
    printed: list[str] = []
    names: dict[str, Any] = {"print": lambda *parts: printed.append(" ".join(map(str, parts)))}
    for block in blocks(PAGE, "python"):
        shown = block.replace("http://127.0.0.1:8787", url)
        code = compile(shown, PAGE, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with asyncio.timeout(PATIENCE):
            if (done := eval(code, names)) is not None:  # the page's own words
                await done
    return names["session"], printed


async def test_the_page_runs(guide: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a socket; nothing of it is an error."""
    session, printed = await whole(guide.url, tmp_path, monkeypatch)
    assert session.connection_state == "disconnected"
    assert not [line for line in printed if line.startswith("error")]
    assert any(line.startswith("connected ") for line in printed)
    assert not (tmp_path / "session.json").exists()


@pytest.mark.rooms
async def test_the_page_runs_in_rooms(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same page, without a change."""
    with House(tmp_path / "data", mode="dev", **livekit.settings) as house:
        session, printed = await whole(house.url, tmp_path, monkeypatch)
    assert session.session.ticket.room_name
    assert not [line for line in printed if line.startswith("error")]


def test_the_page_names_everything() -> None:
    """Every option, method, callback, and field of what is shown."""
    text = read(PAGE)
    options = list(inspect.signature(LiveKitSession).parameters)
    parts = [
        each.name for kind in (AgentConfig, Snapshot, TranscriptEntry) for each in fields(kind)
    ]
    methods = (
        "connect", "connect_with_token", "disconnect", "can_resume", "get_room", "reset", "resume",
        "publish_microphone", "send_data", "subscribe", "subscribe_to_data_messages",
    )  # fmt: skip
    assert all(callable(getattr(LiveKitSession, name)) for name in methods)
    callbacks = [f"on_{name}" for name in CALLBACKS]
    assert {name for name in dir(LiveKitSession) if name.startswith("on_")} == set(callbacks)
    assert not [name for name in (*options, *methods, *callbacks, *parts) if name not in text]
    assert Diary(LiveKitSession("demo", "http://x")).entries == []
