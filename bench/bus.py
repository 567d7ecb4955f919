"""What the bus costs: an event and an order by Redis and within one process, and asking whether.

Two processes on one machine, and a real Redis beside them. Run: `python -m bench.bus`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from statistics import quantiles
from typing import Final

import uvloop
from tests.redis import server

from bench.figures import keep
from bench.machine import described
from duologue.access.limits import Limits
from duologue.bus.bell import Bell, Unheard
from duologue.bus.open import opened
from duologue.wire import live as wire

TIMES: Final = 2000
FLOOD: Final = 20_000
ORG: Final = "org_bench"
CONVERSATION: Final = "conv_bench"
SHOWN: Final = wire.Shown(
    conversation=CONVERSATION,
    session="sess_bench",
    run="run_bench",
    agent="Desk",
    transport="websocket",
    visitor="",
    page="",
    since=0,
    state="listening",
    clients=1,
    holder=None,
    hidden="",
)


def other(url: str) -> None:
    """The other process: it obeys, and sends back whatever it hears."""

    async def work() -> None:
        async with opened(url, ORG) as bus:
            bell = bus.bell
            gone = asyncio.Event()

            async def obey(order: wire.Order) -> wire.Shown:
                if isinstance(order, wire.End):
                    gone.set()
                return SHOWN

            release = bell.attend(ORG, CONVERSATION, obey)

            async def echo() -> None:
                with bell.subscribe("there") as heard:
                    while not gone.is_set():
                        if (event := await heard.take(0.2)) is not None:
                            bell.publish("back", event)

            await echo()
            release()

    uvloop.run(work())


def shown(what: str, seconds: list[float]) -> tuple[float, float]:
    """Says how long it took, and gives the median and the 95th percentile in milliseconds."""
    cuts = quantiles(seconds, n=20)
    p50, p95 = cuts[9] * 1000, cuts[18] * 1000
    print(f"{what}: p50 {p50:.3f} ms, p95 {p95:.3f} ms")
    return p50, p95


async def orders(bell: Bell) -> list[float]:
    """How long each order takes to be answered."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await bell.order(ORG, CONVERSATION, wire.Look())
        found.append(time.perf_counter() - began)
    return found


async def echoes(bell: Bell) -> list[float]:
    """How long an event takes there and back, halved."""
    found = []
    with bell.subscribe("back") as heard:
        while not bell.watched("there"):  # noqa: ASYNC110  # a bell has no event for it
            await asyncio.sleep(0.01)
        while await heard.take(0.05) is None:  # until the other knows that we watch
            bell.publish("there", wire.Doing("speaking"))
        while await heard.take(0.2) is not None:
            pass
        for number in range(TIMES):
            began = time.perf_counter()
            bell.publish("there", wire.Words("turn", "agent", f"word {number}"))
            await heard.take(5)
            found.append((time.perf_counter() - began) / 2)
    return found


def nanoseconds(bell: Bell) -> float:
    """What asking costs where nobody watches."""
    began = time.perf_counter()
    for _ in range(1_000_000):
        bell.watched("live/org_bench/conv_other")
    return (time.perf_counter() - began) * 1000


async def published(bell: Bell) -> float:
    """Processor time of an event that somebody watches elsewhere, sent and done, in µs."""
    began = time.process_time()
    for number in range(FLOOD):
        bell.publish("there", wire.Words("turn", "agent", f"word {number}"))
        if number % 100 == 0:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.5)
    return (time.process_time() - began) / FLOOD * 1e6


async def measure(url: str) -> None:
    """Prints what each costs."""
    print(described())
    figures: dict[str, object] = {}
    async with opened("", ORG) as bus:
        figures["asking_here_ns"] = nanoseconds(bus.bell)

        async def obey(order: wire.Order) -> wire.Shown:
            return SHOWN

        bus.bell.attend(ORG, CONVERSATION, obey)
        figures["order_here_ms"] = shown("an order in the same process", await orders(bus.bell))
    async with opened(url, ORG) as bus:
        figures["asking_ns"] = nanoseconds(bus.bell)
        print(
            f"watched(), where nobody does: {figures['asking_here_ns']:.0f} ns in one process,"
            f" {figures['asking_ns']:.0f} ns with Redis"
        )
        async with asyncio.timeout(30):
            while True:
                try:
                    await bus.bell.order(ORG, CONVERSATION, wire.Look())
                    break
                except Unheard:
                    await asyncio.sleep(0.05)
        figures["order_ms"] = shown("an order to another process", await orders(bus.bell))
        figures["event_ms"] = shown("an event to another process", await echoes(bus.bell))
        figures["event_us"] = await published(bus.bell)
        print(f"processor time of an event to another process: {figures['event_us']:.0f} µs")
        limits = Limits(6_000_000, kind="bench", counts=bus.counts)
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            await limits.take("a", 0)
            took.append(time.perf_counter() - began)
        figures["count_ms"] = shown("one count of a limit", took)
        await bus.bell.order(ORG, CONVERSATION, wire.End("done"))
    keep("bus", **figures)


def main() -> None:
    """Starts Redis and the other process."""
    with server() as redis:
        there = multiprocessing.get_context("spawn").Process(target=other, args=(redis.url,))
        there.start()
        try:
            uvloop.run(measure(redis.url))
        finally:
            there.join(10)
            there.kill()


if __name__ == "__main__":
    main()
