"""What talking sessions cost, and how many one core holds: ours and two peers in the same run.

`python -m bench.talking cost [--only NAME] [--sessions N] [--seconds S]` prints processor time
and memory of a session; `capacity` finds how many talk at once without harm, `hold --sessions N`
tries one number. Without a word, cost and capacity.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any, Final

from bench.capacity import Capacity, hold, search
from bench.figures import keep, say
from bench.load import generate, percentile, run
from bench.machine import described, versions
from bench.systems import NAMES, running

SESSIONS: Final = 8


def cost(names: list[str], sessions: int, seconds: float, *, quick: bool = False) -> dict[str, Any]:
    """Processor time and memory of a session, talking and listening, by system."""
    figures: dict[str, Any] = {}
    for name in names:
        with running(name) as system:
            say(f"{name}: pid {system.pid}")
            talking = generate(run(system, sessions, seconds=seconds, memory=not quick))
            silent = talking
            if not quick:
                silent = generate(run(system, sessions, seconds=seconds, silent=True))
        figures[name] = {
            "sessions": sessions,
            "talking_ms": talking.cpu,
            "listening_ms": silent.cpu,
            "memory_mb": talking.each,
            "left_mb": talking.left,
            "answers": f"{talking.got}/{talking.expected}",
            "response_p50_ms": percentile(talking.responses, 0.5),
            "underruns": talking.underruns,
            "generator": talking.own,
            "others": max(talking.others, silent.others),
        }
    return figures


def cost_lines(figures: dict[str, Any]) -> list[str]:
    """The cost of a session as a table, with ratios."""
    lines = [
        f"{'':20}{'talking':>9}{'listening':>11}{'memory':>9}{'after':>8}{'answers':>10}{'p50':>6}",
        f"{'':20}{'ms/s':>9}{'ms/s':>11}{'MB each':>9}{'MB':>8}{'':>10}{'ms':>6}  underruns",
    ]
    for name, row in figures.items():
        lines.append(
            f"{name:20}{row['talking_ms']:9.1f}{row['listening_ms']:11.1f}{row['memory_mb']:9.2f}"
            f"{row['left_mb']:+8.1f}{row['answers']:>10}{row['response_p50_ms']:6.0f}"
            f"{row['underruns']:11}"
        )
    if ours := figures.get(NAMES[0]):
        for name, row in figures.items():
            if row is not ours:
                ratio = row["talking_ms"] / ours["talking_ms"]
                lines.append(f"{name} takes {ratio:.1f} times the processor time of ours")
    others = max(row["others"] for row in figures.values())
    lines.append(f"others used up to {others:.0%} of the servers' core meanwhile")
    return lines


def capacity_figures(found: Capacity) -> dict[str, Any]:
    """What is kept of a search."""
    steps = []
    for step in found.steps:
        row = asdict(step)
        row["p50"] = percentile(row.pop("responses"), 0.5)
        row["p95"] = percentile(step.responses, 0.95)
        row.pop("own_parts")
        steps.append(row)
    return {"alone": found.alone, "held": found.held, "flat": found.flat(), "steps": steps}


def capacity_lines(figures: dict[str, Any]) -> list[str]:
    """How many talk at once, as a table, with ratios and the cost of a session throughout."""
    lines = []
    ours = figures.get(NAMES[0], {}).get("held")
    for name, row in figures.items():
        ratio = f"ours {ours / row['held']:.1f} times" if ours and row["held"] else ""
        flat = ", ".join(f"{ms:.1f} at {sessions}" for sessions, ms in row["flat"])
        lines.append(
            f"{name:20}{row['held']:5} sessions   {'' if name == NAMES[0] else ratio:16}"
            f" ms/s of a session: {flat}"
        )
    return lines


def chosen(only: str | None) -> list[str]:
    """The systems that a word names; all without one."""
    found = [name for name in NAMES if only is None or name.startswith(only)]
    if not found:
        raise SystemExit(f"there is no system {only!r}; there are {', '.join(NAMES)}")
    return found


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["cost", "capacity", "hold"])
    parser.add_argument("--only", help="the first letters of one system's name")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seconds", type=float, default=18.6)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    names = chosen(given.only)
    whole = not given.quick and not given.only  # only what was measured side by side is kept
    if given.quick:
        given.sessions, given.seconds = 3, 12.0
    print(described(), versions(), sep="\n")
    if given.what == "hold":
        for name in names:
            print(hold(name, given.sessions), flush=True)
        return
    if given.what != "capacity":
        costs = cost(names, given.sessions, given.seconds, quick=given.quick)
        print(*cost_lines(costs), sep="\n")
        if whole:
            keep("cost", systems=costs)
    if given.what != "cost":
        held = {name: capacity_figures(search(name, quick=given.quick)) for name in names}
        print(*capacity_lines(held), sep="\n")
        if whole:
            keep("capacity", systems=held)


if __name__ == "__main__":
    main()
