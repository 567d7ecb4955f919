"""The table of what guards duologue: each line has its tests, and each that is named exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tests import security_page

ROOT = Path(__file__).parents[2]
THREATS = ROOT / "docs" / "threat-model.md"
POINTS = [
    "Keys at rest",
    "Scopes",
    "Origins",
    "CORS",
    "A key in an address",
    "Resuming",
    "Objects of others",
    "How often",
    "How much",
    "Sizes",
    "Time",
    "Outgoing requests",
    "Signed webhooks",
    "Models that were talked into something",
    "Pages and the widget",
    "The console",
    "Forgetting",
    "Consent",
    "Secrets in errors, logs and traces",
    "What we are made of",
]


@cache
def held_by(file: str) -> dict[str, str]:
    """The tests of a file, each with what it says that it holds."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_no_line_is_lost() -> None:
    """Every point of the table is there, in its order."""
    assert [each.point for each in security_page.lines()] == POINTS


@pytest.mark.parametrize("line", security_page.lines(), ids=lambda each: each.point)
def test_each_line_has_its_tests(line: security_page.Line) -> None:
    """Three at least, each of which exists and says what it holds."""
    assert len(line.tests) >= 3
    assert len(set(line.tests)) == len(line.tests)
    for each in line.tests:
        file, _, name = each.partition("::")
        assert held_by(file).get(name), each


def test_each_threat_has_its_tests() -> None:
    """What the model of threats names, exists too; and it names a test for each threat."""
    text = THREATS.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 20
    for file, name in named:
        assert name in held_by(file), f"{file}::{name}"
    rows = [each for each in text.splitlines() if re.match(r"\| T\d+ ", each)]
    assert len(rows) > 15
    assert [each[:60] for each in rows if "`tests/" not in each] == []
    assert [int(each.split()[1][1:]) for each in rows] == list(range(1, len(rows) + 1))
