"""What an agent is told of a person who spoke in its place: who, and what was said as if by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

LINES: Final = 20
"""The person's last lines that are repeated to the agent; all of them stand in what was said."""
LONGEST: Final = 300
"""Letters of a line that are repeated."""
BEGIN: Final = (
    "For a while a person{named} answered the user in your place, and you were silent. What the "
    "user said meanwhile stands above, and so does what the person said, as if you had said it."
)
QUOTE: Final = "These are the person's words:"
END: Final = (
    "You answer again. Go on from what was said: keep what the person promised, do not ask again "
    "what was answered, and do not greet anew."
)


class StandIn(msgspec.Struct, frozen=True):
    """A person who was in the agent's place."""

    name: str
    said: Sequence[str]


def note(standin: StandIn) -> str:
    """The note that stands with the agent's instructions from then on."""
    named = f" ({standin.name})" if standin.name else ""
    lines = [f"- {_short(line)}" for line in standin.said[-LINES:]]
    quoted = [QUOTE, *lines] if lines else ["The person said nothing."]
    return "\n".join([BEGIN.format(named=named), *quoted, END])


def _short(line: str) -> str:
    flat = " ".join(line.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
