"""The room road: an agent of ours goes into a LiveKit room, in this process, for one job."""

from __future__ import annotations

import structlog

from duologue.pipeline.host import Host
from duologue.transports.livekit.company import Join
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import LiveKit
from duologue.transports.livekit.visit import Visit

log = structlog.get_logger(__name__)


class RoomRoad:
    """Serves jobs; each is one visit to one room."""

    def __init__(self, host: Host, join: Join, livekit: LiveKit) -> None:
        self._host = host
        self._join = join
        self._livekit = livekit

    async def serve(self, job: Job) -> None:
        """Enters the room, stays with its user, and leaves; failures are logged, not raised."""
        try:
            await Visit(self._host, self._join, self._livekit, job).serve()
        except Exception:
            log.exception("room failed", room=job.room, job=job.id)
