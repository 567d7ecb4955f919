"""Runs every measurement and writes `docs/performance.md` and its picture from what was found.

`python -m bench.page` measures for about an hour on a quiet machine; `--quick` runs each
script for a moment and writes nothing; `--write` writes from the figures that are there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Final

from bench.drawing import Panel, drawn
from bench.figures import kept, say
from bench.machine import ROOT
from bench.tables import (
    anatomy_table,
    anatomy_words,
    barge_in_table,
    cost_table,
    held_table,
    overload_words,
    quiet_words,
    response_table,
    resume_table,
    rooms_table,
    rooms_words,
    systems,
    widgets_table,
    widgets_words,
)
from bench.tables_tracing import (
    console_table,
    delays_table,
    faults_table,
    ingest_table,
    lists_words,
    tracing_table,
)

SCRIPTS: Final = (
    "authorize",
    "tokens",
    "idle",
    "talking",
    "anatomy",
    "response",
    "barge_in",
    "resume",
    "overload",
    "rooms",
    "widgets",
    "tracing",
    "tracing_faults",
    "known_delays",
    "ingest",
    "console_lists",
    "console_pages",
)
QUICK: Final = (
    *("talking cost", "response --only duologue", "barge_in --only our", "resume", "overload"),
    *("tokens", "rooms", "widgets", "tracing", "tracing_faults", "known_delays", "ingest"),
    *("console_lists", "console_pages"),
)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test of every script")
    parser.add_argument("--write", action="store_true", help="write the page, measure nothing")
    given = parser.parse_args()
    if given.quick:
        smoke()
        return
    for script in () if given.write else SCRIPTS:
        say(script)
        subprocess.run([sys.executable, "-m", f"bench.{script}"], cwd=ROOT, check=True)
    write()


def smoke() -> None:
    """Runs every script for a moment, all at once: what they print is worth nothing."""
    command = [sys.executable, "-m"]
    running = [
        subprocess.Popen([*command, *f"bench.{script} --quick".split()], cwd=ROOT)
        for script in QUICK
    ]
    failed = [script for script, each in zip(QUICK, running, strict=True) if each.wait()]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def write() -> None:
    """Writes the page and its picture."""
    (ROOT / "docs" / "performance.svg").write_text(drawn(panels()), encoding="utf-8")
    (ROOT / "docs" / "performance.md").write_text(page(), encoding="utf-8")


def panels() -> list[Panel]:
    """The bars."""
    cost, held = systems("cost"), systems("capacity")
    rivals = (kept("barge_in") or {}).get("rivals", {})
    return [
        Panel(
            "Talking sessions held by one core",
            "More is better. All answers whole, no gaps, responses not slower.",
            [(name, row["held"]) for name, row in held.items()],
        ),
        Panel(
            "Processor time of a talking session",
            "Less is better. Milliseconds a second, at 8 sessions.",
            [(name, row["talking_ms"]) for name, row in cost.items()],
            " ms",
            digits=1,
        ),
        Panel(
            "Memory of a talking session",
            "Less is better.",
            [(name, row["memory_mb"]) for name, row in cost.items()],
            " MB",
            digits=2,
        ),
        Panel(
            "Barge-in to silence",
            "Less is better. From the caller's first sound to the agent's last, median.",
            [(name, row["p50"]) for name, row in rivals.items()],
            " ms",
        ),
    ]


def page() -> str:
    """The whole page."""
    machine = kept("capacity") or kept("cost") or {}
    return f"""<!-- Written by `python -m bench.page`: measure again, do not edit. -->
# Performance

How many callers one core holds, what each costs, and how fast the agent answers, falls silent and
comes back; beside two peers that were measured in the same run.

![The figures as bars; the tables below say the same](performance.svg)

Measured on {machine.get("processor", "?")}, {machine.get("cores", "?")} cores: each server alone \
on one core, the callers on another.
{machine.get("versions", "")}.

## What was compared

Every system answers the same callers with the same stub models: a final transcript 60 ms after \
voice detection's end, a first word after 50 ms more, sound after another 20 ms; 0.25 s of silence \
end a turn, at least 0.3 s pass before the models are asked. Each caller speaks 2.1 s, hears 5.6 s \
and waits a little, round after round, in messages of 112 ms as the stock client sends them.

- **duologue** is `duologue serve` as it is installed: keys, sessions and every message go \
through its database, which the peers do not have.
- **plain AgentSession** is the same engine behind a Starlette socket, written as carefully as we \
could without building what this project is ([its source](../bench/peer_plain.py)).
- **pipecat** is pipecat with its own socket transport and voice detection, set in its favour \
([its source](../bench/peer_pipecat.py)).

