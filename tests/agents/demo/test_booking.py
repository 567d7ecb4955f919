"""The table's four slots: what fills them, in which order, and that the talk alone holds them."""

from __future__ import annotations

import pytest

from duologue.agents.demo.booking import BOOKED, DROPPED, Booking, Slot, Turn, follow


@pytest.mark.parametrize(
    ("said", "asked", "booking"),
    [
        ("A table for four people.", None, Booking(people=4)),
        ("There are five of us.", None, Booking(people=5)),
        ("Twelve.", "people", Booking(people=12)),
        ("Twelve.", "time", Booking(time="twelve")),
        ("On Friday.", "day", Booking(day="Friday")),
        ("Tomorrow at half past seven.", "day", Booking(day="tomorrow", time="half past seven")),
        ("Seven thirty.", "time", Booking(time="seven thirty")),
        ("At eight.", "people", Booking(time="eight")),
        ("7:30 pm", "time", Booking(time="seven thirty pm")),
        ("My name is Anna.", None, Booking(name="Anna")),
        ("Peter.", "name", Booking(name="Peter")),
        ("Peter.", "people", Booking()),
        (
            "I'd like to book a table for two people on Friday at seven thirty.",
            None,
            Booking(people=2, day="Friday", time="seven thirty"),
        ),
    ],
)
def test_an_utterance_fills_the_slots_it_speaks_of(
    said: str, asked: Slot | None, booking: Booking
) -> None:
    """What was asked for is understood from a bare word; the rest needs its own words."""
    assert Booking().heard(said, asked=asked) == booking


def talk(*lines: str) -> list[Turn]:
    """User and agent by turns, the user first."""
    return [("assistant" if index % 2 else "user", line) for index, line in enumerate(lines)]


def test_a_booking_is_followed_through_other_questions() -> None:
    """Somebody who asks for the time in between loses nothing, and no hour is booked by it."""
    lines = ("Book a table.", "For how many people?", "What time is it?", "It is 7 PM.", "Four.")
    assert follow(talk(*lines)) == Booking(people=4)


@pytest.mark.parametrize("end", [f"Your table {BOOKED}.", f"{DROPPED} Is there anything else?"])
def test_a_booking_ends_with_the_agents_own_words(end: str) -> None:
    """Afterwards a number is only a number."""
    assert follow(talk("Book a table for two people.", "When?", "Yes.", end, "Four.")) is None


def test_without_the_wish_there_is_no_booking() -> None:
    """Days and names alone begin nothing."""
    assert follow(talk("On Friday.", "Pardon?", "Anna.")) is None


def test_a_slot_may_be_corrected() -> None:
    """The last word counts."""
    lines = ("Book a table for two people on Friday.", "At what time?", "On Sunday, please.")
    assert follow(talk(*lines)) == Booking(people=2, day="Sunday")
