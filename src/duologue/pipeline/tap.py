"""Tells the bus what happens in a run, while somebody watches; else it looks once, and rests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from duologue.bus.bell import Bell, all_of, one_of
from duologue.core import happenings as h
from duologue.pipeline.loudness import Loudness
from duologue.wire import live as wire

GROWS: Final = 0.1
"""Seconds in which the words of a growing answer are put together."""
LEVELS: Final = 0.2
"""Seconds of sound that one level stands for."""
BRIEF: Final = 0.5
"""Seconds between two rows of a list."""

LONGEST: Final = 200
"""Characters of the last words that a list shows."""


class Told(Protocol):
    """What a tap asks its run for."""

    @property
    def state(self) -> str:
        """What the agent is doing."""

    @property
    def holder(self) -> wire.Holder | None:
        """Who speaks in its place."""

    def words_of(self, turn: str) -> str:
        """What the agent said in its open turn."""


class Tap:
    """Beside the listeners of one run; it hears all of them hear, and the microphone."""

    def __init__(self, bell: Bell, org_id: str, conversation_id: str, *, words: bool) -> None:
        self._bell = bell
        self._conversation = conversation_id
        self._one = one_of(org_id, conversation_id)
        self._all = all_of(org_id)
        self._hidden: wire.Hidden = "" if words else "untraced"
        self._run: Told | None = None
        self._user, self._agent = Loudness(), Loudness()
        self._shown = (0.0, 0.0)
        self._parts: dict[int, str] = {}
        self._part_of = ""
        self._growing = ""
        self._turn: tuple[str, wire.Side] = ("", "agent")
        """The agent's last turn, and whose words it began with."""
        self._last: tuple[str, wire.Side] | None = None
        self._reason = "ended"
        self._over = False
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}

    def follow(self, run: Told) -> None:
        """Says whose tap this is."""
        self._run = run

    @property
    def hidden(self) -> wire.Hidden:
        """Why words are not shown."""
        return self._hidden

    def hide(self) -> None:
        """Shows no words any more: a secret is told, and later words may repeat it."""
        self._hidden = "encrypted"

    # ------------------------------------------------------------ what happens

    def happened(self, happening: h.Happening) -> None:
        """Something happens; where nobody watches that costs a few looks."""
        if self._over:
            return
        if isinstance(happening, h.Ended):
            self._end()
            return
        if isinstance(happening, h.AgentText | h.AgentSaid) and happening.turn != self._turn[0]:
            self._turn = happening.turn, self._whose
        if self._bell.watched(self._one) or self._bell.watched(self._all):
            self._tell(happening)

    def heard(self, pcm: bytes) -> None:
        """The microphone brings sound."""
        if self._over:
            return
        if self._bell.watched(self._one) or self._bell.watched(self._all):
            self._user.add(pcm)
            self._soon(LEVELS, self._levels)

    def taken(self, holder: wire.Holder | None) -> None:
        """A person took over, or gave back."""
        self._bell.publish(self._one, wire.Taken(holder))
        self._soon(BRIEF, self._brief)

    def moved(self, clients: int) -> None:
        """There are other clients than before."""
        if not self._over:
            self._bell.publish(self._one, wire.Attached(clients))
        self._bell.publish(self._all, wire.Moved(self._conversation))

    def over(self, reason: str) -> None:
        """The run is over for this reason, which is told after its last words."""
        self._reason = reason

    # ------------------------------------------------------------ within

    def _end(self) -> None:
        """Tells of the end, and of nothing that happens after it."""
        self._over = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._bell.publish(self._one, wire.Over(self._reason))
        self._bell.publish(self._all, wire.Moved(self._conversation))

    def _tell(self, happening: h.Happening) -> None:
        match happening:
            case h.AgentAudio(_, pcm):
                self._agent.add(pcm)
                self._soon(LEVELS, self._levels)
            case h.UserInterim(turn, text, counter) | h.UserDelta(turn, text, counter):
                self._heard_so_far(turn, text, counter)
            case h.UserSaid(turn, text):
                self._parts = {}
                self._words(turn, "user", text, final=True)
            case h.UserEnded(turn):
                if self._parts and turn == self._part_of:  # it came to nothing
                    self._parts = {}
                    self._words(turn, "user", "", final=True)
            case h.AgentText(turn, _):
                self._growing = turn
                self._soon(GROWS, self._grown)
            case h.AgentSaid(turn, text):
                self._growing = ""
                self._words(turn, self._side(turn), text, final=True)
            case h.AgentEnded(turn, interrupted):
                self._grown()
                self._bell.publish(self._one, wire.TurnEnded(turn, interrupted))
            case h.StateChanged(state):
                self._bell.publish(self._one, wire.Doing(state))
                self._soon(BRIEF, self._brief)
            case h.ToolUsed(name, call, status):
                self._bell.publish(self._one, wire.Tool(name, call, status))
            case h.Noticed(code, message):
                self._bell.publish(self._one, wire.Told(code, message))
            case _:
                pass

    def _side(self, turn: str) -> wire.Side:
        """Whose a turn is: whoever spoke when it began, though somebody else does by now."""
        begun, side = self._turn
        return side if turn == begun else self._whose

    @property
    def _whose(self) -> wire.Side:
        return "person" if self._run is not None and self._run.holder is not None else "agent"

    def _heard_so_far(self, turn: str, text: str, counter: int) -> None:
        if turn != self._part_of:
            self._part_of, self._parts = turn, {}
        self._parts[counter] = text
        self._words(turn, "user", " ".join(self._parts.values()))

    def _grown(self) -> None:
        turn, self._growing = self._growing, ""
        if turn and self._run is not None and (text := self._run.words_of(turn)):
            self._words(turn, self._side(turn), text)

    def _words(self, turn: str, side: wire.Side, text: str, *, final: bool = False) -> None:
        if self.hidden:
            return
        self._bell.publish(self._one, wire.Words(turn, side, text, final))
        if text:
            self._last = text, side
            self._soon(BRIEF, self._brief)

    def _levels(self) -> None:
        levels = self._user.take(), self._agent.take()
        if levels != self._shown:
            self._shown = levels
            self._bell.publish(self._one, wire.Levels(*levels))
            self._soon(BRIEF, self._brief)
            self._soon(LEVELS, self._levels)  # it falls back to nothing when sound ends

    def _brief(self) -> None:
        if self._run is None:
            return
        (text, side), self._last = self._last or ("", "agent"), None
        user, agent = self._shown
        taken = self._run.holder is not None
        told = wire.Brief(
            self._conversation, self._run.state, user, agent, taken, text[:LONGEST], side
        )
        self._bell.publish(self._all, told)

    def _soon(self, seconds: float, work: Callable[[], None]) -> None:
        """Does it once, that much later, however often it is asked for until then."""
        if work not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[work] = loop.call_later(seconds, self._due, work)

    def _due(self, work: Callable[[], None]) -> None:
        del self._timers[work]
        work()
