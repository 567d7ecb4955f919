"""`duologue agents`, with files, tables and the demo agents."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Shell

from duologue.access import webhooks

FILE = """
import duologue
from livekit.agents import Agent

@duologue.agent("desk", greeting="Good day.")
class Desk(Agent):
    '''You answer briefly.'''
"""


def test_the_demo_agents_can_be_published_before_the_first_start(shell: Shell) -> None:
    """Publishing reads the demo agents by itself, and the list then says so."""
    assert "duologue agents publish demo" in shell("agents", "list").out
    made = shell("agents", "publish", "demo", "--json").json
    assert made["slug"] == "demo"
    assert made["published_at"] is not None
    assert made["definition"]["slug"] == "demo"
    assert [each["slug"] for each in shell("agents", "list", "--json").json] == ["demo"]


def test_an_agent_of_a_file_is_published_from_it(shell: Shell) -> None:
    """The definition of the file is kept; unpublished, the agent is a draft again."""
    (shell.folder / "desk.py").write_text(FILE)
    answer = shell("agents", "publish", "desk", "desk.py")
    assert "Agent desk is published." in answer.out
    assert "Good day." in shell("agents", "show", "desk").out
    assert "Agent desk is a draft." in shell("agents", "unpublish", "desk").out
    assert "draft" in shell("agents", "list").out
    # What is known by now needs no file.
    assert shell("agents", "publish", "desk", "--json").json["published_at"] is not None
    assert shell("agents", "unpublish", "desk", "--json").json["published_at"] is None
    assert shell("agents", "show", "desk", "--json").json["source"] == "desk.py"


def test_an_agent_of_a_table_is_published_by_its_name(shell: Shell) -> None:
    """With a table in the settings the demo agents are left out."""
    (shell.folder / "duologue.toml").write_text('[agents.front]\ninstructions = "Be brief."')
    assert shell("agents", "publish", "front").code == 0
    answer = shell("agents", "publish", "demo")
    assert answer.code == 1
    assert "front" in answer.err


def test_an_unknown_agent_is_named_beside_the_known(shell: Shell) -> None:
    """Every command says who is there instead."""
    shell("agents", "publish", "demo")
    for command in ("publish", "unpublish", "show"):
        answer = shell("agents", command, "nobody")
        assert answer.code == 1
        assert "'nobody'" in answer.err
        assert "demo" in answer.err


def test_a_file_that_cannot_be_read_is_an_error_with_its_line(shell: Shell) -> None:
    """The file and the reason are told, without a traceback."""
    (shell.folder / "desk.py").write_text("import duologue\nraise ValueError('no')\n")
    answer = shell("agents", "publish", "desk", "desk.py")
    assert answer.code == 1
    assert "desk.py: line 2: ValueError: no" in answer.err


def test_the_secret_of_a_back_end_is_shown_to_its_owner(shell: Shell) -> None:
    """One that is made of the setting; an owner's own never is, and without either none is."""
    settings = shell.folder / "duologue.toml"
    desk = '[agents.desk]\nwebhook = "https://hooks.example/"\n[agents.plain]\nllm = ""\n'
    settings.write_text(desk)
    assert "it is empty, so webhooks are not signed" in shell("agents", "secret", "desk").err
    settings.write_text('webhook_secret = "the master secret"\n' + desk)
    made = webhooks.secret_of("the master secret", "desk")
    assert shell("agents", "secret", "desk").out == f"{made}\n"
    assert shell("agents", "secret", "desk", "--json").json == {"secret": made}
    assert "it has no webhook" in shell("agents", "secret", "plain").err
    assert "desk, plain" in shell("agents", "secret", "nobody").err
    own = {"url": "https://hooks.example/", "secret": "env:OWN"}
    file = shell.folder / "own.py"
    file.write_text(
        "import duologue\nfrom livekit.agents import Agent\n"
        f"@duologue.agent('own', webhook={own})\nclass Own(Agent): pass\n"
    )
    assert "env:OWN, is never shown" in shell("agents", "secret", "own", "own.py").err


def test_a_back_end_in_a_private_network_is_refused_at_once(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the server that would ask it, unless the setting allows that."""
    (tmp_path / "duologue.toml").write_text('[agents.desk]\nwebhook = "http://127.0.0.1:1/"\n')
    refused = shell("agents", "publish", "desk")
    assert refused.code == 1
    assert "allow_private_webhooks" in refused.err
    monkeypatch.setenv("DUOLOGUE_ALLOW_PRIVATE_WEBHOOKS", "true")
    shown = shell("agents", "publish", "desk", "--json")
    assert "127.0.0.1" not in shown.out
