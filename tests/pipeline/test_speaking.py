"""The agent's mouth, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from livekit import rtc
from livekit.agents.voice import io
from tests.virtual import run

from duologue.pipeline import speaking
from duologue.pipeline.speaking import BLOCK, CHUNK, DOUBT, LEAD, MUTE, STALE, UNHEARD, Mouth
from duologue.pipeline.utterance import RATE

TRAVEL = speaking.TRAVEL


class Listener:
    """Notes what the mouth does, and when."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.arrivals: list[tuple[float, int]] = []
        self.events: list[tuple[Any, ...]] = []

    def audio(self, pcm: bytes) -> None:
        """Takes the next sound."""
        self.pcm += pcm
        self.arrivals.append((asyncio.get_running_loop().time(), len(pcm) // 2))

    def all_sent(self) -> None:
        """Notes the end of the sound."""
        self.events.append(("sent",))

    def silenced(self) -> None:
        """Notes that the mouth was held."""
        self.events.append(("silenced",))

    def finished(self, *, text: str, interrupted: bool, seconds: float) -> None:
        """Notes the end of the utterance."""
        self.events.append(("finished", text, interrupted, round(seconds, 2)))


def frame(seconds: float, rate: int = RATE, value: int = 7) -> rtc.AudioFrame:
    """A frame of constant sound."""
    samples = int(seconds * rate)
    return rtc.AudioFrame(value.to_bytes(2, "little") * samples, rate, 1, samples)


async def utter(mouth: Mouth, seconds: float, text: str = "") -> None:
    """Says something of this length."""
    if text:
        mouth.words(text)
        mouth.words_end()
    await mouth.capture_frame(frame(seconds))
    mouth.flush()


def with_mouth(
    test: Callable[[Mouth, Listener], Coroutine[Any, Any, None]], *, present: bool = True
) -> tuple[Listener, list[io.PlaybackFinishedEvent]]:
    """Runs a test with a mouth in virtual time; returns what was heard and reported."""
    listener = Listener()
    reports: list[io.PlaybackFinishedEvent] = []

    async def whole() -> None:
        mouth = Mouth(listener, now=asyncio.get_running_loop().time)
        mouth.on("playback_finished", reports.append)
        if present:
            mouth.arrive()
        await test(mouth, listener)
        mouth.close()

    run(whole())
    return listener, reports


def test_sound_is_never_further_ahead_than_the_lead() -> None:
    """Two seconds leave in whole chunks, each when the listener has come near enough."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 2.0)
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test)
    sent = 0
    for at, samples in listener.arrivals:
        assert sent - int(at * RATE) < LEAD + 1
        sent += samples
        assert samples % BLOCK == 0
    assert 2 * RATE <= sent < 2 * RATE + BLOCK


def test_an_utterance_ends_when_its_client_says_so_and_not_before_all_was_sent() -> None:
    """A client whose buffer ran dry early is not believed."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 1.0, "one two")
        mouth.client_ran_dry()
        assert listener.events == []
        await asyncio.sleep(0.8)
        assert listener.events == [("sent",)]
        mouth.client_ran_dry()
        mouth.client_ran_dry()
        await mouth.wait_for_playout()
        assert asyncio.get_running_loop().time() == 1.0

    listener, reports = with_mouth(test)
    assert listener.events[1:] == [("finished", "one two", False, 1.0)]
    assert [(report.interrupted, report.playback_position) for report in reports] == [(False, 1.0)]


def test_without_a_word_from_the_client_the_clock_ends_it() -> None:
    """A client that never answers costs a second, not the conversation."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 0.5)
        finished = await mouth.wait_for_playout()
        assert finished.playback_position == 0.504
        assert 1.4 < asyncio.get_running_loop().time() < 1.8

    with_mouth(test)


def test_a_cut_reports_where_the_listener_was_and_which_words_that_were() -> None:
    """Half-way through four words two were heard, and no sound follows."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 4.0, "one two six ten")
        await asyncio.sleep(2.0)
        mouth.clear_buffer()
        mouth.clear_buffer()
        before = len(listener.pcm)
        await asyncio.sleep(5)
        assert len(listener.pcm) == before

    listener, reports = with_mouth(test)
    assert listener.events == [("finished", "one two", True, 2.0)]
    assert [report.synchronized_transcript for report in reports] == ["one two"]


def test_a_pause_takes_back_what_was_not_heard_and_sends_it_again() -> None:
    """Pausing twice is pausing once; after it every unheard sample comes again, in order."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        samples = b"".join(index.to_bytes(2, "little") for index in range(RATE * 2))
        await mouth.capture_frame(rtc.AudioFrame(samples, RATE, 1, RATE * 2))
        mouth.flush()
        await asyncio.sleep(1.0)
        mouth.pause()
        mouth.pause()
        listener.pcm.clear()
        await asyncio.sleep(9)
        assert not listener.pcm
        mouth.resume()
        mouth.resume()
        await mouth.wait_for_playout()
        assert int.from_bytes(listener.pcm[:2], "little") == RATE
        assert len(listener.pcm) // 2 == RATE

    listener, reports = with_mouth(test)
    assert listener.events.count(("silenced",)) == 1
    assert [report.interrupted for report in reports] == [False]


def test_a_lost_listener_hears_again_what_it_surely_missed() -> None:
    """Sound sent after the last sign of life is sent again when somebody is there."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 3.0)
        await asyncio.sleep(2.0)
        mouth.leave(unheard=0.5)
        listener.pcm.clear()
        await asyncio.sleep(20)
        mouth.arrive()
        await mouth.wait_for_playout()
        assert abs(len(listener.pcm) // 2 - (1.5 + TRAVEL) * RATE) <= BLOCK

    with_mouth(test)


def test_nobody_hears_nothing_until_somebody_is_there() -> None:
    """Speech that is ready before the client waits for it, whole."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 0.5)
        await asyncio.sleep(60)
        assert listener.arrivals == []
        mouth.arrive()
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test, present=False)
    assert len(listener.pcm) // 2 == 8064  # half a second, padded to whole blocks


def test_another_rate_and_two_channels_become_one_at_ours() -> None:
    """Whatever a voice makes is heard at 16 kHz, mono, to its end."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        stereo = rtc.AudioFrame(b"\x10\x00\x30\x00" * 24000, 24000, 2, 24000)
        await mouth.capture_frame(stereo)
        mouth.flush()
        await mouth.wait_for_playout()

    listener, reports = with_mouth(test)
    assert abs(reports[0].playback_position - 1.0) < 0.02
    middle = int.from_bytes(listener.pcm[16000:16002], "little")
    assert abs(middle - 0x20) <= 1


def test_words_without_sound_end_without_a_report() -> None:
    """A voice that failed leaves words: they count as said, and no segment is reported."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.words("sorry")
        mouth.words_end()
        mouth.flush()
        mouth.silent_end()
        mouth.silent_end()

    listener, reports = with_mouth(test)
    assert listener.events == [("sent",), ("finished", "sorry", False, 0.0)]
    assert reports == []


def test_words_that_were_cut_before_any_sound_were_not_heard() -> None:
    """An answer that was interrupted while it was thought leaves nothing behind."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.words("well")
        mouth.clear_buffer()
        assert not mouth.busy
        await utter(mouth, 0.2, "next")
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test)
    assert listener.events[0] == ("finished", "", True, 0.0)
    assert listener.events[-1][:3] == ("finished", "next", False)


def test_the_next_words_close_words_that_never_got_sound() -> None:
    """Two answers in words are two answers."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.words("one")
        mouth.words_end()
        mouth.words("two")

    listener, _ = with_mouth(test)
    assert ("finished", "one", False, 0.0) in listener.events


def test_the_clients_own_place_decides_which_words_were_heard() -> None:
    """A client that says where it is corrects the clock."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 4.0, "one two six ten")
        await asyncio.sleep(2.0)
        mouth.client_heard(1.0)
        mouth.clear_buffer()

    listener, _ = with_mouth(test)
    assert listener.events[-1] == ("finished", "one", True, 1.0)


def test_a_client_that_stopped_by_itself_gets_the_rest_at_once() -> None:
    """Where callers may not interrupt, typing does not swallow the answer."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 2.0)
        await asyncio.sleep(1.0)
        listener.pcm.clear()
        mouth.client_stopped()
        await mouth.wait_for_playout()
        assert abs(len(listener.pcm) // 2 - (1.0 + TRAVEL) * RATE) <= BLOCK

    listener, _ = with_mouth(test)
    assert ("silenced",) in listener.events


def test_a_long_utterance_keeps_only_what_may_be_needed_again() -> None:
    """Of a minute of speech that was heard, ten seconds stay in memory."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        for _ in range(60):
            await mouth.capture_frame(frame(1.0))
        await asyncio.sleep(58)
        utterance = mouth._utterance
        assert utterance is not None
        assert len(utterance.pcm) // 2 < (UNHEARD + 4) * RATE
        assert utterance.total == 60 * RATE

    listener, _ = with_mouth(test)
    assert all(samples == CHUNK for _, samples in listener.arrivals)


def test_a_client_that_tells_is_sent_again_what_it_did_not_tell_of() -> None:
    """It told of 1.2 s and was lost 0.4 s later: the sound goes on at 1.2 s, not at 1.6 s."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 3.0)
        for tenth in range(13):
            mouth.client_heard(tenth / 10)
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        mouth.leave(unheard=9.0)
        listener.pcm.clear()
        mouth.arrive()
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test)
    assert len(listener.pcm) // 2 == round(1.8 * RATE)


def test_a_client_that_comes_back_tells_to_the_sample_what_it_heard() -> None:
    """Its last word before it speaks again counts: here it had played on after the line was cut."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 3.0)
        mouth.client_heard(0.0)
        await asyncio.sleep(0.5)
        mouth.client_heard(0.5)
        mouth.leave()
        mouth.client_heard(0.75)
        mouth.client_heard(99.0)  # more than it was sent
        mouth.client_heard(0.75)
        listener.pcm.clear()
        mouth.arrive(tells=True)
        mouth.client_heard(0.25)  # from here on it counts the new turn
        mouth.leave()
        listener.pcm.clear()
        mouth.arrive()
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test)
    assert len(listener.pcm) // 2 == 2 * RATE


def test_nothing_is_sent_to_a_client_that_fell_silent_until_it_tells_again() -> None:
    """A cut line is noticed by the missing word; the answer waits instead of being lost."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 4.0)
        await asyncio.sleep(STALE * 5)
        sent = len(listener.pcm) // 2
        assert sent < (STALE + 0.1) * RATE + LEAD + CHUNK
        mouth.client_heard(0.5)
        await asyncio.sleep(STALE * 0.9)
        assert len(listener.pcm) // 2 > sent
        assert listener.events == []

    with_mouth(test)


def test_a_client_that_never_tells_is_taken_for_one_that_cannot() -> None:
    """After a while the clock decides again, and the answer ends."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 4.0)
        await mouth.wait_for_playout()
        assert MUTE < asyncio.get_running_loop().time() < 2 * MUTE

    listener, _ = with_mouth(test)
    assert len(listener.pcm) // 2 >= 4 * RATE


def test_a_client_that_pauses_at_the_end_is_waited_for() -> None:
    """It stands still at 0.8 s of one second: the utterance ends when it has heard the rest."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 1.0)
        for tenth in [*range(9), *[8] * 40]:
            mouth.client_heard(tenth / 10)
            await asyncio.sleep(0.1)
        assert listener.events == [("sent",)]
        mouth.client_heard(1.0)
        mouth.client_ran_dry()
        await mouth.wait_for_playout()
        assert asyncio.get_running_loop().time() < 5.1

    listener, _ = with_mouth(test)
    assert listener.events[-1][0] == "finished"


def test_a_hesitation_takes_back_what_was_not_heard_and_goes_on_with_it() -> None:
    """Stopping twice is once; after it every unheard sample comes again, in order."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 2.0)
        await asyncio.sleep(0.5)
        mouth.hesitate()
        mouth.hesitate()
        sent = len(listener.pcm)
        await asyncio.sleep(0.3)
        assert len(listener.pcm) == sent
        listener.pcm.clear()
        mouth.go_on()
        mouth.go_on()
        await mouth.wait_for_playout()

    listener, reports = with_mouth(test)
    assert listener.events.count(("silenced",)) == 1
    assert 0 <= len(listener.pcm) // 2 - 1.5 * RATE < BLOCK
    assert not reports[0].interrupted


def test_a_hesitation_that_was_an_interruption_lasts() -> None:
    """What AgentSession paused is resumed by it alone; the client is told to be quiet once."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 2.0)
        await asyncio.sleep(0.5)
        mouth.hesitate()
        mouth.pause()
        mouth.go_on()
        mouth.hesitate()
        sent = len(listener.pcm)
        await asyncio.sleep(DOUBT * 3)
        assert len(listener.pcm) == sent
        mouth.clear_buffer()

    listener, reports = with_mouth(test)
    assert listener.events == [("silenced",), ("finished", "", True, 0.5)]
    assert reports[0].interrupted


def test_a_doubt_that_nobody_resolves_ends_by_itself() -> None:
    """The microphone was switched off in mid-word: the agent goes on after a second."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.hesitate()  # while nothing is said it means nothing
        await utter(mouth, 1.0)
        await asyncio.sleep(0.5)
        mouth.hesitate()
        await mouth.wait_for_playout()
        assert DOUBT + 1.0 < asyncio.get_running_loop().time() < DOUBT + 3.0

    with_mouth(test)


def test_who_leaves_while_the_agent_hesitates_hears_the_rest_when_they_are_back() -> None:
    """A doubt does not outlive the line: nobody is left to resolve it."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        await utter(mouth, 1.0)
        await asyncio.sleep(0.5)
        mouth.hesitate()
        mouth.leave()
        listener.pcm.clear()
        await asyncio.sleep(5)
        mouth.arrive()
        await mouth.wait_for_playout()

    listener, _ = with_mouth(test)
    assert 0 <= len(listener.pcm) // 2 - (0.5 + TRAVEL) * RATE < BLOCK


def test_a_client_that_heard_all_it_was_sent_is_not_taken_for_silent() -> None:
    """The voice itself pauses for three seconds: the rest is sent as soon as it comes."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await mouth.capture_frame(frame(0.96))
        for tenth in range(10):
            await asyncio.sleep(0.1)
            mouth.client_heard(min(0.96, (tenth + 1) / 10))
        await asyncio.sleep(3 * STALE)
        sent = len(listener.pcm)
        await mouth.capture_frame(frame(0.96))
        await asyncio.sleep(0.1)
        assert len(listener.pcm) > sent
        mouth.clear_buffer()

    with_mouth(test)


def test_a_client_that_told_of_everything_need_not_say_that_it_is_done() -> None:
    """Its word for the last sample ends the utterance."""

    async def test(mouth: Mouth, listener: Listener) -> None:
        mouth.arrive(tells=True)
        await utter(mouth, 0.96)
        for tenth in range(12):
            mouth.client_heard(min(0.96, tenth / 10))
            await asyncio.sleep(0.1)
        assert listener.events[-1] == ("finished", "", False, 0.96)

    with_mouth(test)
