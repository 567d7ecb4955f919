"""What is asked of a token source, and how its answer is read: LiveKit's standard endpoint."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from duologue.client.errors import TokenSourceError
from duologue.client.road import Ticket

SOCKET_KEY: Final = "dk_session_"
"""How a key begins that opens a socket; everything else must be a JWT, which opens a room."""
MARGIN: Final = 60.0
"""Seconds before its end from which a token is not used any more."""
CLIENT: Final = "duologue.client"


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """What a session wants of its token; compared by value."""

    agent_name: str = ""
    agent_metadata: str = ""
    agent_deployment: str = ""
    room_name: str = ""
    participant_name: str = ""
    participant_identity: str = ""
    participant_metadata: str = ""
    participant_attributes: Mapping[str, str] = field(default_factory=dict)
    conversation_id: str = ""
    """A conversation of a duologue server to go on with."""
    resume_token: str = ""
    transports: tuple[str, ...] = ()
    """The roads that may be answered; empty is LiveKit's own behaviour: a room."""
    capabilities: tuple[str, ...] = ()
    """What the client understands on a socket."""

    def body(self) -> dict[str, Any]:
        """The request of LiveKit's standard endpoint: what is not set is not sent."""
        body: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "room_name",
                "participant_name",
                "participant_identity",
                "participant_metadata",
            )
            if getattr(self, name)
        }
        if self.participant_attributes:
            body["participant_attributes"] = dict(self.participant_attributes)
        agent = {
            "agent_name": self.agent_name,
            "metadata": self.agent_metadata,
            "deployment": self.agent_deployment,
        }
        if agent := {name: value for name, value in agent.items() if value}:
            body["room_config"] = {"agents": [agent]}
        for name in ("conversation_id", "resume_token"):
            if value := getattr(self, name):
                body[name] = value
        if self.transports:  # the widget door of a duologue server, which answers with a road
            body["transports"] = list(self.transports)
            body["capabilities"] = list(self.capabilities)
            body["agent_name"] = self.agent_name
        return body


def claims(token: str) -> dict[str, Any] | None:
    """What a JWT says, unverified, or none when it is not one."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        said = json.loads(text)
    except (binascii.Error, ValueError):
        return None
    return said if isinstance(said, dict) else None


def fresh(ticket: Ticket, now: float) -> bool:
    """Whether a ticket can still be used at a time of the clock, and a minute longer."""
    said = claims(ticket.token)
    if said is None:
        return False
    end, begin = said.get("exp"), said.get("nbf", 0)
    if not isinstance(end, int | float) or not isinstance(begin, int | float):
        return False
    return begin <= now < end - MARGIN


def read_answer(answer: object, *, now: float, url: str = "", status: int | None = None) -> Ticket:
    """The ticket of an answer in snake_case or camelCase; one that lacks something is refused."""

    def refused(reason: str) -> TokenSourceError:
        shown = json.dumps(answer, default=str) if status is not None else ""
        return TokenSourceError(reason, url=url, status=status, body=shown)

    if isinstance(answer, Ticket):
        check_token(answer.token, now=now)
        return answer
    if not isinstance(answer, Mapping):
        raise refused(f"the answer must be an object, not {type(answer).__name__}")
    said = {_snake(str(name)): value for name, value in answer.items()}
    part = said.get("duologue")
    if not isinstance(part, Mapping):
        part = said if "transport" in said else {}
    ours: dict[str, Any] = {_snake(str(name)): value for name, value in part.items()}
    own = ours.get("transport") == "websocket" or ("server_url" not in said and "transport" in ours)
    found: dict[str, str] = {}
    for name in ("url", "token") if own else ("server_url", "participant_token"):
        value = (ours if own else said).get(name)
        if not isinstance(value, str) or not value:
            raise refused(f"the answer has no {name}")
        found[name] = value
    where, token = found.values()
    check_token(token, now=now, url=url, status=status)
    config = ours.get("config")

    def text(name: str) -> str:
        value = ours.get(name) or said.get(name)
        return value if isinstance(value, str) else ""

    return Ticket(
        url=where,
        token=token,
        room_name=text("room_name"),
        conversation_id=text("conversation_id"),
        session_id=text("session_id"),
        resume_token=text("resume_token"),
        announce=text("announce"),
        config=dict(config) if isinstance(config, Mapping) else {},
    )


def check_token(token: str, *, now: float, url: str = "", status: int | None = None) -> None:
    """Refuses a token that nothing can be opened with: neither a key nor a JWT, or too old."""
    if token.startswith(SOCKET_KEY):
        return
    said = claims(token)
    if said is None:
        raise TokenSourceError("its token is neither a JWT nor a key", url=url, status=status)
    end = said.get("exp")
    if isinstance(end, int | float) and end <= now:
        raise TokenSourceError(
            f"its token expired {now - end:.0f} s ago (or a clock is wrong)", url=url, status=status
        )


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
