"""Where figures are kept between their measuring and the page that shows them."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Final

from bench.machine import ROOT, processor, versions

FOLDER: Final = ROOT / ".bench" / "figures"
QUIET: Final = 2.0
"""The load average above which latencies say more about the neighbours than about us."""


def keep(name: str, **figures: Any) -> None:
    """Writes figures down, with the machine they were measured on."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures |= {"processor": processor(), "cores": os.cpu_count(), "versions": versions()}
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1))


def kept(name: str) -> dict[str, Any] | None:
    """The figures of that name, if they were measured."""
    file = FOLDER / f"{name}.json"
    found: dict[str, Any] | None = json.loads(file.read_text()) if file.exists() else None
    return found


def say(words: str) -> None:
    """Tells a person who waits what is going on."""
    print(f"… {words}", file=sys.stderr, flush=True)


def quiet(patience: float = 600) -> None:
    """Waits until the machine has nothing else to do, or says that it has."""
    until = time.monotonic() + patience
    while os.getloadavg()[0] >= QUIET and time.monotonic() < until:
        say(f"load {os.getloadavg()[0]:.1f}: waiting for a quieter machine")
        time.sleep(15)
    if os.getloadavg()[0] >= QUIET:
        say("the machine is not quiet: latencies and capacities will be worse than they are")
