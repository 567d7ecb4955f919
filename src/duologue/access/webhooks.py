"""What proves to a webhook's receiver who sent it: each rule and agent has a secret of its own.

The secret is made of the setting `webhook_secret` and the rule's id, or the agent's slug, so that
nothing that signs lies in the store, and an organization that knows its own secrets knows no
other's.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

HEADER: Final = "duologue-signature"
BACKEND: Final = "layercode-signature"
"""The header of what an agent's back end is sent, as Layercode's SDK reads it."""


def secret_of(master: str, id: str) -> str | None:  # noqa: A002
    """The secret of a rule, or of an agent's slug; none where nothing is signed."""
    if not master:
        return None
    return "whsec_" + hmac.digest(master.encode(), f"webhook {id}".encode(), sha256).hex()


def signature(secret: str, body: bytes, at: int) -> str:
    """What the header says, as with Layercode: `t=SECONDS,v1=HEX`, of `SECONDS.BODY`."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.digest(secret.encode(), signed, sha256).hex()}"
