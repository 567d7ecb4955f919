"""Who reads too slowly loses the oldest sound, never a word; who does not read is closed: 4029."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises.servers import Server
from tests.server.conftest import Desk
from tests.transports.test_slow_readers import Stubborn
from websockets.frames import Frame

from duologue.testing.models import CHARACTER, RULER_RATE, place, ruler, sounding
from duologue.transports.sending import SOUND_LIMIT, SendQueue

LONG = "Somebody reads this aloud for so long that whoever does not listen misses the middle of it."
AGENTS = f"""
from livekit.agents import Agent

import duologue
from duologue.testing import models
from duologue.transports import sending, websocket

sending.SOUND_LIMIT = 48 * 1024  # about a second, not six
websocket.STUCK = 20.0


@duologue.agent(
    "reader", greeting={LONG!r}, tts=models.RulerTTS, llm=models.ScriptedAnswers,
    stt=lambda: models.ScriptedSTT([]),
)
class Reader(Agent):
    def __init__(self):
        super().__init__(instructions="Read.")
        here = duologue.current()

        def send(asked):
            count, size = asked
            for number in range(count):
                here.send([number, "x" * size])

        here.on_data(send)
"""
MUCH = (30, 100_000)
"""Words that fill what the system keeps for a socket, so that the sound waits behind them."""
AWAY = 4.0
"""Seconds in which nothing is read: more sound than may wait, less than closes the socket."""


class Counter:
    """The doors of a server, as those who ask for a session see them."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def authorize(self, agent: str) -> httpx.Response:
        """A session."""
        path = "/v1/agents/web/authorize_session"
        return httpx.post(f"{self._server.url}{path}", json={"agent_id": "reader"}, timeout=60)

    def socket_url(self, key: str) -> str:
        """Where its socket is."""
        base = self._server.url.replace("http", "ws", 1)
        return f"{base}/v1/agents/web/websocket?client_session_key={key}"


class Sluggish(Stubborn):
    """A client that sends what it likes and reads when it likes."""

    def says(self, kind: str, **fields: Any) -> None:
        """Sends a message."""
        self._protocol.send_text(json.dumps({"type": kind, **fields}).encode())
        self._flush()

    def reads_until(self, kind: str) -> list[dict[str, Any]]:
        """What came, up to a message of a type."""
        came: list[dict[str, Any]] = []
        while not any(one["type"] == kind for one in came):
            data = self._socket.recv(65536)
            assert data, f"closed with {self.close_code}"
            self._protocol.receive_data(data)
            self._flush()
            frames = [one for one in self._protocol.events_received() if isinstance(one, Frame)]
            came += [json.loads(bytes(one.data)) for one in frames if one.data[:1] == b"{"]
        return came


@pytest.fixture
def sluggish(tmp_path: Path) -> Iterator[Sluggish]:
    """A client on the line to an agent that reads aloud."""
    file = tmp_path / "reader.py"
    file.write_text(AGENTS)
    with Server(tmp_path, file) as server:
        client = Sluggish(cast("Desk", Counter(server)))
        yield client
        client.close()


def test_the_oldest_sound_goes_and_every_word_stays(sluggish: Sluggish) -> None:
    """After seconds without reading: all words in order, and of the sound the newest, whole."""
    sluggish.says("client.ready")
    sluggish.says("client.response.data", data=list(MUCH))
    time.sleep(AWAY)
    came = sluggish.reads_until("response.end")
    told = [one["content"][0] for one in came if one["type"] == "response.data"]
    assert told == list(range(MUCH[0]))
    deltas = [one["content"] for one in came if one["type"] == "response.text.delta"]
    (whole,) = (one["content"] for one in came if one["type"] == "response.text")
    assert "".join(deltas) == whole
    assert whole.split() == LONG.split()

    read = ruler(round(len(LONG) * CHARACTER * RULER_RATE) + RULER_RATE)
    pieces = [base64.b64decode(one["content"]) for one in came if one["type"] == "response.audio"]
    places = [place(piece, read) for piece in pieces if sounding(piece) >= 32]
    ends = [at + len(piece) // 2 for at, piece in zip(places, pieces, strict=False)]
    gaps = [begin - end for begin, end in zip(places[1:], ends, strict=False) if begin != end]
    assert places == sorted(places)
    assert ends[-1] >= len(LONG) * CHARACTER * RULER_RATE - 128, "the newest is there"
    assert len(gaps) <= 1, "what is missing is one piece: the oldest that waited"
    assert places[0] + sum(gaps) > RULER_RATE


def test_who_does_not_read_at_all_is_closed_with_4029(sluggish: Sluggish) -> None:
    """More words wait than may: nothing is sent any more, and the close says why."""
    sluggish.says("client.ready")
    sluggish.says("client.response.data", data=[60, 100_000])
    sluggish.reads_on()
    assert sluggish.close_code == 4029


@given(st.lists(st.tuples(st.booleans(), st.integers(1, SOUND_LIMIT)), max_size=60))
def test_whatever_waits_sound_is_bounded_and_words_keep_their_order(
    frames: list[tuple[bool, int]],
) -> None:
    """Of any mixture all words are taken in order, and the newest sound that fits."""
    queue = SendQueue()
    words: list[str | bytes] = []
    sounds: list[str | bytes] = []
    for number, (sound, size) in enumerate(frames):
        frame = f"{number}:".encode() + bytes(size) if sound else f"{number}"
        queue.put(frame, sound=sound)
        (sounds if sound else words).append(frame)
    queue.close()

    async def taken() -> list[str | bytes]:
        found = []
        while (frame := await queue.take()) is not None:
            found.append(frame)
        return found

    found = asyncio.run(taken())
    assert [one for one in found if isinstance(one, str)] == words
    kept = [one for one in found if isinstance(one, bytes)]
    assert kept == sounds[len(sounds) - len(kept) :]
    assert sum(map(len, kept)) <= SOUND_LIMIT
    assert queue.dropped == len(sounds) - len(kept)
