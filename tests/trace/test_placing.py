"""Every step of a live run is told with the turn that it belongs to."""

from __future__ import annotations

from typing import Any

from duologue.trace.entries import Kind, Span
from duologue.trace.placing import PATIENCE, Placing
from duologue.trace.turns import TurnBuilder

TRACE = "0" * 31 + "1"
S = 1_000_000_000


def span(
    id: str,  # noqa: A002  # as it is called
    kind: Kind,
    start: float,
    end: float,
    parent: str = "",
    name: str = "",
    **told: Any,
) -> Span:
    """A step, in seconds."""
    return Span(
        trace=TRACE,
        id=id,
        parent=parent,
        name=name or kind,
        kind=kind,
        start_ns=int(start * S),
        end_ns=int(end * S),
        attributes=told,
    )


class Desk:
    """Turns, and the steps of them."""

    def __init__(self) -> None:
        self.turns = TurnBuilder(TRACE, live=True)
        self.steps = Placing(self.turns)

    def note(self, *steps: Span) -> None:
        """These are over."""
        for each in steps:
            self.turns.note(each)
            self.steps.add(each)

    def told(self, now: float, *, last: bool = False) -> dict[str, int]:
        """What is told at that second."""
        self.turns.changed()
        return {each.id: each.turn for each in self.steps.placed(int(now * S), last=last)}

    def turn(self, number: int, at: float) -> None:
        """A whole turn that begins then."""
        user, agent = f"u{number}", f"a{number}"
        words = {"lk.user_transcript": f"words {number}", "lk.user_input": f"words {number}"}
        self.note(span(user, "user_turn", at, at + 2, **words))
        self.note(span(agent, "assistant_turn", at + 2, at + 4, **words))
        self.turns.hear("assistant", "yes", int((at + 3) * S), span=agent)


def test_a_step_belongs_to_the_turn_it_hangs_below() -> None:
    """However many steps lie between them, and whatever its time says."""
    desk = Desk()
    desk.turn(0, 10)
    desk.note(span("node", "other", 12, 13, "a0"), span("llm", "llm", 12, 13, "node"))
    desk.turn(1, 20)
    late = span("sound", "speech", 23, 24, "a0")
    desk.note(late)
    assert desk.told(24) == {"u0": 0, "a0": 0, "node": 0, "llm": 0, "u1": 1, "a1": 1, "sound": 0}
    assert desk.told(25) == {}


def test_a_step_of_nobody_belongs_to_the_turn_it_happened_in() -> None:
    """What the user does begins a turn; what the agent does goes on with one; between is none."""
    desk = Desk()
    desk.turn(0, 10)
    desk.turn(1, 13)  # over the agent's words
    desk.note(
        span("said", "state", 13, 15, name="user:speaking"),
        span("answered", "state", 12, 13.5, name="agent:speaking"),
        span("heard", "stt", 15, 15.2),
        span("before", "state", 1, 2, name="agent:thinking"),
        span("after", "state", 18, 19, name="user:away"),
    )
    told = desk.told(30)
    assert (told["said"], told["answered"], told["heard"]) == (1, 0, 1)
    assert (told["before"], told["after"]) == (-1, -1)


def test_a_step_waits_for_its_turn() -> None:
    """A request is over before its answer has words; in vain it waits for two seconds only."""
    desk = Desk()
    desk.turns.note(span("a0", "assistant_turn", 10, 0))
    desk.note(span("llm", "llm", 10, 11, "a0"))
    assert desk.told(11.1) == {}
    assert desk.steps
    desk.turns.hear("assistant", "yes", 11 * S, span="a0")
    assert desk.told(11.2) == {"llm": 0}
    desk.note(span("lone", "other", 5, 6))
    assert desk.told(6 + PATIENCE / S) == {}
    assert desk.told(6.1 + PATIENCE / S) == {"lone": -1}
    assert not desk.steps


def test_a_step_is_told_again_when_its_turn_is_another() -> None:
    """An utterance that is told late is a turn before."""
    desk = Desk()
    desk.turn(1, 20)
    assert desk.told(25)["a1"] == 0
    desk.turn(0, 10)
    told = desk.told(26)
    assert (told["u0"], told["a0"], told["u1"], told["a1"]) == (0, 0, 1, 1)


def test_errors_lie_where_they_are_counted() -> None:
    """In the turn that began last, also after its end; before all turns, in the first."""
    desk = Desk()
    desk.note(span("early", "error", 1, 1))
    desk.turn(0, 10)
    desk.note(span("late", "error", 19, 19))
    told = desk.told(20)
    assert (told["early"], told["late"]) == (0, 0)
    assert desk.turns.turns()[0].errors == 2


def test_nothing_is_kept_of_turns_that_are_settled() -> None:
    """A long run holds the steps of its last turns."""
    desk = Desk()
    for number in range(100):
        desk.turn(number, 10 + 10 * number)
        desk.told(16 + 10 * number)
    assert len(desk.steps._steps) < 20
    assert desk.told(2000, last=True) == {}
