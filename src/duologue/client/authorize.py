"""A ticket for duologue's WebSocket, asked of a server with a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from duologue.client.errors import TokenSourceError
from duologue.client.road import Ticket
from duologue.client.socket_wire import AUTHORIZE, CAPABILITIES, base_of
from duologue.client.token_options import TokenOptions
from duologue.client.tokens import TokenSource

PATIENCE: Final = 15.0
"""Seconds that a server may take for its answer."""


async def authorize(
    url: str,
    key: str | None,
    agent: str,
    *,
    conversation_id: str = "",
    resume_token: str = "",
    metadata: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    capabilities: Sequence[str] = CAPABILITIES,
) -> Ticket:
    """A ticket for one session with an agent; without a key only `duologue dev` gives one."""
    import httpx  # 60 ms that nobody shall pay who never asks

    if not agent:
        raise TokenSourceError("no agent was named; say agent_name=…", url=url)
    try:
        base = base_of(url)
    except ValueError as error:
        raise TokenSourceError(str(error), url=url) from None
    asked: dict[str, Any] = {"agent_id": agent, "capabilities": list(capabilities)}
    given = {
        "conversation_id": conversation_id,
        "resume_token": resume_token,
        "metadata": dict(metadata or {}),
        "config": dict(config or {}),
    }
    asked |= {name: value for name, value in given.items() if value}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.post(base + AUTHORIZE, json=asked, headers=headers)
    except httpx.HTTPError as error:
        reason = f"it cannot be reached: {str(error) or type(error).__name__}"
        raise TokenSourceError(reason, url=base) from None
    if answer.status_code != 200:
        reason, body = _said(answer.text), answer.text
        raise TokenSourceError(reason, url=base, status=answer.status_code, body=body)
    return _ticket(base, agent, answer.text)


def duologue_source(url: str, key: str | None = None, agent: str = "") -> TokenSource:
    """A token source for the WebSocket of a duologue server; the options may name the agent.

    A ticket opens one session, so none is ever used again.
    """

    async def ask(options: TokenOptions) -> Ticket:
        return await authorize(
            url,
            key,
            options.agent_name or agent,
            conversation_id=options.conversation_id,
            resume_token=options.resume_token,
            metadata=_metadata(options.agent_metadata),
            capabilities=options.capabilities or CAPABILITIES,
        )

    return TokenSource(ask)


def _metadata(text: str) -> dict[str, Any]:
    """What the agent is told of the session; text that is no JSON object goes under its name."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"agent_metadata": text}


def _said(body: str) -> str:
    """The server's own sentence, without its full stop."""
    try:
        found = json.loads(body)
    except ValueError:
        return "it refused"
    said = found.get("error") if isinstance(found, dict) else None
    return str(said).rstrip(".") if said else "it refused"


def _ticket(base: str, agent: str, body: str) -> Ticket:
    try:
        said = json.loads(body)
        token, conversation = said["client_session_key"], said["conversation_id"]
        config = dict(said["config"])
    except (ValueError, KeyError, TypeError):
        reason = "its answer lacks client_session_key, conversation_id or config; is it a duologue?"
        raise TokenSourceError(reason, url=base, status=200, body=body) from None
    return Ticket(
        url=base,
        token=str(token),
        conversation_id=str(conversation),
        session_id=str(said.get("session_id") or ""),
        resume_token=str(said.get("resume_token") or ""),
        config={**config, "agent": {"name": agent}},
    )
