"""The stock SDK's loudspeaker."""

import pytest

from duologue.testing.player import Played, Player, Stopped


def sound(samples: int) -> bytes:
    """That many samples that are not silent."""
    return b"\x10\x00" * samples


def test_blocks_are_played_from_the_moment_they_arrive() -> None:
    """Sound passes the ear in blocks of 128 samples, no earlier than its time."""
    player = Player()
    assert player.add("t1", sound(384), at=1000) == []
    assert player.advance(1127) == []
    assert player.advance(1300) == [Played("t1", 1000, sound(256))]
    assert player.advance(1384) == [Played("t1", 1256, sound(128))]


def test_a_dry_buffer_stops_and_loses_its_rest() -> None:
    """A rest of less than a block is never heard, and the stop is told once."""
    player = Player()
    player.add("t1", sound(200), at=0)
    assert player.advance(400) == [Played("t1", 0, sound(128)), Stopped("t1", 128, False)]
    assert player.advance(9999) == []
    assert player.dropped == {"t1": 72}
    assert not player.playing


def test_less_than_a_block_is_never_played_and_never_acknowledged() -> None:
    """A turn of under 128 samples makes no sound and no stop."""
    player = Player()
    player.add("t1", sound(127), at=0)
    assert player.advance(9999) == []


def test_after_a_gap_playing_starts_anew() -> None:
    """Sound that comes too late is played when it comes, and stops a second time."""
    player = Player()
    player.add("t1", sound(128), at=0)
    player.advance(1000)
    player.add("t1", sound(128), at=5000)
    assert player.advance(6000) == [Played("t1", 5000, sound(128)), Stopped("t1", 5128, False)]


def test_an_interruption_drops_the_turn_until_another_one_sounds() -> None:
    """Late sound of the interrupted turn is dropped; a new turn's first chunk forgives it."""
    player = Player()
    player.add("t1", sound(1280), at=0)
    assert player.interrupt(at=200) == [Played("t1", 0, sound(128)), Stopped("t1", 200, True)]
    player.add("t1", sound(128), at=300)
    assert player.advance(900) == []
    assert player.dropped == {"t1": 1152 + 128}
    player.add("t2", sound(128), at=1000)
    player.add("t1", sound(128), at=1001)
    assert [event.turn_id for event in player.advance(1256)] == ["t2", "t1"]


def test_interrupting_silence_is_nothing() -> None:
    """Without sound there is nothing to stop."""
    assert Player().interrupt(at=5) == []


def test_half_a_sample_breaks_as_in_the_sdk() -> None:
    """An odd number of bytes is an error of the server, and said so."""
    with pytest.raises(ValueError, match="turn t1 sent 3 bytes"):
        Player().add("t1", b"123", at=0)
