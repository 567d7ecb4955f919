"""Which agents a command loads: the files' and the settings' own, else the demo agents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from duologue.settings import Settings

if TYPE_CHECKING:
    from duologue.agents.registry import Catalog


def catalog(files: Sequence[Path] | None, settings: Settings) -> Catalog:
    """Every agent of the files and tables; the demo agents only where there is neither."""
    # Imported here: livekit-agents takes a second or two, which other commands need not wait.
    from duologue.access import outgoing
    from duologue.agents.loader import dressed, dresses, load

    if files or not all(map(dresses, settings.agents.values())):
        found = load(list(files or ()), settings.agents)
        for each in found.all():
            if each.webhook is not None:
                outgoing.check(each.webhook.url, private=settings.allow_private_webhooks)
        return found
    from duologue.agents import demo

    return dressed(demo.catalog(), settings.agents)
