"""`duologue alerts`."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Shell

HOOK = "https://hooks.example/in"


def test_an_alert_is_made_listed_and_deleted(shell: Shell) -> None:
    """In words for people, in JSON for programs."""
    made = shell("alerts", "create", "e2e_p95", "2000", "--agent", "desk", "--webhook", HOOK)
    assert "end to end p95 of desk at 2,000 ms or more, within an hour" in made.out
    assert "not signed: the setting webhook_secret is empty" in made.out
    shown = shell("alerts", "list").out
    assert "end to end p95 of desk at 2,000 ms or more" in shown
    assert HOOK in shown
    assert "no data" in shown
    [found] = shell("alerts", "list", "--json").json["items"]
    assert (found["measure"], found["window_ms"], found["state"]) == (
        *("e2e_p95", 3_600_000),
        "unknown",
    )
    assert shell("alerts", "delete", found["id"], "--json").code == 2
    gone = shell("alerts", "delete", found["id"], "--yes", "--json").json
    assert gone == {"id": found["id"], "deleted": True}
    assert "No alerts" in shell("alerts", "list").out
    assert found["id"] in shell("alerts", "delete", found["id"], "--yes").err


def test_its_secret_is_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server signs; an alert that goes to the log has none."""
    monkeypatch.setenv("DUOLOGUE_WEBHOOK_SECRET", "a secret of many letters")
    made = shell("alerts", "create", "lost", "1", "--webhook", HOOK, "--json").json
    assert made["secret"].startswith("whsec_")
    assert "signed with whsec_" in shell("alerts", "create", "lost", "1", "--webhook", HOOK).out
    assert shell("alerts", "create", "lost", "1", "--json").json["secret"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("luck", "1"), "there are e2e_p95, error_rate"),
        (("lost", "0"), "$.threshold"),
        (("lost", "1", "--window", "1441"), "$.window_minutes"),
        (("lost", "1", "--webhook", "https://10.0.0.1/"), "not a public address"),
        (("lost", "1", "--webhook", "http://x.example/"), "https://"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    """With what may be."""
    answer = shell("alerts", "create", *arguments)
    assert answer.code == 1
    assert said in answer.err


def test_a_short_secret_is_refused_and_not_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be guessed."""
    monkeypatch.setenv("DUOLOGUE_WEBHOOK_SECRET", "guess me")
    answer = shell("alerts", "list")
    assert answer.code == 1
    assert "WEBHOOK_SECRET" in answer.err
    assert "guess me" not in answer.err
