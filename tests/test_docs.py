"""The documents say what the code does: fresh pages, real snippets, links that lead somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from tests import generated

from duologue.console.status import page
from duologue.console.view import StatusView
from duologue.errors import FAULTS
from duologue.transports.layercode import GRANTED
from duologue.wire import layercode as wire
from duologue.wire.widget import WidgetFace

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def read(name: str) -> str:
    """A document of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(name), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", generated.PAGES)
def test_a_generated_page_is_what_the_code_says_now(name: str) -> None:
    """`make docs` would change nothing."""
    assert read(name) == generated.PAGES[name]()


def test_the_types_of_the_wire_follow_its_structs() -> None:
    """What a client may leave out is optional, what the server always sends is not."""
    types = generated.PAGES["web/packages/client/src/wire.ts"]()
    assert "readonly conversation_id?: string | null;" in types
    assert "readonly capabilities: readonly string[];" in types
    assert 'readonly type: "turn.start";' in types
    for name in ("ClientMessage", "ServerMessage"):
        members = types.partition(f"export type {name} =")[2].partition(";")[0].split("\n  | ")[1:]
        assert members == [each.__name__ for each in get_args(getattr(wire, name))]


def test_the_readme_shows_the_examples_as_they_are() -> None:
    """The agent and the caller in ten lines each are the files that run in the tests."""
    files = [read("examples/front_desk.py"), read("examples/ask.py")]
    assert blocks("README.md", "python") == files


def test_the_status_page_shows_the_example_too() -> None:
    """What a newcomer copies from the page is the file that runs in the tests."""
    view = StatusView(
        url="http://x", mode="dev", live=0, limit=1, now=0, version="1", agents=[], sessions=[]
    )
    example = read("examples/front_desk.py").partition("\n\n")[2].strip()
    assert escape(example) in page(view)


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    """A relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert not [link for link in links if not (document.parent / link).exists()]


def test_every_make_target_that_is_named_exists() -> None:
    """Documents name no command that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {
        each
        for document in PAGES
        for each in re.findall(r"(?:`|\$ )make ([a-z]+)", document.read_text(encoding="utf-8"))
    }
    assert named <= targets
    assert {"run", "test", "fmt", "types", "bench", "docs", "soak", "clean"} <= targets


def commands() -> Iterator[tuple[str, str]]:
    """Every `duologue …` that a document shows, with its page."""
    for document in PAGES:
        text = document.read_text(encoding="utf-8")
        for line in re.findall(r"(?:`|\$ |bin/)duologue ([a-z][^`\n]*)", text):
            yield document.name, line


def test_every_command_that_is_named_exists_with_its_options() -> None:
    """Documents name no command and no option that the program does not have."""
    reference = generated.cli_page()
    known = set(re.findall(r"^## `duologue ([a-z]+(?: [a-z]+)?)", reference, re.MULTILINE))
    groups = {name.split()[0] for name in known}
    for source, line in commands():
        words = line.split()
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        assert name in known | groups, f"{source}: duologue {line}"
        assert not [w for w in words if w.startswith("--") and f"`{w}" not in reference], source


def test_every_message_of_the_dialect_is_explained() -> None:
    """docs/layercode.md names each message of the wire, each close code and each extension."""
    text = read("docs/layercode.md")
    messages = [
        each.__struct_config__.tag
        for each in vars(wire).values()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and isinstance(each.__struct_config__.tag, str)
    ]
    assert len(messages) > 15
    assert not [tag for tag in messages if tag not in text]
    closes = {str(fault.close) for fault in FAULTS.values() if fault.close}
    assert not [code for code in closes if f"| {code} |" not in text]
    table = text.partition("## Extensions")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", table.replace("`capabilities`", ""))) >= set(GRANTED)


def test_the_answer_in_the_documents_is_one() -> None:
    """The JSON of docs/layercode.md is an answer to authorize, field for field."""
    shown = blocks("docs/layercode.md", "json")[0]
    answer = msgspec.json.decode(shown, type=wire.AuthorizeAnswer)
    assert msgspec.to_builtins(answer.config) == json.loads(shown)["config"]
    assert set(json.loads(shown)) <= set(wire.AuthorizeAnswer.__struct_fields__)


def test_the_face_in_the_documents_is_one() -> None:
    """The JSON of docs/tokens.md is what a widget reads, field for field."""
    shown = next(one for one in blocks("docs/tokens.md", "json") if '"look"' in one)
    face = msgspec.json.decode(shown, type=WidgetFace)
    assert msgspec.to_builtins(face) == json.loads(shown)


def test_the_compatibility_table_names_what_the_tests_install() -> None:
    """Versions in the README are those of the browser tests' package file."""
    package = json.loads(read("web/e2e/package.json"))
    table = dict(re.findall(r"^\| `(@[\w/-]+)` \| ([\d.]+) \|", read("README.md"), re.MULTILINE))
    assert table
    installed = package["dependencies"]
    assert table == {name: installed[name] for name in table}
    assert set(table) == {name for name in installed if name.startswith("@layercode/")}


def test_the_changelog_keeps_its_form() -> None:
    """Unreleased stands first, and every heading is one of Keep a Changelog's."""
    text = read("CHANGELOG.md")
    assert re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)[0] == "Unreleased"
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (\w+)", text, re.MULTILINE)) <= kinds
