"""The join: where a promise is kept, and a session of a room begins to exist."""

from __future__ import annotations

from sqlalchemy import Connection

from duologue.access import balance, budgets, claims, keys
from duologue.access.budgets import Budget
from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.seat import Guest
from duologue.server import policy
from duologue.server.overrides import overridden
from duologue.store import agents, conversations, sessions, visits
from duologue.store import keys as key_store
from duologue.store.records import Agent, Conversation, Session
from duologue.wire.page import tidy
from duologue.wire.rooms import Claim


class Join:
    """Turns the claim of somebody who joined a room into a guest, or refuses it.

    Everything that the token door looked at is looked at again, for minutes may lie between. The
    same claim may be used again: whoever rejoins with it gets a new session of the conversation.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._definitions = policy.Definitions()

    async def __call__(self, claim_text: str, identity: str, room: str) -> Guest:
        """The guest of a claim that was made for this identity in this room."""
        host = self._host
        now = host.clock()
        claim = claims.read(claim_text, host.settings.livekit_api_secret, now // 1000)
        if (claim.identity, claim.room) != (identity, room):
            reason = f"it is for {claim.identity!r} in room {claim.room!r}"
            raise DuologueError("claim_invalid", reason=reason)
        host.require_room(claim.conversation)
        place = await policy.Place.of(host, claim.conversation)
        guest, replaced = await host.db.write(self._join, claim, place, now)
        if replaced:
            await host.replace(claim.conversation, place.elsewhere)
        return guest

    def _join(
        self, conn: Connection, claim: Claim, place: policy.Place, now: int
    ) -> tuple[Guest, bool]:
        """The whole of a join, in one transaction."""
        principal = _principal(conn, claim, now)
        agent = agents.get(conn, claim.org, claim.agent)
        if agent is None:
            raise DuologueError("agent_not_found", agent=claim.agent, known="it was deleted")
        principal.require_agent(agent.id, agent.slug)
        policy.require_published(agent)
        stored = self._definitions(agent.definition)
        definition = overridden(stored, claim.overrides)
        policy.require_road(definition, "livekit")
        policy.require_page(principal, definition, claim.origin)
        policy.require_consent(principal, definition, claim.origin, claim.consent)
        balance.require(conn, claim.org)
        if claim.key is not None:
            key_store.used(conn, claim.org, claim.key, now)
        budget = policy.budget_of(definition, self._host.settings)
        conversation = _conversation(conn, claim, agent, now)
        policy.require_open(conversation, definition, place)
        session = _session(conn, claim, conversation, budget, now)
        visits.link(conn, claim.org, conversation.id, claim.visitor, now)
        guest = policy.guest_of(session, stored, self._host.settings, e2ee=claim.e2ee)
        replaced = conversation.current_session_id not in (None, session.id)
        return guest, replaced and definition.tabs != "share"


def _principal(conn: Connection, claim: Claim, now: int) -> Principal:
    """Whose key was shown at the door, if it is still good."""
    if claim.key is None:
        return keys.local(claim.org)
    return keys.recalled(conn, claim.org, claim.key, now)


def _conversation(conn: Connection, claim: Claim, agent: Agent, now: int) -> Conversation:
    """The promised conversation, which is made at the first join if it was to be a new one."""
    found = conversations.get(conn, claim.org, claim.conversation)
    if found is None and not claim.known:
        return conversations.create(
            conn,
            claim.org,
            agent_id=agent.id,
            key_id=claim.key,
            metadata=claim.metadata,
            now=now,
            id=claim.conversation,
        )
    if found is None or found.agent_id != agent.id:
        raise DuologueError("conversation_not_found", conversation=claim.conversation)
    return found


def _session(
    conn: Connection, claim: Claim, conversation: Conversation, budget: Budget, now: int
) -> Session:
    """The promised session, or a new one when that was used; asked twice, it is the same."""
    found = sessions.get(conn, claim.org, claim.session)
    waiting = found is not None and found.state == "authorized"
    if found is not None and waiting and conversation.current_session_id == found.id:
        return found
    budgets.require(conn, claim.org, claim.agent, budget, now, conversation_id=conversation.id)
    made = sessions.create(
        conn,
        claim.org,
        conversation_id=claim.conversation,
        agent_id=claim.agent,
        key_id=claim.key,
        key_hash=None,
        key_expires_at=claim.exp * 1000,
        transport="livekit",
        capabilities=[],
        config=claim.overrides,
        metadata=claim.metadata,
        custom_metadata={},
        custom_headers={},
        sdk_version="",
        origin=claim.origin,
        consent=claim.consent,
        page=claim.page and tidy(claim.page),
        now=now,
        id=claim.session if found is None else None,
    )
    if found is None and claim.resume:  # a claim that is used again promises no newer token
        conversations.set_resume(conn, claim.org, claim.conversation, claim.resume)
    return made
