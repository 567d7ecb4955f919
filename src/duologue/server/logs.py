"""One line for each thing that happened, for people or for programs, with no secret in any."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

from duologue.core.redaction import field, redact


def _clean_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Cleans every field but the exception, which is text only later."""
    kept = {
        name: event[name] for name in ("exc_info", "_record", "_from_structlog") if name in event
    }
    return {**{n: field(n, v) for n, v in event.items() if n not in kept}, **kept}


def _numbered(process: int) -> Processor:
    def number(_logger: object, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return number


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
    process: int | None = None,
) -> None:
    """Sends every log line of this process, libraries' included, to stderr, redacted.

    Where several write to one stream, each line names its process by its number.
    """
    out = sys.stderr if stream is None else stream
    for_people = form == "console" or (form == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _clean_event,
    ]
    if process is not None:
        shared.insert(0, _numbered(process))
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
