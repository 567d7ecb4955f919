"""LiveKit's standard token endpoint: its request in both spellings, its answer, its token."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from duologue.errors import DuologueError
from duologue.wire.bodies import DEEPEST, named, read_object, require_shallow
from duologue.wire.consent import Consent
from duologue.wire.opening import Opening
from duologue.wire.page import Page, tidy


class TokenRequest(msgspec.Struct, kw_only=True):
    """What a client posts for a token; everything may be missing, unknown fields are ignored."""

    room_name: str = ""
    participant_name: str = ""
    participant_identity: str = ""
    participant_metadata: str = ""
    participant_attributes: dict[str, str] = {}
    room_config: dict[str, Any] = {}
    """LiveKit's room configuration without its agents."""
    agent_name: str = ""
    """`room_config.agents[0].agent_name`, or a name of its own: the agent's id or slug."""
    deployment: str = ""
    conversation_id: str | None = None
    resume_token: str | None = None
    e2ee: bool = False
    config: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    """`room_config.agents[0].metadata`, read as a JSON object, and over it `metadata`."""
    transports: list[str] | None = None
    """The roads that the client knows; a stock client, which names none, knows rooms."""
    capabilities: list[str] = []
    """Extensions of the socket."""
    consent: Consent | None = None
    """What the visitor agreed to."""
    page: Page | None = None
    """Where the visitor is."""
    visitor_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Who that is to the tracker."""


class TokenAnswer(msgspec.Struct, kw_only=True):
    """What every client of LiveKit reads, and `duologue` for those who know us."""

    server_url: str
    participant_token: str
    room_name: str
    participant_identity: str
    participant_name: str
    duologue: Opening


class Grant(msgspec.Struct, kw_only=True, rename="camel"):
    """What a token allows: one room, and what a caller does in it."""

    room: str
    room_join: bool = True
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_own_metadata: bool = True


class RoomToken(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The payload of LiveKit's JWT."""

    iss: str
    sub: str
    nbf: int
    exp: int
    video: Grant
    room_config: dict[str, Any]
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = {}


_NAMES: Final = {
    "roomName": "room_name",
    "room_name": "room_name",
    "participantName": "participant_name",
    "participant_name": "participant_name",
    "participantIdentity": "participant_identity",
    "participant_identity": "participant_identity",
    "participantMetadata": "participant_metadata",
    "participant_metadata": "participant_metadata",
    "agent": "agent_name",
    "agentId": "agent_name",
    "agent_id": "agent_name",
    "agentName": "agent_name",
    "agent_name": "agent_name",
    "config": "config",
    "conversationId": "conversation_id",
    "conversation_id": "conversation_id",
    "resumeToken": "resume_token",
    "resume_token": "resume_token",
    "e2ee": "e2ee",
    "transports": "transports",
    "capabilities": "capabilities",
    "consent": "consent",
    "page": "page",
    "visitorId": "visitor_id",
    "visitor_id": "visitor_id",
}
_ROOM: Final = ("room_config", "roomConfig")
_ATTRIBUTES: Final = ("participant_attributes", "participantAttributes")
FIELDS: Final = frozenset({*_NAMES, *_ROOM, *_ATTRIBUTES, "metadata"})
"""Every field that means something here."""
_AGENT: Final = {"agentName": "agent_name", "agent_name": "agent_name", "deployment": "deployment"}
_OURS: Final = {
    "conversation_id": "conversation_id",
    "resume_token": "resume_token",
    "e2ee": "e2ee",
}
"""What the agent's metadata says to us and not to the agent."""


def read_request(body: bytes) -> TokenRequest:
    """What a client asks for, or a refusal that says what is wrong with it."""
    return request_of(read_object(body))


def request_of(asked: dict[str, Any]) -> TokenRequest:
    """What a client asks for by an object, or a refusal that names the field."""
    fields: dict[str, Any] = {}
    room = _object(asked, *_ROOM)
    listed = room.pop("agents", None) or []
    if not isinstance(listed, list):
        raise _bad("room_config.agents must be a list")
    if len(listed) > 1:
        raise _bad(f"one agent answers in a room; room_config.agents has {len(listed)}")
    agent = (listed and listed[0]) or {}
    if not isinstance(agent, dict):
        raise _bad("room_config.agents[0] must be an object")
    metadata = _metadata(agent.get("metadata")) | _object(asked, "metadata")
    named(metadata, _OURS, fields)
    named(agent, _AGENT, fields)
    named(asked, _NAMES, fields)
    given = _object(asked, *_ATTRIBUTES)
    fields["participant_attributes"] = {k: v for k, v in given.items() if v is not None}
    fields["room_config"] = {k: v for k, v in room.items() if v is not None}
    fields["metadata"] = {k: v for k, v in metadata.items() if k not in _OURS}
    try:
        request = msgspec.convert(fields, TokenRequest)
    except msgspec.ValidationError as error:
        raise _bad(str(error)) from None
    request.page = request.page and tidy(request.page)
    return request


def _object(asked: dict[str, Any], *names: str) -> dict[str, Any]:
    """A copy of the object under the first of these names that is there; none is an empty one."""
    value: Any = next((asked[name] for name in names if asked.get(name) is not None), {})
    if not isinstance(value, dict):
        raise _bad(f"{names[0]} must be an object")
    return dict(value)


def _metadata(text: Any) -> dict[str, Any]:
    """The agent's metadata: the JSON object that it is, or one that holds its text."""
    if text is None or text == "":
        return {}
    if isinstance(text, dict):
        return text
    if not isinstance(text, str):
        raise _bad("room_config.agents[0].metadata must be a text")
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {"text": text}
    if not isinstance(found, dict):
        return {"text": text}
    if text.count("{") + text.count("[") > DEEPEST:
        require_shallow([found])
    return found


def _bad(reason: str) -> DuologueError:
    return DuologueError("bad_request", reason=reason)
