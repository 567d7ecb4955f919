"""A LiveKit room as a session's road: WebRTC, and everything that LiveKit's agents say in one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from livekit import rtc

from duologue.client.errors import EncryptionError, NotConnected
from duologue.client.road import (
    Delivery,
    EncryptionChanged,
    LineChanged,
    ReceivedFile,
    RpcHandler,
    Tell,
    TextHandler,
    Ticket,
    TransportName,
)
from duologue.client.room_agent import AgentWatch
from duologue.client.room_data import Packets
from duologue.client.room_files import Files
from duologue.client.room_joining import LEAVE, join, require_unused, why, within
from duologue.client.room_media import Media
from duologue.client.room_typed import Unconfirmed
from duologue.client.room_words import Words
from duologue.client.tasks import Tasks
from duologue.client.token_options import CLIENT, claims
from duologue.wire import rooms

if TYPE_CHECKING:
    from duologue.client.encryption import Secret

SEND: Final = 10.0
"""Seconds for one sending: while the room reconnects it may never be answered."""
ANSWER: Final = 1.0
"""Seconds for LiveKit's answer to a new attribute; its client misses some and waits five."""
TOLD: Final = 0.5
"""Seconds in which the end of a room is told, with its reason."""


class RoomRoad:
    """One joining of a room, from `open` to `close`."""

    name: TransportName = "livekit"

    def __init__(
        self,
        *,
        secret: Secret | None = None,
        make_room: Callable[[], rtc.Room] | None = None,
        speaks: bool = False,
        early: bool = False,
    ) -> None:
        self.room: rtc.Room | None = None
        self._secret = secret
        self._make_room = make_room or rtc.Room
        self._speaks = speaks
        self._tasks = Tasks()
        self._tell: Tell = lambda _: None
        self._closed = False
        self._ours = False
        self._agent = AgentWatch(self._tasks)
        self._media = Media(self._tasks, self._agent, secret, early=early)
        self._words = Words(self._tasks, self._agent, self._media)
        self._files = Files(self._tasks, self._media.secrecy)
        self._typed = Unconfirmed(
            self._tasks, lambda text, named: self._words.send(text, named, [])
        )
        self._packets = Packets(
            self._tasks, self._agent, self._media.secrecy, self._typed.confirmed
        )
        self._words.files = self._files

    # ------------------------------------------------------------ open and close

    async def open(self, ticket: Ticket, tell: Tell) -> None:
        """Joins the room; `SessionConnectError` when that is impossible or takes too long."""
        room = self.room = self._make_room()
        self._tell = tell
        for part in (self._agent, self._media, self._words, self._files, self._packets):
            part.attach(room, tell)
        listeners = self._listeners()
        for event, listener in listeners.items():
            room.on(event, listener)
        if not room.isconnected():
            require_unused(room)
            options = rtc.RoomOptions(encryption=self._secret.options if self._secret else None)
            await join(room, ticket, options, self._tasks)
        self._ours = rooms.CLAIM in ((claims(ticket.token) or {}).get("attributes") or {})
        tell(LineChanged("connected"))
        self._packets.begin()
        self._agent.look()
        if not self._speaks:  # without any track the others see us three seconds late
            await self._media.publish_silence()
        if self._ours and CLIENT not in room.local_participant.attributes:
            self._tasks.start(self._say_who_we_are(room))

    async def close(self) -> None:
        """Leaves on purpose, within bounds; a road that is closed is no error."""
        if self._closed:
            return
        self._closed = True
        self._tell = lambda _: None
        room = self.room
        if room is not None and room.isconnected():
            if self._ours:
                await within(1.0, self._packets.leave())
            self._words.close()
            await within(LEAVE, room.disconnect())
        if room is not None:
            self._detach(room)
        await self._tasks.close()
        await self._media.close()

    def _detach(self, room: rtc.Room) -> None:
        for part in (self._words, self._files):
            part.detach(room)
        for event, listener in self._listeners().items():
            room.off(event, listener)

    # ------------------------------------------------------------ what the room tells

    def _listeners(self) -> dict[Any, Callable[..., None]]:
        agent, media = self._agent, self._media
        return {
            "participant_connected": agent.connected,
            "participant_active": agent.active,
            "participant_disconnected": agent.disconnected,
            "participant_attributes_changed": agent.attributes_changed,
            "participant_name_changed": agent.changed,
            "participant_metadata_changed": agent.changed,
            "track_subscribed": media.subscribed,
            "track_unsubscribed": media.unsubscribed,
            "local_track_subscribed": media.ours_subscribed,
            "local_track_republished": media.republished,
            "data_received": self._packets.received,
            "participant_encryption_status_changed": self._encryption_status,
            "e2ee_state_changed": self._encryption_state,
            "reconnecting": self._reconnecting,
            "reconnected": self._reconnected,
            "connection_state_changed": self._state_changed,
            "disconnected": self._disconnected,
        }

    def _reconnecting(self) -> None:
        self._agent.reconnecting = True
        self._tell(LineChanged("reconnecting"))

    def _reconnected(self) -> None:
        self._agent.reconnecting = False
        self._tell(LineChanged("connected"))
        self._agent.look()

    def _state_changed(self, state: Any) -> None:
        if state == rtc.ConnectionState.CONN_DISCONNECTED:
            self._tasks.start(self._surely_disconnected())

    async def _surely_disconnected(self) -> None:
        """LiveKit's client does not always tell of an end that `room.disconnect()` made."""
        await asyncio.sleep(TOLD)
        self._disconnected(rtc.DisconnectReason.CLIENT_INITIATED)

    def _disconnected(self, reason: Any) -> None:
        code, message = why(reason)
        self._words.close()
        self._tell(LineChanged("disconnected", code, message))

    def _encryption_status(self, participant: Any, encrypted: bool) -> None:
        if participant is None or isinstance(participant, rtc.LocalParticipant):
            return
        self._agent.secrecy[participant.identity] = encrypted
        self._tell(EncryptionChanged(participant.identity, encrypted))

    def _encryption_state(self, participant: Any, state: int) -> None:
        if participant is None:
            return
        if state == rtc.EncryptionState.OK:
            self._media.readable(participant.identity)
        elif said := _UNREADABLE.get(state):
            self._tell(EncryptionChanged(participant.identity, True, said))

    async def _say_who_we_are(self, room: rtc.Room) -> None:
        await within(ANSWER, room.local_participant.set_attributes({CLIENT: "1"}))

    # ------------------------------------------------------------ media

    async def publish_microphone(self, *, pre_connect: bytes = b"", rate: int = 48000) -> None:
        """Begins to send sound; what was said before the agent was there, it gets as a file."""
        await self._media.publish_microphone(pre_connect, rate)

    async def hear(self, pcm: bytes, rate: int) -> None:
        """Sends sound of the microphone: PCM16 mono."""
        await self._media.hear(pcm, rate)

    async def mute(self, muted: bool) -> None:
        """Mutes the microphone without taking it away."""
        self._media.mute(muted)

    async def unpublish_microphone(self) -> None:
        """Ends the microphone's sound; a silent track keeps us visible."""
        await self._media.publish_silence()

    async def publish_video(
        self, frames: AsyncIterator[Any], *, source: Literal["camera", "screen"]
    ) -> None:
        """Sends `rtc.VideoFrame`s until they end."""
        await self._media.video.publish(frames, source)

    async def unpublish_video(self, source: Literal["camera", "screen"]) -> None:
        """Ends the sending of frames."""
        await self._media.video.unpublish(source)

    def listen(self, wanted: bool) -> None:
        """Whether the agent's sound is told: nobody decodes what nobody hears."""
        self._media.listen(wanted)

    def played(self, seconds: float) -> None:
        """A room needs no such word: what arrives is played."""

    # ------------------------------------------------------------ words and data

    async def chat(
        self, text: str, *, attributes: dict[str, str], files: list[ReceivedFile]
    ) -> Delivery:
        """Sends a written message, once the agent hears us: earlier it would be lost."""
        await self._agent.linked()
        if self._ours and not files:
            return await self._confirmed(text, attributes)
        async with asyncio.timeout(SEND + 12 * len(files)):
            return await self._words.send(text, attributes, files)

    def on_text(self, topic: str, handler: TextHandler | None) -> None:
        """Gives the text streams of a topic as they come; none takes the handler away."""
        self._words.on_text(topic, handler)

    async def interrupt(self) -> None:
        """Asks the agent to be silent: a word that duologue's agents understand."""
        await self._packets.interrupt()

    async def send_data(self, content: bytes, *, topic: str, reliable: bool) -> None:
        """Sends a data packet to everybody in the room."""
        await self._packets.send(content, topic=topic, reliable=reliable)

    async def rpc(self, method: str, payload: str, *, within: float) -> str:
        """Asks the agent; `RpcError` when it refuses or does not answer within so many seconds."""
        return await self._packets.rpc(method, payload, within)

    def on_rpc(self, method: str, handler: RpcHandler | None) -> None:
        """Answers the agent's requests of one method; none takes the handler away."""
        self._packets.on_rpc(method, handler)

    async def set_state(self, key: str, value: Any) -> None:
        """Changes a value of the state that duologue's agents share."""
        await self._packets.set_state(key, value)

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        """Changes our own attributes, if the token allows it."""
        own = self._joined("attributes").local_participant
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER):
                await own.set_attributes(attributes)

    def take_files(self, topic: str) -> None:
        """Takes the files of one more topic."""
        self._files.take(topic)

    async def send_file(
        self, file: ReceivedFile, *, progress: Callable[[float], None] | None
    ) -> None:
        """Sends a file to everybody in the room; `progress` is told shares of 1."""
        await self._files.send(file, progress)

    # ------------------------------------------------------------ encryption

    async def set_encryption(self, enabled: bool) -> None:
        """Raises, unless there is nothing to do: to switch it off can crash who hears us."""
        self._joined("encryption")
        if enabled == (self._secret is not None):
            return
        if enabled:
            raise EncryptionError("This session has no key; it needs encryption=… when it begins.")
        raise EncryptionError(
            "Encryption cannot be switched off in a room: LiveKit's library (1.1.21) then ends the "
            "process of an agent that hears us. End the session, and start one without encryption=…"
        )

    async def set_key(self, key: bytes) -> None:
        """Encrypts with another shared key from now on."""
        room = self._joined("the encryption's key")
        provider = room.e2ee_manager.key_provider if self._secret is not None else None
        if provider is None or not key:
            what = "is empty" if provider else "cannot be changed: the session has none"
            raise EncryptionError(f"The key {what}.")
        provider.set_shared_key(key, 0)

    async def _confirmed(self, text: str, attributes: dict[str, str]) -> Delivery:
        """Sends a message that the agent confirms, and sends it again until it has."""
        named = self._typed.name(text, attributes)
        try:
            async with asyncio.timeout(SEND):
                delivery = await self._words.send(text, named, [])
        except BaseException:
            self._typed.failed(named)
            raise
        self._typed.sent(text, named)
        return delivery

    def _joined(self, what: str) -> rtc.Room:
        if self.room is None or not self.room.isconnected():
            raise NotConnected(what)
        return self.room


_UNREADABLE: Final[dict[int, str]] = {
    rtc.EncryptionState.ENCRYPTION_FAILED: "Our sound could not be encrypted.",
    rtc.EncryptionState.DECRYPTION_FAILED: "What is sent cannot be read: is the key the same?",
    rtc.EncryptionState.MISSING_KEY: "What is sent is encrypted, and there is no key for it.",
    rtc.EncryptionState.INTERNAL_ERROR: "Encryption failed inside LiveKit's client.",
}
