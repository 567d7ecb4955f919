"""A small organization with one of everything, for the tests of the store and of access."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection

from duologue.access.secrets import digest
from duologue.store import agents, conversations, keys, messages, organizations, runs, sessions
from duologue.store.records import Agent, Conversation, Key, Message, Organization, Run, Session

NOW = 1_700_000_000_000
HOUR = 3_600_000


class World(msgspec.Struct):
    """One of everything."""

    organization: Organization
    agent: Agent
    key: Key
    conversation: Conversation
    session: Session
    run: Run
    message: Message

    @property
    def id(self) -> str:
        """The organization's id."""
        return self.organization.id


def build(conn: Connection, slug: str, *, now: int = NOW) -> World:
    """A new organization of that slug with one of everything; the session was not opened."""
    organization = organizations.create(conn, slug=slug, name=slug.title(), now=now)
    agent = agents.put(
        conn,
        organization.id,
        slug="front-desk",
        name="Front Desk",
        definition='{"slug":"front-desk"}',
        source="built-in",
        now=now,
        publish=True,
    )
    key = keys.insert(
        conn,
        organization.id,
        kind="secret",
        hash=digest(slug),
        hint="abcd",
        name="server",
        agent_id=None,
        origins=[],
        scopes=["sessions", "read"],
        now=now,
        expires_at=None,
    )
    conversation = conversations.create(
        conn, organization.id, agent_id=agent.id, key_id=key.id, metadata={"lang": "de"}, now=now
    )
    session = authorize(conn, organization.id, conversation.id, agent.id, key.id, f"{slug}-1")
    run = runs.start(
        conn,
        organization.id,
        id=f"run_{slug}",
        conversation_id=conversation.id,
        agent_id=agent.id,
        process="one",
        now=now,
    )
    message = messages.append(
        conn,
        organization.id,
        conversation_id=conversation.id,
        run_id=run.id,
        session_id=session.id,
        turn_id="turn-1",
        role="user",
        kind="message",
        text="Grüß Gott 👋",
        item={"content": ["Grüß Gott 👋"], "extra": None},
        now=now,
    )
    return World(organization, agent, key, conversation, session, run, message)


def authorize(
    conn: Connection,
    org_id: str,
    conversation_id: str,
    agent_id: str,
    key_id: str | None,
    secret: str,
    *,
    now: int = NOW,
    **changes: Any,
) -> Session:
    """A new session whose key is the hash of `secret`."""
    facts: dict[str, Any] = {
        "key_expires_at": now + HOUR,
        "transport": "websocket",
        "capabilities": ["binary"],
        "config": {"turns": {"trigger": "automatic"}},
        "metadata": {"visit": 1},
        "custom_metadata": {"plan": "ö"},
        "custom_headers": {"x-tenant": "a"},
        "sdk_version": "2.8.10",
        "origin": "https://example.com",
    } | changes
    return sessions.create(
        conn,
        org_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        key_id=key_id,
        key_hash=digest(secret),
        now=now,
        **facts,
    )
