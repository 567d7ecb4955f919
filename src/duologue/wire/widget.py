"""The widget door's dialect: `agentId`, and whatever its page's `sessionBody` adds."""

from __future__ import annotations

import msgspec

from duologue.wire.bodies import read_object
from duologue.wire.tokens import FIELDS, TokenRequest, request_of


def read_request(body: bytes) -> TokenRequest:
    """What a widget asks for; the fields that nobody here knows are metadata for its agent."""
    asked = read_object(body)
    request = request_of(asked)
    own = {name: value for name, value in asked.items() if name not in FIELDS}
    return msgspec.structs.replace(request, metadata=own | request.metadata)
