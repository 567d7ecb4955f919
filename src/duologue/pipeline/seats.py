"""Who is attached here, by session and by conversation."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from duologue.pipeline.seat import Seat


class Seats(MutableMapping[str, Seat]):
    """Seats by the id of their session, in the order in which they were taken."""

    def __init__(self) -> None:
        self._all: dict[str, Seat] = {}
        self._within: dict[str, dict[str, Seat]] = {}

    def of(self, conversation_id: str) -> list[Seat]:
        """Those of one conversation, however many others there are."""
        return list(self._within.get(conversation_id, {}).values())

    def __getitem__(self, session_id: str) -> Seat:
        return self._all[session_id]

    def __setitem__(self, session_id: str, seat: Seat) -> None:
        self.pop(session_id, None)
        self._all[session_id] = seat
        self._within.setdefault(seat.run.conversation_id, {})[session_id] = seat

    def __delitem__(self, session_id: str) -> None:
        place = self._all.pop(session_id).run.conversation_id
        del self._within[place][session_id]
        if not self._within[place]:
            del self._within[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
