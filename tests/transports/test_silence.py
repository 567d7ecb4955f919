"""A client that never says that it is ready: its place is not held for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import Desk, closing_code
from tests.serving import House
from websockets.sync.client import ClientConnection, connect

SECONDS = 4
AGENT = f"""
from livekit.agents import Agent

import duologue
from duologue.testing import models
from duologue.transports import websocket

websocket.SILENT = {SECONDS}  # fifteen times as soon as in life
voices = {{"llm": models.ScriptedAnswers, "tts": models.ToneTTS}}


@duologue.agent("desk", stt=lambda: models.ScriptedSTT([]), **voices)
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Desk]:
    """A server that waits for its clients a few seconds."""
    file = tmp_path / "agents.py"
    file.write_text(AGENT)
    with House(tmp_path / "data", file) as house:
        house.publish("desk")
        found = Desk(house)
        yield found
        found.http.close()


def opened(desk: Desk) -> ClientConnection:
    """A socket that is open, on which nothing was said."""
    ticket = desk.authorize("desk").json()
    return connect(desk.socket_url(ticket["client_session_key"]), close_timeout=5)


def test_who_is_never_ready_is_told_so_and_closed(impatient: Desk) -> None:
    """By `client_silent`, whatever else it sends; who said it in time goes on to be served."""
    with opened(impatient) as ready, opened(impatient) as silent:
        ready.send('{"type":"client.ready"}')
        silent.send('{"type":"vad_events","event":"vad_start"}')
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] != "response.data":
            told.append(json.loads(silent.recv(timeout=60)))
        notice = told[-1]["content"]
        assert (notice["type"], notice["code"]) == ("duologue.notice", "client_silent")
        assert f"within {SECONDS} s" in notice["message"]
        assert closing_code(silent) == 1011
        ready.send('{"type":"client.response.text","content":"still there?"}')
        while json.loads(ready.recv(timeout=60))["type"] != "response.end":
            pass
