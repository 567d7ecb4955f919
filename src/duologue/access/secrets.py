"""Secrets of every kind: 256 random bits behind a prefix that says what it opens."""

from __future__ import annotations

import hashlib
import secrets


def mint(prefix: str) -> str:
    """A new secret: the prefix and 43 letters of base64url."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored instead of the secret; 256 random bits need neither salt nor slow hashing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
