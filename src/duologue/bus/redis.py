"""The bus between processes, by Redis: each hears what it watches, and obeys what it attends to.

Redis keeps nothing of it. Events go out on a channel a topic, and only where some process said that
it watches there: each says so at once, and again every few seconds, so that one that dies is
forgotten. An order goes out on a channel a conversation, to the process that has subscribed to it.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterable
from typing import Any, Final

import structlog

from duologue.bus.bell import Obey, Release, Unheard
from duologue.bus.here import HereBell
from duologue.bus.line import QUIET, Gone, Line, Unanswered
from duologue.bus.outbox import Told
from duologue.errors import DuologueError
from duologue.wire import bus as wire
from duologue.wire.live import Event, Lost, Order, Shown

log = structlog.get_logger(__name__)

PATIENCE: Final = 10.0
"""Seconds in which an order must be answered."""
FORGOTTEN: Final = QUIET
"""Seconds after which what a silent process watches is forgotten; it speaks each `BEAT`."""


class RedisBell(HereBell):
    """Rings here as `HereBell` does, and where others watch or attend, also there."""

    def __init__(self, line: Line, prefix: str) -> None:
        super().__init__()
        self._line = line
        self._prefix = f"{prefix}:"
        self._me = uuid.uuid4().hex
        self._all = self._channel("all")
        self._mine = self._channel(f"process/{self._me}")
        self._others: dict[str, tuple[frozenset[str], float]] = {}
        """What each other process watches, and until when that counts."""
        self._elsewhere: frozenset[str] = frozenset()
        self._begun = False
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Queue[wire.Answered | None]] = {}
        self._obeying: set[asyncio.Task[None]] = set()

    @property
    def reached(self) -> bool | None:
        """Whether Redis is there."""
        return self._line.up

    def watched(self, topic: str) -> bool:
        """Whether anybody listens, here or elsewhere."""
        return topic in self._listening or topic in self._elsewhere

    def publish(self, topic: str, event: Event) -> None:
        """Tells whoever listens: here at once, elsewhere when the line has room."""
        super().publish(topic, event)
        if topic in self._elsewhere:
            self._line.tell(topic, event)

    def attend(self, org_id: str, conversation_id: str, obey: Obey) -> Release:
        """Takes the orders for a conversation from every process."""
        released = super().attend(org_id, conversation_id, obey)
        channel = self._orders(org_id, conversation_id)
        self._line.listen(channel)

        def release() -> None:
            released()
            if (org_id, conversation_id) not in self._attending:
                self._line.leave(channel)

        return release

    async def order(self, org_id: str, conversation_id: str, order: Order) -> Shown:
        """What the attendant answers, wherever it is; it is ordered once, whatever happens."""
        if (org_id, conversation_id) in self._attending:
            return await super().order(org_id, conversation_id, order)
        number = next(self._numbers)
        answers: asyncio.Queue[wire.Answered | None] = asyncio.Queue()
        parcel = wire.pack(wire.ordered(self._me, number, order))
        sent = False
        try:
            async with asyncio.timeout(PATIENCE):
                if not self._line.up:
                    raise Gone
                # What was subscribed before is heard from the answer on, without a gap.
                await self._line.settled()
                self._asked[number] = answers
                sent = True
                channel = self._orders(org_id, conversation_id)
                heard = await self._line.ask("PUBLISH", channel, parcel)
                return await _first(answers, heard)
        except (Gone, TimeoutError, Unanswered) as error:
            if isinstance(error, Gone) or not sent:
                address = self._line.address
                raise DuologueError(
                    "redis_unreachable", address=address, reason="it is gone", seconds=2
                ) from None
            raise DuologueError("order_unanswered", conversation=conversation_id) from None
        finally:
            self._asked.pop(number, None)

    async def aclose(self) -> None:
        """Lets nothing run on that this bell began."""
        self.close()
        for task in list(self._obeying):
            task.cancel()
        await asyncio.gather(*self._obeying, return_exceptions=True)

    # ------------------------------------------------------------ who listens here

    def _came(self, topic: str) -> None:
        self._line.listen(self._channel(topic))

    def _left(self, topic: str) -> None:
        self._line.leave(self._channel(topic))
        self._announce()

    def _announce(self) -> None:
        self._line.say(self._all, wire.pack(wire.Watching(self._me, list(self._listening))))

    # ------------------------------------------------------------ what the line tells

    @property
    def always(self) -> Iterable[str]:
        """What is said to all processes, and to this one."""
        return self._all, self._mine

    def came(self) -> None:
        """Asks the others what they watch; what happened meanwhile is lost to who listens here."""
        self._line.say(self._all, wire.pack(wire.Hello(self._me)))
        self._announce()
        if not self._begun:
            self._begun = True
            return
        for subscriptions in self._listening.values():
            for subscription in subscriptions:
                subscription.put(Lost(0))

    def went(self) -> None:
        """Nobody watches elsewhere, as long as nothing can be told; and no answer comes."""
        self._others.clear()
        self._elsewhere = frozenset()
        for answers in self._asked.values():
            answers.put_nowait(None)

    def tuned(self, channel: str) -> None:
        """Lets the others know of a topic once what they tell of it is heard."""
        if channel.removeprefix(self._prefix) in self._listening:
            self._announce()

    def beat(self) -> None:
        """Says again what is watched here, and forgets who does not say so any more."""
        self._announce()
        now = asyncio.get_running_loop().time()
        silent = [each for each, (_, until) in self._others.items() if until < now]
        for each in silent:
            del self._others[each]
        if silent:
            self._sum_up()

    def written(self, told: Told) -> tuple[str, bytes]:
        """An event as it travels."""
        return self._channel(told.topic), wire.pack(wire.Happened(self._me, told.event))

    def hear(self, channel: str, data: bytes) -> None:
        """Something came from a process: from this one, too."""
        match wire.unpack(data):
            case wire.Happened(sender, event) if sender != self._me:
                super().publish(channel.removeprefix(self._prefix), event)
            case wire.Watching(sender, topics) if sender != self._me:
                self._note(sender, frozenset(topics))
            case wire.Hello(sender) if sender != self._me:
                self._announce()
            case wire.Answered() as answered:
                if answers := self._asked.get(answered.number):
                    answers.put_nowait(answered)
            case wire.Ordered() as ordered:
                _, org_id, conversation_id = channel.removeprefix(self._prefix).split("/")
                task = asyncio.create_task(self._obey(org_id, conversation_id, ordered))
                self._obeying.add(task)
                task.add_done_callback(self._obeying.discard)
            case _:
                pass

    # ------------------------------------------------------------ within

    def _note(self, sender: str, topics: frozenset[str]) -> None:
        until = asyncio.get_running_loop().time() + FORGOTTEN
        before, _ = self._others.get(sender, (frozenset(), 0.0))
        self._others[sender] = topics, until
        if topics != before:
            self._sum_up()

    def _sum_up(self) -> None:
        self._elsewhere = frozenset().union(*(topics for topics, _ in self._others.values()))

    async def _obey(self, org_id: str, conversation_id: str, ordered: wire.Ordered) -> None:
        """Does what is ordered, and answers whoever asked."""
        answer = await self._done(org_id, conversation_id, ordered)
        self._line.say(self._channel(f"process/{ordered.reply_to}"), wire.pack(answer))

    async def _done(
        self, org_id: str, conversation_id: str, ordered: wire.Ordered
    ) -> wire.Answered:
        number, order = ordered.number, wire.order_of(ordered)
        if order is None:
            return wire.Answered(number, code="order_unknown")
        try:
            return wire.Answered(number, await super().order(org_id, conversation_id, order))
        except Unheard:
            return wire.Answered(number)
        except DuologueError as error:
            return wire.Answered(number, code=error.code, values=error.values)
        except Exception:
            return wire.Answered(number, code="internal", values={"id": _logged()})

    def _channel(self, name: str) -> str:
        return self._prefix + name

    def _orders(self, org_id: str, conversation_id: str) -> str:
        return self._channel(f"order/{org_id}/{conversation_id}")


async def _first(answers: asyncio.Queue[wire.Answered | None], heard: int) -> Shown:
    """The answer of whoever obeyed; while a run moves, two processes may have heard it."""
    refusal: wire.Answered | None = None
    for _ in range(heard):
        answer = await answers.get()
        if answer is None:
            raise Unanswered
        if answer.shown is not None:
            return answer.shown
        if answer.code:
            refusal = answer
    if refusal is None:
        raise Unheard
    raise _refused(refusal.code, refusal.values)


def _refused(code: str, values: dict[str, Any]) -> DuologueError:
    """What was raised there; a newer version may have codes that are not known here."""
    try:
        return DuologueError(code, **values)
    except (LookupError, ValueError, TypeError):
        log.exception("an order was refused in words that are not known here", code=code)
        return DuologueError("internal", id=code)


def _logged() -> str:
    """Writes what went wrong into the log, under this id."""
    id = uuid.uuid4().hex  # noqa: A001
    log.exception("an order failed", request=id)
    return id
