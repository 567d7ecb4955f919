"""Who sent a webhook can be proved, by its own receiver and nobody else."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

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


def test_a_receiver_checks_it_as_the_documentation_says() -> None:
    """What is ours passes; what was changed, is old or is signed by another does not."""
    page = (Path(__file__).parents[2] / "docs" / "console.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    [snippet] = [each for each in snippets if "hmac" in each]
    known: dict[str, Any] = {}
    exec(snippet, known)
    is_ours = known["is_ours"]
    now, body = int(time.time()), b'{"id":"evt_1"}'
    header = webhooks.signature("whsec_x", body, now)
    assert is_ours(header, body, "whsec_x")
    assert not is_ours(header, body + b" ", "whsec_x")
    assert not is_ours(header, body, "whsec_y")
    assert not is_ours(webhooks.signature("whsec_x", body, now - 301), body, "whsec_x")
    for wrong in ("", "t=,v1=", "v1=ab", f"t={now}", "t=never,v1=ab"):
        assert not is_ours(wrong, body, "whsec_x")
