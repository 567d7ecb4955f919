"""The microphone on the socket: frames, presses, and silence behind a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from duologue.client.socket_voice import EARLY, Voice
from duologue.wire import layercode as wire

OURS: dict[str, Any] = {"capabilities": ["binary", "mic16"], "audio": {"input_rate": 16000}}
STOCK: dict[str, Any] = {}
BUTTON: dict[str, Any] = {**OURS, "transcription": {"trigger": "push_to_talk"}}
FRAME = 1280


class Desk:
    """A microphone, the frames that it sent, and everything else."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.frames: list[bytes] = []
        self.sent: list[Any] = []
        self.voice = Voice(self.frames.append, self.sent.append)
        self.voice.opened(config)
        self.voice.publish(b"", 16000)


@pytest.fixture
def desk() -> Desk:
    """A line that takes 16 kHz in binary frames."""
    return Desk(OURS)


def test_sound_goes_out_in_frames_of_40_ms(desk: Desk) -> None:
    """Whatever its pieces are; what fills no frame waits for the next."""
    sound = bytes(range(256)) * 25
    for start in range(0, len(sound), 700):
        desk.voice.hear(sound[start : start + 700], 16000)
    assert {len(frame) for frame in desk.frames} == {FRAME}
    assert b"".join(desk.frames) == sound[: len(desk.frames) * FRAME]
    assert len(sound) - len(desk.frames) * FRAME < FRAME


def test_other_rates_are_changed(desk: Desk) -> None:
    """A second of 48 kHz is a second on the line, at the same level."""
    tone = (np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000) * 8000).astype("<i2").tobytes()
    for start in range(0, len(tone), 1920):
        desk.voice.hear(tone[start : start + 1920], 48000)
    assert len(desk.frames) == 24
    heard = np.frombuffer(b"".join(desk.frames[2:-2]), dtype="<i2").astype(float)
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(8000 / np.sqrt(2), rel=0.02)


def test_a_stock_server_gets_base64_at_8_khz() -> None:
    """Where nothing was granted, Layercode's own messages are sent."""
    desk = Desk(STOCK)
    desk.voice.hear(b"\1\2" * 16000, 16000)
    assert desk.frames == []
    assert {type(message) for message in desk.sent} == {wire.ClientAudio}
    assert {len(wire.decode_audio(message.content)) for message in desk.sent} == {640}


def test_a_word_that_is_cut_off_by_muting_ends_in_silence(desk: Desk) -> None:
    """The rest of the frame and 600 ms, once; muted sound is not sent."""
    desk.voice.hear(b"\1" * 2000, 16000)
    desk.voice.mute(True)
    desk.voice.mute(True)
    assert [len(frame) for frame in desk.frames] == [FRAME, 720, *[FRAME] * 15]
    assert not any(b"".join(desk.frames[2:]))
    desk.voice.hear(b"\1" * FRAME, 16000)
    assert len(desk.frames) == 17
    desk.voice.mute(False)
    desk.voice.hear(b"\1" * FRAME, 16000)
    assert desk.frames[17:] == [b"\1" * FRAME]


def test_nothing_follows_where_nothing_was_said(desk: Desk) -> None:
    """Muting an unused microphone sends nothing."""
    desk.voice.mute(True)
    desk.voice.unpublish()
    desk.voice.unpublish()
    assert desk.frames == []


def test_unpublishing_ends_a_word_too(desk: Desk) -> None:
    """And what comes after it is not heard."""
    desk.voice.hear(b"\1" * FRAME, 16000)
    desk.voice.unpublish()
    desk.voice.hear(b"\1" * FRAME, 16000)
    assert len(desk.frames) == 16


def test_what_was_said_before_is_heard_first(desk: Desk) -> None:
    """As much of its end as the server takes at once."""
    desk.voice.publish(b"\1" * FRAME * 2, 16000)
    assert desk.frames == [b"\1" * FRAME] * 2
    desk.frames.clear()
    desk.voice.publish(b"\1" * 32000 * 10, 16000)
    assert sum(map(len, desk.frames)) <= EARLY * 32000


def test_a_broken_line_hears_nothing_and_a_new_one_goes_on(desk: Desk) -> None:
    """Without half a frame of before; and the sound of the break is not caught up."""
    desk.voice.hear(b"\1" * 100, 16000)
    desk.voice.broke()
    desk.voice.hear(b"\2" * FRAME, 16000)
    desk.voice.mute(True)
    desk.voice.mute(False)
    desk.voice.opened(OURS)
    desk.voice.hear(b"\3" * FRAME, 16000)
    assert desk.frames == [b"\3" * FRAME]


def test_an_open_microphone_is_a_held_button() -> None:
    """Where the agent waits for one: pressed when it opens, let go when it is muted."""
    desk = Desk(BUTTON)
    desk.voice.hear(b"\1" * (FRAME + 6), 16000)
    desk.voice.mute(True)
    desk.voice.mute(False)
    desk.voice.unpublish()
    kinds = [type(message) for message in desk.sent]
    assert kinds == [wire.TriggerTurnStart, wire.TriggerTurnEnd] * 2
    assert [len(frame) for frame in desk.frames] == [FRAME, 6]


def test_a_button_that_is_held_over_a_break_is_held_again() -> None:
    """The new line has heard of no press."""
    desk = Desk(BUTTON)
    desk.voice.broke()
    desk.voice.opened(BUTTON)
    assert [type(message) for message in desk.sent] == [wire.TriggerTurnStart] * 2
