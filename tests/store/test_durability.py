"""What was acknowledged outlives the process, however it dies."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

WRITER = """
import asyncio, sys
from duologue.store import messages
from duologue.store.database import Database
from tests.store.world import NOW, build

async def main(url):
    db = await Database.open(url)
    world = await db.write(build, "w")
    print("ready", flush=True)

    async def talk(who):
        number = 0
        while True:
            number += 1
            text = f"{who}:{number}"
            await db.write(messages.append, world.id, conversation_id=world.conversation.id,
                run_id=world.run.id, session_id=None, turn_id="t", role="user", kind="message",
                text=text, now=NOW)
            print(text, flush=True)

    await asyncio.gather(*(talk(who) for who in range(4)))

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_loses_no_acknowledged_message(tmp_path: Path, seed: int) -> None:
    """A writer is killed at a random moment: all it had acknowledged is there, and the file whole.

    The child says a text only after its commit, so every text that was read must be stored.
    """
    path = tmp_path / "duologue.db"
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, f"sqlite:///{path}"],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.05, 0.4))
    child.kill()
    said = {line.strip() for line in child.stdout.read().splitlines(keepends=True) if "\n" in line}
    child.stdout.close()
    child.wait()
    with sqlite3.connect(path) as connection:
        stored = [row[0] for row in connection.execute("SELECT text FROM messages ORDER BY seq")]
        numbers = [row[0] for row in connection.execute("SELECT seq FROM messages ORDER BY seq")]
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    assert len(said) > 3
    assert said <= set(stored)
    assert numbers == list(range(1, len(numbers) + 1))
    assert whole == "ok"
