"""What a visitor agreed to, as it comes in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from duologue.wire.consent import Consent


def test_a_consent_has_its_text_and_its_time() -> None:
    """Both come back as they were told."""
    told = {"hash": "ab", "at": 1_700_000_000_000}
    assert msgspec.to_builtins(msgspec.convert(told, Consent)) == told


@pytest.mark.parametrize(
    "told", [{}, {"hash": "a"}, {"hash": "a" * 129, "at": 1}, {"hash": "a", "at": -1}, {"at": 1}]
)
def test_half_a_consent_is_none(told: dict[str, Any]) -> None:
    """Whoever keeps it must be able to show what it was, and when."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(told, Consent)
