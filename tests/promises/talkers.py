"""Callers who type: what the server acknowledged to them is known, and every error they met."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from copy import copy
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from duologue.testing.line import Refused, authorize, open_socket

AGENTS: Final = """
from livekit.agents import Agent

import duologue
from duologue.testing import models

models.CHARACTER = 0.005  # who types all day has no time to listen


@duologue.agent(
    "desk", llm=models.ScriptedAnswers, tts=models.ToneTTS, stt=lambda: models.ScriptedSTT([])
)
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""
"""An agent that repeats what it was told, in no time."""
PLAYED: Final = "trigger.response.audio.replay_finished"
PATIENCE: Final = 60.0
PAUSE: Final = 0.1
"""Seconds until a caller whose line broke tries again."""
Stored = dict[str | None, list[tuple[str, str, bool]]]
"""Role, text and interruption of each message in its order, by conversation."""


class Talker:
    """Types one message after the other into one conversation, and comes back when it broke."""

    def __init__(self, url: Callable[[], str], name: str, agent: str = "desk") -> None:
        self.name = name
        self.conversation_id: str | None = None
        self.acknowledged: list[tuple[str, str]] = []
        """Role and text of each message that the server called final."""
        self.troubles: list[str] = []
        """The codes of refusals and notices, in order; `gone` for a line that was cut."""
        self.exchanges = 0
        """Messages that were answered to the end."""
        self._url = url
        self._agent = agent
        self._numbers = itertools.count(1)

    async def talk(self) -> None:
        """Talks until it is cancelled."""
        while True:
            try:
                ticket = await authorize(self._url(), self._agent, "", self.conversation_id)
                self.conversation_id = ticket.conversation_id
                async with await open_socket(self._url(), ticket.session_key) as socket:
                    await socket.send('{"type":"client.ready"}')
                    while True:
                        await self._exchange(socket)
            except Refused as refused:
                self.troubles.append(refused.code or f"undocumented: {refused}")
            except (ConnectionClosed, WebSocketException, httpx.TransportError, OSError):
                self.troubles.append("gone")
            except TimeoutError:
                self.troubles.append("silence")
            await asyncio.sleep(PAUSE)

    async def _exchange(self, socket: ClientConnection) -> None:
        """Says something new, and hears the answer to its end.

        What was asked before a kill may be answered, too: that is not what is waited for.
        """
        said = f"{self.name} {next(self._numbers)}"
        await socket.send(json.dumps({"type": "client.response.text", "content": said}))
        answer, troubled = "", False
        async with asyncio.timeout(PATIENCE):
            while True:
                message: dict[str, Any] = json.loads(await socket.recv())
                match message["type"]:
                    case "user.transcript":
                        self.acknowledged.append(("user", message["content"]))
                    case "response.text":
                        self.acknowledged.append(("assistant", message["content"]))
                        if said in message["content"]:
                            answer = message["turn_id"]
                    case "response.end":  # heard as soon as it came
                        heard = {"reason": "completed", "turn_id": message["turn_id"]}
                        await socket.send(json.dumps({"type": PLAYED, **heard}))
                    case "turn.end" if message["turn_id"] == answer or (
                        troubled and message["role"] == "assistant"
                    ):
                        self.exchanges += not troubled
                        return
                    case "response.data" if message["content"]["type"] == "duologue.notice":
                        self.troubles.append(message["content"]["code"])
                        troubled = True
                    case _:
                        pass


@asynccontextmanager
async def talking(*talkers: Talker) -> AsyncIterator[None]:
    """They all talk meanwhile."""
    tasks = [asyncio.create_task(one.talk()) for one in talkers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def progress(*talkers: Talker, by: int = 2) -> None:
    """Returns when each of them was answered so many times more."""
    goals = [one.exchanges + by for one in talkers]
    async with asyncio.timeout(2 * PATIENCE):
        while any(one.exchanges < goal for one, goal in zip(talkers, goals, strict=True)):  # noqa: ASYNC110  # nothing tells when it changes
            await asyncio.sleep(0.05)


def stored(database: Path) -> Stored:
    """Role, text and interruption of each message, by conversation; in a file that is whole."""
    found: Stored = defaultdict(list)
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = db.execute(
            "SELECT conversation_id, role, text, interrupted FROM messages"
            " WHERE kind = 'message' ORDER BY conversation_id, seq"
        )
        for conversation, role, text, interrupted in rows:
            found[conversation].append((role, text, bool(interrupted)))
    return found


def as_they_are(talkers: Sequence[Talker]) -> list[Talker]:
    """What they know at this moment, to be held against what is stored a moment later."""
    frozen = [copy(one) for one in talkers]
    for one in frozen:
        one.acknowledged = list(one.acknowledged)
    return frozen


def missing(talkers: Sequence[Talker], kept: Stored) -> list[tuple[str, str]]:
    """What was acknowledged and is not there in its order; a cut answer is kept as far as heard."""
    lost = []
    for one in talkers:
        said = iter(kept[one.conversation_id])
        for role, text in one.acknowledged:
            if not any(
                who == role and (words == text or (cut and text.startswith(words)))
                for who, words, cut in said
            ):
                lost.append((role, text))
    return lost


def repeated(kept: Stored) -> list[str]:
    """Answers that were given twice to their end; no talker asks the same thing again."""
    answers = Counter(
        (conversation, words)
        for conversation, said in kept.items()
        for role, words, cut in said
        if role == "assistant" and not cut
    )
    return [words for (_, words), times in answers.items() if times > 1]
