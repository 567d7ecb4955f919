"""The owners' door: agents, conversations and sessions, with a secret key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.di import Provide
from litestar.params import Parameter

from duologue.access import keys
from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import forget
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.ordering import order
from duologue.store import (
    agents,
    conversations,
    feedback,
    forgetting,
    living,
    messages,
    runs,
    sessions,
)
from duologue.store.records import Agent, Conversation, Session, SessionState
from duologue.wire import live, rest

Limit = Annotated[int, Parameter(ge=1, le=200)]


async def principal_of(request: Request[Any, Any, Any], doorman: Doorman) -> Principal:
    """Who asks; a public key is no owner."""
    key = presented_key(request)
    if key is None and (here := doorman.nearby.who(request)) is not None:
        return here
    host, now = doorman.host, doorman.host.clock()
    caller = keys.digest(key) if key else None
    await doorman.asking.take(caller, request.client.host if request.client else "", now)
    with doorman.asking.learning(caller):
        principal = await host.db.read(keys.authenticate, key, now)
    if principal.kind == "public":
        raise DuologueError("key_scope", scope="read", scopes="none: it is a public key")
    await doorman.uses.note(principal)
    return principal


class Agents(Controller):
    """Who answers."""

    path = "/v1/agents"
    tags = ("Agents",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/")
    async def list_agents(self, host: Host, principal: Principal) -> rest.AgentList:
        """All agents of the organization."""
        principal.require("read")
        found = await host.db.read(agents.all, principal.org_id)
        return rest.AgentList(items=[_agent(host, one) for one in found])

    @get("/{agent:str}")
    async def get_agent(self, host: Host, principal: Principal, agent: str) -> rest.AgentView:
        """One agent, by id or slug."""
        principal.require("read")
        return _agent(host, await _find_agent(host, principal, agent))


class Conversations(Controller):
    """What was said."""

    path = "/v1/conversations"
    tags = ("Conversations",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012

    @get("/")
    async def list_conversations(
        self,
        host: Host,
        principal: Principal,
        agent: str | None = None,
        before: str | None = None,
        limit: Limit = 50,
    ) -> rest.ConversationList:
        """Conversations, newest first."""
        principal.require("read")
        agent_id = (await _find_agent(host, principal, agent)).id if agent else None
        page = await host.db.read(
            conversations.page, principal.org_id, agent_id=agent_id, before=before, limit=limit
        )
        going_on = await host.db.read(living.among, [one.id for one in page.items])
        return rest.ConversationList(
            items=[_conversation(one, going_on) for one in page.items], next=page.next
        )

    @get("/{conversation:str}")
    async def get_conversation(
        self, host: Host, principal: Principal, conversation: str
    ) -> rest.ConversationView:
        """One conversation."""
        principal.require("read")
        found = await _find_conversation(host, principal, conversation)
        return _conversation(found, await host.db.read(living.among, [found.id]))

    @get("/{conversation:str}/messages")
    async def get_transcript(
        self,
        host: Host,
        principal: Principal,
        conversation: str,
        after: Annotated[int, Parameter(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 1000,
    ) -> rest.MessageList:
        """The transcript, oldest first."""
        principal.require("read")
        await _find_conversation(host, principal, conversation)
        found = await host.db.read(
            messages.of, principal.org_id, conversation, after_seq=after, limit=limit
        )
        return rest.MessageList(
            items=[
                rest.MessageView(
                    **{name: getattr(one, name) for name in rest.MessageView.__struct_fields__}
                )
                for one in found
            ]
        )

    @get("/{conversation:str}/feedback")
    async def get_feedback(
        self, host: Host, principal: Principal, conversation: str
    ) -> rest.FeedbackList:
        """What its visitors thought of it, as they told the widget."""
        principal.require("read")
        await _find_conversation(host, principal, conversation)
        found = await host.db.read(feedback.of, principal.org_id, conversation)
        return msgspec.convert({"items": found}, rest.FeedbackList, from_attributes=True)

    @delete("/{conversation:str}", status_code=200)
    async def delete_conversation(
        self, host: Host, principal: Principal, conversation: str
    ) -> rest.Done:
        """Ends a conversation if it is live, and forgets every word of it."""
        principal.require("admin")
        await forget.conversation(host, principal.org_id, conversation)
        return rest.Done()


class Sessions(Controller):
    """Who is, and was, connected."""

    path = "/v1/sessions"
    tags = ("Sessions",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012

    @get("/")
    async def list_sessions(
        self,
        host: Host,
        principal: Principal,
        agent: str | None = None,
        conversation: str | None = None,
        in_state: Annotated[SessionState | None, Parameter(query="state")] = None,
        before: str | None = None,
        limit: Limit = 50,
    ) -> rest.SessionList:
        """Sessions, newest first."""
        principal.require("read")
        agent_id = (await _find_agent(host, principal, agent)).id if agent else None
        page = await host.db.read(
            sessions.page,
            principal.org_id,
            agent_id=agent_id,
            conversation_id=conversation,
            state=in_state,
            before=before,
            limit=limit,
        )
        return rest.SessionList(items=[_session(one) for one in page.items], next=page.next)

    @get("/{session:str}")
    async def get_session(self, host: Host, principal: Principal, session: str) -> rest.SessionView:
        """One session."""
        principal.require("read")
        return _session(await _find_session(host, principal, session))

    @delete("/{session:str}", status_code=200)
    async def delete_session(self, host: Host, principal: Principal, session: str) -> rest.Done:
        """Forgets a session that is over: what was said in it, its feedback, its traces."""
        principal.require("admin")
        found = await _find_session(host, principal, session)
        run = await host.db.read(runs.going_on, principal.org_id, found.conversation_id)
        if found.state in ("live", "detached") or (run is not None and run.id == found.run_id):
            raise DuologueError("session_live", session=session)
        if found.run_id is not None:
            host.tracing.forget(found.run_id)  # its last entries may still be on their way
        await host.db.write(forgetting.forget_session, principal.org_id, session)
        return rest.Done()

    @post("/{session:str}/say", status_code=200)
    async def say(
        self, host: Host, principal: Principal, session: str, data: rest.SayRequest
    ) -> rest.Done:
        """Lets the agent say something now."""
        return await _do(host, principal, session, live.Say(data.text))

    @post("/{session:str}/interrupt", status_code=200)
    async def interrupt(self, host: Host, principal: Principal, session: str) -> rest.Done:
        """Lets the agent fall silent."""
        return await _do(host, principal, session, live.Interrupt())

    @post("/{session:str}/end", status_code=200)
    async def end(
        self,
        host: Host,
        principal: Principal,
        session: str,
        data: rest.EndRequest | None = None,
    ) -> rest.Done:
        """Hangs up: the conversation is over and its key void."""
        return await _do(host, principal, session, live.End((data or rest.EndRequest()).reason))


DOORS = [Agents, Conversations, Sessions]


async def _find_agent(host: Host, principal: Principal, name: str) -> Agent:
    found = await host.db.read(agents.get, principal.org_id, name)
    if found is None:
        raise DuologueError("agent_not_found", agent=name, known="see GET /v1/agents")
    return found


async def _find_conversation(host: Host, principal: Principal, name: str) -> Conversation:
    found = await host.db.read(conversations.get, principal.org_id, name)
    if found is None:
        raise DuologueError("conversation_not_found", conversation=name)
    return found


async def _find_session(host: Host, principal: Principal, name: str) -> Session:
    found = await host.db.read(sessions.get, principal.org_id, name)
    if found is None:
        raise DuologueError("session_not_found", session=name)
    return found


async def _do(host: Host, principal: Principal, name: str, what: live.Order) -> rest.Done:
    """Orders something of the run that a session is attached to, or whose client it waits for."""
    principal.require("sessions")
    session = await _find_session(host, principal, name)
    run = None
    if session.state in ("live", "detached"):
        run = await host.db.read(runs.going_on, principal.org_id, session.conversation_id)
    if run is None or run.id != session.run_id:
        raise DuologueError("session_not_live", session=name, state=session.state)
    await order(host, principal.org_id, session.conversation_id, what)
    return rest.Done()


def _agent(host: Host, agent: Agent) -> rest.AgentView:
    return rest.AgentView(
        id=agent.id,
        slug=agent.slug,
        name=agent.name,
        source=agent.source,
        published=agent.published_at is not None,
        loaded=host.catalog.get(agent.slug) is not None,
        definition=msgspec.json.decode(agent.definition),
        created_at=agent.created_at,
        updated_at=agent.updated_at,
    )


def _conversation(one: Conversation, going_on: Collection[str]) -> rest.ConversationView:
    return rest.ConversationView(
        id=one.id,
        agent_id=one.agent_id,
        metadata=one.metadata,
        messages=one.next_seq - 1,
        live=one.id in going_on,
        created_at=one.created_at,
        updated_at=one.updated_at,
        ended_at=one.ended_at,
        end_reason=one.end_reason,
        visitor_id=one.visitor_id,
    )


def _session(one: Session) -> rest.SessionView:
    return rest.SessionView(
        **{name: getattr(one, name) for name in rest.SessionView.__struct_fields__}
    )
