"""The line to Redis: two connections, what goes out and what is heard, and both back after a fault.

One connection sends, many commands at once where many wait; the other listens, for a connection
that listens can do nothing else. Whatever fails of the two, both are made anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from duologue.bus.listener import Listener
from duologue.bus.outbox import Command, Outbox, Told
from duologue.bus.tuning import Tuning
from duologue.errors import DuologueError

log = structlog.get_logger(__name__)

CONNECT: Final = 5.0
"""Seconds in which Redis must let us in."""
ANSWER: Final = 3.0
"""Seconds in which it must answer."""
QUIET: Final = 15.0
"""Seconds after which a line on which nothing is heard is dead: our own beat comes back on it."""
BEAT: Final = 5.0
AGAIN: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each try to come back; the last of them from then on."""
BATCH: Final = 256
TROUBLE: Final = (RedisError, OSError, TimeoutError, EOFError)


class Gone(Exception):
    """Redis is not reached: nothing was asked of it."""


class Unanswered(Exception):
    """Redis went away before it answered: what was asked may have been done."""


class Line:
    """Sends and listens until it is closed; nothing that Redis does is an error of who uses it."""

    def __init__(self, url: str) -> None:
        try:
            pool = ConnectionPool.from_url(url, protocol=2, socket_connect_timeout=CONNECT)
        except ValueError as error:
            raise DuologueError("setting_invalid", name="redis_url", reason=_lower(error)) from None
        self._kind = pool.connection_class
        # What was sent is never sent again by a library that does not know what it was.
        self._options = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0)}
        given = self._options
        server = f"{given.get('host', 'localhost')}:{given.get('port', 6379)}"
        self.address = str(given.get("path", server))
        """Where Redis is, for people: without a password."""
        self.up = False
        """Whether it is reached."""
        self._end: Listener
        self._out = Outbox()
        self._due = asyncio.Event()
        self._tuning = Tuning()
        self._keeper: asyncio.Task[None] | None = None
        self._mouth: AbstractConnection
        self._ear: AbstractConnection

    # ------------------------------------------------------------ life

    async def open(self, end: Listener) -> None:
        """Connects, or says why that cannot be; from then on the line keeps itself up."""
        self._end = end
        try:
            await self._connect()
        except TROUBLE as error:
            await self._disconnect()
            raise self._explained(error) from None
        self._begin()
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Sends what waits, within a moment, and hangs up."""
        if self._keeper is None:
            return
        with contextlib.suppress(Gone, Unanswered, ResponseError, TimeoutError):
            async with asyncio.timeout(ANSWER):
                await self.ask("PING")
        await _ended(self._keeper)
        self._keeper = None

    # ------------------------------------------------------------ what others may do

    async def ask(self, *words: str | bytes | int) -> Any:
        """What Redis answers; it is asked at most once."""
        if not self.up:
            raise Gone
        done = asyncio.get_running_loop().create_future()
        self._put(Command(words, done))
        return await done

    def say(self, channel: str, data: bytes) -> None:
        """Says something, to whoever listens when it arrives; nothing where the line is gone."""
        if self.up:
            self._put(Command(("PUBLISH", channel, data)))

    def tell(self, topic: str, event: Any) -> None:
        """Tells an event, if there is a line, and unless too many wait for it already."""
        if self.up:
            self._out.offer(topic, event)
            self._due.set()

    def listen(self, channel: str) -> None:
        """Listens to a channel from soon on."""
        self._tuning.want(channel)
        self._due.set()

    def leave(self, channel: str) -> None:
        """Listens to it no more."""
        self._tuning.leave(channel)
        self._due.set()

    async def settled(self) -> None:
        """Returns once all that is wanted is listened to."""
        await self._tuning.settled()

    # ------------------------------------------------------------ within

    def _put(self, command: Command) -> None:
        self._out.put(command)
        self._due.set()

    async def _keep(self) -> None:
        """Works until the line breaks, then comes back."""
        try:
            while True:
                error = await self._work()
                began = asyncio.get_running_loop().time()
                self._break()
                log.warning("redis lost", address=self.address, reason=_reason(error))
                await self._disconnect()
                await self._return()
                seconds = round(asyncio.get_running_loop().time() - began, 1)
                log.info("redis is back", address=self.address, seconds=seconds)
                self._begin()
        finally:
            self._break()
            await self._disconnect()

    def _begin(self) -> None:
        """Both connections are there."""
        self.up = True
        self._due.set()
        self._end.came()

    async def _work(self) -> BaseException | None:
        """Sends, hears and beats until one of them cannot any more, and why."""
        tasks = [asyncio.create_task(each()) for each in (self._send, self._hear, self._beat)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            error = done.pop().exception()
            if not isinstance(error, TROUBLE):
                log.error("the line to redis failed", exc_info=error)
            return error
        finally:
            await _ended(*tasks)

    async def _return(self) -> None:
        """Tries until Redis is there again."""
        tries = 0
        while True:
            await asyncio.sleep(AGAIN[min(tries, len(AGAIN) - 1)])
            tries += 1
            try:
                await self._connect()
            except TROUBLE as error:
                log.debug("redis is not back", reason=_reason(error))
                await self._disconnect()
            else:
                return

    def _break(self) -> None:
        """Tells all who wait that nothing comes any more."""
        was, self.up = self.up, False
        for command in self._out.clear():
            if command.done is not None and not command.done.done():
                command.done.set_exception(Gone())
        if was:
            self._end.went()

    async def _connect(self) -> None:
        self._mouth = self._kind(**{**self._options, "socket_timeout": ANSWER})
        self._ear = self._kind(**{**self._options, "socket_timeout": QUIET})
        async with asyncio.timeout(CONNECT):
            await self._mouth.connect()  # type: ignore[no-untyped-call]  # redis says no types
            await self._ear.connect()  # type: ignore[no-untyped-call]  # likewise
            always = set(self._end.always)
            await self._ear.send_command("SUBSCRIBE", *always)
            for _ in always:
                await self._ear.read_response()
            self._tuning.begin(always)

    async def _disconnect(self) -> None:
        for connection in (getattr(self, "_mouth", None), getattr(self, "_ear", None)):
            if connection is not None:
                with contextlib.suppress(*TROUBLE):
                    await connection.disconnect(nowait=True)

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while self._tuning.due or len(self._out):
                if self._tuning.due:
                    await self._tune()
                if batch := self._out.take(BATCH):
                    await self._exchange([self._command(each) for each in batch])

    def _command(self, item: Command | Told) -> Command:
        if isinstance(item, Command):
            return item
        return Command(("PUBLISH", *self._end.written(item)))

    async def _tune(self) -> None:
        """Lets Redis know what is listened to by now."""
        change = self._tuning.change()
        if change.left:
            await self._ear.send_command("UNSUBSCRIBE", *change.left)
        if change.new:
            await self._ear.send_command("SUBSCRIBE", *change.new)
        for channel in change.again:
            self._end.tuned(channel)

    async def _exchange(self, batch: list[Command]) -> None:
        """Sends commands together, and gives each its answer."""
        try:
            packed = self._mouth.pack_commands([each.words for each in batch])
            await self._mouth.send_packed_command(packed, check_health=False)
            for command in batch:
                try:
                    answer = await self._mouth.read_response()
                except ResponseError as error:
                    answer = error
                _settle(command, answer)
        finally:
            for command in batch:
                _settle(command, Unanswered())

    async def _hear(self) -> None:
        heard = 0
        while True:
            kind, channel, data = await self._ear.read_response()
            name = channel.decode()
            if kind == b"message":
                self._end.hear(name, data)
            elif kind == b"subscribe":
                self._end.tuned(name)
                self._tuning.confirm(name)
            heard += 1
            if heard % 64 == 0:  # what came at once is read without a pause otherwise
                await asyncio.sleep(0)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            self._end.beat()

    def _explained(self, error: BaseException) -> DuologueError:
        """Why a server does not start without Redis."""
        if isinstance(error, AuthenticationError | ResponseError):
            reason = f"Redis at {self.address} refuses it: {_reason(error)}"
            return DuologueError("setting_invalid", name="redis_url", reason=reason)
        return DuologueError(
            "redis_unreachable", address=self.address, reason=_reason(error), seconds=2
        )


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Ends tasks, however often that must be said.

    Python 3.11's `wait_for`, by which the library sends, forgets that it was cancelled when what it
    waits for is done in the same moment.
    """
    left = [task for task in tasks if not task.done()]
    while left:
        for task in left:
            task.cancel()
        _, still = await asyncio.wait(left, timeout=AGAIN[0])
        left = list(still)
    await asyncio.gather(*tasks, return_exceptions=True)  # whose failures are known by now


def _settle(command: Command, answer: Any) -> None:
    if command.done is None or command.done.done():
        return
    if isinstance(answer, Exception):
        command.done.set_exception(answer)
    else:
        command.done.set_result(answer)


def _reason(error: BaseException | None) -> str:
    """Why, in one line; what Redis says never holds a password."""
    words = str(error).strip().rstrip(".").splitlines()
    return words[0] if words and words[0] else type(error).__name__


def _lower(error: Exception) -> str:
    reason = _reason(error)
    return reason[0].lower() + reason[1:]
