"""`duologue agents`, with files, tables and the demo agents."""

from __future__ import annotations

from tests.cli.conftest import Shell

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
