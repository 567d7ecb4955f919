"""The recognizer itself, run in a process of its own: `python -m …recognizer`.

It reads requests and writes answers as length-prefixed MessagePack, and ends with its input: a
server that is killed leaves none behind.
"""

from __future__ import annotations

import re
import struct
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgspec

from duologue.agents.voices.grammar import grammar, pattern, vocabulary

RATE: Final = 16000
KEPT: Final = 16
"""Grammars held at once; the one that was used longest ago gives way."""

# Log likelihoods a frame, measured on hibari speech at 16 and at 8 kHz; see tests/agents/voices.
CERTAIN: Final = -24500
"""A phrase that is this close to the freely chosen sounds was said."""
NEAR: Final = -10000
"""A phrase that is this close to the freely chosen words was said."""
COVERED: Final = 0.8
"""How much of what was spoken a phrase must account for; those that were said reach 0.95."""
SHORT: Final = 70
"""Frames of speech below which free words mean nothing: "no" and "now" differ by a breath."""


class Request(msgspec.Struct, frozen=True):
    """A piece of speech, 16 kHz PCM16, and the phrases to expect; no sound only loads."""

    pcm: bytes
    phrases: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True):
    """The words, how they were found, and how sure the recognizer is, from 0 to 1."""

    words: str
    by: Literal["phrases", "words", "nothing"]
    confidence: float


class _Path(NamedTuple):
    words: str
    score: float
    frames: int
    spoken: int


class Recognizer:
    """pocketsphinx with three searches: the phrases, free words, free sounds."""

    def __init__(self) -> None:
        import pocketsphinx

        # The level of each utterance is taken from itself: callers do not share a microphone.
        self._decoder = pocketsphinx.Decoder(loglevel="FATAL", cmn="batch")
        self._decoder.add_allphone_file(
            "sounds", pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin")
        )
        self._known: OrderedDict[tuple[str, ...], tuple[str, re.Pattern[str]]] = OrderedDict()
        self._numbered = 0

    def hear(self, request: Request) -> Heard:
        """The phrase that was said if one was, else the words that were."""
        known = self._search(request.phrases) if request.phrases else None
        if not request.pcm:
            return Heard("", "nothing", 0.0)
        if known is None:
            return self._free(self._decode("_default", request.pcm))
        name, whole = known
        phrase = self._decode(name, request.pcm)
        if not phrase.words or not whole.fullmatch(phrase.words + " "):
            return self._free(self._decode("_default", request.pcm))
        sounds = self._decode("sounds", request.pcm)
        if phrase.spoken < COVERED * sounds.spoken:  # the rest was taken for noise
            return self._free(self._decode("_default", request.pcm))
        distance = (phrase.score - sounds.score) / max(1, phrase.frames)
        if distance >= CERTAIN:
            return Heard(phrase.words, "phrases", 0.95)
        free = self._decode("_default", request.pcm)
        if phrase.spoken < SHORT and len(free.words.split()) <= 2:
            return Heard(phrase.words, "phrases", 0.6)
        if (phrase.score - free.score) / max(1, phrase.frames) >= NEAR:
            return Heard(phrase.words, "phrases", 0.8)
        return self._free(free)

    def _free(self, path: _Path) -> Heard:
        return Heard(path.words, "words", 0.4) if path.words else Heard("", "nothing", 0.0)

    def _decode(self, search: str, pcm: bytes) -> _Path:
        decoder = self._decoder
        decoder.reinit_feat()  # what it learnt of the noise was another caller's
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_raw(pcm, False, True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        log = decoder.get_logmath().log
        segments = list(decoder.seg() or ())
        return _Path(
            str(hypothesis.hypstr) if hypothesis else "",
            sum(log(one.ascore) for one in segments),
            decoder.n_frames(),
            sum(
                one.end_frame - one.start_frame + 1
                for one in segments
                if one.word[0] not in "<[" and one.word != "SIL"
            ),
        )

    def _search(self, phrases: tuple[str, ...]) -> tuple[str, re.Pattern[str]]:
        known = self._known.get(phrases)
        if known is not None:
            self._known.move_to_end(phrases)
            return known
        source = grammar(phrases)
        for word in sorted(vocabulary(source)):
            if self._decoder.lookup_word(word) is None:
                from duologue.agents.voices.pronounce import pronounce

                self._decoder.add_word(word, pronounce(word), False)
        self._numbered += 1
        name = f"phrases{self._numbered}"
        self._decoder.add_jsgf_string(name, source)
        self._known[phrases] = known = (name, pattern(phrases))
        if len(self._known) > KEPT:
            _, (oldest, _) = self._known.popitem(last=False)
            self._decoder.remove_search(oldest)
        return known


def pack(message: msgspec.Struct) -> bytes:
    """A message with its length before it."""
    body = msgspec.msgpack.encode(message)
    return struct.pack("<I", len(body)) + body


def unpack(stream: BinaryIO, kind: type[Any]) -> Iterator[Any]:
    """The messages of a stream until it ends."""
    while len(head := stream.read(4)) == 4:
        body = stream.read(struct.unpack("<I", head)[0])
        yield msgspec.msgpack.decode(body, type=kind)


def main() -> None:
    """Answers one request after another until the input ends, or nobody reads the answers."""
    recognizer = Recognizer()
    with suppress(BrokenPipeError):  # the server was killed meanwhile
        for request in unpack(sys.stdin.buffer, Request):
            sys.stdout.buffer.write(pack(recognizer.hear(request)))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
