"""Loading users' files: what is found in them, and how their mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent

from duologue.agents.loader import dressed, load, load_table
from duologue.agents.registry import Catalog
from duologue.errors import DuologueError

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "import duologue\nfrom livekit.agents import Agent\n"


def write(folder: Path, name: str, text: str) -> Path:
    """A file of a user."""
    path = folder / name
    path.write_text(text)
    return path


AGENTS = [path for path in sorted(EXAMPLES.glob("*.py")) if "(Agent)" in path.read_text()]


@pytest.mark.parametrize("example", AGENTS, ids=lambda path: path.stem)
def test_every_example_loads(example: Path) -> None:
    """What the documentation shows can be run."""
    agents = load([example], {}).all()
    assert agents
    assert all(isinstance(one.make(), Agent) for one in agents)


def test_a_file_gives_what_it_registers_and_finds_its_neighbours(tmp_path: Path) -> None:
    """Two agents in a file, with a module beside it that only this folder has."""
    write(tmp_path, "neighbour_of_loader_test.py", "WORDS = 'Be kind.'\n")
    file = write(
        tmp_path,
        "two.py",
        HEAD + "from neighbour_of_loader_test import WORDS\n"
        "@duologue.agent('one')\ndef one(): return Agent(instructions=WORDS)\n"
        "@duologue.agent('two')\nclass Two(Agent): 'Be brief.'\n",
    )
    catalog = load([file], {})
    assert [one.definition.slug for one in catalog.all()] == ["one", "two"]
    assert [one.make().instructions for one in catalog.all()] == ["Be kind.", "Be brief."]
    # A second load begins from nothing: the decorator remembers nothing of the first.
    assert len(load([file], {}).all()) == 2


def test_a_file_with_one_agent_class_needs_no_decorator(tmp_path: Path) -> None:
    """It is known by the file's name."""
    file = write(tmp_path, "Front_Desk.py", HEAD + "class Desk(Agent):\n    'You help.'\n")
    (only,) = load([file], {}).all()
    assert only.definition.slug == "front-desk"
    assert only.make().instructions == "You help."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = (\n", "line 1"),
        ("\n\nraise ValueError('no luck')\n", "line 3: ValueError: no luck"),
        ("import no_such_module_at_all\n", "line 1: ModuleNotFoundError"),
        ("import sys\nsys.exit(2)\n", "__main__"),
        ("import duologue\n\nduologue.agent('a', gretting='x')\n", "line 3: Agent 'a'"),
        ("x = 1\n", "no agent"),
        (HEAD + "class A(Agent): ...\nclass B(Agent): ...\n", "A, B"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path: Path, text: str, named: str) -> None:
    """The owner reads the file's name, the line and the reason, and no traceback."""
    file = write(tmp_path, "mine.py", text)
    with pytest.raises(DuologueError) as caught:
        load([file], {})
    assert caught.value.code == "file_invalid"
    assert str(file) in caught.value.message
    assert named in caught.value.message


def test_what_is_no_python_file_is_refused(tmp_path: Path) -> None:
    """A missing file and a file of another kind are told apart."""
    with pytest.raises(DuologueError, match="no such file"):
        load([tmp_path / "gone.py"], {})
    with pytest.raises(DuologueError, match="not a Python file"):
        load([write(tmp_path, "agent.txt", "")], {})


def test_tables_become_agents() -> None:
    """An agent needs no code at all."""
    catalog = load([], {"front-desk": {"greeting": "Hi!", "instructions": "Help.", "llm": "a/b"}})
    (only,) = catalog.all()
    assert (only.definition.greeting, only.definition.llm) == ("Hi!", "a/b")
    assert only.make().instructions == "Help."


def test_tables_with_unknown_fields_or_names_are_refused() -> None:
    """Nothing in the settings is ignored."""
    for slug, table in (("a", {"colour": "red"}), ("No Slug", {}), ("a", {"slug": "b"})):
        with pytest.raises(DuologueError) as caught:
            load([], {slug: table})
        assert caught.value.code == "agent_invalid"


def test_a_table_with_a_widget_alone_dresses_the_agent_of_a_file(tmp_path: Path) -> None:
    """What the file says of its widget stays where the table says nothing."""
    file = tmp_path / "desk.py"
    file.write_text(
        "from livekit.agents import Agent\nimport duologue\n\n"
        '@duologue.agent("desk", greeting="Hi!", widget={"title": "Ask us", "theme": "dark"})\n'
        'class Desk(Agent):\n    """You help."""\n'
    )
    (only,) = load([file], {"desk": {"widget": {"theme": "light", "accent": "#1a7f5a"}}}).all()
    worn = only.definition.widget
    assert (worn.title, worn.theme, worn.accent) == ("Ask us", "light", "#1a7f5a")
    assert (only.definition.greeting, only.source) == ("Hi!", str(file))
    assert only.make().instructions == "You help."


def test_a_table_says_how_long_traces_are_kept(tmp_path: Path) -> None:
    """Over what the file says; and of agents that run elsewhere, which nobody loads."""
    file = tmp_path / "desk.py"
    file.write_text(
        "import duologue\nfrom livekit.agents import Agent\n"
        '@duologue.agent("desk", greeting="Hi!", trace_days=30, trace_megabytes=500)\n'
        "class Desk(Agent):\n    pass\n"
    )
    tables: dict[str, dict[str, Any]] = {"desk": {"trace_days": 7}, "far": {"trace_days": 1}}
    (only,) = load([file], tables).all()
    kept = only.definition
    assert (kept.greeting, kept.trace_days, kept.trace_megabytes) == ("Hi!", 7, 500)
    with pytest.raises(DuologueError, match="trace_days"):
        load([file], {"far": {"trace_days": 0}})


@pytest.mark.parametrize(
    ("slug", "widget", "words"),
    [
        ("nobody", {"theme": "dark"}, r"\[agents.nobody.widget\].*loaded: demo \(duologue.toml\)"),
        ("nobody", {"theme": "dark"}, r"the file that defines 'nobody'.*\[agents.nobody\].* out\."),
        ("demo", {"colour": "red"}, "colour"),
        ("demo", "dark", "widget"),
    ],
)
def test_a_dress_that_fits_nobody_is_refused(slug: str, widget: Any, words: str) -> None:
    """By the name of the agent or of the field."""
    catalog = Catalog()
    catalog.add(load_table("demo", {}))
    with pytest.raises(DuologueError, match=words) as caught:
        dressed(catalog, {slug: {"widget": widget}})
    assert caught.value.code == "agent_invalid"
