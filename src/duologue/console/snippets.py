"""What can be copied from the pages: each of them runs as it stands."""

from __future__ import annotations

from typing import Final

OWN_AGENT: Final = (
    "from livekit.agents import Agent\n\nimport duologue\n\n\n"
    '@duologue.agent("front-desk", greeting="Hello! How can I help?")\n'
    "class FrontDesk(Agent):\n"
    '    """You are the friendly front desk of a small hotel. '
    'Answer in one or two short sentences."""'
)
"""Your own agent in ten lines: examples/front_desk.py without its docstring."""


def open_the_page(slug: str, url: str) -> tuple[str, str]:
    """The two commands after which the talk page of `serve` talks."""
    return (
        f"duologue keys create --kind public --agent {slug} --origin {url.rstrip('/')}",
        "DUOLOGUE_TALK_KEY=dk_public_… duologue serve",
    )
