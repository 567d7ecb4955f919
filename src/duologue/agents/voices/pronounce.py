"""How a word sounds that the recognizer's dictionary lacks: the voice's phonemes, translated."""

from __future__ import annotations

import functools
from typing import Any, Final

# misaki's letters (the voice) → ARPAbet (the recognizer). Longer ones first where they share one.
_SOUNDS: Final = {
    "ʤ": "JH", "ʧ": "CH", "A": "EY", "I": "AY", "W": "AW", "Y": "OY", "O": "OW", "Q": "OW",
    "æ": "AE", "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "ɛ": "EH", "ɜ": "ER", "ɝ": "ER", "ɚ": "ER",
    "ɪ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "ʌ": "AH", "ə": "AH", "ᵊ": "AH", "ᵻ": "IH",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K",
    "l": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH",
    "t": "T", "ɾ": "T", "T": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH",
}  # fmt: skip


def pronounce(word: str) -> str:
    """The word's sounds, as the recognizer's dictionary writes them."""
    phonemes = " ".join(_voice()(word.replace(".", " ")).split())
    sounds = [_SOUNDS[letter] for letter in phonemes if letter in _SOUNDS]
    merged: list[str] = []
    for sound in sounds:  # "ɜɹ" is one sound to the recognizer
        if sound == "R" and merged[-1:] == ["ER"]:
            continue
        merged.append(sound)
    return " ".join(merged) or "AH"


@functools.cache
def _voice() -> Any:
    from hibari.g2p import G2P

    return G2P()
