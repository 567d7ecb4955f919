"""Turns out of spans and of what was said, in whatever order they come, and however often.

A turn is a user's utterance and the agent's answer. Spans tell most of it: `user_turn` and
`agent_turn`, and below them the requests and tools. What is said as messages tells it again, with
figures of its own, and is all there is where spans are missing. So everything is kept for a while
and put together anew: late figures find their turn, and a repeat changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

import msgspec

from duologue.trace import names
from duologue.trace.entries import Span, Turn
from duologue.trace.facts import Facts, Message, Part, number
from duologue.trace.half import Half
from duologue.trace.joining import joined
from duologue.trace.prices import Prices

_WINDOW: Final = 3
"""The turns that a live conversation may still change; older ones are what they are."""
Role = Literal["user", "assistant"]
_WORK: Final = frozenset({"llm", "tts", "tool"})
_USERS: Final = frozenset({"user_speaking", "user:speaking", "user:away"})
_Owner = TypeVar("_Owner")


class TurnBuilder:
    """The turns of one trace; `live` ones settle, so that a long conversation costs no more.

    Of a trace whose end alone is looked at, `first` is the index of its first turn, which began at
    `first_ns`.
    """

    def __init__(
        self,
        trace: str,
        *,
        prices: Prices | None = None,
        live: bool = False,
        first: int = 0,
        first_ns: int = 0,
    ) -> None:
        self._trace = trace
        self._prices = prices or Prices()
        self._live = live
        self._facts = Facts()
        self._settled = first
        self._first_ns = first_ns
        self._since = 0
        self._told: list[Turn] = []
        self._dirty = False
        self._owners: dict[str, int] = {}
        self._times: list[tuple[int, int, int]] = []

    # ------------------------------------------------------------ what is known

    def span(self, span: Span) -> list[Turn]:
        """Takes a span, open or ended; the turns that it changed."""
        return self.changed() if self.note(span) else []

    def note(self, span: Span) -> bool:
        """Takes a span without putting anything together; whether it may change a turn."""
        facts = self._facts
        facts.parents[span.id] = span.parent
        match span.kind:
            case "user_turn":
                facts.users[span.id] = span
            case "assistant_turn":
                facts.agents[span.id] = span
            case "error":
                if span.attributes.get("recoverable"):
                    return False
                facts.errors[span.id] = span.start_ns
            case kind if kind in _WORK or span.name in ("llm_node", "tts_node"):
                if not span.end_ns:
                    return False
                facts.parts[span.id] = self._part(span)
            case _:
                return False
        self._dirty = True
        return True

    def said(self, role: Role, text: str, at_ns: int, **more: Any) -> list[Turn]:
        """Takes a message, as `hear` does; the turns that it changed."""
        self.hear(role, text, at_ns, **more)
        return self.changed()

    def hear(
        self,
        role: Role,
        text: str,
        at_ns: int,
        *,
        id: str = "",  # noqa: A002
        span: str = "",
        interrupted: bool = False,
        metrics: Mapping[str, Any] | None = None,
        confidence: float | None = None,
    ) -> None:
        """Takes a message with livekit-agents' metrics of it, and the agent turn it came in."""
        numbers = {
            key: float(value)
            for key, value in (metrics or {}).items()
            if isinstance(value, int | float)
        }
        message = Message(at_ns, text, span, interrupted, numbers, confidence)
        self._facts.said[role, id or f"{at_ns}"] = message
        self._dirty = True

    def error(self, id: str, at_ns: int) -> list[Turn]:  # noqa: A002
        """Takes note that something failed for good."""
        self._facts.errors[id] = at_ns
        self._dirty = True
        return self.changed()

    def heard(self, span: str, seconds: float) -> None:
        """Adds what of an answer was played, by the agent turn."""
        heard = self._facts.heard
        heard[span] = heard.get(span, 0.0) + seconds
        self._dirty = True

    def transport(self, span: str, milliseconds: float) -> None:
        """Says how long an answer's first sound was on its way to an ear."""
        self._facts.transport[span] = milliseconds
        self._dirty = True

    # ------------------------------------------------------------ what follows

    def changed(self) -> list[Turn]:
        """The turns that are new or not as they were told last."""
        if not self._dirty:
            return []
        self._dirty = False
        turns = self.turns()
        fresh = [
            turn
            for place, turn in enumerate(turns)
            if place >= len(self._told) or self._told[place] != turn
        ]
        self._told = turns
        if self._live and len(turns) > _WINDOW + 1:
            self._settle(turns)
        return fresh

    def turns(self) -> list[Turn]:
        """All turns that are not settled, in their order."""
        halves = joined(self._facts, self._since)
        self._count(halves)
        halves = [half for half in halves if half.started >= self._first_ns]
        numbered = list(enumerate(halves, self._settled))
        self._owners = {span: number for number, half in numbered for span in half.spans}
        self._times = [(half.started, half.ended, number) for number, half in numbered]
        return [half.turn(self._trace, number) for number, half in numbered]

    def place(self, span: Span) -> int:
        """The index of the turn that a step belongs to, as they were put together last.

        That is the turn it hangs below, or else the one it happened in; -1 where there is none.
        """
        for id_ in (span.id, span.parent):
            if (owner := self._owner(id_, self._owners)) is not None and span.kind != "error":
                return owner
        # What the user does begins a turn, which may be in the middle of the answer before.
        theirs = span.kind == "stt" or span.name in _USERS
        at = span.end_ns if theirs else span.start_ns
        begun = [turn for turn in self._times if turn[0] <= at]
        if span.kind == "error":  # as they are counted
            begun = begun or self._times[:1]
            return begun[-1][2] if begun else -1
        if span.kind == "session" or not begun:
            return -1
        _, ended, number = begun[-1]
        return number if not ended or span.start_ns <= ended else -1

    @property
    def settled(self) -> int:
        """How many turns are what they are."""
        return self._settled

    # ------------------------------------------------------------ within

    def _part(self, span: Span) -> Part:
        told = span.attributes
        part = Part(span.start_ns, failed=span.kind in _WORK and span.status == "error")
        model = str(names.PROVIDER.of(told) or ""), str(names.MODEL.of(told) or "")
        first = names.FIRST_TOKEN.of(told)
        part.first_token = number(names.FIRST_CHUNK.of(told) if first is None else first)
        part.first_byte = number(names.FIRST_BYTE.of(told))
        if span.kind == "llm":
            part.read = int(names.INPUT_TOKENS.of(told) or 0)
            part.written = int(names.OUTPUT_TOKENS.of(told) or 0)
            cached = int(names.CACHED_TOKENS.of(told) or 0)
            part.cost = self._prices.tokens(*model, part.read, part.written, cached) or 0.0
        elif span.kind == "tts":
            metrics = _metrics(names.TTS_METRICS.of(told))
            part.first_byte = number(metrics.get("ttfb"))
            spoken = int(metrics.get("characters_count") or 0)
            part.cost = self._prices.characters(*model, spoken) or 0.0
        elif span.kind == "tool":
            part.tool = True
            part.failed = part.failed or bool(names.TOOL_ERROR.of(told))
        return part

    def _count(self, halves: list[Half]) -> None:
        """Adds the steps, the failures and what was heard to the turns that they belong to."""
        facts = self._facts
        owners = {span: half for half in halves for span in half.spans}
        for id_, part in facts.parts.items():
            owner = self._owner(id_, owners)
            if owner is not None:
                owner.add(part)
        for at in facts.errors.values():
            before = [half for half in halves if half.started <= at] or halves[:1]
            if before:
                before[-1].errors += 1
        for half in halves:
            heard = [facts.heard[span] for span in half.spans if span in facts.heard]
            half.heard = sum(heard) if heard else half.heard
            for span in half.spans:
                half.transport = facts.transport.get(span, half.transport)

    def _owner(self, id_: str, owners: Mapping[str, _Owner]) -> _Owner | None:
        """The turn that a step hangs below."""
        for _ in range(16):
            if id_ in owners:
                return owners[id_]
            parent = self._facts.parents.get(id_)
            if not parent:
                return None
            id_ = parent
        return None

    def _settle(self, turns: list[Turn]) -> None:
        """Forgets what the oldest turns were made of."""
        kept = turns[-_WINDOW:]
        self._since = kept[0].started_ns
        facts, since = self._facts, self._since
        facts.users = {key: span for key, span in facts.users.items() if span.start_ns >= since}
        facts.agents = {key: span for key, span in facts.agents.items() if span.start_ns >= since}
        facts.said = {key: word for key, word in facts.said.items() if word.at >= since}
        facts.parts = {key: part for key, part in facts.parts.items() if part.start >= since}
        facts.errors = {key: at for key, at in facts.errors.items() if at >= since}
        facts.heard = {key: facts.heard[key] for key in facts.agents if key in facts.heard}
        facts.transport = {
            key: facts.transport[key] for key in facts.agents if key in facts.transport
        }
        known = facts.agents.keys() | facts.parts.keys()
        facts.parents = {key: facts.parents[key] for key in known if key in facts.parents}
        self._settled += len(turns) - _WINDOW
        self._told = kept


def _metrics(told: Any) -> dict[str, Any]:
    """livekit-agents' metrics of a request, which it writes as JSON."""
    if not isinstance(told, str):
        return {}
    try:
        held = msgspec.json.decode(told)
    except msgspec.DecodeError:
        return {}
    return held if isinstance(held, dict) else {}
