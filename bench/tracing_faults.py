"""What a call notices of its telemetry's troubles: ours beside prefactor-livekit, fault by fault.

Each row is a process with one session of two typed turns, against an API of ours that answers as
Prefactor's does until the fault begins: from the start, or when the session runs; or the process
is killed a second after its last turn. What is lost is what the API does not have in the end of
session, two user turns, two answers and two model calls. With a spool, the next worker sends what
the killed one left.
Run: `python -m bench.tracing_faults`; peers are installed by `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Final

from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import FOREVER, Answer, Receiver, Request, until

from bench.figures import keep, say
from bench.machine import ROOT, described
from duologue.trace import SessionTracer

PYTHONS: Final = {
    "duologue": ROOT / ".venv" / "bin" / "python",
    "prefactor": ROOT / ".bench" / "bin" / "python",
}
DOWN: Final = "down"
FAULTS: Final[dict[str, Answer]] = {
    "300 ms late": Answer(after=0.3),
    DOWN: Answer(),
    "401": Answer(401, b'{"status":"error","code":"unauthorized","message":"no"}'),
    "422": Answer(422, b'{"status":"error","code":"invalid","message":"no"}'),
    "500": Answer(500, b'{"status":"error","code":"oops","message":"no"}'),
    "cut": Answer(cut=True),
    "hangs": Answer(after=FOREVER),
}
KILLS: Final = ("kill -9", "kill -9, ours with `spool`")
STEPS: Final = {
    "livekit:session": 1,
    "livekit:user_turn": 2,
    "livekit:assistant_turn": 2,
    "livekit:llm": 2,
}


async def row(by: str, fault: str, *, from_start: bool) -> dict[str, Any]:
    """One call under one fault."""
    api = PrefactorApi()
    broken = from_start

    def behaviour(request: Request) -> Answer:
        if not broken or not fault:
            return api(request)
        answer = FAULTS[fault]
        if answer.code < 400 and not answer.cut:
            return api(request)._replace(after=answer.after)
        return answer

    async with Receiver(behaviour) as receiver:
        if fault == DOWN and broken:
            await receiver.down()
        process = await call(by, receiver.url)
        assert process.stdout is not None
        assert process.stdin is not None
        line = await process.stdout.readline()
        if line.strip() == b"began":
            broken = True
            if fault == DOWN:
                await receiver.down()
            process.stdin.write(b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        process.stdin.close()
        await process.wait()
    told: dict[str, Any] = json.loads(line)
    return told | arrived(api)


async def killed(by: str, fault: str) -> dict[str, Any]:
    """One call whose process is killed, against an API that is well."""
    api = PrefactorApi()
    with tempfile.TemporaryDirectory() as folder:
        spool = folder if "spool" in fault else ""
        async with Receiver(api) as receiver:
            process = await call(by, receiver.url, spool)
            assert process.stdout is not None
            assert process.stdin is not None
            await process.stdout.readline()
            process.stdin.write(b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
            await asyncio.sleep(1)
            process.kill()
            await process.wait()
            if by == "duologue" and spool:
                async with SessionTracer.from_config(receiver.url, "token", spool=spool) as heir:
                    await until(lambda: not heir.report.spooled)
            await asyncio.sleep(0.2)
    told: dict[str, Any] = json.loads(line)
    return told | {"close": 0.0, "close_error": "killed"} | arrived(api)


async def call(*words: str) -> asyncio.subprocess.Process:
    """The process of a call, by whom it is told."""
    return await asyncio.create_subprocess_exec(
        *(str(PYTHONS[words[0]]), str(ROOT / "bench" / "tracing_call.py"), *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


def arrived(api: PrefactorApi) -> dict[str, int]:
    """How many of the steps are there, from their beginning to their end."""
    ended = [span for span in api.spans.values() if span["status"] not in ("active", "pending")]
    there = sum(
        min(count, sum(span["schema_name"] == name for span in ended))
        for name, count in STEPS.items()
    )
    return {"arrived": there, "of": sum(STEPS.values())}


def shown(told: dict[str, Any]) -> str:
    """A row's cells."""

    def seconds(name: str) -> str:
        error = told[f"{name}_error"]
        return f"{told[name]:7.2f} s {error}"

    lost = "" if "counted" not in told else f"  {told['counted']}"
    began = "yes" if told["began"] else "NO"
    return (
        f"start {seconds('start'):28} session {began:4} turns {told['turns']!s:18} "
        f"close {seconds('close'):38} arrived {told['arrived']}/{told['of']}{lost}"
    )


async def measured(quick: bool) -> list[dict[str, Any]]:
    """All rows; the peer's only where it is installed."""
    rows = []
    cases = [("", False)] + [(fault, start) for fault in FAULTS for start in (True, False)]
    cases += [(fault, False) for fault in KILLS]
    for fault, from_start in [*cases[:3], *cases[-1:]] if quick else cases:
        when = "" if not fault or fault in KILLS else " from the start" if from_start else " midway"
        for by, python in PYTHONS.items():
            if not python.exists():
                say(f"{by} is not installed here")
                continue
            say(f"{fault or 'fine'}{when}: {by}")
            if fault in KILLS:
                told = await killed(by, fault)
            else:
                told = await row(by, fault, from_start=from_start)
            print(f"{(fault or 'fine') + when:26} {by:10} {shown(told)}", flush=True)
            rows.append({"fault": fault or "fine", "from_start": from_start, "by": by} | told)
    return rows


def main(measure: Callable[[bool], Any] = measured) -> None:
    """Reads the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    print(described(), file=sys.stderr)
    rows = asyncio.run(measure(given.quick))
    if not given.quick:
        keep("tracing_faults", rows=rows)


if __name__ == "__main__":
    main()
