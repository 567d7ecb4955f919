"""Notes what a `LiveKitSession` tells its ten callbacks, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from duologue.client.livekit_session import LiveKitSession

PATIENCE: Final = 60.0
CALLBACKS: Final = (
    "connection_state_change",
    "agent_state_change",
    "transcript",
    "agent_config",
    "audio_track",
    "video_track",
    "video_track_removed",
    "error",
    "data_message",
    "resumability_change",
)


class Diary:
    """Every call of every callback of one session."""

    def __init__(self, session: LiveKitSession) -> None:
        self.session = session
        self.entries: list[tuple[str, tuple[Any, ...]]] = []
        self._heard_out = 0
        for name in CALLBACKS:
            assert getattr(session, f"on_{name}") is None
            setattr(session, f"on_{name}", self._noting(name))

    def of(self, name: str) -> list[Any]:
        """What one callback was told, each time; a tuple where it is told several things."""
        told = [things for each, things in self.entries if each == name]
        return [things[0] if len(things) == 1 else things for things in told]

    async def until(self, true: Callable[[], Any]) -> None:
        """Returns as soon as something is true; fails with what was told instead."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():  # noqa: ASYNC110  # whatever a test asks, nothing tells all of it
                    await asyncio.sleep(0.02)
        except TimeoutError:
            told = "\n".join(repr(entry)[:200] for entry in self.entries[-12:])
            raise AssertionError(f"it never was; told last:\n{told}") from None

    async def said(self, role: str, text: str) -> None:
        """Returns when somebody said this, to its end."""
        await self.until(
            lambda: any(
                (e.role, e.text, e.final) == (role, text, True) for e in self.session.transcript
            )
        )

    async def heard_out(self, text: str) -> None:
        """Returns when the agent's next answer, this one, was heard to its end, and it listens."""
        self._heard_out += 1
        await self.said("agent", text)
        await self.until(lambda: self.of("agent_state_change").count("speaking") >= self._heard_out)
        await self.until(lambda: self.session.agent_state == "listening")

    def _noting(self, name: str) -> Callable[..., None]:
        return lambda *things: self.entries.append((name, things))
