"""The open, self-hosted session layer for realtime voice agents: the public names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from duologue.agents.current import Current as Current
    from duologue.agents.current import current as current
    from duologue.agents.registry import agent as agent
    from duologue.client.blocking import BlockingSession as BlockingSession
    from duologue.client.connecting import connect as connect
    from duologue.client.controlled import AgentConfig as AgentConfig
    from duologue.client.controlled import ControlledSession as ControlledSession
    from duologue.client.controlled import Snapshot as Snapshot
    from duologue.client.controlled import TranscriptEntry as TranscriptEntry
    from duologue.client.encryption import E2EEOptions as E2EEOptions
    from duologue.client.errors import AgentLeft as AgentLeft
    from duologue.client.errors import AgentTimeout as AgentTimeout
    from duologue.client.errors import EncryptionError as EncryptionError
    from duologue.client.errors import MediaError as MediaError
    from duologue.client.errors import NotConnected as NotConnected
    from duologue.client.errors import SessionConnectError as SessionConnectError
    from duologue.client.errors import SessionError as SessionError
    from duologue.client.errors import TokenSourceError as TokenSourceError
    from duologue.client.errors import WaitTimeout as WaitTimeout
    from duologue.client.livekit_session import LiveKitSession as LiveKitSession
    from duologue.client.messages import Message as Message
    from duologue.client.road import Ticket as Ticket
    from duologue.client.saved import SavedSession as SavedSession
    from duologue.client.saved import clear_session as clear_session
    from duologue.client.saved import load_session as load_session
    from duologue.client.saved import save_session as save_session
    from duologue.client.session import Session as Session
    from duologue.client.token_options import TokenOptions as TokenOptions
    from duologue.client.tokens import TokenSource as TokenSource
    from duologue.errors import DuologueError as DuologueError
    from duologue.errors import NotOnThisTransport as NotOnThisTransport
    from duologue.errors import RpcError as RpcError
    from duologue.trace.tracer import SessionTracer as SessionTracer

_HOMES: Final = {
    "agent": "duologue.agents.registry",
    "AgentConfig": "duologue.client.controlled",
    "AgentLeft": "duologue.client.errors",
    "AgentTimeout": "duologue.client.errors",
    "BlockingSession": "duologue.client.blocking",
    "clear_session": "duologue.client.saved",
    "connect": "duologue.client.connecting",
    "ControlledSession": "duologue.client.controlled",
    "Current": "duologue.agents.current",
    "current": "duologue.agents.current",
    "DuologueError": "duologue.errors",
    "E2EEOptions": "duologue.client.encryption",
    "EncryptionError": "duologue.client.errors",
    "LiveKitSession": "duologue.client.livekit_session",
    "load_session": "duologue.client.saved",
    "MediaError": "duologue.client.errors",
    "Message": "duologue.client.messages",
    "NotConnected": "duologue.client.errors",
    "NotOnThisTransport": "duologue.errors",
    "RpcError": "duologue.errors",
    "save_session": "duologue.client.saved",
    "SavedSession": "duologue.client.saved",
    "Session": "duologue.client.session",
    "SessionConnectError": "duologue.client.errors",
    "SessionError": "duologue.client.errors",
    "SessionTracer": "duologue.trace.tracer",
    "Snapshot": "duologue.client.controlled",
    "Ticket": "duologue.client.road",
    "TokenOptions": "duologue.client.token_options",
    "TokenSource": "duologue.client.tokens",
    "TokenSourceError": "duologue.client.errors",
    "TranscriptEntry": "duologue.client.controlled",
    "WaitTimeout": "duologue.client.errors",
}

__all__ = [
    "AgentConfig",
    "AgentLeft",
    "AgentTimeout",
    "BlockingSession",
    "ControlledSession",
    "Current",
    "DuologueError",
    "E2EEOptions",
    "EncryptionError",
    "LiveKitSession",
    "MediaError",
    "Message",
    "NotConnected",
    "NotOnThisTransport",
    "RpcError",
    "SavedSession",
    "Session",
    "SessionConnectError",
    "SessionError",
    "SessionTracer",
    "Snapshot",
    "Ticket",
    "TokenOptions",
    "TokenSource",
    "TokenSourceError",
    "TranscriptEntry",
    "WaitTimeout",
    "agent",
    "clear_session",
    "connect",
    "current",
    "load_session",
    "save_session",
]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: a script that only calls pays for no agent."""
    if name == "__version__":
        from importlib.metadata import version

        return version("duologue")
    if name not in _HOMES:
        raise AttributeError(f"module 'duologue' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """What can be used: the public names."""
    return [*__all__, "__version__"]
