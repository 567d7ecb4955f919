"""The microphone."""

import asyncio

from duologue.testing.microphone import Microphone, Piece
from duologue.testing.speech import Recording, silence, tone


def test_silence_is_given_in_frames_as_time_passes() -> None:
    """A frame comes when it is full, each once, and says when it was taken."""
    microphone = Microphone(16000, 256)
    microphone.restart(1256, listening=True)
    assert microphone.take(1255) == []
    quiet = bytes(512)
    assert microphone.take(1600) == [Piece(1000, quiet, None), Piece(1256, quiet, None)]
    assert microphone.due == 1768


def test_a_closed_microphone_gives_nothing_and_stays_in_time() -> None:
    """What passes while it is closed is not given later."""
    microphone = Microphone(8000, 896)
    microphone.restart(0, listening=False)
    assert microphone.take(5000) == []
    microphone.open = True
    assert [piece.at for piece in microphone.take(5376)] == [3584]


async def test_words_say_where_they_are_first_heard() -> None:
    """The silence before a word is spoken as well, but the word begins after it."""
    microphone = Microphone(16000, 256)
    microphone.restart(256, listening=True)
    words = silence(0.1, 16000) + tone(0.1, rate=16000)
    speaking = asyncio.create_task(microphone.speak(words))
    await asyncio.sleep(0)
    pieces = microphone.take(3200 + 256)
    assert not speaking.done()
    assert [piece.begins for piece in pieces if piece.begins is not None] == [1600]
    assert b"".join(piece.pcm for piece in pieces)[:6400] == words.pcm
    await speaking


async def test_a_hang_up_ends_the_speaking() -> None:
    """Words that nobody will hear keep nobody waiting, and silence never begins."""
    microphone = Microphone(16000, 256)
    microphone.restart(256, listening=True)
    speaking = asyncio.create_task(microphone.speak(Recording(bytes(99999), 16000)))
    await asyncio.sleep(0)
    assert {piece.begins for piece in microphone.take(5000)} == {None}
    microphone.restart(5000, listening=False)
    await asyncio.wait_for(speaking, 5)
