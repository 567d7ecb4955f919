"""What a room asks for: one job is one room that an agent of ours shall enter."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Job:
    """A job that LiveKit assigned to us, as the room's road needs it."""

    id: str
    """LiveKit's own, `AJ_…`, or ours, `own-…`, where nobody sent us."""
    room: str
    """The name of the room."""
    url: str
    """Where the agent connects: LiveKit's word for it, else the address that we registered at."""
    token: str = field(repr=False)
    """Opens the room as an agent participant."""
    metadata: str = field(repr=False)
    """The claim of the user who is expected, as the token door signed it."""
    room_sid: str = ""
