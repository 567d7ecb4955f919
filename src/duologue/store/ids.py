"""Fresh ids from the system's randomness."""

from __future__ import annotations

import os

from duologue.core import ids


def fresh(prefix: str, now: int) -> str:
    """A new id such as `conv_` and 32 hex digits; later ones sort behind earlier ones."""
    return ids.make(prefix, now, os.urandom(ids.ENTROPY_BYTES))
