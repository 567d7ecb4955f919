"""Voice detection without threads, beside livekit-agents' own."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import inference, vad

from duologue.agents.voices.vad import RATE, WINDOW, InlineVAD
from duologue.testing import speech

TOLD = (vad.VADEventType.START_OF_SPEECH, vad.VADEventType.END_OF_SPEECH)


def frames(pcm: bytes, samples: int, rate: int = RATE) -> list[rtc.AudioFrame]:
    """A recording in frames of so many samples."""
    step = samples * 2
    pieces = [pcm[at : at + step] for at in range(0, len(pcm), step)]
    return [rtc.AudioFrame(piece, rate, 1, len(piece) // 2) for piece in pieces]


def talk(rate: int = RATE) -> bytes:
    """Two sentences with silence before, between and after them."""
    pause = bytes(rate * 2)
    first = speech.speak("I would like to book a table.").at(rate).pcm
    second = speech.speak("Tomorrow at seven.").at(rate).pcm
    return pause + first + pause + second + pause


async def events_of(given: vad.VAD, sound: list[rtc.AudioFrame]) -> list[vad.VADEvent]:
    """What a detector tells of a recording."""
    stream = given.stream()
    for one in sound:
        stream.push_frame(one)
    if isinstance(given, InlineVAD):
        stream.end_input()
        return [event async for event in stream]
    found: list[vad.VADEvent] = []
    windows = sum(one.samples_per_channel for one in sound) // WINDOW
    async for event in stream:
        found.append(event)
        windows -= event.type is vad.VADEventType.INFERENCE_DONE
        if not windows:
            break
    await stream.aclose()
    return found


async def test_speech_begins_and_ends_where_livekits_own_detector_says() -> None:
    """The same windows, the same lengths, whatever the size of the frames."""
    sound = talk()
    theirs = await events_of(inference.VAD(min_silence_duration=0.35), frames(sound, 960))
    expected = [
        (e.type, e.samples_index, round(e.speech_duration, 3)) for e in theirs if e.type in TOLD
    ]
    assert [kind for kind, *_ in expected] == [*TOLD, *TOLD]
    for size in (320, 960, 1792, 16000):
        ours = await events_of(InlineVAD(min_silence_duration=0.35), frames(sound, size))
        told = [
            (e.type, e.samples_index, round(e.speech_duration, 3)) for e in ours if e.type in TOLD
        ]
        assert told == expected


async def test_the_speech_itself_is_given_with_what_came_before_it() -> None:
    """A recognizer that takes whole utterances gets them with their first consonant."""
    ours = await events_of(InlineVAD(min_silence_duration=0.35), frames(talk(), 960))
    begun, ended = (next(e for e in ours if e.type is kind) for kind in TOLD)
    said = speech.speak("I would like to book a table.").at(RATE).seconds
    assert begun.frames[0].duration == pytest.approx(0.5, abs=0.04)
    # The voice's last breath may be quieter than what is taken for speech.
    assert said - 0.1 < ended.frames[0].duration < said + 1.0
    loudest = np.abs(np.frombuffer(ended.frames[0].data, dtype=np.int16)).max()
    assert loudest > 3000


async def test_silence_is_told_once() -> None:
    """An hour of it would cost no event."""
    ours = await events_of(InlineVAD(min_silence_duration=0.35), frames(bytes(RATE * 2 * 20), 960))
    assert [event.type for event in ours] == [vad.VADEventType.INFERENCE_DONE]
    assert not ours[0].speaking


async def test_while_someone_speaks_the_length_of_it_is_told_with_every_frame() -> None:
    """An interruption is decided by how long the speech lasts, so it must not be told late."""
    ours = await events_of(InlineVAD(min_silence_duration=0.35), frames(talk(), 960))
    start = next(i for i, e in enumerate(ours) if e.type is vad.VADEventType.START_OF_SPEECH)
    end = next(i for i, e in enumerate(ours) if e.type is vad.VADEventType.END_OF_SPEECH)
    lengths = [event.speech_duration for event in ours[start:end]]
    assert lengths == sorted(lengths)
    assert len(lengths) > 15
    assert lengths[-1] > 1.0


async def test_other_rates_are_heard_too() -> None:
    """A telephone's 8 kHz and a studio's 48 kHz tell of the same two sentences."""
    for rate in (8000, 48000):
        ours = await events_of(InlineVAD(min_silence_duration=0.35), frames(talk(rate), 900, rate))
        assert [e.type for e in ours if e.type in TOLD] == [*TOLD, *TOLD]


async def test_a_flush_forgets_and_a_close_ends() -> None:
    """After a turn that was taken by other means, speech begins anew; after the end, nothing."""
    detector = InlineVAD(min_silence_duration=0.35)
    stream = detector.stream()
    sound = frames(talk(), 960)
    for one in sound[: len(sound) // 3]:
        stream.push_frame(one)
    stream.flush()
    for one in sound:
        stream.push_frame(one)
    stream.end_input()
    kinds = [event.type async for event in stream if event.type in TOLD]
    assert kinds == [TOLD[0], *TOLD, *TOLD]
    with pytest.raises(RuntimeError, match="closed"):
        stream.push_frame(sound[0])
    await stream.aclose()
    await asyncio.sleep(0)
    assert (detector.model, detector.provider) == ("silero", "livekit-local-inference")


async def test_the_voice_is_told_of_before_it_is_certain() -> None:
    """Whoever must decide at once hears how long speech and silence last, and of its end."""
    detector = InlineVAD(min_silence_duration=0.35)
    told: list[tuple[float, float]] = []
    detector.on_voice = lambda speech, quiet: told.append((speech, quiet))
    await events_of(detector, frames(talk(), 1792))
    assert told[0][0] < 0.2
    assert [quiet for speech, quiet in told if not speech] == [pytest.approx(0.352, abs=0.12)] * 2
    assert any(0.1 < quiet < 0.3 for _, quiet in told)


async def test_what_is_much_quieter_than_the_user_interrupts_by_words_only() -> None:
    """It begins and ends as speech does, but no length of it is told to who would fall silent."""
    pause, said = speech.silence(1.0, RATE), speech.speak("I would like to book a table.").at(RATE)
    murmur = speech.speak("Mm hmm, is that so.").at(RATE)
    detector = InlineVAD(min_silence_duration=0.35)
    told: list[float] = []
    detector.on_voice = lambda spoken, quiet: told.append(spoken)
    sound = (pause + said + pause + murmur.louder(0.1 * said.energy / murmur.energy) + pause).pcm
    events = await events_of(detector, frames(sound, 960))
    assert [e.type for e in events if e.type in TOLD] == [*TOLD, *TOLD]
    ended = [i for i, e in enumerate(events) if e.type is TOLD[1]]
    first, second = events[: ended[0]], events[ended[0] + 1 : ended[1]]
    assert max(e.speech_duration for e in first) > 1.0
    during = [e for e in second if e.type is vad.VADEventType.INFERENCE_DONE]
    assert {e.speech_duration for e in during} == {0.0}
    assert events[ended[1]].speech_duration > 0.3
    assert told[-1] == 0.0


async def test_a_syllable_as_loud_as_the_user_is_told_of_before_it_is_speech() -> None:
    """In "excuse me" there is a gap: the hunch is there before the model is certain."""
    pause, said = speech.silence(1.0, RATE), speech.speak("I would like to book a table.").at(RATE)
    word = speech.speak("Excuse me.").at(RATE)
    word = word.louder(said.energy / word.energy)
    detector = InlineVAD(min_silence_duration=0.35)
    hunches: list[int] = []
    stream = detector.stream()
    pushed = 0

    def voice(spoken: float, quiet: float) -> None:
        if spoken and pushed > len((pause + said).pcm) // 2 + RATE // 2:
            hunches.append(pushed)

    detector.on_voice = voice
    for one in frames((pause + said + pause + word + pause).pcm, WINDOW):
        stream.push_frame(one)
        pushed += one.samples_per_channel
    stream.end_input()
    begins = [event.samples_index async for event in stream if event.type is TOLD[0]]
    assert len(begins) == 2
    assert hunches[0] + WINDOW < begins[1]
