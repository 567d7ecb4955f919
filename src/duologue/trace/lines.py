"""Lines that are logged while an agent runs, each in the trace of its own run."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec
from opentelemetry import trace as api

from duologue.core.redaction import clean, field, redact
from duologue.trace.entries import Entry, Level, Log
from duologue.trace.told import current_id, fresh_id

MOST: Final = 1000
"""Lines that are kept of one run."""
MORE: Final = f"More was logged than {MOST} lines, which are kept of a run."
LONGEST: Final = 65_536
"""Characters that are read of any text of a line."""
FIELDS: Final = 50
"""Fields that are read of a line."""
_VALUES: Final = 500
"""Values that are read within them, together."""
_DEEPEST: Final = 5
_OWN: Final = "duologue.trace"
_PLAIN: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "_logger", "_name"}
)
_STRUCTLOG: Final = ("event", "level", "logger", "timestamp", "exc_info", "_record")
"""What structlog says of a line that we say ourselves."""


class _Run:
    """A run that goes on, and how many of its lines were told."""

    def __init__(self, trace: str, tell: Callable[[Entry], None]) -> None:
        self.trace = trace
        self.tell = tell
        self.told = 0


class _Bounded:
    """Takes so much of a line's fields and no more: what is logged along may be of any size."""

    def __init__(self) -> None:
        self._letters = LONGEST
        self._values = _VALUES

    def of(self, value: Any, depth: int = 0) -> Any:
        """What is read of a value."""
        self._values -= 1
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            value = bytes(value[: self._letters]).decode("utf-8", "backslashreplace")
        if isinstance(value, msgspec.Struct):
            value = msgspec.structs.asdict(value)
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._text(value)
        if depth == _DEEPEST:
            return "…"
        some = islice(value, max(0, self._values))
        if isinstance(value, Mapping):
            return {self._text(name): self.of(value[name], depth + 1) for name in some}
        return [self.of(inner, depth + 1) for inner in some]

    def _text(self, value: Any) -> str:
        told = str(value)[: self._letters]
        self._letters -= len(told)
        return told


class Lines(logging.Handler):
    """Reads along with all loggers, from `open` until `close`.

    Whose line it is the current span says, which is in the context of every task of a run: lines of
    runs that go on side by side do not mix, and a line of nobody's is left alone.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._runs: dict[int, _Run] = {}

    def open(self) -> None:
        """Begins to read."""
        logging.getLogger().addHandler(self)

    def close(self) -> None:
        """Reads no more."""
        logging.getLogger().removeHandler(self)
        super().close()

    def follow(self, trace: str, tell: Callable[[Entry], None]) -> None:
        """Tells the lines of a run from now on."""
        self._runs[int(trace, 16)] = _Run(trace, tell)

    def leave(self, trace: str) -> None:
        """Tells them no more."""
        self._runs.pop(int(trace, 16), None)

    def emit(self, record: logging.LogRecord) -> None:
        """Tells one line; what the ledger says of itself is not for it."""
        run = self._runs.get(api.get_current_span().get_span_context().trace_id)
        if run is None or run.told > MOST or record.name.split(".")[:2] == _OWN.split("."):
            return
        try:
            run.told += 1
            run.tell(_line(run.trace, record, over=run.told > MOST))
        except Exception:
            self.handleError(record)


def _line(trace: str, record: logging.LogRecord, *, over: bool) -> Log:
    """The line without secrets; in the place of one too many, that there were more."""
    told: Any = record.msg
    failure = record.exc_info
    if isinstance(told, dict):  # structlog's, which is put into words by its formatter
        fields = {name: value for name, value in told.items() if name not in _STRUCTLOG}
        text, failure = _text(told.get("event", "")), failure or _raised(told.get("exc_info"))
    else:
        text = record.getMessage()[:LONGEST]
        fields = {name: value for name, value in vars(record).items() if name not in _PLAIN}
    some = _Bounded()
    attributes = {
        redact(_text(name)): field(name, some.of(value))
        for name, value in islice(fields.items(), FIELDS)
    }
    if failure and failure[1] is not None:
        attributes["exception.type"] = type(failure[1]).__qualname__
        attributes["exception.message"] = clean(_text(failure[1]))
        stack = "".join(traceback.format_exception(failure[1]))
        attributes["exception.stacktrace"] = redact(stack[:LONGEST])
    return Log(
        trace=trace,
        id=fresh_id(),
        at_ns=int(record.created * 1e9),
        level="warning" if over else _level(record.levelno),
        text=MORE if over else redact(text),
        span=current_id(),
        logger=record.name,
        attributes={} if over else attributes,
    )


def _text(value: Any) -> str:
    return str(value)[:LONGEST]


def _raised(told: Any) -> Any:
    """What structlog was told of a failure: itself, its three parts, or that there is one."""
    if isinstance(told, BaseException):
        return (type(told), told, told.__traceback__)
    return told if isinstance(told, tuple) else sys.exc_info() if told else None


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"
