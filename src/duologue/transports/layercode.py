"""Layercode's dialect on a live run: happenings become its frames, its frames become deeds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Final, assert_never

from msgspec import UNSET

from duologue.core import happenings as h
from duologue.pipeline.exchange import CAPABILITIES
from duologue.pipeline.seat import Seat
from duologue.transports import exchanging
from duologue.transports.allowance import Allowance
from duologue.wire import exchange
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire
from duologue.wire.page import navigation

DAY_MS: Final = 86_400_000
RATES = {"mic16": 16000, "mic24": 24000}
GRANTED = frozenset({"binary", "played", "resume", "agent_state", "tools", *RATES, *CAPABILITIES})
"""The extensions that this road knows; a client gets those that it asks for."""


class Translator:
    """Puts what happens into Layercode's words, for one client."""

    def __init__(self, capabilities: list[str]) -> None:
        self._capabilities = frozenset(capabilities)
        self._deltas = itertools.count(1)
        self._turn = ""

    def frames(self, happening: h.Happening) -> list[str | bytes]:
        """The frames that tell a happening; none where the client did not ask for it."""
        if isinstance(happening, h.AgentAudio) and "binary" in self._capabilities:
            return [happening.pcm]
        return [wire.encode_server(message) for message in self._messages(happening)]

    def _messages(self, happening: h.Happening) -> list[wire.ServerMessage]:
        match happening:
            case h.UserStarted(turn):
                self._turn = turn
                return [wire.TurnStart("user", turn)]
            case h.UserInterim(turn, text, counter):
                return [wire.TranscriptInterim(text, turn, counter)]
            case h.UserDelta(turn, text, counter):
                return [wire.TranscriptDelta(text, turn, counter)]
            case h.UserSaid(turn, text):
                return [wire.Transcript(text, turn)]
            case h.UserEnded(turn):
                return [wire.TurnEnd("user", turn)]
            case h.AgentStarted(turn):
                self._turn = turn
                return [wire.TurnStart("assistant", turn)]
            case h.AgentText(turn, text):
                return [wire.TextDelta(text, turn)]
            case h.AgentAudio(turn, pcm):
                content = wire.audio_content(pcm)
                return [wire.Audio(content, turn, f"d{next(self._deltas)}")]
            case h.AgentSaid(turn, text):
                return [wire.Text(text, turn)]
            case h.AgentSent(turn):
                return [wire.ResponseEnd(turn)]
            case h.AgentEnded(turn, interrupted):
                told = interrupted if "played" in self._capabilities else UNSET
                return [wire.TurnEnd("assistant", turn, told)]
            case h.StateChanged(state):
                return [ext.AgentState(state)] if "agent_state" in self._capabilities else []
            case h.ToolUsed(name, call_id, status):
                asked = "tools" in self._capabilities
                return [ext.ToolEvent(name, call_id, status)] if asked else []
            case h.DataSent(content):
                return [wire.Data(content, self._turn)]
            case h.PageLed(url):
                return [wire.Data(navigation(url), self._turn)]
            case (
                h.RpcAsked()
                | h.RpcAnswered()
                | h.StateShared()
                | h.AttributesChanged()
                | h.FileSent()
            ):
                return [*exchanging.messages(happening, self._capabilities)]
            case h.Noticed(code, message) | h.Ended(code, message):
                return [wire.Data(wire.notice(code, message), self._turn)]
            case _:
                assert_never(happening)


def input_rate(capabilities: list[str]) -> int:
    """The microphone's rate that was agreed; 8 kHz is what a stock SDK sends."""
    return next((RATES[name] for name in capabilities if name in RATES), 8000)


class Obey:
    """Does what a client's frames ask of a run."""

    def __init__(
        self,
        seat: Seat,
        capabilities: list[str],
        *,
        leave: Callable[[], None],
        tell: Callable[[wire.ServerMessage], None] = lambda message: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = seat.run
        self._seat = seat
        self._capabilities = frozenset(capabilities)
        self._leave = leave
        self._tell = tell
        self._exchanging = exchanging.Exchanging(seat, self._capabilities, clock)
        self._rate = input_rate(capabilities)
        self._allowance = Allowance(clock)
        self.ready = False
        """Whether the client said that it hears."""

    def sound(self, pcm: bytes) -> None:
        """Hears a binary frame: a piece of the microphone, where that was agreed; or `BadFrame`."""
        self._allowance.message(len(pcm))
        if "binary" not in self._capabilities:
            raise wire.BadFrame("binary frames were not agreed on; ask for the capability 'binary'")
        self._hear(pcm[: len(pcm) & ~1])

    def frame(self, frame: str) -> bool:
        """Does what one text frame says and tells whether it carried sound; or `BadFrame`."""
        self._allowance.message(len(frame))
        message = wire.decode_client(frame)
        run, leads = self._run, self._seat.leads
        if leads:
            run.here()
        if not isinstance(message, wire.ClientAudio | wire.ClientText | wire.ClientData):
            self._allowance.sign()
        if isinstance(message, exchange.FromClient):
            self._exchanging.take(message)
            return False
        match message:
            case wire.ClientAudio(content):
                self._hear(wire.decode_audio(content))
                return True
            case wire.ClientReady():
                if not self.ready:
                    self.ready = True
                    for shared in self._exchanging.first():
                        self._tell(shared)
                run.ready(self._seat.listener, tells="played" in self._capabilities)
            case wire.ClientText(content, name):
                self._allowance.words(len(content))
                run.floor.type(content, name=name, leads=leads)
            case wire.ClientData(data):
                self._allowance.words(len(frame))
                run.data(data, leads=leads)
            case wire.TriggerTurnStart():
                run.floor.press()
            case wire.TriggerTurnEnd():
                run.floor.release()
            case wire.ReplayFinished(reason, turn, _):
                told = turn is None or run.speaks_in(turn)
                if leads and reason == "completed" and told:
                    run.ran_dry()
            case ext.ClientPlayed(turn, played_ms):
                if self._believed(played_ms):
                    run.heard(turn, played_ms / 1000)
            case wire.VadEvents():
                pass  # the server hears for itself; a stock SDK's first answer is often wrong
            case ext.ClientInterrupt():
                run.floor.hush(leads=leads)
            case ext.ClientEnd():
                self._leave()
            case _:
                assert_never(message)
        return False

    def _hear(self, pcm: bytes) -> None:
        """Hands sound on, of one client: those who share a conversation are not mixed."""
        self._allowance.piece(len(pcm))
        if self._seat.leads:
            self._run.here()
        else:
            self._run.claim(self._seat.listener)
        if self._seat.leads and self._allowance.sound(len(pcm) / 2 / self._rate):
            self._run.floor.hear(pcm, self._rate)

    def _believed(self, played_ms: float) -> bool:
        """Whether a client's word for how far it is counts; NaN is no word."""
        return "played" in self._capabilities and self._seat.leads and 0 <= played_ms <= DAY_MS
