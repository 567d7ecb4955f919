"""The life of a `LiveKitSession`: opened by its door or by a token, left, gone on with, saved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Final, Self

from duologue.client import saved
from duologue.client.controlled import CONNECTION, ConnectionState
from duologue.client.errors import SessionConnectError, SessionError
from duologue.client.keeping import Keeper
from duologue.client.resumption import Resumption
from duologue.client.road import Ticket
from duologue.client.saved import SavedSession, Store
from duologue.client.session import Session
from duologue.client.token_options import SOCKET_KEY, TokenOptions
from duologue.client.tokens import TokenSource
from duologue.client.widget_door import PATH, Door
from duologue.errors import DuologueError

AGENT_PATIENCE: Final = 20.0
"""Seconds that an agent has to come."""
_OVER: Final = ("ended", "conversation_ended", "revoked")
"""Ends after which there is nothing to go on with."""


class Life:
    """When a session is open, and what `connect` does next."""

    def __init__(
        self,
        agent_id: str,
        base_url: str,
        key: str | None,
        endpoint: str | None,
        body: dict[str, Any],
        encryption: str | bytes | None,
    ) -> None:
        self._given: Ticket | None = None
        """A ticket that somebody else got, for the next start."""
        self._error: BaseException | None = None
        self._override: ConnectionState | None = None
        """What is shown instead of the line: that connecting failed, or that we left."""
        self._opening: asyncio.Task[None] | None = None
        self._waiters = 0
        self._closing: asyncio.Task[None] | None = None
        self._soon: asyncio.Handle | None = None
        self._keeper = Keeper(
            lambda: self.ticket, lambda: self.session.connection_state == "connected"
        )
        self.face: dict[str, Any] = {}
        """How the agent shows itself, in the server's words."""
        self._resumption = Resumption(self._changed, saved.RESUME_WINDOW)
        self._door = Door(
            agent_id, endpoint or base_url + PATH, key, body, self._resumption, self._forget
        )
        self.session = Session(
            TokenSource(self._ask), agent_name=agent_id, transport="auto",
            agent_connect_timeout=AGENT_PATIENCE, encryption=encryption,
        )  # fmt: skip
        """The session beneath, for what is not said here: files, requests, shared state, chat."""
        self.session.on("ended", self._ended)
        self.session.agent.on("state", self._agent_failed)

    # ------------------------------------------------------------ what it is

    @property
    def shown(self) -> ConnectionState:
        """The state as surfaces know it."""
        return self._override or CONNECTION[self.session.connection_state]

    @property
    def is_open(self) -> bool:
        """Whether the road is open, or mending itself."""
        return self._override is None and self.session.is_connected

    @property
    def last_error(self) -> BaseException | None:
        """What went wrong last; none since the session was opened well."""
        return self._error

    @property
    def ticket(self) -> Ticket | None:
        """Address, token and conversation of the session that is open; none while none is."""
        return self.session.ticket if self.is_open else None

    def can_resume(self) -> bool:
        """Whether `connect` goes on with the conversation: five minutes after it was open."""
        return self._resumption.possible

    # ------------------------------------------------------------ opening

    async def connect(self) -> None:
        """Opens the session and waits for the agent; goes on with the conversation if it can.

        Who calls it while it is being opened waits for the same; one that is open stays as it is.
        What fails is told to `on_error`, and raised.
        """
        await self._open(None)

    async def connect_with_token(self, url: str, token: str) -> None:
        """Opens the session that a token is for: a JWT opens a room, `dk_session_…` a socket."""
        self.reset()
        await self._open(Ticket(url, token))

    async def resume(self, kept: SavedSession) -> None:
        """Goes on with a session of `load_session`: live while the agent waits."""
        self.reset()
        self._resumption.keep(kept.ticket)
        self._resumption.leave(kept.ts)
        if kept.is_live():
            try:
                await self._open(kept.ticket, told=not kept.resume_token)
                return
            except (SessionError, DuologueError):
                if not kept.resume_token:
                    raise
                # A room that closes under us says nothing against the conversation.
                self._resumption.keep(kept.ticket)
                self._resumption.leave(kept.ts)
        await self._open(None)

    def disconnect(self) -> Awaitable[None]:
        """Leaves, and forgets the transcript; awaited, it returns when all is closed.

        `connect` goes on with the conversation for five minutes; `reset` makes it a new one.
        """
        self._keeper.stop()
        if self._opening is None and self._closing is None and not self.session.is_connected:
            if self.shown == "error":
                self._override = "disconnected"
            self._clear()
            return _Closing(None)
        if self._closing is None or self._opening is not None:
            self._override = "disconnected"
            self._closing = asyncio.get_running_loop().create_task(self._close(self._opening))
        self._clear()
        return _Closing(self._closing)

    def keep_saved(self, store: Store | None) -> None:
        """Says to a store, as long as the session is open, that it is alive."""
        self._keeper.add(store)

    def reset(self) -> None:
        """Forgets the conversation: the next `connect` begins a new one."""
        if self.is_open or self._opening is not None:
            raise SessionError("This session is open; await session.disconnect() first.")
        self._forget()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    # ------------------------------------------------------------ within

    async def _open(self, given: Ticket | None, *, told: bool = True) -> None:
        if self._opening is None:
            if self.is_open:
                return
            self._opening = asyncio.get_running_loop().create_task(self._start(given, told))
            self._opening.add_done_callback(self._opened)
        task = self._opening
        self._waiters += 1
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if task.cancelled() and not (me and me.cancelling()):
                raise SessionConnectError(
                    "disconnect() was called meanwhile", code="left"
                ) from None
            raise
        finally:
            self._waiters -= 1
            if not self._waiters and not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def _start(self, given: Ticket | None, told: bool) -> None:
        try:
            if self._closing is not None:
                await asyncio.shield(self._closing)
            self._given = given
            self._error = self._override = None
            await self.session.start()
        except Exception as error:
            self._override = "error" if told else "connecting"
            if told:
                self._wrong(error)
            raise
        except asyncio.CancelledError:
            self._override = "disconnected"
            raise

    def _opened(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # whoever still waits raises it
        if self._opening is task:
            self._opening = self._given = None
        self._changed()

    async def _close(self, opening: asyncio.Task[None] | None) -> None:
        if opening is not None:
            opening.cancel()
            await asyncio.wait([opening])
        try:
            await self.session.end()
        finally:
            if self._closing is asyncio.current_task():
                self._closing = None
            self._clear()

    async def _ask(self, options: TokenOptions) -> Ticket:
        """A ticket for a start, or for a line that was broken too long."""
        ticket, self._given = self._given, None
        if ticket is None:
            ticket = await self._door.ticket(renewing=self.session.is_connected)
        self.face = ticket.config.get("agent") or self.face
        if ticket.token.startswith(SOCKET_KEY):  # a room's is good only once its agent met us
            self._resumption.keep(ticket)
        return ticket

    def _ended(self, error: SessionConnectError) -> None:
        if error.code in _OVER:
            self._resumption.forget()
        if self._opening is None:  # else the start raises it
            self._wrong(SessionConnectError(error.reason, url=error.url, code="ROOM_DISCONNECT"))

    def _agent_failed(self, state: str) -> None:
        if state == "failed" and self.session.agent.error is not None and self._opening is None:
            self._wrong(self.session.agent.error)

    def _wrong(self, error: BaseException) -> None:
        self._error = error
        self._changed()

    def _forget(self) -> None:
        self._resumption.forget()
        self._clear()

    def _clear(self) -> None:
        self.session.messages.clear()
        self._changed()

    def _later(self) -> None:
        """Many messages at once are one change."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._changed)

    @property
    def _failing(self) -> bool:
        """Whether a start has failed, and is about to say so."""
        over = self.session.connection_state in ("disconnected", "failed")
        return over and self._opening is not None and self._override is None

    def _changed(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if not self.is_open:
            self._resumption.leave()
        elif self.session.agent.is_connected:
            self._resumption.attach(self.session.ticket)


class _Closing:
    """May be awaited, or not."""

    def __init__(self, task: asyncio.Task[None] | None) -> None:
        self._task = task

    def __await__(self) -> Generator[Any, None, None]:
        if self._task is not None:
            yield from asyncio.shield(self._task).__await__()
