"""`duologue doctor`."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from tests.cli.conftest import Shell
from tests.redis import server


def examined(shell: Shell, *arguments: str) -> dict[str, dict[str, Any]]:
    """What the doctor found, by name."""
    return {each["name"]: each for each in shell("doctor", "--json", *arguments).json}


def test_an_empty_folder_is_healthy_and_told_what_comes_next(shell: Shell) -> None:
    """Nothing is missing; what is only optional names the command that adds it."""
    answer = shell("doctor", "--port", "0")
    assert answer.code == 0
    assert "duologue agents publish demo" in answer.out
    found = examined(shell, "--port", "0")
    assert {each["state"] for each in found.values()} <= {"ok", "optional"}
    assert found["database"]["state"] == "ok"
    assert found["models"]["state"] == "optional"


def test_a_providers_key_is_seen_and_never_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the variable is told, its value is not."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden-value")
    answer = shell("doctor", "--port", "0")
    assert "OPENAI_API_KEY set" in answer.out
    assert "hidden" not in answer.out


def test_a_local_model_server_is_seen(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_BASE_URL alone is enough for real models."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert examined(shell, "--port", "0")["models"]["found"].endswith("http://127.0.0.1:1/v1")


def test_a_taken_port_is_missing_and_exits_with_1(shell: Shell) -> None:
    """The doctor names the address and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = shell("doctor", "--port", port)
        found = examined(shell, "--port", port)["port"]
    assert answer.code == 1
    assert found["state"] == "missing"
    assert found["found"] == f"127.0.0.1:{port}: Address already in use"
    assert "--port" in found["mend"]


def test_a_wrong_setting_is_found(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the machine is examined all the same."""
    monkeypatch.setenv("DUOLOGUE_PORT", "many")
    found = examined(shell)
    assert found["settings"]["state"] == "missing"
    assert "many" in found["settings"]["found"]
    assert found["python"]["state"] == "ok"
    assert "database" not in found


def test_a_database_that_does_not_open_is_found(shell: Shell) -> None:
    """The doctor says who refuses, and how to choose another folder."""
    (shell.folder / "file").write_text("")
    found = examined(shell, "--data", "file", "--port", "0")["database"]
    assert found["state"] == "missing"
    assert "--data" in found["mend"]


def test_a_redis_that_is_not_there_is_missing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is told, its password is not; without one set nothing is said of it."""
    assert "redis" not in examined(shell, "--port", "0")
    monkeypatch.setenv("DUOLOGUE_REDIS_URL", "redis://:hidden@127.0.0.1:1/0")
    answer = shell("doctor", "--port", "0")
    assert answer.code == 1
    assert "127.0.0.1:1" in answer.out
    assert "hidden" not in answer.out


@pytest.mark.redis
def test_a_redis_that_answers_is_well(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asked."""
    with server() as running:
        monkeypatch.setenv("DUOLOGUE_REDIS_URL", running.url)
        assert examined(shell, "--port", "0")["redis"]["state"] == "ok"
