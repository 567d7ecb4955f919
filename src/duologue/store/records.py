"""The rows as they come back: frozen, typed, in the order of their table's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

KeyKind = Literal["secret", "public"]
SessionState = Literal["authorized", "live", "detached", "ended"]
Role = Literal["user", "assistant", "tool", "system"]
MessageKind = Literal["message", "tool_call", "tool_output", "data", "error"]


class Organization(msgspec.Struct, frozen=True):
    """Who owns agents, keys, conversations and a balance."""

    id: str
    name: str
    slug: str
    balance_micros: int | None
    """Millionths of a credit; none is unlimited."""
    created_at: int


class Credit(msgspec.Struct, frozen=True):
    """What a balance was changed by, and why."""

    id: str
    org_id: str
    micros: int
    note: str
    created_at: int


class Agent(msgspec.Struct, frozen=True):
    """Who answers; a draft until it is published."""

    id: str
    org_id: str
    slug: str
    name: str
    definition: str
    """The JSON of an `AgentDefinition`."""
    source: str
    published_at: int | None
    created_at: int
    updated_at: int


class Key(msgspec.Struct, frozen=True):
    """A key's facts; of the key itself only its hash and last letters."""

    id: str
    org_id: str
    kind: KeyKind
    name: str
    hash: str
    hint: str
    agent_id: str | None
    origins: list[str]
    scopes: list[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None


class Conversation(msgspec.Struct, frozen=True):
    """The durable dialogue."""

    id: str
    org_id: str
    agent_id: str
    key_id: str | None
    current_session_id: str | None
    resume_hash: str | None
    resume_before_hash: str | None
    metadata: dict[str, Any]
    state: dict[str, Any]
    """What agent and clients share."""
    next_seq: int
    created_at: int
    updated_at: int
    ended_at: int | None
    end_reason: str | None
    visitor_id: str | None
    """In whose browser it is held, where that is known."""


class Run(msgspec.Struct, frozen=True):
    """One life of one agent session."""

    id: str
    org_id: str
    conversation_id: str
    agent_id: str
    process: str
    started_at: int
    ended_at: int | None
    end_reason: str | None
    usage: dict[str, Any] | None
    peer: str | None = None
    """Where other processes reach the one that it lives in, as `host:port`; none if nowhere."""


class Session(msgspec.Struct, frozen=True):
    """One attachment of one client to a conversation."""

    id: str
    org_id: str
    conversation_id: str
    agent_id: str
    run_id: str | None
    key_id: str | None
    key_hash: str | None
    key_expires_at: int
    transport: str
    state: SessionState
    capabilities: list[str]
    config: dict[str, Any]
    metadata: dict[str, Any]
    custom_metadata: dict[str, Any]
    custom_headers: dict[str, str]
    sdk_version: str
    origin: str | None
    consent: dict[str, Any] | None
    """What its visitor agreed to, and when."""
    page: dict[str, str] | None
    """Where its visitor was when it was asked for."""
    created_at: int
    opened_at: int | None
    detached_at: int | None
    ended_at: int | None
    end_reason: str | None
    attached_ms: int
    cost_micros: int


class Feedback(msgspec.Struct, frozen=True):
    """What a visitor thought of a session; the last word counts."""

    id: str
    org_id: str
    session_id: str
    conversation_id: str
    agent_id: str
    rating: Literal["up", "down"]
    text: str
    created_at: int
    updated_at: int


class Message(msgspec.Struct, frozen=True):
    """One entry of a transcript."""

    id: str
    org_id: str
    conversation_id: str
    run_id: str
    session_id: str | None
    seq: int
    turn_id: str
    role: Role
    kind: MessageKind
    text: str
    item: Any
    """What rebuilds the agent's memory exactly, or an error's detail."""
    final: bool
    interrupted: bool
    created_at: int
    updated_at: int


class Claim(msgspec.Struct, frozen=True):
    """A session found by its key, with every fact that decides whether it may open now."""

    session: Session
    conversation_ended_at: int | None
    conversation_end_reason: str | None
    current_session_id: str | None
    agent_slug: str
    agent_definition: str
    agent_published_at: int | None
    organization_slug: str
    balance_micros: int | None
    key_kind: KeyKind | None
    """None when no key of an organization authorized it (a loopback page in `dev`)."""
    key_origins: list[str]
    key_expires_at: int | None
    key_revoked_at: int | None


T = TypeVar("T")
Record = TypeVar("Record", bound=msgspec.Struct)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A piece of a list, newest first; `next` is the cursor of the following piece."""

    items: list[T]
    next: str | None


_JSON: dict[type[msgspec.Struct], tuple[int, ...]] = {}
_FLAGS: dict[type[msgspec.Struct], tuple[int, ...]] = {}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def as_json(value: object) -> str:
    """The text in which a JSON column holds a value."""
    return _encode(value).decode()


def from_json(text: str | None) -> Any:
    """The value of a JSON column."""
    return None if text is None else _decode(text)


def build(record: type[Record], row: Sequence[Any]) -> Record:
    """The record of a row that holds exactly its columns."""
    values = list(row)
    for index in _JSON[record]:
        text = values[index]
        if text is not None:
            values[index] = _decode(text)
    for index in _FLAGS[record]:
        values[index] = bool(values[index])
    return record(*values)


def as_row(record: msgspec.Struct) -> dict[str, Any]:
    """The columns of a record's row."""
    values = msgspec.structs.asdict(record)
    names = record.__struct_fields__
    for index in _JSON[type(record)]:
        value = values[names[index]]
        if value is not None:
            values[names[index]] = _encode(value).decode()
    return values


def _positions(record: type[msgspec.Struct], *names: str) -> tuple[int, ...]:
    return tuple(record.__struct_fields__.index(name) for name in names)


def holds(record: type[msgspec.Struct], *, json: Sequence[str], flags: Sequence[str] = ()) -> None:
    """Notes which columns of a record are JSON in its table, and which are true or false."""
    _JSON[record], _FLAGS[record] = _positions(record, *json), _positions(record, *flags)


_JSON.update(
    {
        Organization: (),
        Credit: (),
        Agent: (),
        Key: _positions(Key, "origins", "scopes"),
        Conversation: _positions(Conversation, "metadata", "state"),
        Run: _positions(Run, "usage"),
        Session: _positions(
            Session,
            "capabilities",
            "config",
            "metadata",
            "custom_metadata",
            "custom_headers",
            "consent",
            "page",
        ),
        Feedback: (),
        Message: _positions(Message, "item"),
    }
)
_FLAGS.update(
    {
        record: _positions(record, "final", "interrupted") if record is Message else ()
        for record in _JSON
    }
)
