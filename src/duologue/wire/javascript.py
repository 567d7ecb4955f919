"""JSON as JavaScript writes it: what is parsed there and written anew is the same bytes.

Layercode's own example back ends check the signature of `JSON.stringify(await request.json())`, so
that a number or a key in another form than JavaScript's would be a wrong signature.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

import msgspec

EXACT: Final = 2**53
"""The largest integer that a number of JavaScript is sure to hold."""
_LARGEST_INDEX: Final = 2**32 - 2
_DIGITS: Final = len(str(_LARGEST_INDEX))
_PLAIN: Final = 21
"""Digits before the point above which JavaScript writes an exponent."""
_SMALL: Final = -6
"""Zeros behind the point, counted down, below which it does."""


def encode(value: Any) -> bytes:
    """The compact JSON of a value, as UTF-8."""
    return msgspec.json.encode(_form(msgspec.to_builtins(value)))


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        # Keys that are indexes come first in an object of JavaScript, in their order.
        indexes = sorted((key for key in value if _is_index(key)), key=int)
        others = (key for key in value if not _is_index(key))
        return {_text(key): _form(value[key]) for key in (*indexes, *others)}
    if isinstance(value, list | tuple):
        return [_form(each) for each in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return value
    return _number(value)


def _is_index(key: str) -> bool:
    plain = key.isascii() and key.isdecimal() and len(key) <= _DIGITS
    return plain and (key == "0" or key[0] != "0") and int(key) <= _LARGEST_INDEX


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _number(value: float) -> Any:
    if isinstance(value, int) and abs(value) <= EXACT:
        return value
    try:
        near = float(value)
    except OverflowError:
        return None
    if not math.isfinite(near):
        return None
    if near.is_integer() and abs(near) <= EXACT:
        return int(near)
    return msgspec.Raw(_shortest(near).encode())


def _shortest(value: float) -> str:
    """The digits of a number that is not zero, and the point where JavaScript puts it."""
    sign, places, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, places))
    point = len(digits) + int(exponent)
    if len(digits) <= point <= _PLAIN:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= _PLAIN:
        text = f"{digits[:point]}.{digits[point:]}"
    elif _SMALL < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{rest}e{point - 1:+d}"
    return f"-{text}" if sign else text
