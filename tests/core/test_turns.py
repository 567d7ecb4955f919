"""The order of turns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core import happenings as h
from duologue.core.turns import Turns


def counting() -> Callable[[str], str]:
    """Turn ids that count: user-1, turn-2 and so on."""
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}-{next(numbers)}"


@pytest.fixture
def turns() -> Turns:
    """A conversation in which nobody said anything yet."""
    return Turns(counting())


def test_a_whole_exchange_keeps_the_order_that_clients_know(turns: Turns) -> None:
    """User begins, interims, certain words, whole words, end; then the agent, to its end."""
    said = [
        *turns.user_begins(),
        *turns.user_interim("hel"),
        *turns.user_final("hello"),
        *turns.user_interim("th"),
        *turns.user_final("there"),
        *turns.user_says("hello there"),
        *turns.agent_text("Hi "),
        *turns.agent_text("you."),
        *turns.agent_says(),
        *turns.agent_audio(b"ab"),
        *turns.agent_sends_no_more(),
        *turns.agent_ends(interrupted=False),
    ]
    assert said == [
        h.UserStarted("user-1"),
        h.UserInterim("user-1", "hel", 0),
        h.UserDelta("user-1", "hello", 0),
        h.UserInterim("user-1", "th", 1),
        h.UserDelta("user-1", "there", 1),
        h.UserSaid("user-1", "hello there"),
        h.UserEnded("user-1"),
        h.AgentStarted("turn-2"),
        h.AgentText("turn-2", "Hi "),
        h.AgentText("turn-2", "you."),
        h.AgentSaid("turn-2", "Hi you."),
        h.AgentAudio("turn-2", b"ab"),
        h.AgentSent("turn-2"),
        h.AgentEnded("turn-2", interrupted=False),
    ]
    assert turns.agent_turn is None
    assert turns.user_turn is None


def test_an_interrupted_turn_owes_its_words_and_its_end(turns: Turns) -> None:
    """After the user took the floor comes the one whole text, and nothing more of that turn."""
    turns.agent_text("Once upon a time")
    turns.agent_audio(b"ab")
    assert turns.user_begins() == [h.UserStarted("user-2")]
    assert turns.agent_text(" there was") == []
    assert turns.agent_says() == []
    assert turns.agent_sends_no_more() == []
    assert turns.agent_ends(interrupted=True) == [
        h.AgentSaid("turn-1", "Once upon a time"),
        h.AgentSent("turn-1"),
        h.AgentEnded("turn-1", interrupted=True),
    ]
    assert turns.agent_text("New") == [
        h.UserEnded("user-2"),
        h.AgentStarted("turn-3"),
        h.AgentText("turn-3", "New"),
    ]


def test_a_false_interruption_goes_on_under_a_new_turn(turns: Turns) -> None:
    """What was kept back is told under the new turn; the old one gets its one text and its end."""
    turns.agent_text("Once upon ")
    turns.agent_audio(b"ab")
    turns.user_begins()
    turns.agent_text("a time")
    assert turns.agent_audio(b"cd") == [
        h.UserEnded("user-2"),
        h.AgentSaid("turn-1", "Once upon "),
        h.AgentSent("turn-1"),
        h.AgentEnded("turn-1", interrupted=True),
        h.AgentStarted("turn-3"),
        h.AgentText("turn-3", "a time"),
        h.AgentAudio("turn-3", b"cd"),
    ]
    assert turns.agent_says() == [h.AgentSaid("turn-3", "a time")]


def test_a_lost_client_hears_the_rest_under_a_new_turn(turns: Turns) -> None:
    """A text that was told whole is not told again; only the sound goes on."""
    turns.agent_text("Hello.")
    turns.agent_says()
    turns.agent_audio(b"ab")
    turns.agent_silenced()
    assert turns.agent_audio(b"cd") == [
        h.AgentSent("turn-1"),
        h.AgentEnded("turn-1", interrupted=True),
        h.AgentStarted("turn-2"),
        h.AgentAudio("turn-2", b"cd"),
    ]
    assert turns.agent_says() == []
    assert turns.agent_sends_no_more() == [h.AgentSent("turn-2")]


def test_the_turn_that_is_spoken_in_is_known_until_it_is_silenced(turns: Turns) -> None:
    """Whoever comes in the middle of an answer is shown that turn, and no other."""
    assert turns.speaking_turn is None
    turns.agent_audio(b"ab")
    assert turns.speaking_turn == turns.agent_turn == "turn-1"
    turns.agent_silenced()
    assert turns.speaking_turn is None
    assert turns.agent_turn == "turn-1"


def test_words_of_the_user_are_kept_back_while_the_agent_has_the_floor(turns: Turns) -> None:
    """A turn.start of the user would stop the sound, so it waits for the decision."""
    turns.agent_audio(b"ab")
    assert turns.user_interim("mm") == []
    assert turns.user_final("mm-hm") == []
    assert turns.user_turn is None


def test_words_without_a_beginning_begin_the_turn(turns: Turns) -> None:
    """Recognizers may be ahead of voice detection."""
    assert turns.user_interim("hi") == [h.UserStarted("user-1"), h.UserInterim("user-1", "hi", 0)]
    assert turns.user_begins() == []


def test_noise_leaves_a_turn_without_words(turns: Turns) -> None:
    """A turn that came to nothing is closed, once."""
    turns.user_begins()
    assert turns.user_gives_up() == [h.UserEnded("user-1")]
    assert turns.user_gives_up() == []


def test_an_answer_that_is_thought_while_the_user_speaks_on_is_kept_back(turns: Turns) -> None:
    """Its words come with its first sound; an answer that was cut before that never shows."""
    turns.user_begins()
    assert turns.agent_text("Well, ", user_speaks=True) == []
    assert turns.agent_text("yes.") == []
    assert turns.agent_says() == []
    assert turns.agent_audio(b"ab") == [
        h.UserEnded("user-1"),
        h.AgentStarted("turn-2"),
        h.AgentText("turn-2", "Well, yes."),
        h.AgentSaid("turn-2", "Well, yes."),
        h.AgentAudio("turn-2", b"ab"),
    ]
    turns.agent_ends(interrupted=False)
    turns.agent_text("Never mind", user_speaks=True)
    assert turns.agent_ends(interrupted=True) == []


def test_kept_words_that_never_get_sound_are_told_at_the_end(turns: Turns) -> None:
    """A voice that failed does not swallow the words."""
    turns.agent_text("Read this.", user_speaks=True)
    assert turns.agent_ends(interrupted=False) == [
        h.AgentStarted("turn-1"),
        h.AgentText("turn-1", "Read this."),
        h.AgentSaid("turn-1", "Read this."),
        h.AgentSent("turn-1"),
        h.AgentEnded("turn-1", interrupted=False),
    ]


def test_nothing_is_said_of_what_never_began(turns: Turns) -> None:
    """Without a turn of the agent there is nothing to end, resume or complete."""
    turns.agent_silenced()
    assert turns.agent_ends(interrupted=True) == []
    assert turns.agent_resumes() == []
    assert turns.agent_says() == []
    assert turns.agent_sends_no_more() == []


def test_sound_without_words_has_no_text(turns: Turns) -> None:
    """A turn of mere sound gets no whole text."""
    turns.agent_audio(b"ab")
    assert turns.agent_says() == []
    assert turns.agent_sends_no_more() == [h.AgentSent("turn-1")]
    assert turns.agent_sends_no_more() == []
    assert turns.agent_ends(interrupted=False) == [h.AgentEnded("turn-1", interrupted=False)]


ACTS: dict[str, Callable[[Turns], list[Any]]] = {
    "begin": lambda t: t.user_begins(),
    "interim": lambda t: t.user_interim("a"),
    "final": lambda t: t.user_final("a"),
    "say": lambda t: t.user_says("a"),
    "give up": lambda t: t.user_gives_up(),
    "text": lambda t: t.agent_text("b"),
    "text while the user speaks": lambda t: t.agent_text("b", user_speaks=True),
    "audio": lambda t: t.agent_audio(b"cc"),
    "says": lambda t: t.agent_says(),
    "sent": lambda t: t.agent_sends_no_more(),
    "end": lambda t: t.agent_ends(interrupted=False),
    "cut": lambda t: t.agent_ends(interrupted=True),
    "silence": lambda t: t.agent_silenced(),
}


@given(st.lists(st.sampled_from(sorted(ACTS)), max_size=40))
def test_no_order_of_events_breaks_a_client(acts: list[str]) -> None:
    """Whatever happens: turns open and close once, sound never follows a silence in its turn,
    and a turn has one whole text at most.
    """
    turns = Turns(counting())
    opened: set[str] = set()
    closed: set[str] = set()
    silenced: set[str] = set()
    texts: dict[str, int] = {}
    for act in acts:
        for happening in ACTS[act](turns):
            turn = happening.turn
            match happening:
                case h.UserStarted() | h.AgentStarted():
                    assert turn not in opened
                    if isinstance(happening, h.UserStarted):
                        silenced |= opened - closed
                    opened.add(turn)
                case h.UserEnded() | h.AgentEnded():
                    closed.add(turn)
                case h.AgentAudio():
                    assert turn not in silenced
                case h.AgentSaid():
                    texts[turn] = texts.get(turn, 0) + 1
            assert turn in opened
            if turn in closed:
                assert isinstance(happening, h.UserEnded | h.AgentEnded)
    assert all(count == 1 for count in texts.values())
    assert len(opened - closed) <= 2


def test_the_words_of_the_open_turn_are_known(turns: Turns) -> None:
    """Of the one that goes on, and of no other."""
    turns.agent_text("One ")
    turns.agent_text("two.")
    turn = turns.agent_turn
    assert turn is not None
    assert turns.words_of(turn) == "One two."
    assert turns.words_of("turn_other") == ""
    turns.agent_ends(interrupted=False)
    assert turns.words_of(turn) == ""


def test_a_person_is_not_cut_by_the_user_whose_words_follow(turns: Turns) -> None:
    """What the user said meanwhile is told when the person is silent, each as a turn."""
    said = [
        *turns.user_begins(),
        *turns.person_begins(),
        *turns.agent_audio(b"ab"),
        *turns.user_begins(),
        *turns.user_interim("wa"),
        *turns.user_final("wait"),
        *turns.user_says("wait"),
        *turns.user_gives_up(),
        *turns.agent_text("I am Ada."),
        *turns.user_says("hello"),
        *turns.agent_sends_no_more(),
        *turns.person_ends(interrupted=False),
        *turns.user_begins(),
    ]
    assert said == [
        h.UserStarted("user-1"),
        h.UserEnded("user-1"),
        h.AgentStarted("turn-2"),
        h.AgentAudio("turn-2", b"ab"),
        h.AgentText("turn-2", "I am Ada."),
        h.AgentSaid("turn-2", "I am Ada."),
        h.AgentSent("turn-2"),
        h.AgentEnded("turn-2", interrupted=False),
        h.UserStarted("user-3"),
        h.UserSaid("user-3", "wait"),
        h.UserEnded("user-3"),
        h.UserStarted("user-4"),
        h.UserSaid("user-4", "hello"),
        h.UserEnded("user-4"),
        h.UserStarted("user-5"),
    ]


def test_a_person_whose_listener_was_lost_goes_on_under_a_new_turn(turns: Turns) -> None:
    """As an agent does; and whatever the agent was saying before ends as interrupted."""
    said = [
        *turns.agent_text("I was"),
        *turns.person_begins(),
        *turns.agent_silenced(),
        *turns.user_final("hello?"),
        *turns.agent_audio(b"ab"),
        *turns.person_ends(interrupted=True),
        *turns.person_ends(interrupted=True),
    ]
    assert said == [
        h.AgentStarted("turn-1"),
        h.AgentText("turn-1", "I was"),
        h.AgentSaid("turn-1", "I was"),
        h.AgentSent("turn-1"),
        h.AgentEnded("turn-1", interrupted=True),
        h.AgentStarted("turn-2"),
        h.AgentSent("turn-2"),
        h.AgentEnded("turn-2", interrupted=True),
        h.AgentStarted("turn-3"),
        h.AgentAudio("turn-3", b"ab"),
        h.AgentSent("turn-3"),
        h.AgentEnded("turn-3", interrupted=True),
    ]
