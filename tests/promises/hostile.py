"""Input that is wrong: bytes that were damaged, and frames that nobody ever sent on purpose."""

from __future__ import annotations

import random
from typing import Any, Final

from hypothesis import strategies as st
from tests.transports.test_websocket import FRAMES

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
VALUES: Final = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
"""Anything that JSON has, and its NaN and Infinity, which it has not."""
KINDS: Final = sorted({str(frame["type"]) for frame in FRAMES} - {"client.end"})
NAMES: Final = sorted({name for frame in FRAMES for name in frame} - {"type"})


def odd_messages() -> st.SearchStrategy[dict[str, Any]]:
    """Messages of a known type with fields that are missing, new, or of a wrong kind."""
    fields = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), VALUES, max_size=4)
    return st.builds(lambda kind, more: {**more, "type": kind}, st.sampled_from(KINDS), fields)


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A body of which something was changed, cut, doubled, or swapped."""
    made = bytearray(body)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(made)) if made else 0
        match chance.randrange(6):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at:]
            case 2:
                del made[at : at + chance.randrange(1, 64)]
            case 3:
                made[at:at] = chance.randbytes(chance.randrange(1, 32))
            case 4:
                made[at:at] = made[at : at + chance.randrange(1, 200)]
            case _:
                made[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(made)
