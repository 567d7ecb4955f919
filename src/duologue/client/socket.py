"""The WebSocket as a session's road: duologue's own protocol, as the browser's client speaks it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from duologue.client import socket_words
from duologue.client.errors import NotConnected, SessionConnectError
from duologue.client.last_word import tells_why
from duologue.client.reserved import reserved
from duologue.client.road import (
    AgentSeen,
    AgentStateChanged,
    DataReceived,
    Delivery,
    LineChanged,
    Noticed,
    ReceivedFile,
    RoadEvent,
    RpcHandler,
    Tell,
    Ticket,
    ToolUsed,
)
from duologue.client.socket_answers import Answers
from duologue.client.socket_dial import Refusal
from duologue.client.socket_exchange import Exchange
from duologue.client.socket_lacks import Lacking
from duologue.client.socket_line import Line, Renew
from duologue.client.socket_voice import Voice
from duologue.client.socket_wire import ToServer, decode, encode
from duologue.client.socket_words import Words
from duologue.errors import NotOnThisTransport
from duologue.wire import exchange as xc
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire

AGENT: Final = "agent"
"""The identity of the agent: on a socket there is one."""
CHAT: Final = "lk.chat"
"""The topic of files that belong to a written message, as in a room."""
LONGEST: Final = 64 * 1024
"""Characters of a written message, and of data, that the server takes."""

_KEPT: Final = (wire.ClientData, xc.RpcRequest, xc.RpcResponse, xc.StateSet)
"""What means as much after the line broke and came back."""


class SocketRoad(Lacking):
    """One conversation over WebSockets: when one breaks, the next goes on where it was.

    `renew` gives a fresh ticket to the conversation of an old one, for when its key opens nothing
    any more; without it a conversation that was away too long is over.
    """

    def __init__(self, renew: Renew | None = None) -> None:
        self._listener: Tell | None = None
        self._config: dict[str, Any] = {}
        self._attributes: dict[str, str] = {}
        self._first = False
        """Whether the next frame is the first of its socket."""
        self._met = False
        self._line = Line(self, renew)
        self._words = Words(self._tell, lambda name, text: self._send(wire.ClientText(text, name)))
        self._answers = Answers(self._tell, self._send, self._words.cut)
        self._voice = Voice(self._line.sound, self._send)
        self._exchange = Exchange(self._tell, self._send, self._line.drained)

    @property
    def ticket(self) -> Ticket | None:
        """The ticket of the present socket: a fresh one after a long break."""
        return self._line.ticket

    async def open(self, ticket: Ticket, tell: Tell) -> None:
        """Connects; `SessionConnectError` when it cannot. The first event is `connected`."""
        self._listener = tell
        try:
            await self._line.open(ticket)
        except Refusal as refusal:
            reason = refusal.message.rstrip(".")
            raise SessionConnectError(reason, url=ticket.url, code=refusal.code) from None

    async def close(self) -> None:
        """Leaves on purpose, within bounds; a road that is closed is no error."""
        self._answers.cut()
        self._voice.unpublish()
        self._send(ext.ClientEnd())
        was = self._line.state
        await self._line.leave()
        self._answers.close()
        await self._exchange.close()
        if was in ("connected", "reconnecting"):
            self._tell(LineChanged("disconnected", "left"))

    # ---------------------------------------------------------------- media

    async def publish_microphone(self, *, pre_connect: bytes = b"", rate: int = 48000) -> None:
        """Begins to send sound; with a push-to-talk agent the button is held while it is open."""
        self._voice.publish(pre_connect, rate)

    async def hear(self, pcm: bytes, rate: int) -> None:
        """Sends sound of the microphone: PCM16 mono."""
        self._voice.hear(pcm, rate)

    async def mute(self, muted: bool) -> None:
        """Mutes the microphone; a push-to-talk agent answers what was said until then."""
        self._voice.mute(muted)

    async def unpublish_microphone(self) -> None:
        """Ends the microphone's sound."""
        self._voice.unpublish()

    def listen(self, wanted: bool) -> None:
        """Whether the agent's sound is told; without a listener it passes as if it were heard."""
        self._answers.wanted = wanted

    def played(self, seconds: float) -> None:
        """How much of the present answer was played."""
        self._answers.played(seconds)

    # ---------------------------------------------------------------- words and data

    async def chat(
        self, text: str, *, attributes: dict[str, str], files: list[ReceivedFile]
    ) -> Delivery:
        """Sends a written message; one that finds the line broken goes out once it is back."""
        self._require_open("Writing")
        if attributes:
            raise NotOnThisTransport("Attributes of a written message", self.name)
        self._require_short("A written message", len(text))
        if self._words.crowded:
            reason = f"{socket_words.WAITING} written messages wait for the line already"
            raise SessionConnectError(reason, code="line_lost")
        for file in files:
            await self.send_file(
                ReceivedFile(file.id, file.name, file.mime_type, CHAT, file.content), progress=None
            )
        if self._may_interrupt:
            self._answers.cut()
        delivery = Delivery(f"typed-{uuid.uuid4().hex}", int(time.time() * 1000))
        self._words.type(delivery.id, text)
        return delivery

    async def interrupt(self) -> None:
        """Silences the agent at once, without waiting for it to agree."""
        self._answers.cut()
        self._send(ext.ClientInterrupt())

    async def send_data(self, content: bytes, *, topic: str, reliable: bool) -> None:
        """Sends JSON to the agent, always reliably."""
        self._require_open("Sending data")
        if topic:
            raise NotOnThisTransport(f"Data of a topic ({topic!r})", self.name)
        self._require_short("A piece of data", len(content))
        try:
            data = json.loads(content)
        except ValueError:
            raise NotOnThisTransport("Data that is no JSON", self.name) from None
        if not self._send(wire.ClientData(data)):
            reason = "the line is down, and too much waits for it: the data was not sent"
            raise SessionConnectError(reason, code="line_lost")

    async def rpc(self, method: str, payload: str, *, within: float) -> str:
        """Asks the agent; `RpcError` when it refuses or does not answer within so many seconds."""
        self._require("rpc", "A request")
        return await self._exchange.rpc(method, payload, within=within)

    def on_rpc(self, method: str, handler: RpcHandler | None) -> None:
        """Answers the agent's requests of one method; none takes the handler away."""
        self._exchange.on_rpc(method, handler)

    async def set_state(self, key: str, value: Any) -> None:
        """Changes a value of the shared state."""
        self._require("state", "Shared state")
        self._exchange.set_state(key, value)

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        """Changes our own attributes."""
        self._require("state", "Attributes")
        self._exchange.set_attributes(attributes)

    def take_files(self, topic: str) -> None:
        """Nothing: files of every topic come."""

    async def send_file(
        self, file: ReceivedFile, *, progress: Callable[[float], None] | None
    ) -> None:
        """Sends a file of up to a megabyte; `progress` is told shares of 1."""
        self._require("files", "A file")
        await self._exchange.send_file(file, progress)

    # ---------------------------------------------------------------- what the line tells

    def opened(self, ticket: Ticket) -> None:
        """The server hears of what was heard before the break, and only then that we hear."""
        self._config, self._first = ticket.config, True
        self._answers.tells = self._granted("played")
        self._answers.rate = int((ticket.config.get("audio") or {}).get("output_rate") or 16000)
        self._answers.reopened()
        self._send(wire.ClientReady())
        self._voice.opened(ticket.config)
        self._exchange.opened()
        self._tell(LineChanged("connected"))
        self._tell_agent()
        if not self._met or not self._granted("agent_state"):
            # An agent without a greeting begins with the user's first word, which it hears.
            self._tell(AgentStateChanged("listening"))
        self._met = True

    def frame(self, frame: str | bytes) -> None:
        """Does what a frame of the server says."""
        if isinstance(frame, bytes):
            self._answers.sound(frame[: len(frame) & ~1], None)
            return
        message = decode(frame)
        if self._first and not isinstance(message, ext.History):
            # A server that had a history to tell would have begun with it.
            self._words.settle()
        self._first = False
        match message:
            case wire.TurnStart("user"):
                self._answers.cut()
            case wire.TurnStart(_, turn):
                self._answers.begin(turn)
            case wire.Audio(content, turn):
                self._answers.sound(wire.decode_audio(content), turn)
            case wire.ResponseEnd(turn):
                self._answers.sent(turn)
            case wire.TurnEnd(_, turn, interrupted):
                self._answers.ended(turn, whole=interrupted is False)
                self._words.ended(turn)
            case ext.AgentState(state):
                self._tell(AgentStateChanged(state))
            case ext.ToolEvent(name, call_id, status):
                self._tell(ToolUsed(name, call_id, status))
            case wire.Data(content):
                self._data(content)
            case xc.AttributesSet(attributes):
                self._attributes = attributes
                self._tell_agent()
            case ext.Beat() | None:
                pass
            case _:
                socket_words.hear(self._words, message) or self._exchange.take(message)

    def broke(self) -> None:
        """Silence, until the line is back."""
        self._answers.broke()
        self._words.broke()
        self._voice.broke()
        self._exchange.broke()
        self._tell(LineChanged("reconnecting"))

    def down(self, code: str, message: str) -> None:
        """The conversation is over here."""
        self._answers.broke()
        self._answers.close()
        self._voice.broke()
        self._exchange.broke()
        self._tell(LineChanged("disconnected", code, message))

    # ---------------------------------------------------------------- within

    def _tell(self, event: RoadEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    def _tell_agent(self) -> None:
        agent = self._config.get("agent") or {}
        self._tell(AgentSeen(AGENT, str(agent.get("name") or ""), attributes=self._attributes))

    def _send(self, message: ToServer) -> bool:
        return self._line.send(encode(message), keep=isinstance(message, _KEPT))

    def _data(self, content: Any) -> None:
        said = reserved(content)
        if isinstance(said, Noticed) and tells_why(said.code):
            self._line.why = said.code, said.message
        self._tell(said or DataReceived(json.dumps(content).encode(), sender=AGENT))

    def _granted(self, capability: str) -> bool:
        return capability in (self._config.get("capabilities") or ())

    @property
    def _may_interrupt(self) -> bool:
        return bool((self._config.get("transcription") or {}).get("can_interrupt", True))

    def _require_open(self, what: str) -> None:
        if self._line.state not in ("connected", "reconnecting"):
            raise NotConnected(what)

    def _require(self, capability: str, what: str) -> None:
        self._require_open(what)
        if not self._granted(capability):
            raise NotOnThisTransport(f"{what} (this server grants no {capability!r})", self.name)

    def _require_short(self, what: str, length: int) -> None:
        if length > LONGEST:
            what = f"{what} of {length} characters (more than {LONGEST})"
            raise NotOnThisTransport(what, self.name)
