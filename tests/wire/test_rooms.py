"""What is written down of a room session: the claim, as it travels in a token."""

from __future__ import annotations

import msgspec

from duologue.wire.rooms import Claim


def test_a_claim_is_read_as_it_was_written_and_says_nothing_that_it_need_not() -> None:
    """Defaults are left out: a token is a header of every request."""
    claim = Claim(
        org="org_1", agent="agt_1", room="r", identity="i", session="sess_1", conversation="conv_1"
    )
    written = msgspec.json.encode(claim)
    assert b"overrides" not in written
    assert msgspec.json.decode(written, type=Claim) == claim
