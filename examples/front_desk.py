"""Your own agent in ten lines: `duologue dev examples/front_desk.py`."""

from livekit.agents import Agent

import duologue


@duologue.agent("front-desk", greeting="Hello! How can I help?")
class FrontDesk(Agent):
    """You are the friendly front desk of a small hotel. Answer in one or two short sentences."""
