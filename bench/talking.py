"""What talking sessions cost, and how many one core holds: ours and two peers in the same run.

`python -m bench.talking cost [--only NAME] [--sessions N] [--seconds S]` prints processor time
and memory of a session; `capacity` finds how many talk at once without harm.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from bench.load import Measured, generate, percentile, run
from bench.machine import described, versions
from bench.systems import NAMES, System, running

SESSIONS: Final = 8


def cost(names: list[str], sessions: int, seconds: float) -> list[str]:
    """Processor time and memory of a session, talking and listening, as a table."""
    rows: list[tuple[str, Measured, Measured]] = []
    for name in names:
        with running(name) as system:
            tell(system)
            talking = generate(run(system, sessions, seconds=seconds, memory=True))
            silent = generate(run(system, sessions, seconds=seconds, silent=True))
        rows.append((name, talking, silent))
    lines = [
        f"{'':20}{'talking':>9}{'listening':>11}{'memory':>9}{'after':>8}{'answers':>10}{'p50':>6}",
        f"{'':20}{'ms/s':>9}{'ms/s':>11}{'MB each':>9}{'MB':>8}{'':>10}{'ms':>6}  underruns",
    ]
    for name, talking, silent in rows:
        lines.append(
            f"{name:20}{talking.cpu:9.1f}{silent.cpu:11.1f}{talking.each:9.2f}"
            f"{talking.left:+8.1f}{f'{talking.got}/{talking.expected}':>10}"
            f"{percentile(talking.responses, 0.5):6.0f}{talking.underruns:11}"
        )
    own = max(talking.own for _, talking, _ in rows)
    lines.append(
        f"at {sessions} sessions, {seconds:.0f} s each; the generator used {own:.0%} of its core"
    )
    return lines


def tell(system: System) -> None:
    """Says which process to look into while it runs."""
    print(f"… {system.name}: pid {system.pid}", file=sys.stderr, flush=True)


def chosen(only: str | None) -> list[str]:
    """The systems that a word names; all without one."""
    found = [name for name in NAMES if only is None or name.startswith(only)]
    if not found:
        raise SystemExit(f"there is no system {only!r}; there are {', '.join(NAMES)}")
    return found


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["cost"])
    parser.add_argument("--only", help="the first letters of one system's name")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seconds", type=float, default=18.6)
    given = parser.parse_args()
    print(described(), versions(), sep="\n")
    print(*cost(chosen(given.only), given.sessions, given.seconds), sep="\n")


if __name__ == "__main__":
    main()
