"""What may be asked of an alert, and what a webhook is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from duologue.wire.alerts import AlertRequest, Notice, Told

LEAST: dict[str, Any] = {"measure": "lost", "threshold": 1}


def test_a_rule_needs_little() -> None:
    """Of all agents, within an hour, into the log."""
    asked = msgspec.convert(LEAST, AlertRequest)
    assert (asked.agent, asked.window_minutes, asked.webhook) == ("", 60, "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("measure", "happiness"),
        ("threshold", 0),
        ("threshold", -1),
        ("threshold", "much"),
        ("window_minutes", 0),
        ("window_minutes", 1441),
        ("agent", "a" * 201),
        ("agent", "a\0b"),
        ("webhook", "https://" + "a" * 2000),
        ("colour", "red"),
    ],
)
def test_what_cannot_be_is_refused_by_name(field: str, value: object) -> None:
    """The field stands in the refusal."""
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(LEAST | {field: value}, AlertRequest)


def test_a_notice_on_the_wire() -> None:
    """Its fields are what receivers read: they stay as they are."""
    told = Told(id="alert_1", measure="lost", agent="", threshold=1.0, window_minutes=5, value=2.0)
    notice = Notice(id="evt_1", type="alert.fired", at=7, text="Alert", alert=told)
    assert msgspec.json.decode(msgspec.json.encode(notice)) == {
        "id": "evt_1",
        "type": "alert.fired",
        "at": 7,
        "text": "Alert",
        "alert": {
            "id": "alert_1",
            "measure": "lost",
            "agent": "",
            "threshold": 1.0,
            "window_minutes": 5,
            "value": 2.0,
        },
    }
