"""How long a caller waited: from its last word to the answer's first sound, in whatever order."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from duologue.cli.turns import Turns

LOUD = b"\xff\x3f" * 160
QUIET = b"\x00\x00" * 160


class Agent:
    """A session of which only events are wanted."""

    def __init__(self) -> None:
        self.ears: dict[str, Callable[..., None]] = {}
        self._agent = SimpleNamespace(state="listening", is_finished=False)
        facts = {"on": self._on, "agent": self._agent, "is_connected": True, "messages": []}
        session: Any = SimpleNamespace(**facts)
        self.turns = Turns(session, lambda *_: None, lambda: 0.0)

    def becomes(self, state: str) -> None:
        """Begins something."""
        self._agent.state = state
        self.ears["agent_state"](state)

    def sounds(self, pcm: bytes) -> None:
        """Is heard."""
        self.ears["sound"](SimpleNamespace(pcm=pcm))

    def _on(self, name: str, ear: Callable[..., None]) -> Callable[[], None]:
        self.ears[name] = ear
        return lambda: None


async def test_an_answer_that_was_begun_before_the_caller_is_done_is_one() -> None:
    """The server knew before the caller did that all was said."""
    agent = Agent()
    last_word = time.monotonic()
    agent.becomes("thinking")
    agent.becomes("speaking")
    agent.turns.asked(last_word)
    agent.sounds(QUIET)
    assert agent.turns.latencies == []
    agent.sounds(LOUD)
    agent.sounds(LOUD)
    assert len(agent.turns.latencies) == 1
    assert agent.turns.latencies[0] > 0


async def test_the_rest_of_an_older_answer_is_none() -> None:
    """What sounds before the agent does anything anew belongs to what it said before."""
    agent = Agent()
    agent.becomes("speaking")
    agent.turns.asked()
    agent.sounds(LOUD)
    assert agent.turns.latencies == []
    agent.becomes("thinking")
    agent.sounds(LOUD)
    assert len(agent.turns.latencies) == 1
