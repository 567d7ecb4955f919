"""What a visitor agreed to before talking, as the session request says it."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Consent(msgspec.Struct, frozen=True):
    """That a visitor agreed, to what, and when."""

    hash: Annotated[str, msgspec.Meta(max_length=128)]
    """The hash that the face of the agent has for its consent."""
    at: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    """When, in UTC milliseconds by the visitor's clock."""
