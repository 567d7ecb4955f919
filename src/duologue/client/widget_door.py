"""A ticket asked of the widget door, `POST /api/widget/session`, or of an endpoint of your own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from duologue.client.errors import TokenSourceError, shortened
from duologue.client.resumption import Resumption
from duologue.client.road import Ticket
from duologue.client.socket_wire import CAPABILITIES
from duologue.client.token_options import CLIENT, read_answer

PATH: Final = "/api/widget/session"
PATIENCE: Final = 15.0
"""Seconds that the door may take for its answer."""
OVER: Final = ("conversation_ended", "conversation_not_found")
"""What it says of a conversation that cannot be gone on with."""


class DoorError(TokenSourceError):
    """The door gave no ticket; `code` is its word for it, such as `key_expired`."""

    def __init__(
        self, reason: str, *, code: str, url: str, status: int | None = None, body: str = ""
    ) -> None:
        super().__init__(reason, url=url, status=status, body="" if reason in body else body)
        self.code = code
        self.body = shortened(body)


def request(agent_id: str, extra: Mapping[str, Any], going_on: Ticket | None) -> dict[str, Any]:
    """The body of the request; `extra` is the page's own, and may choose the transports."""
    body: dict[str, Any] = {
        "transports": ["livekit", "websocket"],
        "capabilities": list(CAPABILITIES),
        "participant_attributes": {CLIENT: "1"},
        **extra,
        "agentId": agent_id,
    }
    if going_on is not None and going_on.resume_token:
        body |= {
            "conversation_id": going_on.conversation_id,
            "resume_token": going_on.resume_token,
        }
    return body


async def ask(url: str, api_key: str | None, body: Mapping[str, Any]) -> Ticket:
    """The ticket; `config["agent"]` is how the agent shows itself."""
    import httpx  # 60 ms that `import duologue` shall not cost

    headers = {"x-api-key": api_key} if api_key else {}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.post(url, json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"it cannot be reached ({str(error) or type(error).__name__})"
        raise DoorError(reason, code="unreachable", url=url) from None
    text, status = answer.text, answer.status_code
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not answer.is_success:
        found = said if isinstance(said, dict) else {}
        words = str(found.get("error") or "it refused").rstrip(".")
        code = str(found.get("code") or f"http_{status}")
        raise DoorError(words, code=code, url=url, status=status, body=text)
    ticket = read_answer(said, now=time.time(), url=url, status=status)
    part = said.get("duologue") if isinstance(said.get("duologue"), dict) else said
    face = part.get("agent")
    return replace(
        ticket, config={**ticket.config, "agent": face if isinstance(face, dict) else {}}
    )


class Door:
    """Where a session gets its tickets: to its conversation while it may go on, else to a new one.

    `anew` is called before a new one begins.
    """

    def __init__(
        self,
        agent_id: str,
        url: str,
        key: str | None,
        extra: Mapping[str, Any],
        resumption: Resumption,
        anew: Callable[[], None],
    ) -> None:
        self._agent_id = agent_id
        self._url = url
        self._key = key
        self._extra = extra
        self._resumption = resumption
        self._anew = anew

    async def ticket(self, *, renewing: bool) -> Ticket:
        """A ticket; `renewing` mends a line, which begins no new conversation."""
        going_on = self._resumption.going_on
        if going_on is not None:
            try:
                return await self._ask(going_on)
            except DoorError as error:
                if renewing or error.code not in OVER:
                    raise
        elif renewing:
            from duologue.client.socket_dial import Refusal  # a room needs no websockets

            raise Refusal(410, "conversation_ended", "The line was broken for too long")
        self._anew()  # who calls wants to talk; what was is over
        return await self._ask(None)

    async def _ask(self, going_on: Ticket | None) -> Ticket:
        return await ask(self._url, self._key, request(self._agent_id, self._extra, going_on))
