"""How a session is encrypted from end to end: a shared key, or LiveKit's own options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from duologue.client.errors import EncryptionError

if TYPE_CHECKING:
    from livekit import rtc


@dataclass(frozen=True, slots=True)
class E2EEOptions:
    """A key that every side has, and whether others may speak without it."""

    key: str | bytes
    allow_plaintext: bool = False
    """Whether what comes unencrypted is taken; LiveKit itself takes it without a word."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Encryption as a room needs it."""

    options: rtc.E2EEOptions
    allow_plaintext: bool


def secret(given: str | bytes | E2EEOptions | Any) -> Secret:
    """What a room is joined with, of whatever was given as `encryption`."""
    from livekit import rtc

    if isinstance(given, rtc.E2EEOptions):
        return Secret(given, allow_plaintext=False)
    chosen = given if isinstance(given, E2EEOptions) else E2EEOptions(given)
    given_key: object = chosen.key
    key = given_key.encode() if isinstance(given_key, str) else given_key
    if not isinstance(key, bytes) or not key:
        what = "an empty key" if isinstance(key, bytes) else type(key).__name__
        raise EncryptionError(
            f"encryption must be a key (text or bytes), E2EEOptions or rtc.E2EEOptions, not {what}."
        )
    # A window of 16, LiveKit's default, stalled every room of a process for 19 to 26 s when one
    # side changed its key; with 0 a changed key is silence until the other side has it too.
    provider = rtc.KeyProviderOptions(shared_key=key, ratchet_window_size=0)
    options = rtc.E2EEOptions(key_provider_options=provider)
    return Secret(options, chosen.allow_plaintext)
