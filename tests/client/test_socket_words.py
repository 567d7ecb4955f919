"""The words of a conversation on the socket, and typed ones that must not be lost or doubled."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.client.road import RoadEvent, TranscriptChanged
from duologue.client.socket_words import WAITING, Words, hear
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire


class Desk:
    """Words, what they told, and what they sent."""

    def __init__(self) -> None:
        self.told: list[TranscriptChanged] = []
        self.sent: list[tuple[str, str]] = []
        self.words = Words(self._tell, lambda name, text: self.sent.append((name, text)))

    def _tell(self, event: RoadEvent) -> None:
        assert isinstance(event, TranscriptChanged)
        self.told.append(event)

    def hear(self, *messages: Any) -> list[tuple[str, str, bool, bool]]:
        """Takes messages of the server; gives segment, text, final and interrupted of each word."""
        before = len(self.told)
        for message in messages:
            assert hear(self.words, message)
        return [(e.segment, e.text, e.final, e.interrupted) for e in self.told[before:]]


@pytest.fixture
def desk() -> Desk:
    """A fresh conversation, to which everything may be sent."""
    desk = Desk()
    desk.words.settle()
    return desk


def past(turn: str, text: str, role: Any = "user", *, at: int = 5) -> ext.PastMessage:
    """A message of a history."""
    return ext.PastMessage(role, text, turn, at, interrupted=False)


def test_what_the_user_says_grows_piece_by_piece(desk: Desk) -> None:
    """An interim replaces its own counter's, a closed piece stays, the whole is final."""
    assert desk.hear(
        wire.TranscriptInterim("I want", "u1", 0),
        wire.TranscriptInterim("I want a", "u1", 0),
        wire.TranscriptDelta("I want a table. ", "u1", 0),
        wire.TranscriptInterim("For two", "u1", 1),
        wire.Transcript("I want a table. For two.", "u1"),
    ) == [
        ("u1", "I want", False, False),
        ("u1", "I want a", False, False),
        ("u1", "I want a table.", False, False),
        ("u1", "I want a table. For two", False, False),
        ("u1", "I want a table. For two.", True, False),
    ]
    assert {event.role for event in desk.told} == {"user"}


def test_an_answer_grows_and_is_whole_once(desk: Desk) -> None:
    """Words that come late change nothing that is final."""
    assert desk.hear(
        wire.TextDelta("Good ", "a1"),
        wire.TextDelta("evening.", "a1"),
        wire.Text("Good evening.", "a1"),
        wire.TextDelta("more", "a1"),
    ) == [
        ("a1", "Good ", False, False),
        ("a1", "Good evening.", False, False),
        ("a1", "Good evening.", True, False),
    ]
    assert {event.role for event in desk.told} == {"agent"}


def test_an_answer_that_was_cut_says_so_from_then_on(desk: Desk) -> None:
    """Once, however often it is cut, and its last words too."""
    desk.hear(wire.TextDelta("Once upon", "a1"))
    desk.words.cut("a1")
    desk.words.cut("a1")
    assert desk.hear(wire.Text("Once upon", "a1")) == [("a1", "Once upon", True, True)]
    assert [event.interrupted for event in desk.told] == [False, True, True]
    desk.words.ended("a1")
    assert desk.hear(wire.TextDelta("New", "a1")) == [("a1", "New", False, False)]


def test_words_of_nobody_go_when_the_turn_ends(desk: Desk) -> None:
    """Noise that seemed to be words is an empty final text; an agent's words stay."""
    desk.hear(wire.TranscriptInterim("uh", "u1", 0), wire.TextDelta("So", "a1"))
    desk.told.clear()
    for turn in ("u1", "a1", "u1", "nobody"):
        desk.words.ended(turn)
    assert [(e.segment, e.text, e.final) for e in desk.told] == [
        ("u1", "", True),
        ("a1", "So", True),
    ]


def test_a_typed_message_is_sent_once_and_its_transcript_is_not_told(desk: Desk) -> None:
    """The session shows it as what it is: written."""
    desk.words.type("m1", "Hello ")
    assert desk.sent == [("m1", "Hello ")]
    assert desk.hear(wire.Transcript("Hello", "u1")) == []
    desk.words.ended("u1")
    assert desk.hear(wire.Transcript("Hello", "u2")) == [("u2", "Hello", True, False)]


def test_what_is_typed_on_a_broken_line_goes_out_once_when_it_is_settled(desk: Desk) -> None:
    """Not when the line opens, but when the server has told what it knows."""
    desk.words.broke()
    desk.words.type("m1", "One")
    desk.words.type("m2", "Two")
    assert desk.sent == []
    desk.words.settle()
    desk.words.settle()
    assert desk.sent == [("m1", "One"), ("m2", "Two")]


def test_what_the_server_has_already_is_not_sent_again() -> None:
    """The history has the one whose confirmation was lost, and lacks the other."""
    desk = Desk()
    desk.hear(ext.History([past("u0", "Earlier")]))
    desk.words.type("m1", "One")
    desk.words.type("m2", "Two")
    desk.words.broke()
    desk.sent.clear()
    told = desk.hear(ext.History([past("u0", "Earlier"), past("u1", "One")]))
    assert [segment for segment, *_ in told] == ["u0"]
    assert desk.sent == [("m2", "Two")]
    desk.words.broke()
    assert [s for s, *_ in desk.hear(ext.History([past("u0", "Earlier"), past("u1", "One")]))] == [
        "u0"
    ]


def test_an_old_message_is_not_taken_for_the_one_that_was_just_typed() -> None:
    """Who says "yes" again after coming back means it."""
    desk = Desk()
    desk.words.type("m1", "Yes")
    desk.hear(ext.History([past("u1", "Yes"), past("a1", "Good.", "assistant")]))
    assert desk.sent == [("m1", "Yes")]
    assert [(e.role, e.past, e.at) for e in desk.told] == [("user", True, 5), ("agent", True, 5)]


def test_what_was_missed_is_not_of_an_earlier_session() -> None:
    """Only the first history is the past; a later one tells what was said during a break."""
    desk = Desk()
    desk.hear(ext.History([past("u1", "Then")]))
    desk.words.broke()
    desk.hear(ext.History([past("u1", "Then"), past("u2", "Now")]))
    assert [(e.segment, e.past) for e in desk.told] == [("u1", True), ("u1", True), ("u2", False)]


def test_a_conversation_that_began_here_has_no_past(desk: Desk) -> None:
    """Its first history comes after a break, and has what was said before it."""
    desk.words.type("m1", "One")
    desk.words.broke()
    told = desk.hear(ext.History([past("u1", "One"), past("a1", "Good.", "assistant")]))
    assert [(segment, *rest) for segment, *rest in told] == [("a1", "Good.", True, False)]
    assert [event.past for event in desk.told] == [False]
    assert desk.sent == [("m1", "One")]


def test_what_was_open_when_the_line_broke_does_not_stay_open(desk: Desk) -> None:
    """Neither half a sentence of the user nor half an answer is waited for any more."""
    desk.hear(ext.History([]), wire.TranscriptInterim("I wan", "u1", 0), wire.TextDelta("Of", "a1"))
    desk.words.broke()
    assert desk.hear(ext.History([])) == [("u1", "", True, False), ("a1", "Of", True, False)]


def test_so_many_may_wait_and_no_more(desk: Desk) -> None:
    """As many as the server takes at once."""
    desk.words.broke()
    for number in range(WAITING - 1):
        desk.words.type(str(number), "x")
    assert not desk.words.crowded
    desk.words.type("last", "x")
    assert desk.words.crowded
