"""What was said and written in a session: one list of both sides, kept when the session ends."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, overload

from duologue.client.road import ChatReceived, Delivery, ReceivedFile, Role, TranscriptChanged
from duologue.client.signals import Callback, Changes, Signals, Unsubscribe
from duologue.client.tasks import Tasks

Kind = Literal["user_transcript", "agent_transcript", "chat"]
SAME: Final = 60_000
"""Milliseconds within which a message of the server's history is the one that we have already."""
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation; a change makes a new one under the same id."""

    id: str
    """The segment's id, or the chat message's."""
    kind: Kind
    role: Role
    text: str
    final: bool = True
    interrupted: bool = False
    """Whether the rest of it was never heard."""
    at: int = 0
    """UTC milliseconds of its beginning."""
    past: bool = False
    """Whether it is of an earlier session of the conversation."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ReceivedFile, ...] = ()


class Messages(Sequence[Message]):
    """The session's messages in the order in which they were first heard of.

    `send` is the session's way to the agent.
    """

    def __init__(
        self,
        changes: Changes,
        tasks: Tasks,
        *,
        send: Callable[[str, Sequence[Any], Mapping[str, str]], Any],
        over: Callable[[], bool],
    ) -> None:
        self._changes = changes
        self._signals = Signals(tasks, "message", "sending")
        self._deliver = send
        self._over = over
        self._messages: dict[_Key, Message] = {}
        self._versions: dict[_Key, int] = {}
        self._version = 0
        self._sending = 0

    # ------------------------------------------------------------ the list

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        return list(self._messages.values())[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._messages.values()))

    def on(self, name: Literal["message", "sending"], callback: Callback) -> Unsubscribe:
        """Tells each message whenever it changes, or whether something is being sent."""
        return self._signals.on(name, callback)

    async def stream(self, *, interim: bool = False) -> AsyncIterator[Message]:
        """Each message once it is final, those that are there first, until the session ends.

        With `interim` also what is still changing: its newest text, whenever there is one.
        """
        seen = 0
        while True:
            ready = sorted(
                (version, key)
                for key, version in self._versions.items()
                if version > seen and (interim or self._messages[key].final)
            )
            for version, key in ready:
                if self._versions.get(key) == version:
                    yield self._messages[key]
            if ready:
                seen = ready[-1][0]
                continue
            if self._over():
                return
            before = self._version
            await self._changes.wait(lambda: self._version > before or self._over())  # noqa: B023

    # ------------------------------------------------------------ sending

    @property
    def is_sending(self) -> bool:
        """Whether a message of ours is on its way."""
        return self._sending > 0

    async def send(
        self,
        text: str,
        *,
        attachments: Sequence[Any] = (),
        attributes: Mapping[str, str] | None = None,
    ) -> Message:
        """Writes to the agent; returns the message once it is away, with the files it took along.

        Attachments are paths or `ReceivedFile`s. What is sent before the agent is there waits.
        """
        self._count(+1)
        try:
            delivery, files = await self._deliver(text, attachments, attributes or {})
        finally:
            self._count(-1)
        return self._sent(delivery, text, tuple(files), dict(attributes or {}))

    def _sent(
        self,
        delivery: Delivery,
        text: str,
        files: tuple[ReceivedFile, ...],
        attributes: dict[str, str],
    ) -> Message:
        message = Message(
            delivery.id,
            "chat",
            "user",
            text,
            at=delivery.at or _now(),
            attributes=attributes,
            files=files,
        )
        self._put(message)
        return message

    def _count(self, by: int) -> None:
        before = self.is_sending
        self._sending += by
        if self.is_sending != before:
            self._signals.emit("sending", self.is_sending)

    # ------------------------------------------------------------ keeping

    def restore(self, messages: Iterable[Message | Mapping[str, Any]]) -> None:
        """Puts messages that were kept elsewhere in front of those that are here already."""
        known = {each.name for each in fields(Message)}
        given = [
            each
            if isinstance(each, Message)
            else Message(**{name: value for name, value in each.items() if name in known})
            for each in messages
        ]
        here = list(self._messages.values())
        self._messages = {_key(each): each for each in given}
        for each in here:
            self._messages[_key(each)] = each
        for each in given:
            self._told(self._messages[_key(each)])

    def clear(self) -> None:
        """Forgets every message."""
        self._messages.clear()
        self._versions.clear()

    # ------------------------------------------------------------ what the session tells

    def transcript(self, event: TranscriptChanged) -> None:
        """A segment is known better than before; nothing changes what is final."""
        kind: Kind = "user_transcript" if event.role == "user" else "agent_transcript"
        message = Message(
            event.segment,
            kind,
            event.role,
            event.text,
            final=event.final,
            interrupted=event.interrupted,
            at=event.at or _now(),
            past=event.past,
        )
        before = self._messages.get(_key(message))
        if before is not None:
            if before.final and not event.final:
                return
            message = replace(message, at=before.at)
        elif event.past and self._have(message):
            return
        if not message.text.strip() and message.final:  # what seemed to be words was none
            if before is not None:
                del self._messages[_key(message)], self._versions[_key(message)]
                self._told(message, kept=False)
            return
        self._put(message)

    def chat(self, event: ChatReceived) -> None:
        """Somebody wrote."""
        self._put(
            Message(
                event.id,
                "chat",
                event.role,
                event.text,
                at=event.at or _now(),
                attributes=event.attributes,
                files=event.files,
            )
        )

    def interrupt(self) -> None:
        """What the agent is saying now was cut by us."""
        for message in self:
            if message.kind == "agent_transcript" and not message.final:
                self._put(replace(message, interrupted=True))

    def _have(self, message: Message) -> bool:
        return any(
            each.role == message.role
            and each.text.strip() == message.text.strip()
            and abs(each.at - message.at) < SAME
            for each in self._messages.values()
        )

    def _put(self, message: Message) -> None:
        key = _key(message)
        before = self._messages.get(key)
        if before is not None:
            message = replace(message, interrupted=message.interrupted or before.interrupted)
        if message == before:
            return
        if before is None and message.past:  # history comes late, and belongs where it was
            later = {k: m for k, m in self._messages.items() if m.at > message.at}
            for each in later:
                del self._messages[each]
            self._messages |= {key: message} | later
        else:
            self._messages[key] = message
        self._told(message)

    def _told(self, message: Message, *, kept: bool = True) -> None:
        self._version += 1
        if kept:
            self._versions[_key(message)] = self._version
        self._signals.emit("message", message)
        self._changes.notify()


def _key(message: Message) -> _Key:
    return (message.role, message.id)


def _now() -> int:
    return time.time_ns() // 1_000_000
