"""What every figure is printed with: the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ("pipecat-ai", "livekit-agents", "uvicorn", "websockets", "uvloop")


def described() -> str:
    """Processor, cores and Python, in one line."""
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{processor()}, {os.cpu_count()} cores, load {load:.1f}, CPython {python}"


def processor() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


@cache
def versions() -> str:
    """What was measured: ours and the peers' packages."""
    ours = [f"{name} {version(name)}" for name in ("livekit-agents", "uvicorn", "uvloop")]
    python = ROOT / ".bench" / "bin" / "python"
    if not python.exists():
        return f"duologue: {', '.join(ours)}"
    code = f"from importlib.metadata import version\nfor n in {PEERS!r}: print(n, version(n))"
    said = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    return f"duologue: {', '.join(ours)}; peers: {', '.join(said.stdout.split(chr(10))[:-1])}"
