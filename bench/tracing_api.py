"""What traces are sent to while their cost is measured: Prefactor's API and an OTLP receiver.

A process of its own, so that its work is not counted: `python -m bench.tracing_api` prints where.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import Answer, Receiver, Request

from bench.machine import ROOT


@contextmanager
def running() -> Iterator[str]:
    """Its address, while it runs."""
    command = [sys.executable, "-m", "bench.tracing_api"]
    with Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def main() -> None:
    """Answers until it is ended."""
    api = PrefactorApi()

    def behaviour(request: Request) -> Answer:
        return api(request) if request.path.startswith("/api/") else Answer()

    async with Receiver(behaviour) as receiver:
        print(receiver.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
