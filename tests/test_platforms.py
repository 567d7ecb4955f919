"""The table of LiveKit's platforms names only what there is, here and in LiveKit's packages."""

from __future__ import annotations

import json
import operator
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import platforms

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "web" / "node_modules"
DECLARED = ("livekit-client/dist/src", "@livekit/components-react/dist", "@livekit/components-core")
ELSEWHERE = {"AgentSessionProvider"}
"""In LiveKit's documents, and in the components that one copies into one's own page."""
ALONE = {"played", "ticket", "transport"}
"""Of a session: what no other platform has a word for, nor needs."""
ROWS = [row for part in platforms.table()["part"] for row in part["row"]]


@cache
def declared() -> frozenset[str]:
    """Every word in the type declarations of LiveKit's JavaScript packages."""
    files = [file for folder in DECLARED for file in (PACKAGES / folder).rglob("*.d.ts")]
    return frozenset(
        word
        for file in files
        for word in re.findall(r"[A-Za-z][\w-]*", file.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_every_python_name_is_there_with_its_arguments(row: dict[str, Any]) -> None:
    """A method that is renamed, or loses an argument, fails its row."""
    samples = platforms.Samples()
    assert row["python"]
    assert [text for each in row["python"] if (text := platforms.wrong(each, samples))] == []


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("session.begin()", "no attribute 'begin'"),
        ("session.start(mic=True)", "unexpected keyword argument 'mic'"),
        ("session.messages.send()", "missing a required argument"),
        ("session.on('conection', tell)", "'conection' is none of"),
        ("session.agent.state == 'asleep'", "'asleep' is none of"),
        ("message.kind == 'letter'", "'letter' is none of"),
        ("Sessions(token_source)", "no attribute 'Sessions'"),
        ("1 + 1", "not a name"),
    ],
)
def test_a_name_that_is_not_there_is_found(written: str, reason: str) -> None:
    """The check itself can fail."""
    assert reason in platforms.wrong(written, platforms.Samples())


@pytest.mark.parametrize("name", ["session", "session.agent", "session.messages"])
def test_every_public_member_of_a_session_is_in_the_table(name: str) -> None:
    """What a session, its agent and its messages can do is compared, all of it."""
    one = operator.attrgetter(name)(SimpleNamespace(**platforms.Samples()))
    members = {each for each in dir(one) if not each.startswith("_")} - platforms.TOLD.get(
        type(one).__name__, ALONE
    )
    named = {word for row in ROWS for each in row["python"] for word in re.findall(r"\w+", each)}
    assert members - named == set()


def test_the_versions_are_those_that_the_tests_install() -> None:
    """The page names the packages that its first column was checked with."""
    installed = json.loads((ROOT / "web/e2e/package.json").read_text())["dependencies"]
    for name in ("livekit-client", "@livekit/components-react"):
        assert f"{name} {installed[name]}" in platforms.HEAD


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_every_javascript_name_is_declared(row: dict[str, Any]) -> None:
    """The pinned packages have what the first column names."""
    if not (PACKAGES / DECLARED[1]).is_dir():
        pytest.skip("LiveKit's packages are not installed: npm --prefix web ci")
    spans = re.findall(r"`([^`]+)`", row.get("js", ""))
    words = {word for span in spans for word in re.findall(r"[A-Za-z][\w-]+", span)}
    assert words - ELSEWHERE - {"true", "false"} <= declared()


@pytest.mark.parametrize("better", platforms.table()["better"], ids=lambda each: each["what"])
def test_every_claim_is_held_by_tests_that_exist(better: dict[str, Any]) -> None:
    """What ours does better is not only said."""
    assert better["tests"]
    for each in better["tests"]:
        file, _, name = each.partition("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), each
