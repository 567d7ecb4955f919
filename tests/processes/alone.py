"""Never two agents: what the store has of a conversation's runs, and what its clients heard."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from tests.processes.cluster import Cluster, Run

from duologue.testing.heard import ASSISTANT, Heard


async def require_one_agent(many: Cluster, conversation: str) -> list[Run]:
    """Its runs, of which each began when the one before had ended."""
    runs = await many.runs(conversation)
    assert runs
    for before, after in pairwise(runs):
        assert before.ended_at is not None, (before, after)
        assert before.ended_at <= after.started_at, (before, after)
    return runs


def require_one_voice(events: Iterable[Heard]) -> None:
    """On each line the agent's turns followed each other, and no sound came outside of its turn."""
    speaks = ""
    for event in events:
        match event.type:
            case "connected" | "closed":
                speaks = ""
            case "turn.start" if event.content == ASSISTANT:
                assert speaks == "", (speaks, event)
                speaks = event.turn_id
            case "turn.end" if event.turn_id == speaks:
                speaks = ""
            case "response.audio":
                assert event.turn_id == speaks, (speaks, event.turn_id)
            case _:
                pass