Stub models make the servers comparable; they say nothing about the quality of real ones, and the \
speech is synthetic. On shared machines, processor time can be trusted most.

## Sessions that talk at once on one core

Held means: at least 99 % of the questions are answered to the end, at most one gap in two minutes \
of sound, and the 95th percentile of responses at most 250 ms over the median of a single session.

{held_table()}

## What a session costs

{cost_table()}

## Where the time goes

{anatomy_words()}

{anatomy_table()}

## Our own part of the response

From the message in which voice detection can know the end of speech to the first sound, without \
the models' waits. The goal is at most 30 ms at the 95th percentile.

{response_table()}

## Barge-in and disturbances

From the caller's first audible sample to the last sample of the agent's that is played. \
Disturbances are coughs, "mm-hm", claps, typing, music and other sounds without words for the \
agent: a long pause is over a second.

{barge_in_table()}

## Reload and lost line

From the new socket's opening to the first sound (goal: at most 300 ms), and what of the answer \
was heard twice or never.

{resume_table()}

## Twice as many callers as there is room for

{overload_words()}

## In rooms

A client of ours joins a LiveKit room and waits until its agent listens. **duologue** takes rooms \
in its own process; the **stock worker** is livekit-agents' own, with a warm process for each of \
the next jobs ([its source](../bench/peer_worker.py)). Both use the same livekit-server, in turn; \
memory is counted over all processes of each, and what several of them share once. Our client \
tells our server that it is on its way; other clients are **unannounced**.

{rooms_table()}

{rooms_words()}

## A widget on a site

A page with the widget's script and tag, loaded cold: ours from `duologue serve`, the peers' files \
as their packages ship, all with gzip; the sum once more with brotli, which our server's scripts \
come with where a browser takes it. Before talk is all that is loaded until nothing more comes; \
after is what comes when a visitor presses to talk. The peers have all of their code in one file; \
what they load from their makers' hosts cannot be counted from here: the settings of the agent \
(given to the page instead), pictures and fonts, and, of Vapi's calls, the whole call machine. \
In a room LiveKit's own client is most of what comes after. Times are medians: parsing and \
evaluating as processor time, the launcher from navigation to the picture that has it. A phone has \
a quarter of the speed and a line of 1.6 Mbit/s and 150 ms.

{widgets_table()}

{widgets_words()}

## What a trace costs the call

Processor time of a typed turn, with all threads of the process; every fourth turn has a tool. All \
ways take turns in one process, and the API and the collector run in another. Turns that follow \
each other at once are written together; with a pause of a second each is put together and \
committed by itself, and a processor that was asleep finds its caches cold: that is what it costs \
a server with one caller; with many, turns share what is written. The goal is at most +1.5 ms.

{tracing_table()}

Two typed turns against an API of Prefactor's that is in trouble, from the start or once the \
session runs, or in a process that is killed a second after the last; **no call** means that the \
session never started. Ours counts what did not arrive. With `spool` the next worker sends what \
a killed one left, which is all but the end of its session.

{faults_table()}

## Whether the page says the truth

Calls with a recognizer, a model and a voice that take known times; the truth is what a clock says \
at the last loud sample that goes in and at the first that comes out, and in the models. The goal \
is at most 20 ms apart, by the median of {(kept("known_delays") or {}).get("rounds", "?")} calls.

{delays_table()}

A model that is asked while the end of the utterance is still waited for has part of its time \
within that wait; what remains of it beyond the wait is shown as the model's. The moment that the \
voice waits for the end of its first sentence is nobody's, and shown as unexplained.

## Traces of other workers

Spans a second that one core takes in and puts into turns, on SQLite, in requests of one turn \
each; a run of three hundred turns must cost no more a span than one of ten.

{ingest_table()}

## The console

With {(kept("console_pages") or {}).get("traces", 0):,} conversations and \
{(kept("console_pages") or {}).get("spans", 0):,} spans on SQLite, over HTTP, from the question to \
the page's last byte. The goal is 200 ms.

{console_table()}

{lists_words()}

## Without a word spoken

{quiet_words()}

## Measure again

`make bench` installs the peers into `.bench`, measures everything for about an hour and writes \
this page; `.venv/bin/python -m bench.page --quick` only tries whether all scripts run. Each \
script also runs alone: `.venv/bin/python -m bench.talking cost --only duologue`.
"""


if __name__ == "__main__":
    main()
