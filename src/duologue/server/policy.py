"""The rules behind every door: which agent, which conversation, on which road, for whom."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from duologue.access import origins, resume_tokens
from duologue.access.budgets import Budget
from duologue.access.keys import Principal
from duologue.agents.definition import AgentDefinition, stored
from duologue.core.resume import Grade
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.seat import Guest
from duologue.server.overrides import overridden
from duologue.settings import Settings
from duologue.store import agents, conversations
from duologue.store.database import Database
from duologue.store.records import Agent, Conversation, Run, Session
from duologue.wire.consent import Consent
from duologue.wire.page import Page


class Place(NamedTuple):
    """How a conversation stands when its client asks for it, in whichever process it is live."""

    attached: bool
    turns: dict[str, Any] | None
    """How its live run takes turns; none without one."""
    elsewhere: Run | None = None
    """That run, if it is in another process."""

    @staticmethod
    async def of(host: Host, conversation_id: str | None) -> Place:
        """The place of a conversation; a new one has none, and nothing is asked."""
        if not conversation_id:
            return Place(attached=False, turns=None)
        run = host.run_of(conversation_id)
        if run is not None:
            attached = bool(host.attached(conversation_id))
            turns = None if run.ended else msgspec.to_builtins(run.definition.turns)
            return Place(attached=attached, turns=turns)
        found = await host.others.look(conversation_id)
        if found is None:
            return Place(attached=False, turns=None)
        elsewhere, shown = found
        return Place(attached=shown.clients > 0, turns=shown.turns, elsewhere=elsewhere)

    def grade(self, definition: AgentDefinition) -> Grade:
        """How a session goes on: a run keeps its turns, one that changes them gets a new run."""
        return "live" if self.turns == msgspec.to_builtins(definition.turns) else "rebuilt"


class Definitions:
    """Definitions as they are stored, each text parsed once."""

    def __init__(self) -> None:
        self._parsed: dict[str, AgentDefinition] = {}

    def __call__(self, text: str) -> AgentDefinition:
        """The parsed definition."""
        found = self._parsed.get(text)
        if found is None:
            found = stored(text)
            if len(self._parsed) > 256:
                self._parsed.clear()
            self._parsed[text] = found
        return found


def agent_for(
    conn: Connection, principal: Principal, name: str, *, tells_foreign: bool = False
) -> Agent:
    """The published agent of that id or slug which this caller may open.

    Without a name it is the one agent that the key opens, or the organization's only one. With
    `tells_foreign` a caller hears that an agent is another organization's, not that there is none.
    """
    public = principal.kind == "public"
    if not name:
        name = (public and principal.agent_id) or _only(conn, principal)
    agent = agents.get(conn, principal.org_id, name)
    if agent is None:
        if tells_foreign and agents.exists(conn, name):
            raise DuologueError("key_wrong_org")
        if public:  # what else there is, is nothing to its page
            raise DuologueError("key_wrong_agent", agent=name)
        raise DuologueError("agent_not_found", agent=name, known=_known(conn, principal))
    principal.require_agent(agent.id, agent.slug)
    require_published(agent)
    return agent


def require_published(agent: Agent) -> None:
    """Refuses a draft."""
    if agent.published_at is None:
        raise DuologueError("agent_has_no_org", agent=agent.slug)


def require_road(definition: AgentDefinition, transport: str) -> None:
    """Refuses a road that the agent does not let its callers take."""
    if transport not in definition.roads:
        allowed = ", ".join(definition.roads)
        raise DuologueError(
            "transport_refused", agent=definition.slug, transport=transport, allowed=allowed
        )


def require_page(principal: Principal, definition: AgentDefinition, origin: str | None) -> None:
    """Refuses pages from elsewhere."""
    if principal.kind != "secret":  # a server has no origin; its pages show theirs at the upgrade
        origins.check(
            principal.kind, origin, principal.origins, definition.origins, key_id=principal.key_id
        )


def require_consent(
    principal: Principal, definition: AgentDefinition, origin: str | None, given: Consent | None
) -> None:
    """Refuses a page whose visitor did not agree to what the agent's owner asks for.

    A server with a secret key answers for its own visitors, and a program has none to ask.
    """
    wanted = definition.widget.consent_hash
    if not wanted or principal.kind == "secret" or origin is None:
        return
    if given is None or given.hash != wanted:
        raise DuologueError("consent_required", agent=definition.slug, hash=wanted)


async def meant(db: Database, conversation_id: str | None, resume_token: str | None) -> str | None:
    """The conversation that a caller means; whether it may go on with it is asked elsewhere."""
    if conversation_id or resume_token is None:
        return conversation_id
    found = await db.read(resume_tokens.meant, resume_token)
    return found.id if found else None


def continued(
    conn: Connection,
    principal: Principal,
    agent: Agent,
    definition: AgentDefinition,
    *,
    conversation_id: str | None,
    resume_token: str | None,
    origin: str | None,
    settings: Settings,
    place: Place,
    redeem: resume_tokens.Redeem,
    now: int,
) -> Conversation | None:
    """The conversation that the caller may go on with; none if it named none."""
    found: Conversation | None = None
    by_id = principal.kind == "secret" or (principal.kind == "local" and resume_token is None)
    if conversation_id and by_id:
        # A server names what is its own; a token beside it is what its page happened to keep.
        # A page at this machine shows its own: a stale one means that another tab took over.
        found = conversations.get(conn, principal.org_id, conversation_id)
    if found is not None:
        if found.agent_id != agent.id:
            raise DuologueError("conversation_not_found", conversation=conversation_id)
    elif resume_token is not None:  # also of a server: it may be promised for one that is not yet
        found = redeem(
            conn,
            resume_token,
            org_id=principal.org_id,
            conversation_id=conversation_id,
            agent_id=agent.id,
            origin=origin,
            window_ms=int(settings.resume_seconds * 1000),
            now=now,
        )
        if found is None:
            return None
    elif conversation_id:  # an id alone proves nothing
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    else:
        return None
    require_open(found, definition, place)
    return found


def require_open(found: Conversation, definition: AgentDefinition, place: Place) -> None:
    """Refuses a conversation that was ended, or is open elsewhere where only one place counts."""
    if found.ended_at is not None:
        raise DuologueError("conversation_ended", conversation=found.id, reason=found.end_reason)
    if definition.tabs == "reject" and place.attached:
        raise DuologueError("conversation_open", conversation=found.id)


def guest_of(
    session: Session, definition: AgentDefinition, settings: Settings, *, e2ee: bool = False
) -> Guest:
    """The guest of a session, of an agent as it is defined now."""
    changed = overridden(definition, session.config)
    minutes = changed.session_minutes or settings.session_minutes
    price = changed.price_per_minute
    return Guest(
        org_id=session.org_id,
        session_id=session.id,
        conversation_id=session.conversation_id,
        agent_id=session.agent_id,
        definition=changed,
        transport=session.transport,
        price=settings.price_per_minute if price is None else price,
        limit_ms=int(minutes * 60_000),
        opened_at=session.opened_at,
        attached_ms=session.attached_ms,
        budget=budget_of(changed, settings),
        metadata=session.metadata,
        custom_metadata=session.custom_metadata,
        custom_headers=session.custom_headers,
        e2ee=e2ee,
        page=None if session.page is None else msgspec.convert(session.page, Page),
    )


def budget_of(definition: AgentDefinition, settings: Settings) -> Budget:
    """What the sessions of an agent may take."""
    return Budget(
        agent=definition.slug,
        per_minute=definition.authorize_per_minute,
        at_once=definition.max_sessions,
        minutes=definition.minutes_per_day,
        all_at_once=settings.organization_sessions,
        grace_ms=int(settings.grace_seconds * 1000),
    )


def _known(conn: Connection, principal: Principal) -> str:
    """The slugs of all published agents."""
    known = [one.slug for one in agents.all(conn, principal.org_id) if one.published_at]
    return ", ".join(known) or "none"


def _only(conn: Connection, principal: Principal) -> str:
    """The one published agent, where there is one."""
    found = [one for one in agents.all(conn, principal.org_id) if one.published_at]
    if len(found) != 1:
        raise DuologueError("agent_unnamed", known=_known(conn, principal))
    return found[0].id
