"""Where the processor time of a talking session goes, now and before the pipeline was tuned.

`python -m bench.anatomy [--before FOLDER]` samples the server with py-spy while callers talk;
FOLDER is a checkout of an older commit, whose server is measured in the same run, with the same
load. Time is told in milliseconds of processor a session-second.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figures import keep, kept, say
from bench.load import Measured, generate, run
from bench.machine import ROOT, described
from bench.sounds import LOOP_SECONDS
from bench.systems import NAMES, System, running

SESSIONS: Final = 24
SECONDS: Final = 28
"""How long the sampler looks."""
SPY: Final = ROOT / ".bench" / "bin" / "py-spy"
PARTS: Final = (
    ("voice detection", ("agents/inference/vad.py", "voices/vad.py", "concurrent/futures")),
    ("the ear: decoding, resampling", ("pipeline/hearing.py", "pipeline/floor.py", "soxr")),
    ("the mouth: pacing, turns", ("pipeline/", "core/")),
    ("the store", ("duologue/store", "sqlalchemy")),
    ("the socket and its messages", ("transports/", "duologue/wire", "websockets/", "uvicorn/")),
    ("telemetry nobody asked for", ("opentelemetry", "agents/telemetry")),
    ("AgentSession and its models", ("agents/", "bench/stubs.py", "livekit/rtc", "rtc/")),
)
"""A sample belongs to the part whose file is nearest to where the program was."""
WAITING: Final = (
    *("_run (duologue/store/writer.py", "_worker (concurrent/futures/thread.py"),
    *("wait (threading.py", "select (selectors.py"),
)
"""Where a thread that has nothing to do stands; the sampler takes some of them for busy."""
REST: Final = "the event loop and the rest"


def part_of(stack: str) -> str:
    """Whose time a sample is."""
    for frame in reversed(stack.split(";")):
        for part, files in PARTS:
            if any(file in frame for file in files):
                return part
    return REST


def folded(file: Path) -> Counter[str]:
    """Samples by part, from what py-spy wrote."""
    parts: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if not stack.rpartition(";")[2].startswith(WAITING):
            parts[part_of(stack)] += int(count)
    return parts


async def watched(system: System, file: Path) -> Measured:
    """Talks to a system and samples it meanwhile."""
    talking = asyncio.create_task(run(system, SESSIONS, seconds=SECONDS + 2))
    await asyncio.sleep(1.6 * LOOP_SECONDS)
    words = ("record", "-p", str(system.pid), "-d", str(SECONDS), "-r", "200", "-f", "raw")
    spy = await asyncio.create_subprocess_exec(
        str(SPY), *words, "-o", str(file), stdout=asyncio.subprocess.DEVNULL
    )
    if await spy.wait():
        raise SystemExit("py-spy could not look into the server; it may need root")
    return await talking


def profile(source: Path | None) -> dict[str, float]:
    """Milliseconds a session-second by part, and in all."""
    with TemporaryDirectory() as folder, running(NAMES[0], source=source) as system:
        file = Path(folder) / "folded"
        measured = generate(watched(system, file))
        parts = folded(file)
    share = measured.cpu / max(1, parts.total())
    say(f"{measured.cpu:.1f} ms/s, {measured.got}/{measured.expected} answers")
    return {name: count * share for name, count in parts.most_common()} | {"all": measured.cpu}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of an older commit")
    given = parser.parse_args()
    print(described())
    found = (kept("anatomy") or {}).get("found", {}) | {"now": profile(None)}
    if given.before is not None:
        found["before"] = profile(given.before)
    for when, parts in found.items():
        print(f"{when}, in milliseconds of processor a session-second:")
        for name, milliseconds in parts.items():
            print(f"  {milliseconds:5.2f}  {name}")
    keep("anatomy", sessions=SESSIONS, found=found)


if __name__ == "__main__":
    main()
