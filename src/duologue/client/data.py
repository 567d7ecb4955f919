"""Data between a session and its agent: requests, shared state, attributes, files, packets."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from duologue.client.errors import MediaError, SessionError, WaitTimeout
from duologue.client.road import (
    DataReceived,
    Delivery,
    FileComing,
    ReceivedFile,
    Road,
    RpcHandler,
    StateShared,
    TextHandler,
)
from duologue.client.signals import Signals, Unsubscribe
from duologue.client.tasks import Tasks

PATIENCE: Final = 10.0
"""Seconds that a request or a sending has unless the caller says otherwise."""
UPLOAD: Final = 120.0
"""Seconds that a file has to be sent."""

FileHandler = Callable[[ReceivedFile], Any]
Progress = Callable[[FileComing], None]
OpenRoad = Callable[[str], Road]
"""The road that is open now; `NotConnected`, with what needs it, when none is."""


class SharedState(Mapping[str, Any]):
    """Values that the agent and its clients share; who sets one tells all."""

    def __init__(self, tasks: Tasks, road: OpenRoad) -> None:
        self._signals = Signals(tasks, "change")
        self._road = road
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._values))

    def __len__(self) -> int:
        return len(self._values)

    async def set(self, key: str, value: Any) -> None:
        """Changes a value for everybody; none takes it away. It must be JSON."""
        json.dumps(value)  # an error here names the caller's line, one of the road's would not
        await self._road("session.state.set()").set_state(key, value)
        self.changed(StateShared(key, value))

    def on(self, callback: Callable[[str, Any], Any]) -> Unsubscribe:
        """Tells the key and value of each change."""
        return self._signals.on("change", callback)

    def changed(self, event: StateShared) -> None:
        """A value is another one now."""
        if event.value is None:
            self._values.pop(event.key, None)
        elif self._values.get(event.key) == event.value:
            return
        else:
            self._values[event.key] = event.value
        self._signals.emit("change", event.key, event.value)


class DataFace:
    """The part of a session that carries data; handlers outlive the road and serve the next one."""

    state: SharedState

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self.state = SharedState(tasks, self._open_road)
        self._incoming = Signals(tasks, "data", "file", "coming")
        self._methods: dict[str, RpcHandler] = {}
        self._texts: dict[str, TextHandler] = {}
        self._file_topics: set[str] = set()

    def _open_road(self, what: str) -> Road:
        raise AssertionError("the session that uses this face gives it")

    # ------------------------------------------------------------ requests

    async def rpc(self, method: str, payload: Any = "", *, timeout: float = PATIENCE) -> str:
        """Asks the agent and returns its answer; what is no text is sent as JSON.

        `RpcError` when it refuses, fails, or does not answer in time.
        """
        text = payload if isinstance(payload, str) else json.dumps(payload)
        return await self._open_road("session.rpc()").rpc(method, text, within=timeout)

    def on_rpc(self, method: str, handler: RpcHandler) -> Unsubscribe:
        """Answers the agent's requests of this method; `RpcError` raised in it is the answer."""
        self._methods[method] = handler
        self._each_road(lambda road: road.on_rpc(method, handler))

        def off() -> None:
            if self._methods.get(method) is handler:
                del self._methods[method]
                self._each_road(lambda road: road.on_rpc(method, None))

        return off

    # ------------------------------------------------------------ attributes

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Changes attributes of ours, which the agent sees; an empty text takes one away."""
        await self._open_road("session.set_attributes()").set_attributes(dict(attributes))

    # ------------------------------------------------------------ files

    async def send_file(
        self,
        content: str | Path | bytes | ReceivedFile,
        *,
        name: str = "",
        mime_type: str = "",
        topic: str = "files",
        attributes: Mapping[str, str] | None = None,
        progress: Callable[[float], None] | None = None,
        timeout: float = UPLOAD,
    ) -> ReceivedFile:
        """Sends a file, by its path or its bytes; `progress` is told shares of 1."""
        road = self._open_road("session.send_file()")
        file = await as_file(content, name=name, mime_type=mime_type, topic=topic)
        if attributes:
            file = ReceivedFile(
                file.id, file.name, file.mime_type, file.topic, file.content, dict(attributes)
            )
        await _bounded(road.send_file(file, progress=progress), f"sending {file.name!r}", timeout)
        return file

    def on_file(
        self, handler: FileHandler, *, topic: str = "files", progress: Progress | None = None
    ) -> Unsubscribe:
        """Gives each file of a topic once it is whole; `progress` is told what came until then."""
        if topic not in self._file_topics:
            self._file_topics.add(topic)
            self._each_road(lambda road: road.take_files(topic))

        def whole(file: ReceivedFile) -> Any:
            return handler(file) if file.topic == topic else None

        def coming(file: FileComing) -> None:
            if progress is not None and file.topic == topic:
                progress(file)

        no_file, no_news = self._incoming.on("file", whole), self._incoming.on("coming", coming)

        def off() -> None:
            no_file()
            no_news()

        return off

    # ------------------------------------------------------------ packets and streams

    async def send_data(self, content: Any, *, topic: str = "", reliable: bool = True) -> None:
        """Sends bytes or text as they are, and anything else as JSON."""
        road = self._open_road("session.send_data()")
        sent = road.send_data(_payload(content), topic=topic, reliable=reliable)
        await _bounded(sent, "sending data", PATIENCE)

    def on_data(self, handler: Callable[[DataReceived], Any]) -> Unsubscribe:
        """Gives each data packet: its `content` in bytes, `topic` and `sender`."""
        return self._incoming.on("data", handler)

    def on_text(self, topic: str, handler: TextHandler) -> Unsubscribe:
        """Gives the raw text streams of a topic, also of `lk.transcription`, as they come."""
        self._texts[topic] = handler
        self._each_road(lambda road: road.on_text(topic, handler))

        def off() -> None:
            if self._texts.get(topic) is handler:
                del self._texts[topic]
                self._each_road(lambda road: road.on_text(topic, None))

        return off

    # ------------------------------------------------------------ within

    def _each_road(self, do: Callable[[Road], None]) -> None:
        raise AssertionError("the session that uses this face gives it")

    def _equip(self, road: Road) -> None:
        """Gives a new road every handler that waits for one."""
        for method, handler in self._methods.items():
            road.on_rpc(method, handler)
        for topic, reader in self._texts.items():
            road.on_text(topic, reader)
        for topic in self._file_topics:
            road.take_files(topic)

    async def _chat(
        self, text: str, attachments: Sequence[Any], attributes: Mapping[str, str]
    ) -> tuple[Delivery, list[ReceivedFile]]:
        road = self._open_road("session.messages.send()")
        files = [await as_file(each, topic="lk.chat") for each in attachments]
        return await road.chat(text, attributes=dict(attributes), files=files), files


async def as_file(
    content: str | Path | bytes | ReceivedFile,
    *,
    name: str = "",
    mime_type: str = "",
    topic: str = "files",
) -> ReceivedFile:
    """A file to send: read from its path beside the loop, or made of bytes."""
    if isinstance(content, ReceivedFile):
        return content
    if isinstance(content, bytes):
        data, own = content, "file"
    else:
        path = Path(content)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise MediaError(f"{path} cannot be sent: {error.strerror or error}") from error
        own = path.name
    name = name or own
    kind = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return ReceivedFile(uuid.uuid4().hex, name, kind, topic, data)


def _payload(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


async def _bounded(work: Any, what: str, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except SessionError:
        raise
    except TimeoutError:
        raise WaitTimeout(what, seconds) from None
