"""Fresh ids."""

from __future__ import annotations

from duologue.core.ids import made_at
from duologue.store.ids import fresh


def test_fresh_ids_differ_and_tell_their_time() -> None:
    """A thousand ids of one millisecond are a thousand ids."""
    made = {fresh("msg_", 1_700_000_000_000) for _ in range(1000)}
    assert len(made) == 1000
    assert {made_at(each) for each in made} == {1_700_000_000_000}
