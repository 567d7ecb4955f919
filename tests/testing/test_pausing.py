"""The own client's local pause."""

from collections.abc import Iterator

import pytest
from tests.testing.scripted import buzz

from duologue.testing.features import HOP
from duologue.testing.pausing import CALM, LONGEST, LocalPause
from duologue.testing.speech import noise, silence

Verdicts = list[tuple[int, str]]


def hops(pcm: bytes) -> Iterator[bytes]:
    """Whole hops of it."""
    for at in range(0, len(pcm) - HOP * 2 + 1, HOP * 2):
        yield pcm[at : at + HOP * 2]


def verdicts(pcm: bytes, *, sounding: bool = True) -> Verdicts:
    """What comes of sound, where the loudspeaker does as it is told."""
    pause, now, found = LocalPause(), 0, []
    paused = False
    for hop in hops(pcm):
        now += HOP
        verdict = pause.hop(hop, now, sounding=sounding and not paused)
        if verdict is not None:
            paused = verdict == "paused"
            found.append((now, str(verdict)))
    return found


QUIET = silence(1.0, 16000).pcm


def test_a_voice_pauses_the_agent_and_its_end_lets_it_go_on() -> None:
    """The pause comes within a fifth of a second, and ends some time after the voice."""
    found = verdicts(QUIET + buzz(0.4).pcm + QUIET)
    assert [verdict for _, verdict in found] == ["paused", "resumed"]
    (began, _), (went_on, _) = found
    assert 16000 < began <= 16000 + 3200
    assert 16000 + 6400 + CALM < went_on < 16000 + 6400 + CALM + 6400


def test_a_long_voice_that_the_server_makes_nothing_of_ends_the_pause() -> None:
    """The agent goes on at the latest after 1.2 s, and is not paused again by the same voice."""
    (began, _), (went_on, verdict) = verdicts(QUIET + buzz(4.0).pcm)
    assert verdict == "resumed"
    assert LONGEST <= went_on - began < LONGEST + HOP


def test_a_pause_that_is_over_is_not_ended_again() -> None:
    """When the turn was dropped there is nothing to go on with."""
    pause, now, found = LocalPause(), 0, []
    for hop in hops(QUIET + buzz(0.4).pcm + QUIET):
        now += HOP
        if (verdict := pause.hop(hop, now, sounding=True)) is not None:
            found.append(verdict)
            pause.over()
    assert found == ["paused"]


@pytest.mark.parametrize("pcm", [QUIET, QUIET + noise(1.0, 0.1, 16000).pcm])
def test_noise_pauses_nothing(pcm: bytes) -> None:
    """Neither silence nor a hiss is a voice."""
    assert verdicts(pcm) == []


def test_a_silent_agent_is_not_paused() -> None:
    """Where nothing sounds there is nothing to hold."""
    assert verdicts(QUIET + buzz(0.4).pcm + QUIET, sounding=False) == []


def test_a_hop_of_another_length_is_refused() -> None:
    """The rules are made for 16 ms."""
    with pytest.raises(ValueError, match="a hop has 256 samples, not 5"):
        LocalPause().hop(bytes(10), 0, sounding=True)
