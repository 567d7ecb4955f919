"""A session in a LiveKit room in Firefox, whose WebRTC is another than Chromium's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conformance.conftest import ROOM_AGENTS
from tests.pages.conftest import STAGE
from tests.pages.firefox import Firefox
from tests.pages.lounge import Lounge, options
from tests.pages.test_firefox import firefox
from tests.rooms.livekit import LiveKit
from tests.serving import House

__all__ = ["firefox"]
pytestmark = pytest.mark.firefox

AGENTS = STAGE.with_name("lounge_agents.py")
LOOPBACK = """user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
"""
"""Firefox alone would look for a room on this machine by its outer addresses only."""


@pytest.fixture(scope="module")
def parlour(
    firefox: str, built: None, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A server whose agents go into rooms."""
    data = tmp_path_factory.mktemp("parlour") / "data"
    with House(data, ROOM_AGENTS, AGENTS, **livekit.settings) as running:
        running.publish("usher")
        yield running


def test_a_session_in_a_room_in_firefox(
    firefox: str, parlour: House, livekit: LiveKit, tmp_path: Path
) -> None:
    """An unmodified Firefox writes, has the agent's voice, and sends data."""
    (tmp_path / "user.js").write_text(LOOPBACK)
    with Lounge() as lounge, Firefox(firefox, tmp_path) as page:
        lounge.server, lounge.livekit = parlour.url, livekit.url
        public = ("--kind", "public", "--agent", "usher", "--origin", lounge.url)
        key = str(parlour.command("keys", "create", *public)["key"])
        asked = options(parlour.url, "usher", publicKey=key, microphone=False)
        page.open(f"{lounge.url}/#{quote(json.dumps(asked))}")
        page.click("document.getElementById('talk')")
        page.wait("session.state === 'connected'", "the room")
        page.run("void session.sendText('good morning') ?? 0")
        page.wait("said().includes('agent: You said: good morning')", "an answer")
        page.run("void session.sendData({ kind: 'note' }) ?? 0")
        page.wait("log.some(([name, value]) => name === 'data' && value.echo)", "its data")
        assert page.run("session.transport") == "livekit"
        page.wait("session.audioElement?.srcObject?.getAudioTracks().length === 1", "its voice")
        page.run("void session.disconnect() ?? 0")
        page.wait("session.state === 'disconnected'", "the end")
        assert page.console == []
