"""Secrets."""

from __future__ import annotations

import hashlib
import re

from duologue.access import secrets


def test_a_secret_is_its_prefix_and_256_random_bits() -> None:
    """43 letters of base64url, never the same twice."""
    made = {secrets.mint("dk_x_") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"dk_x_[A-Za-z0-9_-]{43}", each) for each in made)


def test_what_is_stored_is_the_sha_256() -> None:
    """Of the whole text, as hex; letters that cannot be encoded do no harm."""
    assert secrets.digest("dk_x_ä") == hashlib.sha256("dk_x_ä".encode()).hexdigest()
    assert len(secrets.digest("\ud800")) == 64
