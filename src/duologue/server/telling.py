"""How a request of telemetry is read and answered: bounded, and refused in its own form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from google.protobuf.any_pb2 import Any as Detail
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # has no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # has no types
from litestar import Request, Response

from duologue.errors import DuologueError
from duologue.trace.ingest import reading
from duologue.trace.ingest.records import Malformed

PACKED: Final = 16 * 1024 * 1024
"""Bytes that a request may have as it is sent."""
PATIENCE: Final = 60.0
"""Seconds in which a request's body must have arrived."""
AT_ONCE: Final = 4
"""Requests that are unpacked and read at a time: each may be large."""
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 429: 8, 503: 14}
"""What HTTP's codes are in google.rpc."""
_INTERNAL: Final = 13
_T = TypeVar("_T")
_turn = asyncio.Semaphore(AT_ONCE)

Asked = Request[Any, Any, Any]


async def body_of(request: Asked, most: int = PACKED) -> bytes:
    """The body as it was sent; one that is too large, or never ends, is refused."""
    held = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                held += chunk
                if len(held) > most:
                    raise DuologueError("too_large", limit=most)
    except TimeoutError:
        raise DuologueError("bad_request", reason=f"its body took {PATIENCE:.0f} s") from None
    return bytes(held)


async def read(request: Asked, decode: Callable[[bytes, str], _T]) -> _T:
    """What a request tells, read beside the loop; what cannot be read is refused."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() not in (reading.PROTOBUF, reading.JSON):
        reason = f"its content-type is {kind[:60]!r}; use {reading.PROTOBUF} or {reading.JSON}"
        raise DuologueError("bad_request", reason=reason)
    body = await body_of(request)
    encoding = request.headers.get("content-encoding", "")

    def decoded() -> _T:
        return decode(reading.unpacked(body, encoding), kind)

    async with _turn:
        return await understood(decoded)


async def understood(work: Callable[[], _T]) -> _T:
    """What `work` makes of what was sent, beside the loop; what it cannot read is refused."""
    try:
        return await asyncio.to_thread(work)
    except Malformed as error:
        raise DuologueError("bad_request", reason=error) from None


def taken(request: Asked, answer: Message) -> Response[bytes]:
    """The answer of a request that was taken, in the form that it came in."""
    return _answer(request, answer, 200, {})


def refused(request: Asked, error: DuologueError) -> Response[bytes]:
    """A refusal as exporters read it; one that passes says when to try again."""
    status = Status(code=_CODES.get(error.status, _INTERNAL), message=error.message)
    headers = {"x-error-code": error.code}
    if error.status in (429, 503):
        seconds = int(str(error.values.get("seconds", 5)))
        headers["retry-after"] = str(seconds)
        detail = Detail()
        detail.Pack(RetryInfo(retry_delay=Duration(seconds=seconds)))
        status.details.append(detail)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return _answer(request, status, error.status, headers)


def _answer(
    request: Asked, message: Message, code: int, headers: dict[str, str]
) -> Response[bytes]:
    json = request.headers.get("content-type", "").startswith(reading.JSON)
    body = MessageToJson(message, indent=None).encode() if json else message.SerializeToString()
    kind = reading.JSON if json else reading.PROTOBUF
    headers = {"cache-control": "no-store"} | headers
    return Response(body, status_code=code, media_type=kind, headers=headers)
