"""The use case behind every door that hands out a room: a promise, signed and written nowhere."""

from __future__ import annotations

import os
from typing import Any, Final, NamedTuple

import msgspec

from duologue.access import claims, resume_tokens
from duologue.agents.definition import AgentDefinition
from duologue.core.resume import Grade
from duologue.errors import DuologueError
from duologue.server import policy
from duologue.server.admit import Doorman, Wish
from duologue.server.known import Asker, Known
from duologue.server.overrides import overridden
from duologue.server.room_config import with_dispatch
from duologue.store.ids import fresh
from duologue.store.records import Conversation
from duologue.wire.page import brief
from duologue.wire.rooms import CLAIM, Claim
from duologue.wire.tokens import Grant, RoomToken

SKEW: Final = 60
"""Seconds by which a client's clock may be slow, or the way from LiveKit to us may be long."""
LONGEST_NAME: Final = 256
"""Letters of a room's, an identity's or a participant's name, as LiveKit has it."""
LARGEST: Final = 32 * 1024
"""Bytes of a token: clients carry it in an address, and proxies cut long ones."""

_encode = msgspec.json.Encoder().encode


class RoomWish(Wish, frozen=True, kw_only=True):
    """What a client asks for that goes into a room."""

    room: str = ""
    identity: str
    name: str = ""
    participant_metadata: str = ""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    room_config: dict[str, Any] = msgspec.field(default_factory=dict)
    e2ee: bool = False


class Invitation(NamedTuple):
    """A token for a room, and what its client must know."""

    claim: Claim
    definition: AgentDefinition
    url: str
    token: str
    resume_token: str
    resumed: Grade | None


class Inviter:
    """Signs tokens of rooms; the session begins when somebody joins with one."""

    def __init__(self, doorman: Doorman, organization_id: str) -> None:
        self._host = doorman.host
        self._settings = doorman.host.settings
        self._definitions = doorman.definitions
        self._default = organization_id
        self._known = Known(doorman.host, doorman.pace)

    @property
    def ready(self) -> bool:
        """Whether there is a LiveKit that tokens could be for."""
        return bool(self._settings.livekit_url)

    async def ask(self, wish: Wish) -> tuple[Asker, AgentDefinition]:
        """Who asks for which agent, as this session wants it; strangers are refused."""
        asker = await self._known.ask(wish)
        definition = overridden(self._definitions(asker.agent.definition), wish.overrides)
        policy.require_page(asker.principal, definition, wish.origin)
        policy.require_consent(asker.principal, definition, wish.origin, wish.consent)
        return asker, definition

    async def promise(
        self, wish: RoomWish, asker: Asker, definition: AgentDefinition
    ) -> Invitation:
        """A token with a claim for one who was asked; nothing is written."""
        policy.require_road(definition, "livekit")
        if self._host.draining:
            raise DuologueError("going_away")
        now = self._host.clock()
        conversation, resumed = await self._continued(wish, asker, definition, now)
        session = fresh("sess_", now)
        resume_token = resume_tokens.promise(session, wish.resume_token, conversation)
        claim = Claim(
            org=asker.principal.org_id,
            agent=asker.agent.id,
            room=self._room(asker.principal.org_id, wish.room),
            identity=_short("participant_identity", wish.identity),
            session=session,
            conversation=conversation.id if conversation else fresh("conv_", now),
            known=conversation is not None,
            key=asker.principal.key_id,
            kind=asker.principal.kind,
            origin=wish.origin,
            resume=resume_tokens.digest(resume_token),
            overrides=wish.overrides,
            metadata=wish.metadata,
            e2ee=_encrypted(definition, asked=wish.e2ee),
            consent=wish.consent,
            page=wish.page and brief(wish.page),
            visitor=wish.visitor_id,
            exp=now // 1000 + int(self._settings.token_seconds) + SKEW,
        )
        return Invitation(
            claim=claim,
            definition=definition,
            url=self._settings.livekit_url,
            token=self._token(wish, claim, now // 1000),
            resume_token=resume_token,
            resumed=resumed,
        )

    # ------------------------------------------------------------ within

    async def _continued(
        self, wish: RoomWish, asker: Asker, definition: AgentDefinition, now: int
    ) -> tuple[Conversation | None, Grade | None]:
        """The conversation to go on with, and how; none for a new one."""
        if not wish.conversation_id and wish.resume_token is None:
            return None, None
        db = self._host.db
        place = await policy.Place.of(
            self._host, await policy.meant(db, wish.conversation_id, wish.resume_token)
        )
        found = await db.read(
            policy.continued,
            asker.principal,
            asker.agent,
            definition,
            conversation_id=wish.conversation_id,
            resume_token=wish.resume_token,
            origin=wish.origin,
            settings=self._settings,
            place=place,
            redeem=resume_tokens.check,
            now=now,
        )
        return found, place.grade(definition) if found else None

    def _room(self, org_id: str, wished: str) -> str:
        """The room's name; those of other organizations cannot be named."""
        name = _short("room_name", wished) or f"room-{chance()}"
        if name.startswith("org_"):
            raise DuologueError("bad_request", reason=f"room_name: {name!r} may not begin so")
        return name if org_id == self._default else f"{org_id}.{name}"

    def _token(self, wish: RoomWish, claim: Claim, now: int) -> str:
        secret = self._settings.livekit_api_secret
        text = claims.mint(claim, secret)
        payload = RoomToken(
            iss=self._settings.livekit_api_key,
            sub=claim.identity,
            nbf=now - SKEW,
            exp=claim.exp - SKEW,
            video=Grant(room=claim.room),
            room_config=with_dispatch(
                wish.room_config,
                text,
                trusted=claim.kind == "secret",
                grace=self._settings.grace_seconds,
            ),
            name=_short("participant_name", wish.name),
            metadata=wish.participant_metadata,
            attributes={**wish.attributes, CLAIM: text},
        )
        token = claims.sign(_encode(payload), secret)
        if len(token) > LARGEST:
            reason = (
                f"its token would have {len(token)} bytes, and at most {LARGEST} arrive; "
                "put less into metadata and attributes"
            )
            raise DuologueError("bad_request", reason=reason)
        return token


def _encrypted(definition: AgentDefinition, *, asked: bool) -> bool:
    """Whether the conversation is encrypted; an agent that does not says so."""
    if asked and definition.encryption == "off":
        raise DuologueError("encryption_refused", agent=definition.slug)
    return asked or definition.encryption == "required"


def _short(field: str, text: str) -> str:
    """A name, if LiveKit takes one of its length."""
    if len(text) > LONGEST_NAME:
        raise DuologueError("bad_request", reason=f"{field} is longer than {LONGEST_NAME} letters")
    return text


def chance() -> str:
    """What nobody guesses."""
    return os.urandom(12).hex()
