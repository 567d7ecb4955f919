"""What an agent and its clients exchange beside the talk: requests, state, attributes, files.

Roads call what clients may do; `duologue.current()` calls what the agent may do. Whoever asks for
what is not possible gets an error that says so: a road tells it to the client that asked.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from duologue.agents.reach import AttributesHandler, FileHandler, RpcHandler
from duologue.agents.shared import State, Unsubscribe, merged, refusal, subscribe
from duologue.core.happenings import AttributesChanged, DataSent, FileSent, PageLed, StateShared
from duologue.errors import DuologueError, NotOnThisTransport
from duologue.pipeline.outlet import Listener, Outlet
from duologue.pipeline.record import Record
from duologue.pipeline.requests import SETTLING, UNSUPPORTED, AsAgent, Requests, raised
from duologue.wire import exchange as wire

CAPABILITIES: Final = frozenset({"rpc", "state", "files"})
NAME_LENGTH: Final = 255
"""Characters of a file's name, as file systems have it."""
PLAIN: Final = "application/octet-stream"


class Exchange:
    """One agent's dealings with all clients of its run."""

    def __init__(
        self,
        outlet: Outlet,
        record: Record,
        as_agent: AsAgent,
        new_id: Callable[[str], str],
        warn: Callable[[str, str], None],
    ) -> None:
        self._outlet = outlet
        self._record = record
        self._as_agent = as_agent
        self._new_id = new_id
        self._warn = warn
        self._roads: dict[Listener, str] = {}
        self._takes: dict[Listener, frozenset[str]] = {}
        self._saving: asyncio.Future[bool] | None = None
        self._stale = False
        self._on_attributes: list[AttributesHandler] = []
        self._on_file: list[FileHandler] = []
        self._takes_files = asyncio.Event()
        self.requests = Requests(outlet, as_agent=as_agent, new_id=new_id)
        self.shared = State(self._state_changed)
        self.shared.start = lambda work: as_agent(lambda: _run(work))
        self.client_attributes: dict[str, str] = {}
        """What clients said of themselves."""
        self.agent_attributes: dict[str, str] = {}

    # ------------------------------------------------------------ clients come and go

    def arrived(self, listener: Listener, transport: str) -> None:
        """A client is there; it takes everything, unless its road says otherwise."""
        self._roads[listener] = transport

    def takes(self, listener: Listener, capabilities: frozenset[str]) -> None:
        """Of requests, state and files, a client takes only these."""
        self._takes[listener] = capabilities

    def left(self, listener: Listener) -> None:
        """A client is gone."""
        self._roads.pop(listener, None)
        self._takes.pop(listener, None)
        self.requests.left(listener)

    def close(self) -> None:
        """The run is over: whoever waits is told."""
        self.requests.close()

    # ------------------------------------------------------------ what clients do

    @property
    def state(self) -> dict[str, Any]:
        """The whole shared state, as a copy."""
        return self.shared.values()

    @property
    def methods(self) -> frozenset[str]:
        """What clients may ask the agent."""
        return self.requests.methods

    def on_methods(self, watcher: Callable[[frozenset[str]], None]) -> Unsubscribe:
        """Calls the watcher with all methods when there are others, until unsubscribed."""
        return self.requests.on_methods(watcher)

    def rpc(
        self,
        listener: Listener,
        request: str,
        method: str,
        payload: str,
        timeout: float = 10.0,
    ) -> None:
        """A client asks the agent; `RpcAnswered` is told to it alone."""
        self.requests.ask_agent(listener, request, method, payload, timeout)

    def answer(
        self,
        request: str,
        payload: str | None,
        error: wire.RpcError | None = None,
        *,
        by: Listener | None = None,
    ) -> None:
        """A client answers the agent; too late, or not from who was asked, it is no answer."""
        self.requests.answer(request, payload, error, by=by)

    def set_state(self, key: str, value: Any) -> None:
        """A client changes the shared state; every client is told, this one too."""
        if self.shared.put(key, value) and self.shared.watched:

            async def tell() -> None:
                self.shared.notify(key)

            self._as_agent(tell)

    def attributes(self, changes: dict[str, str]) -> None:
        """A client says something of itself; an empty text takes it back."""
        after = merged(self.client_attributes, changes)
        if after == self.client_attributes:
            return
        self.client_attributes = after
        if self._on_attributes:
            self._as_agent(lambda: _call(self._on_attributes, dict(after)))

    def file(self, file: FileSent) -> None:
        """A client sent a file, whole; its name leads nowhere in the agent's file system."""
        merged({}, file.attributes)  # refuses what is too much
        self._as_agent(lambda: self._receive(file))

    # ------------------------------------------------------------ what the agent does

    def send(self, content: Any) -> None:
        """Data for the page; what is no JSON is the agent's own error."""
        msgspec.json.encode(content)
        self._outlet.put(DataSent(content))

    def lead(self, url: str) -> None:
        """Leads the page of the first client elsewhere; those who only share it stay."""
        first = self._outlet.first
        if first is None:
            raise DuologueError("no_client", what="navigate()", need="pages")
        self._outlet.put(PageLed(url), to=first)

    async def ask(self, method: str, payload: str, timeout: float) -> str:  # noqa: ASYNC109
        """What the client that leads answers."""
        first = self._outlet.first
        if first is not None and "rpc" not in self._takes.get(first, CAPABILITIES):
            raise raised(UNSUPPORTED)
        return await self.requests.ask_client(first, method, payload, timeout)

    def handle(self, method: str, handler: RpcHandler) -> Unsubscribe:
        """Answers a method of clients by the handler, until unsubscribed."""
        return self.requests.handle(method, handler)

    def on_attributes(self, handler: AttributesHandler) -> Unsubscribe:
        """Calls the handler with all attributes of clients at each change, until unsubscribed."""
        return subscribe(self._on_attributes, handler)

    def set_attributes(self, changes: dict[str, str]) -> None:
        """The agent says something of itself; an empty text takes it back."""
        after = merged(self.agent_attributes, changes)
        if after != self.agent_attributes:
            self.agent_attributes = after
            self._outlet.put(AttributesChanged(dict(after)))

    def on_file(self, handler: FileHandler) -> Unsubscribe:
        """Calls the handler with each file of a client, until unsubscribed."""
        self._takes_files.set()
        return subscribe(self._on_file, handler)

    async def send_file(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        name: str | None,
        mime_type: str | None,
        topic: str,
        attributes: dict[str, str],
    ) -> None:
        """Hands a file to every client that takes files."""
        limit = self._file_limit()
        if isinstance(source, bytes | bytearray | memoryview):
            content = bytes(source)
            _require_size(len(content), limit)
        else:
            content = await asyncio.to_thread(_read, Path(source), limit)
            name = name or Path(source).name
        name = _plain_name(name or "file")
        kind = mime_type or mimetypes.guess_type(name)[0] or PLAIN
        told = merged({}, attributes)
        self._outlet.put(FileSent(self._new_id("file"), name, kind, topic, told, content))

    # ------------------------------------------------------------ within

    def _file_limit(self) -> int | None:
        """Bytes that a file may have for those who are there now; none for as many as it has."""
        taking = [one for one in self._roads if "files" in self._takes.get(one, CAPABILITIES)]
        if not taking:
            raise DuologueError("no_client", what="send_file()", need="files")
        return wire.FILE_LIMIT if "websocket" in map(self._roads.get, taking) else None

    async def _receive(self, file: FileSent) -> None:
        if not self._on_file:  # an agent that has just begun says a moment later what it takes
            try:
                async with asyncio.timeout(SETTLING):
                    await self._takes_files.wait()
            except TimeoutError:
                pass
        if not self._on_file:
            shown = refusal(f"File {file.name!r}", "this agent takes no files")
            self._warn(shown.code, shown.message)
            return
        await _call(self._on_file, _tidy(file))

    def _state_changed(self, key: str, value: Any) -> None:
        self._outlet.put(StateShared(key, value))
        self._save()

    def _save(self) -> None:
        """Writes the state; changes during a write wait for one that holds them all."""
        self._stale = self._saving is not None and not self._saving.done()
        if not self._stale:
            self._saving = self._record.state(self.shared.json())
            self._saving.add_done_callback(lambda _: self._save() if self._stale else None)


async def _call(handlers: list[Any], given: Any) -> None:
    """Calls every handler in the order of their subscription; they may be async."""
    for handler in list(handlers):
        answer = handler(given)
        if answer is not None:
            await answer


async def _run(work: Awaitable[None]) -> None:
    await work


def _read(path: Path, limit: int | None) -> bytes:
    """A file's bytes, if it is not too large."""
    _require_size(path.stat().st_size, limit)
    return path.read_bytes()


def _require_size(size: int, limit: int | None) -> None:
    if limit is not None and size > limit:
        raise NotOnThisTransport(f"A file of {size} bytes, more than {limit},", "websocket")


def _plain_name(name: str) -> str:
    """The last part of a name: whoever saves the file does not write elsewhere."""
    last = PurePosixPath(name.replace("\\", "/")).name.replace("\0", "")
    return "file" if last in ("", ".", "..") else last[-NAME_LENGTH:]


def _tidy(file: FileSent) -> FileSent:
    return FileSent(
        file.id, _plain_name(file.name), file.mime_type, file.topic, file.attributes, file.content
    )
