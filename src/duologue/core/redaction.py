"""What nobody may read in a log: keys, tokens and passwords, blotted out wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

GONE = "[redacted]"

_NAMES = (
    r"client_session_key|access_token|refresh_token|resume_token|participant_token|session_key"
    r"|api[_-]?key|api[_-]?secret|x-api-key|password|passwd|secret|token"
)
_NAMED = re.compile(
    rf"(?:{_NAMES}|key|authorization|proxy-authorization|cookie|set-cookie)", re.IGNORECASE
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Ours, wherever they stand; an underscore may be percent-encoded in an address.
    (
        re.compile(
            r"\bdk(_|%5f)(secret|public|session|resume|enter|console|share)(_|%5f)[\w%~.+/=-]+",
            re.IGNORECASE,
        ),
        GONE,
    ),
    # A JSON Web Token.
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"), GONE),
    # A provider's key.
    (re.compile(r"\bsk-[\w-]{12,}"), GONE),
    # A field of an address or of a form.
    (
        re.compile(rf"\b({_NAMES})=(?!\[redacted\])[^&\s\"'<>,;)\]}}]+", re.IGNORECASE),
        rf"\1={GONE}",
    ),
    # A header, alone, in a mapping or in a list of pairs.
    (
        re.compile(
            r"\b((?:proxy-)?authorization|x-api-key)(\\?[\"']?\s*[:=,]\s*(?:b(?=[\"']))?\\?[\"']?)"
            r"(?!\[redacted\])(?:(?:bearer|basic|digest|token)\s+)?[^\s\"'\\,;)\]}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"\b(bearer)\s+(?!\[redacted\])[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {GONE}"),
    # The password in an address.
    (re.compile(r"(\w://[^\s:/@]*):(?!\[redacted\])[^\s/@]+@"), rf"\1:{GONE}@"),
)


def redact(text: str) -> str:
    """The text with every secret in it blotted out."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def clean(value: Any) -> Any:
    """A value of any depth, blotted out where its text or its name says that it is secret."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return redact(bytes(value).decode("utf-8", "backslashreplace"))
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        return {redact(str(name)): field(name, inner) for name, inner in value.items()}
    if isinstance(value, tuple | list) and len(value) == 2 and _is_named(value[0]):
        return [clean(value[0]), GONE]
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def field(name: object, value: object) -> Any:
    """A value of that name, blotted out where either says that it is secret."""
    return GONE if _is_named(name) and value else clean(value)


def _is_named(name: object) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and _NAMED.fullmatch(text.strip()) is not None
