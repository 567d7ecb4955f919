"""The built-in agents, `demo` and `demo-ptt`: they work without a key."""

from __future__ import annotations

from duologue.agents.demo.agent import catalog

__all__ = ["catalog"]
