"""One line for each thing that happened, for people or for programs, with no secret in any."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

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
            r"\bdk(_|%5f)(secret|public|session|resume|enter|console)(_|%5f)[\w%~.+/=-]+",
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
        return {redact(str(name)): _field(name, inner) for name, inner in value.items()}
    if isinstance(value, tuple | list) and len(value) == 2 and _is_named(value[0]):
        return [clean(value[0]), GONE]
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _field(name: object, value: object) -> Any:
    return GONE if _is_named(name) and value else clean(value)


def _is_named(name: object) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and _NAMED.fullmatch(text.strip()) is not None


def _clean_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Cleans every field but the exception, which is text only later."""
    kept = {
        name: event[name] for name in ("exc_info", "_record", "_from_structlog") if name in event
    }
    return {**{n: _field(n, v) for n, v in event.items() if n not in kept}, **kept}


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """The last gate: whatever a renderer or a traceback made, the line holds no secret."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line tells something: uvicorn reports each upgrade that was refused in words."""
    return not record.getMessage().startswith("ASGI callable returned without completing handshake")


def configure(
    form: Literal["auto", "console", "json"] = "auto",
    level: str = "info",
    stream: TextIO | None = None,
) -> None:
    """Sends every log line of this process, libraries' included, to stderr, redacted."""
    out = sys.stderr if stream is None else stream
    for_people = form == "console" or (form == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _clean_event,
    ]
    if for_people:
        last: list[Processor] = [
            structlog.dev.ConsoleRenderer(
                colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    formatter = _Redacting(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their lines at `info` are about themselves, not about what happened to a session.
    for noisy in ("uvicorn", "uvicorn.access", "httpx", "httpcore", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
