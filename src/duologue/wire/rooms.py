"""What LiveKit's clients and agents say in a room: topics, attributes, and our signed claim."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from duologue.wire.consent import Consent
from duologue.wire.page import Page

WORKER: Final = "duologue"
"""The agent name that every dispatch asks for; which of our agents is meant, the claim says."""

CHAT: Final = "lk.chat"
TRANSCRIPTION: Final = "lk.transcription"
PRE_CONNECT: Final = "lk.agent.pre-connect-audio-buffer"
OURS: Final = "duologue"
"""Data packets of this topic carry messages of `extensions` and `exchange`, as on the socket."""

AGENT_STATE: Final = "lk.agent.state"
AGENT_NAME: Final = "lk.agent.name"
AGENT_NAME_OLD: Final = "lk.agent_name"
AGENT: Final = "duologue.agent"
"""The attribute, `1`, by which workers know an agent of duologue, whatever its name."""
RECORDED: Final = "duologue.recorded"
"""The agent's attribute, `1`, by which everybody in a room knows that its sound is recorded."""
ON_BEHALF: Final = "lk.publish_on_behalf"
SEGMENT: Final = "lk.segment_id"
FINAL: Final = "lk.transcription_final"
TRACK: Final = "lk.transcribed_track_id"
INTERRUPTED: Final = "duologue.interrupted"
"""Beside `FINAL` at the end of an answer that was cut: its text is what was heard of it."""
CLAIM: Final = "duologue.claim"
"""The attribute of a user's token that holds the claim: it says who comes in, not the order."""
TYPED: Final = "duologue.typed"
"""The attribute of a chat message of our clients, its id: one that came before is a repeat."""
CLIENT: Final = "duologue.client"
"""The attribute by which a client of ours asks, with `1`, for packets of the topic `duologue`."""


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the token door promised and the join must keep: signed, and written down nowhere."""

    org: str
    agent: str
    """The agent's id."""
    room: str
    identity: str
    """The user's."""
    session: str
    conversation: str
    """Made by the door when the client named none; its row is written at the join."""
    known: bool = False
    """Whether the conversation existed, and the client showed that it may go on with it."""
    key: str | None = None
    """The id of the key that was shown; none for a page of this machine in `dev`."""
    kind: str = "public"
    origin: str | None = None
    resume: str = ""
    """The SHA-256 of the resume token that the door gave away; empty when none was asked for."""
    overrides: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    """What the client said about itself: its agent metadata, read as JSON."""
    e2ee: bool = False
    """Whether the client asked for an encrypted conversation."""
    consent: Consent | None = None
    """What the visitor agreed to."""
    page: Page | None = None
    """Where the visitor was when the token was made."""
    visitor: str = ""
    """The tracker's id of the visitor, as its page told it."""
    exp: int = 0
    """UTC seconds after which nobody comes in with it."""
