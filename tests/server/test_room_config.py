"""The room configuration within a token, beyond what the token door's own tests show."""

from __future__ import annotations

from duologue.server.room_config import with_dispatch


def test_a_room_outlasts_the_grace_time_of_its_agent() -> None:
    """LiveKit would close it after 20 s, and nobody could come back to the live conversation."""
    assert with_dispatch({}, "claim", trusted=False, grace=30.0)["departureTimeout"] > 30
    assert with_dispatch({}, "claim", trusted=False, grace=600.5)["departureTimeout"] > 601
    asked = {"departure_timeout": 9}
    assert with_dispatch(asked, "claim", trusted=False, grace=30.0)["departureTimeout"] == 9
