"""The one use case behind every door that opens a session: may you, and what happens then?"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from duologue.access import balance, keys, origins, resume_tokens, session_keys
from duologue.access.keys import Principal
from duologue.agents.definition import AgentDefinition, TurnTaking
from duologue.core.resume import Grade, may_reattach
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.seat import Guest
from duologue.server.overrides import overridden
from duologue.server.pace import Pace
from duologue.settings import Settings
from duologue.store import agents, conversations, sessions
from duologue.store import keys as key_store
from duologue.store.records import Agent, Claim, Conversation

_definitions = msgspec.json.Decoder(AgentDefinition)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for, in nobody's dialect."""

    key: str | None
    principal: Principal | None = None
    """Who asks, if the door knew that without a key."""
    address: str = ""
    """Where the request came from, as an IP address."""
    origin: str | None
    agent: str
    conversation_id: str | None = None
    resume_token: str | None = None
    transport: str = "websocket"
    capabilities: list[str] = []
    overrides: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    custom_metadata: dict[str, Any] = {}
    custom_headers: dict[str, str] = {}
    sdk_version: str = ""


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets: a key that opens one socket, and what it must know."""

    session_key: str
    session_id: str
    conversation_id: str
    definition: AgentDefinition
    capabilities: list[str]
    resume_token: str | None
    resumed: Grade | None


class Place(NamedTuple):
    """How a conversation stands in this process when its client asks for it."""

    attached: bool
    turns: TurnTaking | None
    """How its live run takes turns; none without one."""


class Doorman:
    """Admits sessions and opens them; every refusal is an error of the table."""

    def __init__(
        self,
        host: Host,
        *,
        granted: frozenset[str],
    ) -> None:
        self._host = host
        self._settings: Settings = host.settings
        self._granted = granted
        self._pace = Pace(self._settings.authorize_per_minute)
        self._parsed: dict[str, AgentDefinition] = {}

    async def authorize(self, wish: Wish) -> Admitted:
        """A session for this wish, with the only live key of its conversation."""
        now = self._host.clock()
        caller = keys.digest(wish.key) if wish.key else None
        if wish.principal is None:
            self._pace.take(caller, wish.address, now)
        place = await self._place(wish)
        try:
            admitted, rotated = await self._host.db.write(self._admit, wish, place, now)
        except DuologueError as error:
            self._pace.learn(caller, good=error.status != 401)
            raise
        self._pace.learn(caller, good=True)
        if rotated:
            self._host.replace(admitted.conversation_id)
        return admitted

    async def open(self, session_key: str | None, origin: str | None) -> tuple[Guest, list[str]]:
        """The guest behind a session key, if it may come in now."""
        now = self._host.clock()
        if not session_key:
            raise DuologueError("session_key_unknown")
        claim = await self._host.db.read(sessions.claim, session_keys.digest(session_key), now)
        admitted = session_keys.check(claim, now, origin=origin)
        detached_at = admitted.session.detached_at
        grace_ms = int(self._settings.grace_seconds * 1000)
        if admitted.session.state == "detached" and not may_reattach(
            detached_at or 0, now, grace_ms
        ):
            raise DuologueError("session_key_expired", how="used up: its client was away too long")
        self._host.require_room(admitted.session.conversation_id)
        return self._guest(admitted), admitted.session.capabilities

    # ------------------------------------------------------------ within

    async def _place(self, wish: Wish) -> Place:
        """How the wished conversation stands; asked here, for units of work run in a thread."""
        wanted = wish.conversation_id
        if wish.resume_token is not None:  # whether it may be used is asked in the transaction
            token = resume_tokens.digest(wish.resume_token)
            found = await self._host.db.read(conversations.by_resume, token)
            wanted = found.id if found else None
        self._host.require_room(wanted)
        if not wanted:
            return Place(attached=False, turns=None)
        run = self._host.run_of(wanted)
        return Place(
            attached=bool(self._host.attached(wanted)),
            turns=run.definition.turns if run is not None and run.ended is None else None,
        )

    def _admit(self, conn: Connection, wish: Wish, place: Place, now: int) -> tuple[Admitted, bool]:
        """The whole of an authorize, in one transaction."""
        principal = wish.principal or keys.authenticate(conn, wish.key, now)
        if principal.key_id is not None:
            key_store.used(conn, principal.org_id, principal.key_id, now)
        agent = self._agent(conn, principal, wish)
        definition = overridden(self._definition(agent.definition), wish.overrides)
        if (
            principal.kind != "secret"
        ):  # a server has no origin; its pages show theirs at the upgrade
            origins.check(principal.kind, wish.origin, principal.origins, definition.origins)
        balance.require(conn, principal.org_id)
        conversation, resumed = self._conversation(
            conn, principal, agent, definition, wish, place, now
        )
        text = session_keys.mint()
        capabilities = [name for name in wish.capabilities if name in self._granted]
        session = sessions.create(
            conn,
            principal.org_id,
            conversation_id=conversation.id,
            agent_id=agent.id,
            key_id=principal.key_id,
            key_hash=session_keys.digest(text),
            key_expires_at=now + int(self._settings.session_key_seconds * 1000),
            transport=wish.transport,
            capabilities=capabilities,
            config=wish.overrides,
            metadata=wish.metadata,
            custom_metadata=wish.custom_metadata,
            custom_headers=wish.custom_headers,
            sdk_version=wish.sdk_version,
            origin=wish.origin,
            now=now,
        )
        token = None
        if "resume" in capabilities:
            token = resume_tokens.issue(conn, principal.org_id, conversation.id)
        admitted = Admitted(
            session_key=text,
            session_id=session.id,
            conversation_id=conversation.id,
            definition=definition,
            capabilities=capabilities,
            resume_token=token,
            resumed=resumed,
        )
        rotated = conversation.current_session_id is not None and definition.tabs != "share"
        return admitted, rotated

    def _agent(self, conn: Connection, principal: Principal, wish: Wish) -> Agent:
        agent = agents.get(conn, principal.org_id, wish.agent)
        if agent is None:
            if principal.kind == "public":  # what else there is, is nothing to its page
                raise DuologueError("key_wrong_agent", agent=wish.agent)
            known = [one.slug for one in agents.all(conn, principal.org_id) if one.published_at]
            raise DuologueError(
                "agent_not_found", agent=wish.agent, known=", ".join(known) or "none"
            )
        principal.require_agent(agent.id, agent.slug)
        if agent.published_at is None:
            raise DuologueError("agent_has_no_org", agent=agent.slug)
        return agent

    def _conversation(
        self,
        conn: Connection,
        principal: Principal,
        agent: Agent,
        definition: AgentDefinition,
        wish: Wish,
        place: Place,
        now: int,
    ) -> tuple[Conversation, Grade | None]:
        """The conversation to go on with, or a new one."""
        found: Conversation | None
        if wish.resume_token is not None:
            found = resume_tokens.redeem(
                conn,
                wish.resume_token,
                conversation_id=wish.conversation_id,
                agent_id=agent.id,
                origin=wish.origin,
                window_ms=int(self._settings.resume_seconds * 1000),
                now=now,
            )
        elif not wish.conversation_id:
            created = conversations.create(
                conn,
                principal.org_id,
                agent_id=agent.id,
                key_id=principal.key_id,
                metadata=wish.metadata,
                now=now,
            )
            return created, None
        else:
            found = conversations.get(conn, principal.org_id, wish.conversation_id)
            # An id alone proves nothing: only a key of the organization's servers may name one.
            if found is None or found.agent_id != agent.id or principal.kind == "public":
                raise DuologueError("conversation_not_found", conversation=wish.conversation_id)
        if found.ended_at is not None:
            raise DuologueError(
                "conversation_ended", conversation=found.id, reason=found.end_reason
            )
        if definition.tabs == "reject" and place.attached:
            raise DuologueError("conversation_open", conversation=found.id)
        # A run keeps its turns: a session that changes them gets a new one.
        return found, "live" if place.turns == definition.turns else "rebuilt"

    def _definition(self, text: str) -> AgentDefinition:
        """The parsed definition; the same text is parsed once."""
        found = self._parsed.get(text)
        if found is None:
            found = _definitions.decode(text)
            if len(self._parsed) > 256:
                self._parsed.clear()
            self._parsed[text] = found
        return found

    def _guest(self, claim: Claim) -> Guest:
        session = claim.session
        definition = overridden(self._definition(claim.agent_definition), session.config)
        minutes = definition.session_minutes or self._settings.session_minutes
        price = definition.price_per_minute
        return Guest(
            org_id=session.org_id,
            session_id=session.id,
            conversation_id=session.conversation_id,
            agent_id=session.agent_id,
            definition=definition,
            transport=session.transport,
            price=self._settings.price_per_minute if price is None else price,
            limit_ms=int(minutes * 60_000),
            attached_ms=session.attached_ms,
            metadata=session.metadata,
            custom_metadata=session.custom_metadata,
            custom_headers=session.custom_headers,
        )
