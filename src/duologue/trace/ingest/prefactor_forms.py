"""What programs ask by Prefactor's API: the forms of their requests, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from duologue.trace.ingest.records import repeatable

_LATEST: Final = 9_000_000_000_000_000_000
_HEX: Final = re.compile(r"[0-9a-f]{32}")
_STEP: Final = re.compile(r"[0-9a-f]{48}")
_AT: Final = re.compile(r"(.*) - at `\$\.?([^`]*)`")
_T = TypeVar("_T")

Text = Annotated[str, Meta(max_length=500)]
Id = Annotated[str, Meta(min_length=1, max_length=200)]
Key = Annotated[str, Meta(min_length=1, max_length=64)]
Finish = Literal["complete", "failed", "cancelled"]
Any_ = dict[str, Any]


class Refusal(Exception):
    """What an API of Prefactor's says when it does not take something."""

    def __init__(
        self, status: int, code: str, message: str, errors: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.errors = errors or {}


class Version(msgspec.Struct, frozen=True):
    """A version of an agent."""

    name: Text | None = None
    external_identifier: Text | None = None
    description: Text | None = None
    runtime_environment: Any_ | None = None


class Register(msgspec.Struct, frozen=True):
    """Registers an instance."""

    agent_version: Version
    agent_schema_version: Any_
    agent_id: Id | None = None
    environment_id: Id | None = None
    id: Id | None = None
    external_identifier: Text | None = None
    idempotency_key: Key | None = None
    purpose: Literal["live", "smoke_test", "eval"] | None = None


class Act(msgspec.Struct, frozen=True):
    """Starts an instance."""

    timestamp: str | None = None
    idempotency_key: Key | None = None


class Over(msgspec.Struct, frozen=True):
    """Finishes an instance or a step."""

    status: Finish | None = None
    timestamp: str | None = None
    result_payload: Any_ | None = None
    idempotency_key: Key | None = None


class End(msgspec.Struct, frozen=True):
    """Ends an instance from outside."""

    reason: Text | None = None


class Quality(msgspec.Struct, frozen=True):
    """Judges an instance by a name; without a payload the judgement is taken back."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    payload: Any_ | None = None
    idempotency_key: Key | None = None


class Create(msgspec.Struct, frozen=True):
    """Creates a step, open or ended."""

    agent_instance_id: Id
    schema_name: Annotated[str, Meta(min_length=1, max_length=200)]
    status: Literal["pending", "active", "complete", "failed", "cancelled"]
    payload: Any_ = {}
    result_payload: Any_ | None = None
    id: Id | None = None
    parent_span_id: Id | None = None
    started_at: str | None = None
    finished_at: str | None = None
    idempotency_key: Key | None = None


class Details(msgspec.Struct, frozen=True):
    """The body that creates a step."""

    details: Create


class Item(msgspec.Struct, frozen=True, rename={"type": "_type"}):
    """What every item of a bulk request has."""

    type: str
    idempotency_key: Annotated[str, Meta(min_length=8, max_length=64)]


class Bulk(msgspec.Struct, frozen=True):
    """Several requests in one."""

    items: Annotated[list[Any_], Meta(min_length=1, max_length=1000)]


class Instance(msgspec.Struct, omit_defaults=True):
    """What is kept of an instance beside its run."""

    id: str
    agent_id: str
    agent_version_id: str
    environment_id: str
    inserted_ms: int
    updated_ms: int
    started_ms: int | None = None
    finished_ms: int | None = None
    finished: str = ""
    """How it ended, as it was told."""
    external_identifier: str | None = None
    purpose: str | None = None
    registered_by: str = ""
    started_by: str = ""
    finished_by: str = ""
    """The idempotency keys: a repeat of one is answered, and changes nothing."""


class Step(msgspec.Struct, omit_defaults=True):
    """What is kept of a step beside its span."""

    schema: str
    inserted_ms: int
    updated_ms: int
    created_by: str = ""
    finished_by: str = ""


class Place(NamedTuple):
    """A step's run and its id within it."""

    trace: str
    span: str


# ---------------------------------------------------------------- reading


def read(body: bytes, kind: type[_T]) -> _T:
    """What a request asks for; one that cannot be read is refused with the place of its fault."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _unread(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refusal(400, "bad_request", f"The body is not JSON: {error}") from None


def meant(item: Mapping[str, Any], kind: type[_T]) -> _T:
    """An item of a bulk request, in the same way."""
    try:
        return msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        raise _unread(error) from None


def _unread(error: msgspec.ValidationError) -> Refusal:
    found = _AT.fullmatch(str(error))
    words, where = found.groups() if found else (str(error), "")
    return invalid(where or "body", words)


def invalid(field: str, words: str) -> Refusal:
    """The refusal of one field."""
    return Refusal(422, "validation_error", f"{field}: {words}", {field: words})


def moment(text: str | None, otherwise: int, field: str = "timestamp") -> int:
    """An ISO 8601 time in nanoseconds."""
    if text is None:
        return otherwise
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        ns = int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000
    except (ValueError, OverflowError):
        raise invalid(field, f"{text[:60]!r} is no ISO 8601 time") from None
    if not 0 < ns < _LATEST:
        raise invalid(field, f"{text[:60]!r} lies before 1970 or after 2255")
    return ns


def written(ns: int) -> str:
    """A time as answers say it."""
    whole, rest = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest // 1000).isoformat()


def trace_of(instance: str) -> str:
    """The run of an instance: its id where that is one, and otherwise one made of it."""
    if _HEX.fullmatch(instance) and instance.strip("0"):
        return instance
    return blake2b(instance.encode(errors="replace"), digest_size=16).hexdigest()


def place_of(step: str) -> Place | None:
    """Where a step lies by its id; none for an id that was never given."""
    return Place(step[:32], step[32:]) if _STEP.fullmatch(step) else None


def span_of(trace: str, step: str) -> str:
    """A step's id within its run: of our whole id, of 16 hex digits, or made of any other."""
    if step.startswith(trace) and (place := place_of(step)):
        return place.span
    return step if re.fullmatch(r"[0-9a-f]{16}", step) and step.strip("0") else repeatable(step)
