"""The one use case behind every door that opens a session: may you, and what happens then?"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection

from duologue.access import balance, budgets, keys, resume_tokens, session_keys
from duologue.access.keys import Principal
from duologue.agents.definition import AgentDefinition
from duologue.core.resume import Grade, may_reattach
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.recording import is_recorded
from duologue.pipeline.seat import Guest
from duologue.server import policy
from duologue.server.nearby import Nearby
from duologue.server.overrides import overridden
from duologue.server.pace import Pace
from duologue.server.uses import Uses
from duologue.settings import Settings
from duologue.store import conversations, sessions, visits
from duologue.store import keys as key_store
from duologue.wire.consent import Consent
from duologue.wire.page import Page


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for, in nobody's dialect."""

    key: str | None
    principal: Principal | None = None
    """Who asks, if the door knew that without a key."""
    address: str = ""
    """Where the request came from, as an IP address."""
    origin: str | None
    agent: str
    """The agent's id or slug; empty where the key, or the organization, has only one."""
    tells_foreign: bool = False
    """Whether the door's dialect says that an agent is another organization's."""
    conversation_id: str | None = None
    resume_token: str | None = None
    transport: str = "websocket"
    capabilities: list[str] = []
    overrides: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    custom_metadata: dict[str, Any] = {}
    custom_headers: dict[str, str] = {}
    sdk_version: str = ""
    consent: Consent | None = None
    page: Page | None = None
    visitor_id: str = ""


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets: a key that opens one socket, and what it must know."""

    session_key: str
    session_id: str
    conversation_id: str
    definition: AgentDefinition
    capabilities: list[str]
    resume_token: str | None
    resumed: Grade | None
    recorded: bool = False
    """Whether its sound is recorded."""


class Doorman:
    """Admits sessions and opens them; every refusal is an error of the table."""

    def __init__(self, host: Host, nearby: Nearby, *, granted: frozenset[str]) -> None:
        self.host = host
        self.nearby = nearby
        """Here, and no dependency of its own: Litestar starts a task for each of several."""
        self.pace = Pace(host.settings.authorize_per_minute, kind="session", counts=host.counts)
        self.asking = Pace(host.settings.authorize_per_minute, kind="asking", counts=host.counts)
        """How often owners may ask: for what they read, no session of theirs has to wait."""
        self._opening = Pace(host.settings.authorize_per_minute, kind="socket", counts=host.counts)
        self.definitions = policy.Definitions()
        self.uses = Uses(host)
        self._settings: Settings = host.settings
        self._granted = granted

    async def authorize(self, wish: Wish) -> Admitted:
        """A session for this wish, with the only live key of its conversation."""
        now = self.host.clock()
        caller = keys.digest(wish.key) if wish.key else None
        if wish.principal is None:
            await self.pace.take(caller, wish.address, now)
        meant = await policy.meant(self.host.db, wish.conversation_id, wish.resume_token)
        place = await policy.Place.of(self.host, meant)
        self.host.require_room(meant, elsewhere=place.elsewhere is not None)
        with self.pace.learning(caller):
            admitted, rotated = await self.host.db.write(self._admit, wish, place, now)
        self._opening.learn(session_keys.digest(admitted.session_key), good=True)
        if rotated:
            await self.host.replace(admitted.conversation_id, place.elsewhere)
        return admitted

    async def open(
        self, session_key: str | None, origin: str | None, address: str = ""
    ) -> tuple[Guest, list[str]]:
        """The guest behind a session key that came from an address, if it may come in now."""
        now = self.host.clock()
        if not session_key:
            raise DuologueError("session_key_unknown")
        shown = session_keys.digest(session_key)
        async with self._opening.guessing(shown, address, now):
            claim = await self.host.db.read(sessions.claim, shown, now)
            admitted = session_keys.check(claim, now, origin=origin)
        detached_at = admitted.session.detached_at
        grace_ms = int(self._settings.grace_seconds * 1000)
        if admitted.session.state == "detached" and not may_reattach(
            detached_at or 0, now, grace_ms
        ):
            raise DuologueError("session_key_expired", how="used up: its client was away too long")
        definition = self.definitions(admitted.agent_definition)
        guest = policy.guest_of(admitted.session, definition, self._settings)
        return guest, admitted.session.capabilities

    # ------------------------------------------------------------ within

    def _admit(
        self, conn: Connection, wish: Wish, place: policy.Place, now: int
    ) -> tuple[Admitted, bool]:
        """The whole of an authorize, in one transaction."""
        principal = wish.principal or keys.authenticate(conn, wish.key, now)
        if principal.key_id is not None:
            key_store.used(conn, principal.org_id, principal.key_id, now)
        agent = policy.agent_for(conn, principal, wish.agent, tells_foreign=wish.tells_foreign)
        definition = overridden(self.definitions(agent.definition), wish.overrides)
        policy.require_road(definition, wish.transport)
        policy.require_page(principal, definition, wish.origin)
        policy.require_consent(principal, definition, wish.origin, wish.consent)
        balance.require(conn, principal.org_id)
        found = policy.continued(
            conn,
            principal,
            agent,
            definition,
            conversation_id=wish.conversation_id,
            resume_token=wish.resume_token,
            origin=wish.origin,
            settings=self._settings,
            place=place,
            redeem=resume_tokens.redeem,
            now=now,
        )
        budgets.require(
            conn,
            principal.org_id,
            agent.id,
            policy.budget_of(definition, self._settings),
            now,
            conversation_id=found.id if found else "",
        )
        conversation = found or conversations.create(
            conn,
            principal.org_id,
            agent_id=agent.id,
            key_id=principal.key_id,
            metadata=wish.metadata,
            now=now,
        )
        public = principal.kind == "public"
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
            # A back end believes them, so a page may not make them up.
            custom_metadata={} if public else wish.custom_metadata,
            custom_headers={} if public else wish.custom_headers,
            sdk_version=wish.sdk_version,
            origin=wish.origin,
            consent=wish.consent,
            page=wish.page,
            now=now,
        )
        visits.link(conn, principal.org_id, conversation.id, wish.visitor_id, now)
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
            resumed=place.grade(definition) if found else None,
            recorded=is_recorded(definition, self._settings),
        )
        rotated = conversation.current_session_id is not None and definition.tabs != "share"
        return admitted, rotated
