"""Where a LiveKit server is found, and what we show there."""

from __future__ import annotations

from typing import NamedTuple

from duologue.access.origins import is_loopback
from duologue.settings import Settings


class LiveKit(NamedTuple):
    """One LiveKit server, and the key with which we speak for ourselves there."""

    url: str
    """As clients get it: `ws://` or `wss://`."""
    api_key: str
    api_secret: str

    @property
    def workers(self) -> str:
        """Where agent workers register."""
        return f"{self.url}/agent"

    @property
    def near(self) -> bool:
        """Whether it runs on this machine, where no proxy leads."""
        return is_loopback(self.url.replace("ws", "http", 1))


def livekit(settings: Settings) -> LiveKit | None:
    """The server that the settings name; none when they name none."""
    if not settings.livekit_url:
        return None
    # Its own tools take `http://`, too.
    address = settings.livekit_url.strip().rstrip("/")
    if address.startswith("http"):
        address = address.replace("http", "ws", 1)
    return LiveKit(address, settings.livekit_api_key, settings.livekit_api_secret)
