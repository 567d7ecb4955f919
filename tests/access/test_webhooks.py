"""Who sent a webhook can be proved, by its own receiver and nobody else."""

from __future__ import annotations

import hashlib
import hmac

from duologue.access import webhooks

MASTER = "a master secret"


def test_each_rule_has_a_secret_of_its_own() -> None:
    """The same one each time; another rule or another server has another."""
    own = webhooks.secret_of(MASTER, "alert_1")
    assert own is not None
    assert own.startswith("whsec_")
    assert own == webhooks.secret_of(MASTER, "alert_1")
    others = {webhooks.secret_of(MASTER, "alert_2"), webhooks.secret_of("another", "alert_1")}
    assert own not in others
    assert MASTER not in own


def test_without_a_setting_nothing_is_signed() -> None:
    """Rather than with a secret that everybody knows."""
    assert webhooks.secret_of("", "alert_1") is None


def test_a_signature_covers_time_and_body() -> None:
    """As receivers of Layercode's webhooks compute it."""
    made = webhooks.signature("whsec_x", b'{"id":1}', 1_700_000_000)
    expected = hmac.new(b"whsec_x", b'1700000000.{"id":1}', hashlib.sha256).hexdigest()
    assert made == f"t=1700000000,v1={expected}"
    assert webhooks.signature("whsec_x", b'{"id":1}', 1_700_000_001) != made
    assert webhooks.signature("whsec_x", b'{"id":2}', 1_700_000_000) != made
