"""Widgets on a site: what they load before and after a visitor talks, and how soon they are there.

Ours comes from `duologue serve`, on both roads; the peers' files as their packages ship. Each load
is a cold one, in a profile of its own; systems take turns. Sizes are what went over the line, with
headers, once with gzip and once with brotli, for all of them alike. Times are processor time where
it can be told: parsing and evaluating, in whatever thread, and all that the page's main thread did
until the launcher was shown. A phone is a processor of a quarter of the speed behind a line of
1.6 Mbit/s and 150 ms.
Run: `make bench` or `python -m bench.widgets [--quick] [--only NAME]`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.devtools import chromium
from bench.embeds import Site, ours, peers, versions
from bench.figures import keep, quiet, say
from bench.loading import Load, Weight, load, weigh
from bench.machine import ROOT, described
from bench.systems import System, running
from duologue.cli import livekit

SOCKET: Final = "duologue"
ROOM: Final = "duologue, in a room"
LOADS: Final = 15
PACKINGS: Final = ("gzip", "br, gzip")
COMPARED: Final = ("before", "in_all", "brotli_in_all", "parsed", "shown")


def public_key(system: System, site: Site) -> str:
    """A key that only this site may use."""
    words = ["keys", "create", "--kind", "public", "--agent", "bench", "--origin", site.url]
    done = subprocess.run(
        [sys.executable, "-m", "duologue", *words, "--data", system.folder, "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return str(json.loads(done.stdout)["key"])


@contextmanager
def sites(only: str | None) -> Iterator[Site]:
    """A site for each system, ours with their servers behind them."""
    with ExitStack() as stack:
        site = stack.enter_context(Site().open())
        rooms = stack.enter_context(livekit.server()) if only in (None, ROOM) else None
        for name, more in ((SOCKET, None), (ROOM, rooms)):
            if only not in (None, name):
                continue
            settings: dict[str, Any] = {
                f"livekit_{key}": value for key, value in (more._asdict() if more else {}).items()
            }
            system = stack.enter_context(running("duologue", **settings))
            site.embeds.append(ours(name, system.url, public_key(system, site)))
        if only not in (SOCKET, ROOM):
            site.embeds += [each for each in peers(site.files) if only in (None, each.name)]
        yield site


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one load each, nothing kept")
    parser.add_argument("--only", help="one of the systems, nothing kept")
    parser.add_argument("--pictures", type=Path, help="a folder for what was seen")
    given = parser.parse_args()
    kept = not given.quick and given.only is None
    if kept:
        quiet()
    with sites(given.only) as site, chromium() as browser:
        pages = [(embed, f"{site.url}/{at}") for at, embed in enumerate(site.embeds)]
        weights = {
            embed.name: {way: weigh(browser, embed, url, way, given.pictures) for way in PACKINGS}
            for embed, url in pages
        }
        say("weighed")
        loads: dict[str, dict[bool, list[Load]]] = {
            embed.name: {False: [], True: []} for embed, _ in pages
        }
        for number in range(1 if given.quick else LOADS + 1):
            for phone in (False, True):
                for embed, url in pages:
                    found = load(browser, embed, url, phone=phone)
                    if number or given.quick:  # the first of each warms the browser itself
                        loads[embed.name][phone].append(found)
            say(f"load {number} of {LOADS}")
        version = browser.call("Browser.getVersion")["product"]
    report(weights, loads, version, write=kept)


def report(
    weights: dict[str, dict[str, Weight]],
    loads: dict[str, dict[bool, list[Load]]],
    browser: str,
    *,
    write: bool,
) -> None:
    """Prints the figures and their ratios, and keeps them."""
    print(f"{described()}, {browser}; {versions()}")
    rows: dict[str, dict[str, Any]] = {}
    for name, packed in weights.items():
        weight, brotli = (packed[way] for way in PACKINGS)
        desk, phone = loads[name][False], loads[name][True]

        def middle(of: list[Load], what: Callable[[Load], float]) -> float:
            return statistics.median(map(what, of))

        rows[name] = row = weight._asdict() | {
            "in_all": weight.before + weight.after,
            "brotli_before": brotli.before,
            "brotli_in_all": brotli.before + brotli.after,
            "parsed": middle(desk, lambda one: one.parsed),
            "busy": middle(desk, lambda one: one.busy),
            "shown": middle(desk, lambda one: one.shown),
            "phone_parsed": middle(phone, lambda one: one.parsed),
            "phone_shown": middle(phone, lambda one: one.shown),
        }
        print(
            f"{name}\n  before talk {row['before'] / 1000:6.1f} kB in {row['files_before']},"
            f" after {row['after'] / 1000:6.1f} kB in {row['files_after']},"
            f" in all {row['in_all'] / 1000:6.1f} kB"
            f" (asked in vain: {', '.join(row['elsewhere']) or 'nobody'})\n"
            f"  with brotli {row['brotli_before'] / 1000:6.1f} kB before talk,"
            f" in all {row['brotli_in_all'] / 1000:6.1f} kB\n"
            f"  parse and evaluate {row['parsed']:.1f} ms, main thread {row['busy']:.1f} ms,"
            f" launcher after {row['shown']:.0f} ms\n"
            f"  on a phone         {row['phone_parsed']:.1f} ms,"
            f" launcher after {row['phone_shown']:.0f} ms"
        )
    for name, row in rows.items():
        for mine in (SOCKET, ROOM):
            if name.startswith("@") and mine in rows:
                of = [f"{key} {rows[mine][key] / row[key]:.2f}" for key in COMPARED]
                print(f"{mine} to {name}: {', '.join(of)} (goal: below 1)")
    if write:
        keep("widgets", systems=rows, loads=LOADS, browser=browser, peers=versions())


if __name__ == "__main__":
    main()
