"""The open, self-hosted session layer for realtime voice agents: the public names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from duologue.agents.current import Current as Current
    from duologue.agents.current import current as current
    from duologue.agents.registry import agent as agent
    from duologue.errors import DuologueError as DuologueError
    from duologue.errors import NotOnThisTransport as NotOnThisTransport
    from duologue.errors import RpcError as RpcError

_HOMES: Final = {
    "Current": "duologue.agents.current",
    "DuologueError": "duologue.errors",
    "NotOnThisTransport": "duologue.errors",
    "RpcError": "duologue.errors",
    "agent": "duologue.agents.registry",
    "current": "duologue.agents.current",
}

__all__ = ["Current", "DuologueError", "NotOnThisTransport", "RpcError", "agent", "current"]


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
