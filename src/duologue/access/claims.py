"""Claims: what the token door promised to one user of one room, signed and stored nowhere.

A claim is a compact JWT under LiveKit's own secret. Its issuer is no API key, so it opens no room;
and a room's token is no claim.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec

from duologue.errors import DuologueError
from duologue.wire.rooms import CLAIM, Claim

ISSUER: Final = "duologue-claim"
T = TypeVar("T")


class _Payload(Claim, frozen=True, kw_only=True, omit_defaults=True):
    """A claim, and who says so."""

    iss: str


class _Room(msgspec.Struct):
    """What a token allows, of which we need the name."""

    room: str


class _Token(msgspec.Struct):
    """What we need of the token of a room that bears a claim."""

    sub: str
    video: _Room
    attributes: dict[str, str]
    room_config: dict[str, Any] = msgspec.field(name="roomConfig", default_factory=dict)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Payload).decode
_decode_token = msgspec.json.Decoder(_Token).decode
_FIELDS: Final = Claim.__struct_fields__


def sign(payload: bytes, secret: str) -> str:
    """The compact JWT of a JSON object, signed with HMAC-SHA256."""
    signed = _HEADER + _base64(payload)
    return f"{signed.decode()}.{_signature(signed, secret).decode()}"


def mint(claim: Claim, secret: str) -> str:
    """The text of a claim, for the dispatch and the attribute of a token."""
    facts = {name: getattr(claim, name) for name in _FIELDS}
    return sign(_encode(_Payload(iss=ISSUER, **facts)), secret)


def borne(token: str, secret: str, now: int) -> tuple[Claim, str, dict[str, Any]]:
    """The claim in the token of a room, its text, and how the room is to be; or a refusal."""
    payload = _opened(token, secret, _decode_token)
    text = payload.attributes.get(CLAIM, "")
    claim = read(text, secret, now)
    if (claim.identity, claim.room) != (payload.sub, payload.video.room):
        raise _refusal(f"it is for {claim.identity!r} in room {claim.room!r}")
    return claim, text, payload.room_config


def read(text: str, secret: str, now: int) -> Claim:
    """The claim that we signed, good at `now` (UTC seconds), or a refusal that says why not."""
    payload = _opened(text, secret, _decode)
    if payload.iss != ISSUER:
        raise _refusal(f"it was issued by {payload.iss!r} for something else")
    if payload.exp <= now:
        raise _refusal("it expired")
    return Claim(**{name: getattr(payload, name) for name in _FIELDS})


def _opened(text: str, secret: str, decode: Callable[[bytes], T]) -> T:
    """What a JWT says that was signed with this secret."""
    signed, _, signature = text.encode("utf-8", "surrogatepass").rpartition(b".")
    if not hmac.compare_digest(signature, _signature(signed, secret)):
        raise _refusal("it was not signed here, or it was changed")
    try:
        return decode(urlsafe_b64decode(signed.partition(b".")[2] + b"=="))
    except (ValueError, RecursionError):  # signed with our secret, and yet something else
        raise _refusal("it is a token of another kind") from None


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _signature(signed: bytes, secret: str) -> bytes:
    return _base64(hmac.digest(secret.encode(), signed, sha256))


def _refusal(reason: str) -> DuologueError:
    return DuologueError("claim_invalid", reason=reason)


_HEADER: Final = _base64(b'{"alg":"HS256","typ":"JWT"}') + b"."
