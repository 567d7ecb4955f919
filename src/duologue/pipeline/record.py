"""The conversation's memory while it runs: every write in its order, each a promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog

from duologue.errors import DuologueError
from duologue.pipeline.history import spoken
from duologue.store import conversations, messages
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Message

CHECKPOINT_MS: Final = 1000
"""How often a growing answer is saved: what a kill can lose of it."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Answer:
    """What the agent is saying, or a person in its place."""

    id: str
    person: str | None
    saved_at: int
    first: dict[str, Any]
    """What stays the same of its message."""
    text: str = ""
    secret: bool = False
    there: bool = False
    """Whether the store has taken its message; until it does, it is not revised but written."""
    last: dict[str, Any] = field(default_factory=dict)
    """What was heard of it, once it is over."""


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
        self._tail: asyncio.Future[bool] | None = None
        self._answer: _Answer | None = None
        self._refused: dict[str, _Answer] = {}
        self.session_id: str | None = None
        """The attached session; messages name it."""
        self.secret = False
        """Whether it is only kept that something was said, and not what."""
        self.person: str | None = None
        """Who speaks in the agent's place; what is kept of that says so."""

    def user(self, turn: str, text: str) -> asyncio.Future[bool]:
        """What the user said."""
        return self._append(turn, "user", "message", text)

    def written(self, turn: str, text: str) -> asyncio.Future[bool]:
        """What the agent wrote without speaking."""
        return self._append(turn, "assistant", "message", text)

    def note(
        self,
        role: Literal["tool", "system"],
        kind: Literal["tool_call", "tool_output", "error", "data"],
        text: str,
        item: dict[str, Any],
    ) -> asyncio.Future[bool]:
        """A tool's call or output, or something that went wrong."""
        return self._append("", role, kind, text, item=item)

    def answer_words(self, turn: str, text: str) -> None:
        """The answer grows; it is saved at its first words and then once a second."""
        now = self._clock()
        answer = self._answer
        if answer is None:
            first: dict[str, Any] = {**self._where, "session_id": self.session_id, "turn_id": turn}
            first |= {"role": "assistant", "kind": "message"}
            if self.person is not None and not self.secret:
                first["item"] = {"by": "person", "name": self.person}
            begun = now - CHECKPOINT_MS
            self._answer = answer = _Answer(fresh("msg_", now), self.person, begun, first)
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
        return self._then(lambda: self._db.write(work, *args, **values))

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
        while self._tail is not None and not self._tail.done():
            await asyncio.wait([self._tail])

    def _append(
        self, turn: str, role: str, kind: str, text: str, **values: Any
    ) -> asyncio.Future[bool]:
        if self.secret:
            text = ""
            values.pop("item", None)
        return self.write(
            messages.append,
            self._org_id,
            **self._where,
            session_id=self.session_id,
            turn_id=turn,
            role=role,
            kind=kind,
            text=kept(text),
            now=self._clock(),
            **values,
        )

    def _save(self, answer: _Answer, text: str, **values: Any) -> asyncio.Future[bool]:
        values |= {"text": "" if answer.secret else kept(text), "now": self._clock()}
        if values["final"]:
            answer.last = values
        return self._then(lambda: self._saved(answer, values))

    def _then(self, step: Callable[[], Coroutine[Any, Any, object]]) -> asyncio.Future[bool]:
        self._tail = asyncio.ensure_future(self._after(self._tail, step))
        return self._tail

    async def _after(
        self, before: asyncio.Future[bool] | None, step: Callable[[], Coroutine[Any, Any, object]]
    ) -> bool:
        if before is not None and not before.done():
            await asyncio.wait([before])
        for answer in tuple(self._refused.values()):
            if not await self._succeeds(self._saved(answer, answer.last)):
                break
        return await self._succeeds(step())

    async def _saved(self, answer: _Answer, values: dict[str, Any]) -> None:
        try:
            if answer.there:
                await self._db.write(messages.revise, self._org_id, answer.id, **values)
            else:
                whole = answer.first | values
                await self._db.write(messages.append, self._org_id, id=answer.id, **whole)
        except Exception as error:
            if getattr(error, "code", "") == "store_unusable" and values is answer.last:
                self._refused[answer.id] = answer
            else:
                self._refused.pop(answer.id, None)
            raise
        self._refused.pop(answer.id, None)
        answer.there = True

    async def _succeeds(self, step: Coroutine[Any, Any, object]) -> bool:
        try:
            await step
        except DuologueError as error:
            log.error("not recorded", reason=error.message, **self._where)
            return False
        except Exception:
            log.exception("not recorded", **self._where)
            return False
        return True


def kept(text: str) -> str:
    """A text as it is stored: a model may say NUL, for which PostgreSQL has no place."""
    return text.replace("\0", "")
