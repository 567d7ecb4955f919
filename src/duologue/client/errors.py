"""What can go wrong for a client: each says what happened, with which value, and what to do."""

from __future__ import annotations

import json
from typing import Final, Literal

from duologue.errors import RpcError as RpcError

_SHOWN: Final = 300
"""Characters of a foreign answer that an error shows."""


def shortened(text: str) -> str:
    """The beginning of a text that may be a whole page."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


class SessionError(Exception):
    """Every error of the client's side; `message` is the sentence for people."""

    code: str = ""
    """The server's word for why, when it said one: `agent_not_loaded`, `replaced`, `ended`, …"""

    @property
    def message(self) -> str:
        """What happened, which value, what to do."""
        return str(self.args[0])

    def __str__(self) -> str:
        return self.message


def _code(body: str) -> str:
    """The code in an answer of a duologue server; empty in anybody else's."""
    try:
        code = json.loads(body)["code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return code if isinstance(code, str) else ""


class TokenSourceError(SessionError):
    """No usable token came: from where, with which status and beginning of the answer."""

    def __init__(
        self, reason: str, *, url: str = "", status: int | None = None, body: str = ""
    ) -> None:
        said = f" It answered {status}" if status is not None else ""
        if body:
            said = f"{said or ' It answered'}: {shortened(body)}"
        source = f"the token source {url}" if url else "the token source"
        super().__init__(f"No token from {source}: {reason}.{said}")
        self.reason = reason
        self.url = url
        self.status = status
        self.body = shortened(body)
        self.code = _code(body)


class SessionConnectError(SessionError):
    """The room or socket could not be opened, or opened again."""

    def __init__(self, reason: str, *, url: str = "", code: str = "") -> None:
        reason = reason.rstrip(".")
        super().__init__(f"No connection to {url}: {reason}." if url else f"{reason}.")
        self.reason = reason
        self.url = url
        self.code = code


class NotConnected(SessionError):
    """What was asked needs a session that is open."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs an open session; await session.start() first.")


class WaitTimeout(SessionError, TimeoutError):
    """What was waited for did not happen in time."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what} did not happen within {seconds:g} s.")
        self.seconds = seconds


class AgentTimeout(SessionError, TimeoutError):
    """No agent that is ready, in time: it never came, or came and did not begin."""

    def __init__(
        self,
        reason: Literal["not_joined", "not_initialized"],
        seconds: float,
        agent: str = "",
        *,
        code: str = "",
        said: str = "",
    ) -> None:
        name = f"Agent {agent!r}" if agent else "The agent"
        if reason == "not_joined":
            text, hint = f"{name} did not join", "Is it running, under this name?"
        else:
            text, hint = f"{name} joined, but was not ready", "Its own log says why."
        super().__init__(f"{text} within {seconds:g} s. {said or hint}")
        self.reason = reason
        self.seconds = seconds
        self.code = code
        self.said = said
        """The server's sentence for it."""


class AgentLeft(SessionError):
    """The agent was there and went away."""

    def __init__(self, identity: str = "", *, code: str = "", said: str = "") -> None:
        name = f"Agent {identity!r}" if identity else "The agent"
        hint = said or "session.start() begins another one."
        super().__init__(f"{name} left the session. {hint}")
        self.identity = identity
        self.code = code
        self.said = said
        """The server's sentence for it."""


class EncryptionError(SessionError):
    """Encryption is not what was asked for."""


class MediaError(SessionError):
    """A microphone, loudspeaker, camera or file cannot be used."""
