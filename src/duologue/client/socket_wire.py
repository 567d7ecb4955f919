"""The frames of duologue's socket, from the client's end: what it says, and what it is told."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from duologue.wire import exchange, layercode

CAPABILITIES: Final = (
    "binary", "mic16", "played", "resume", "agent_state", "tools", "rpc", "state", "files",
)  # fmt: skip
"""What this client asks for beyond Layercode's protocol."""
AUTHORIZE: Final = "/v1/agents/web/authorize_session"
SOCKET: Final = "/v1/agents/web/websocket"

FromServer = (
    layercode.ServerMessage
    | exchange.RpcRequest
    | exchange.RpcResponse
    | exchange.StateSet
    | exchange.StateSnapshot
    | exchange.AttributesSet
    | exchange.FileBegin
    | exchange.FileChunk
)
ToServer = (
    layercode.ClientMessage
    | exchange.RpcRequest
    | exchange.RpcResponse
    | exchange.StateSet
    | exchange.AttributesSet
    | exchange.FileBegin
    | exchange.FileChunk
)

_decoder: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)
_encoder = msgspec.json.Encoder()


def decode(frame: str | bytes) -> FromServer | None:
    """The message in a text frame; none where a newer server says what is not known here."""
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def encode(message: ToServer) -> str:
    """The text frame of a message."""
    return _encoder.encode(message).decode()


def base_of(url: str) -> str:
    """The address of a server, as http, without the path of its socket or a slash at its end."""
    parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"an address of duologue begins with http, https, ws or wss, not {url!r}")
    path = parts.path.rstrip("/").removesuffix(SOCKET)
    return urlunsplit((scheme, parts.netloc, path.rstrip("/"), "", ""))


def socket_of(url: str) -> str:
    """The address of the socket of a server; one that is a socket's already stays."""
    return "ws" + base_of(url).removeprefix("http") + SOCKET
