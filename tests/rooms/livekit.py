"""A real LiveKit server for the tests that need one: started and stopped by them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import api
from livekit.protocol.models import ParticipantInfo

from duologue.cli import livekit as local

PATIENCE = 60.0
INSTALL = "go install github.com/livekit/livekit-server/cmd/server@v1.13.5"


class LiveKit:
    """One server on loopback, which can be stopped and started again at the same address."""

    def __init__(self) -> None:
        self.url = ""
        self.api_key = local.KEY
        self.api_secret = "a-secret-of-thirty-two-characters"
        self.port = 0
        self._running = ExitStack()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        running = local.server(port=self.port, secret=self.api_secret)
        self.url = self._running.enter_context(running).url
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """Ends it; who was in a room is not told."""
        self._running.close()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a house that uses it."""
        return {
            "livekit_url": self.url,
            "livekit_api_key": self.api_key,
            "livekit_api_secret": self.api_secret,
        }

    def token(self, room: str, identity: str, *agents: tuple[str, str], **attributes: str) -> str:
        """Opens the room; `agents` are names and metadata of those that it sends for."""
        made = (
            api.AccessToken(self.api_key, self.api_secret)
            .with_identity(identity)
            .with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True))
            .with_attributes({name.replace("__", "."): text for name, text in attributes.items()})
        )
        if agents:
            sent_for = [
                api.RoomAgentDispatch(agent_name=name, metadata=metadata)
                for name, metadata in agents
            ]
            made = made.with_room_config(api.RoomConfiguration(agents=sent_for))
        return made.to_jwt()

    def api(self) -> api.LiveKitAPI:
        """Its own API, to be used as a context."""
        return api.LiveKitAPI(self.url, self.api_key, self.api_secret, failover=False)

    async def people(self, room: str) -> list[ParticipantInfo]:
        """Who is in a room."""
        async with self.api() as asked:
            found = await asked.room.list_participants(api.ListParticipantsRequest(room=room))
            return list(found.participants)

    async def crowd(self, room: str, count: int) -> list[ParticipantInfo]:
        """Who is in a room, once they are so many."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await self.people(room)) != count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
        return found


@contextmanager
def server() -> Iterator[LiveKit]:
    """A fresh server; without the program, the test is skipped, or fails where all must run."""
    path = os.environ["PATH"]
    beside = Path.home() / "go" / "bin"
    if shutil.which(local.PROGRAM, path=f"{path}{os.pathsep}{beside}") is None:
        words = f"there is no {local.PROGRAM} here; {INSTALL}, and name it {local.PROGRAM}"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(words)
        pytest.skip(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{path}{os.pathsep}{beside}")
        running = LiveKit()
        running.start()
        try:
            yield running
        finally:
            running.stop()
