"""Where agent code finds its session: `duologue.current()`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Literal, NoReturn

from duologue.errors import DuologueError, NotOnThisTransport

Handler = Callable[[Any], Awaitable[None] | None]
Unsubscribe = Callable[[], None]

_HERE: ContextVar[Current] = ContextVar("duologue_current")


class State:
    """Small values that the agent keeps while its run lives."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._watchers: list[Callable[[str, Any], None]] = []

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keeps a value and tells every watcher."""
        self._values[key] = value
        for watcher in list(self._watchers):
            watcher(key, value)

    def on(self, watcher: Callable[[str, Any], None]) -> Unsubscribe:
        """Calls `watcher(key, value)` at each change, until the returned function is called."""
        self._watchers.append(watcher)
        return lambda: _remove(self._watchers, watcher)


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
        visitor: Any = None,
        page: Any = None,
        chat: Callable[[str], None] | None = None,
        send_file: Callable[..., Any] | None = None,
        navigate: Callable[[str], None] | None = None,
    ) -> None:
        self.conversation_id = conversation_id
        self.session_id = session_id
        self.agent = agent
        """The slug of the agent."""
        self.transport = transport
        self.metadata = metadata or {}
        """What the session was authorized with."""
        self.custom_metadata = custom_metadata or {}
        self.custom_headers = custom_headers or {}
        self.visitor = visitor
        self.page = page
        self.resumed = resumed
        """`live` or `rebuilt` when the conversation began in an earlier session."""
        self.state = State()
        self._send = send
        self._end = end
        self._chat = chat
        self._send_file = send_file
        self._navigate = navigate
        self._handlers: list[Handler] = []

    def send(self, data: Any) -> None:
        """Sends JSON to the client."""
        self._send(data)

    def on_data(self, handler: Handler) -> Unsubscribe:
        """Calls the handler with each piece of data from the client, until unsubscribed."""
        self._handlers.append(handler)
        return lambda: _remove(self._handlers, handler)

    def end(self, reason: str = "agent_ended", say: str | None = None) -> None:
        """Hangs up for good, after what is being said and the last words `say`."""
        self._end(reason, say)

    def chat(self, text: str) -> None:
        """Writes to the client without speaking."""
        if self._chat is None:
            self._lacks("chat()")
        self._chat(text)

    def send_file(self, path: str, *, name: str | None = None) -> Any:
        """Sends a file to the client."""
        if self._send_file is None:
            self._lacks("send_file()")
        return self._send_file(path, name=name)

    def navigate(self, url: str) -> None:
        """Leads the visitor's page to another address."""
        if self._navigate is None:
            self._lacks("navigate()")
        self._navigate(url)

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

    def _lacks(self, what: str) -> NoReturn:
        raise NotOnThisTransport(what, self.transport)


def current() -> Current:
    """The session that this agent code runs in; an error anywhere else."""
    try:
        return _HERE.get()
    except LookupError:
        raise DuologueError("not_in_a_session") from None


def bind(here: Current) -> None:
    """Makes a session the current one of this task and of every task it starts."""
    _HERE.set(here)


def _remove(listed: list[Any], one: Any) -> None:
    if one in listed:
        listed.remove(one)
