"""Requests, shared state, attributes and files between a client and its agent.

On the socket these are messages of their own; in a room what LiveKit has (requests, attributes,
byte streams) travels as LiveKit does it, and the rest as packets of the topic `duologue`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

RPC_APPLICATION_ERROR: Final = 1500
"""What a handler's own exception becomes, as LiveKit numbers it."""
RPC_UNSUPPORTED: Final = 1400
RPC_NO_RECIPIENT: Final = 1401
RPC_REQUEST_SIZE: Final = 1402
RPC_TIMEOUT: Final = 1502
RPC_DISCONNECTED: Final = 1503
RPC_ANSWER_SIZE: Final = 1504
RPC_SEND_FAILED: Final = 1505
RPC_PAYLOAD: Final = 15 * 1024
"""Bytes of a request or an answer that every client understands."""
FILE_LIMIT: Final = 1024 * 1024
"""Bytes of a file on the socket; a room takes larger ones."""
FILE_CHUNK: Final = 64 * 1024


class RpcError(msgspec.Struct, omit_defaults=True):
    """Why a request was not answered: LiveKit's number, and words."""

    code: int
    message: str
    data: str = ""


class RpcRequest(msgspec.Struct, tag="rpc.request"):
    """One side asks the other (capability `rpc`)."""

    id: str
    method: str
    payload: str = ""
    timeout_ms: int = 10_000


class RpcResponse(msgspec.Struct, tag="rpc.response", omit_defaults=True):
    """The answer to a request, or why there is none (capability `rpc`)."""

    id: str
    payload: str | None = None
    error: RpcError | None = None


class StateSet(msgspec.Struct, tag="state.set"):
    """A value of the state that client and agent share; null takes it away (capability `state`)."""

    key: str
    value: Any = None


class StateSnapshot(msgspec.Struct, tag="state.snapshot"):
    """The whole shared state, to a client that comes in (capability `state`)."""

    values: dict[str, Any]


class AttributesSet(msgspec.Struct, tag="attributes.set"):
    """Attributes of whoever sends this; an empty text takes one away (capability `state`)."""

    attributes: dict[str, str]


class FileBegin(msgspec.Struct, tag="file.begin", omit_defaults=True):
    """A file follows in chunks, until all its bytes are there (capability `files`)."""

    id: str
    name: str
    size: int
    mime_type: str = "application/octet-stream"
    topic: str = "files"
    attributes: dict[str, str] = {}


class FileChunk(msgspec.Struct, tag="file.chunk"):
    """The next bytes of a file, in base64 (capability `files`)."""

    id: str
    content: str


FromClient = RpcRequest | RpcResponse | StateSet | AttributesSet | FileBegin | FileChunk
FromServer = (
    RpcRequest | RpcResponse | StateSet | StateSnapshot | AttributesSet | FileBegin | FileChunk
)
