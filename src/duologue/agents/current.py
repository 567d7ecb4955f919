"""Where agent code finds its session: `duologue.current()`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from duologue.agents.reach import AttributesHandler, FileHandler, Reach, RpcHandler
from duologue.agents.shared import State, Unsubscribe, subscribe
from duologue.core.navigation import destination
from duologue.core.visitors import Visitor
from duologue.errors import DuologueError, NotOnThisTransport
from duologue.wire.page import Page, told

if TYPE_CHECKING:
    from livekit import rtc

Handler = Callable[[Any], Awaitable[None] | None]

_HERE: ContextVar[Current] = ContextVar("duologue_current")


class Current:
    """The session that the running agent code belongs to."""

    def __init__(
        self,
        *,
        conversation_id: str,
        session_id: str,
        agent: str,
        transport: str,
        send: Callable[[Any], None],
        end: Callable[[str, str | None], None],
        metadata: dict[str, Any] | None = None,
        custom_metadata: dict[str, Any] | None = None,
        custom_headers: dict[str, str] | None = None,
        resumed: Literal["live", "rebuilt"] | None = None,
        visitor: Visitor | None = None,
        page: Page | None = None,
        chat: Callable[[str], None] | None = None,
        reach: Reach | None = None,
        lead: Callable[[str], None] | None = None,
        frame: Callable[[], rtc.VideoFrame | None] | None = None,
    ) -> None:
        self.conversation_id = conversation_id
        self.session_id = session_id
        self.agent = agent
        """The slug of the agent."""
        self.transport = transport
        """`websocket` or `livekit`: the road of the client that came last."""
        self.metadata = metadata or {}
        """What the session was authorized with."""
        self.custom_metadata = custom_metadata or {}
        self.custom_headers = custom_headers or {}
        self.visitor = visitor
        """What the tracker knew of the visitor when they came, with their `pages` and `traits`."""
        self.page = page
        """The page that the visitor is on: its `url`, `title` and `path`; none when nobody says."""
        self.resumed = resumed
        """`live` or `rebuilt` when the conversation began in an earlier session."""
        self.state = State() if reach is None else reach.shared
        """Small values that clients see and change too; the conversation keeps them."""
        self._send = send
        self._end = end
        self._chat = chat
        self._reach = reach
        self._lead = lead
        self._frame = frame
        self._handlers: list[Handler] = []

    # ------------------------------------------------------------ words and data

    def send(self, data: Any) -> None:
        """Sends JSON to the client."""
        self._send(data)

    def on_data(self, handler: Handler) -> Unsubscribe:
        """Calls the handler with each piece of data from the client, until unsubscribed."""
        return subscribe(self._handlers, handler)

    def end(self, reason: str = "agent_ended", say: str | None = None) -> None:
        """Hangs up for good, after what is being said and the last words `say`."""
        self._end(reason, say)

    def chat(self, text: str) -> None:
        """Writes to the client without speaking."""
        if self._chat is None:
            self._lacks("chat()")
        self._chat(text)

    def navigate(self, url: str) -> None:
        """Leads the visitor's page elsewhere, to an http, https or relative address."""
        destination(url)
        if self._lead is None:
            self._lacks("navigate()")
        self._lead(url)

    def frame(self) -> rtc.VideoFrame | None:
        """What the user's screen or camera shows now; none while neither is on.

        It fits into `llm.ImageContent(image=…)`. The agent must ask for it, with `vision=True`.
        """
        if self.transport != "livekit":
            self._lacks("frame()")
        if self._frame is None:
            raise DuologueError("vision_off", agent=self.agent)
        return self._frame()

    # ------------------------------------------------------------ requests

    async def rpc(self, method: str, payload: str = "", timeout: float = 10.0) -> str:  # noqa: ASYNC109  # the client is told of it
        """What the client that leads answers to a request; `RpcError` when it does not.

        Its `code` is LiveKit's: 1400 not supported, 1401 nobody there, 1500 its handler failed,
        1502 too late, 1503 it left.
        """
        return await self._reached("rpc()").ask(method, payload, timeout)

    def on_rpc(self, method: str, handler: RpcHandler) -> Unsubscribe:
        """Answers a client's requests of one method with what the handler returns.

        It takes and returns text. An exception becomes error 1500; an `RpcError` goes as it is.
        """
        return self._reached("on_rpc()").handle(method, handler)

    # ------------------------------------------------------------ attributes and files

    @property
    def attributes(self) -> dict[str, str]:
        """What clients said of themselves."""
        return {} if self._reach is None else dict(self._reach.client_attributes)

    def on_attributes(self, handler: AttributesHandler) -> Unsubscribe:
        """Calls the handler with all attributes of clients at each change, until unsubscribed."""
        return self._reached("on_attributes()").on_attributes(handler)

    def set_attributes(self, attributes: dict[str, str]) -> None:
        """Says something of the agent to every client; an empty text takes it back."""
        self._reached("set_attributes()").set_attributes(attributes)

    async def send_file(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        name: str | None = None,
        mime_type: str | None = None,
        topic: str = "files",
        attributes: dict[str, str] | None = None,
    ) -> None:
        """Sends a file, by its path or its bytes; on the socket it has at most 1 MiB."""
        reach = self._reached("send_file()")
        await reach.send_file(
            source, name=name, mime_type=mime_type, topic=topic, attributes=attributes or {}
        )

    def on_file(self, handler: FileHandler) -> Unsubscribe:
        """Calls the handler with each file that a client sends, whole, until unsubscribed."""
        return self._reached("on_file()").on_file(handler)

    # ------------------------------------------------------------ for the pipeline

    async def receive(self, data: Any) -> None:
        """Hands data from the client to every handler, in the order of their subscription."""
        token = _HERE.set(self)
        try:
            for handler in list(self._handlers):
                answer = handler(data)
                if inspect.isawaitable(answer):
                    await answer
        finally:
            _HERE.reset(token)

    def _reached(self, what: str) -> Reach:
        if self._reach is None:
            self._lacks(what)
        return self._reach

    def _lacks(self, what: str) -> NoReturn:
        raise NotOnThisTransport(what, self.transport)


def current() -> Current:
    """The session that this agent code runs in; an error anywhere else."""
    try:
        return _HERE.get()
    except LookupError:
        raise DuologueError("not_in_a_session") from None


def moved(here: Current | None, content: Any, warn: Callable[[str, str], None]) -> bool:
    """Takes data by which a page tells that it became another one; any other is the agent's own."""
    try:
        page = told(content)
    except DuologueError as error:
        warn(error.code, error.message)
        return True
    if page is not None and here is not None:
        here.page = page
    return page is not None


def bind(here: Current) -> None:
    """Makes a session the current one of this task and of every task it starts."""
    _HERE.set(here)
