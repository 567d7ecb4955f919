"""Agents that tell what their server has in use, and agents that do not want to end."""

from __future__ import annotations

AGENTS = """
import asyncio
import ctypes
import gc
import sys
from collections import Counter

from livekit.agents import Agent

import duologue
from duologue.testing import models
from duologue.transports import websocket

models.CHARACTER = 0.005
# A timer that is not stopped would keep what it is to close: the test would wait as long.
websocket.STUCK = 3600.0


class Heap(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]


libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Heap


def memory():
    gc.collect()
    blocks, heap = sys.getallocatedblocks(), libc.mallinfo2()
    # Python has its own small blocks; all that is larger, and all of C, comes from here.
    used = heap.uordblks + heap.hblkhd
    kinds = Counter(map(type, gc.get_objects()))
    named = {f"{one.__module__}.{one.__qualname__}": n for one, n in kinds.items()}
    return {"blocks": blocks, "heap": used, "kinds": named}


def scripted(name):
    voices = {"llm": models.ScriptedAnswers, "tts": models.ToneTTS}
    return duologue.agent(name, stt=lambda: models.ScriptedSTT([]), **voices)


@scripted("desk")
class Desk(Agent):
    def __init__(self):
        super().__init__(instructions="Be brief.")
        here = duologue.current()

        def tell(what):
            tasks = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
            here.send({"tasks": tasks, **(memory() if what == "memory" else {})})

        here.on_data(tell)


@scripted("stubborn")
class Stubborn(Agent):
    def __init__(self):
        super().__init__(instructions="Never end.")

        async def work(_):
            await asyncio.Event().wait()

        duologue.current().on_data(work)

    async def on_exit(self):
        await asyncio.Event().wait()


@scripted("waiting")
class Waiting(Agent):
    def __init__(self):
        super().__init__(instructions="Never begin.")

    async def on_enter(self):
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)
                raise
"""
