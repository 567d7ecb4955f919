"""The own client's loudspeaker."""

import pytest

from duologue.testing.loudspeaker import Loudspeaker, Over
from duologue.testing.player import Played


def sound(samples: int) -> bytes:
    """That many samples that are not silent."""
    return b"\x10\x00" * samples


def playing(samples: int) -> Loudspeaker:
    """A loudspeaker that began to play a turn at sample 1000."""
    loudspeaker = Loudspeaker()
    loudspeaker.begin("t1")
    loudspeaker.add(sound(samples), at=1000)
    return loudspeaker


def test_every_sample_is_played_from_the_moment_it_arrives() -> None:
    """Nothing waits for a block to be full, and no rest is lost."""
    loudspeaker = playing(333)
    assert loudspeaker.advance(1001) == [Played("t1", 1000, sound(1))]
    assert loudspeaker.sent("t1", 1300) == [Played("t1", 1001, sound(299))]
    assert loudspeaker.advance(2000) == [
        Played("t1", 1300, sound(33)),
        Over("t1", 1333, False, 333),
    ]
    assert loudspeaker.current is None
    assert loudspeaker.advance(9000) == []


def test_a_turn_is_over_only_when_no_more_will_come() -> None:
    """A dry buffer waits; what comes then is played at once, and the position goes on."""
    loudspeaker = playing(100)
    assert loudspeaker.advance(5000) == [Played("t1", 1000, sound(100))]
    assert (loudspeaker.current, loudspeaker.sounding) == (("t1", 100), False)
    loudspeaker.add(sound(50), at=6000)
    assert loudspeaker.sent("t1", 7000) == [
        Played("t1", 6000, sound(50)),
        Over("t1", 7000, False, 150),
    ]


def test_a_turn_without_sound_is_over_when_it_is_sent() -> None:
    """A turn of words only leaves nothing behind, and nobody hears of its end twice."""
    loudspeaker = Loudspeaker()
    loudspeaker.begin("t1")
    assert loudspeaker.sent("t1", 20) == [Over("t1", 20, False, 0)]
    assert loudspeaker.sent("t1", 30) == loudspeaker.ended("t1", 40) == []


def test_words_without_sound_come_and_go_while_another_turn_speaks() -> None:
    """What sounded goes on, and sound that follows is its own again."""
    loudspeaker = playing(100)
    loudspeaker.begin("words")
    assert loudspeaker.sent("words", 1050)[-1] == Over("words", 1050, False, 0)
    loudspeaker.add(sound(20), at=1060)
    loudspeaker.sent("t1", 1070)
    assert loudspeaker.advance(2000)[-1] == Over("t1", 1120, False, 120)


def test_a_turn_that_the_server_ends_while_it_sounds_was_cut() -> None:
    """The server ends a turn when it was heard, or when the agent was silenced."""
    loudspeaker = playing(100)
    loudspeaker.sent("t1", 1010)
    assert loudspeaker.ended("t1", 1040)[-1] == Over("t1", 1040, True, 40)
    assert loudspeaker.dropped == {"t1": 60}


def test_a_pause_holds_the_place() -> None:
    """Nothing sounds in a pause, and afterwards the next sample follows the last."""
    loudspeaker = playing(300)
    assert loudspeaker.pause(1100) == [Played("t1", 1000, sound(100))]
    assert not loudspeaker.sounding
    assert loudspeaker.sent("t1", 3000) == []
    assert loudspeaker.resume(4000) == []
    assert loudspeaker.advance(9000) == [
        Played("t1", 4000, sound(200)),
        Over("t1", 4200, False, 300),
    ]


def test_only_what_is_there_is_paused() -> None:
    """A pause without a turn does not hold the next one back."""
    loudspeaker = Loudspeaker()
    loudspeaker.pause(0)
    loudspeaker.begin("t1")
    loudspeaker.add(sound(8), at=10)
    assert loudspeaker.advance(30) == [Played("t1", 10, sound(8))]


@pytest.mark.parametrize("paused", [False, True])
def test_an_interruption_is_for_good(paused: bool) -> None:
    """What was not played is dropped, also out of a pause, and late sound of the turn with it."""
    loudspeaker = playing(300)
    if paused:
        loudspeaker.pause(1100)
    happened = loudspeaker.interrupt(1100)
    assert happened[-1] == Over("t1", 1100, True, 100)
    loudspeaker.add(sound(7), at=1200)
    assert loudspeaker.advance(9000) == []
    assert loudspeaker.dropped == {"t1": 207}
    loudspeaker.begin("t2")
    loudspeaker.add(sound(1), at=9000)
    assert loudspeaker.advance(9001) == [Played("t2", 9000, sound(1))]


def test_an_interrupted_turn_that_never_sounded_never_will() -> None:
    """Sound that was on its way when the user took the floor is not played."""
    loudspeaker = Loudspeaker()
    loudspeaker.begin("t1")
    assert loudspeaker.interrupt(10) == []
    loudspeaker.add(sound(5), at=20)
    assert loudspeaker.advance(100) == []
    assert loudspeaker.dropped == {"t1": 5}


def test_the_next_turn_takes_the_place_of_the_last() -> None:
    """A turn that begins changes nothing until it sounds; then the one before is cut."""
    loudspeaker = playing(100)
    loudspeaker.begin("t2")
    assert loudspeaker.advance(1050) == [Played("t1", 1000, sound(50))]
    assert loudspeaker.add(sound(20), at=1060) == [
        Played("t1", 1050, sound(10)),
        Over("t1", 1060, True, 60),
    ]
    assert loudspeaker.advance(2000) == [Played("t2", 1060, sound(20))]


def test_half_a_sample_is_refused() -> None:
    """An odd number of bytes is an error of the server, and said so."""
    with pytest.raises(ValueError, match="turn t1 sent 3 bytes"):
        playing(1).add(b"123", at=0)
