"""The conversation's memory while it runs: every write in its order, each a promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection

from duologue.pipeline.history import spoken
from duologue.pipeline.pen import Kind, Pen
from duologue.store import conversations, messages
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Message

CHECKPOINT_MS: Final = 1000
"""How often a growing answer is saved: what a kill can lose of it."""


@dataclass
class _Line:
    """A message of the agent's side, which may grow."""

    id: str
    first: dict[str, Any]
    """What stays the same of it."""
    person: str | None = None
    text: str = ""
    secret: bool = False
    saved_at: int = 0
    tried: bool = False
    there: bool = False
    """Whether the store has taken it; until then it is written, and not revised."""


class Record:
    """Writes what is said into the store; the future of a write says whether it is there.

    A user whose words the store refuses is asked to say them again. What the agent said nobody
    can say again: it waits, and is written before the next message that the store takes.
    """

    def __init__(
        self,
        db: Database,
        *,
        org_id: str,
        conversation_id: str,
        run_id: str,
        clock: Callable[[], int],
    ) -> None:
        self._db = db
        self._org_id = org_id
        self._where = {"conversation_id": conversation_id, "run_id": run_id}
        self._clock = clock
        self._pen = Pen(self._where)
        self._answer: _Line | None = None
        self.session_id: str | None = None
        """The attached session; messages name it."""
        self.secret = False
        """Whether it is only kept that something was said, and not what."""
        self.person: str | None = None
        """Who speaks in the agent's place; what is kept of that says so."""

    def user(self, turn: str, text: str) -> asyncio.Future[bool]:
        """What the user said."""
        text = "" if self.secret else kept(text)
        first = self._first(turn, "user", "message")
        now = self._clock()
        return self._pen.write(
            lambda: self._db.write(messages.append, self._org_id, **first, text=text, now=now),
            "once",
        )

    def written(self, turn: str, text: str) -> asyncio.Future[bool]:
        """What the agent wrote without speaking."""
        return self._note(self._first(turn, "assistant", "message"), text)

    def note(
        self,
        role: Literal["tool", "system"],
        kind: Literal["tool_call", "tool_output", "error", "data"],
        text: str,
        item: dict[str, Any],
    ) -> asyncio.Future[bool]:
        """A tool's call or output, or something that went wrong."""
        return self._note(self._first("", role, kind, item), text)

    def answer_words(self, turn: str, text: str) -> None:
        """The answer grows; it is saved at its first words and then once a second."""
        now = self._clock()
        answer = self._answer
        if answer is None:
            by = None if self.person is None else {"by": "person", "name": self.person}
            first = self._first(turn, "assistant", "message", by)
            answer = _Line(fresh("msg_", now), first, self.person, saved_at=now - CHECKPOINT_MS)
            self._answer = answer
        answer.text += text
        answer.secret |= self.secret
        if now - answer.saved_at >= CHECKPOINT_MS:
            answer.saved_at = now
            self._save(answer, answer.text, final=False)

    def answer_so_far(self) -> asyncio.Future[bool] | None:
        """All words of the answer up to now are saved."""
        answer = self._answer
        return None if answer is None else self._save(answer, answer.text, final=False)

    def answer_heard(self, text: str, *, interrupted: bool) -> None:
        """The answer is over: this is what the listener heard of it."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        if text:
            self._save(answer, text, final=True, interrupted=interrupted)
        else:  # cut before a word of it was heard: it never happened
            self.write(messages.remove, self._org_id, answer.id)

    @property
    def by_person(self) -> bool:
        """Whether the answer that is being said is a person's, or will be."""
        return (self.person if self._answer is None else self._answer.person) is not None

    def state(self, values: str) -> asyncio.Future[bool]:
        """The state that agent and clients share, as JSON."""
        if self.secret:
            kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            kept.set_result(True)
            return kept
        conversation = self._where["conversation_id"]
        return self.write(conversations.set_state, self._org_id, conversation, values)

    def write(self, work: Callable[..., Any], *args: Any, **values: Any) -> asyncio.Future[bool]:
        """Runs a unit of work after all earlier ones; the future is its commit."""
        return self._pen.write(lambda: self._db.write(work, *args, **values))

    def now(self) -> int:
        """The time, as messages have it."""
        return self._clock()

    async def said(self, session_id: str) -> list[Message]:
        """What was said by both sides in one session, as far as it is kept."""
        await self.settled()
        found = await self._db.read(messages.of, self._org_id, self._where["conversation_id"])
        return spoken(found, session_id)

    async def settled(self) -> None:
        """Returns when everything written so far is in the store, or was refused by it."""
        await self._pen.settled()

    async def caught_up(self) -> bool:
        """Writes what the agent said while the store refused it; whether nothing of it is left."""
        return await self._pen.caught_up()

    def _first(
        self, turn: str, role: str, kind: str, item: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return self._where | {
            "session_id": self.session_id,
            "turn_id": turn,
            "role": role,
            "kind": kind,
            "item": None if self.secret else item,
        }

    def _note(self, first: dict[str, Any], text: str) -> asyncio.Future[bool]:
        line = _Line(fresh("msg_", self._clock()), first, secret=self.secret)
        return self._save(line, text, final=True)

    def _save(self, line: _Line, text: str, **values: Any) -> asyncio.Future[bool]:
        values |= {"text": "" if line.secret else kept(text), "now": self._clock()}
        kind: Kind = "kept" if values["final"] else "once"
        return self._pen.write(lambda: self._saved(line, values), kind)

    async def _saved(self, line: _Line, values: dict[str, Any]) -> None:
        if line.there:
            await self._db.write(messages.revise, self._org_id, line.id, **values)
        else:
            # What was refused may be there all the same, if only the answer was lost.
            work, line.tried = _put if line.tried else _append, True
            await self._db.write(work, self._org_id, line.id, line.first, values)
        line.there = True


def _append(
    conn: Connection, org_id: str, id_: str, first: dict[str, Any], values: dict[str, Any]
) -> None:
    messages.append(conn, org_id, id=id_, **first, **values)


def _put(
    conn: Connection, org_id: str, id_: str, first: dict[str, Any], values: dict[str, Any]
) -> None:
    if not messages.revise(conn, org_id, id_, **values):
        _append(conn, org_id, id_, first, values)


def kept(text: str) -> str:
    """A text as it is stored: a model may say NUL, for which PostgreSQL has no place."""
    return text.replace("\0", "")
