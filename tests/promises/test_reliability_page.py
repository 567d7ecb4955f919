"""docs/reliability.md names tests that are there, the rows that they hold, and every long one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.promises.test_faults import ROWS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_each_row_of_a_provider_is_one_that_is_tested() -> None:
    """In the same order, and no more."""
    assert re.findall(r"^\| `((?:llm|tts|stt) \w+)` \|", PAGE, re.MULTILINE) == list(ROWS)


def test_each_test_that_is_named_is_there() -> None:
    """Files by their path, and tests by their name."""
    files = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert len(files) >= 12
    assert not [name for name in files if not (ROOT / name).is_file()]
    written = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) >= 8
    assert not [name for name in named if f"def {name}(" not in written]


def test_each_promise_has_a_test() -> None:
    """Eight of them, numbered."""
    promises = re.findall(r"^(\d)\. \*\*(?:.|\n(?=   ))*", PAGE, re.MULTILINE)
    assert promises == [str(number) for number in range(1, 9)]


def test_each_long_test_has_its_last_output() -> None:
    """Every test that `make soak` runs has one row at the end, and no other test has."""
    _, _, end = PAGE.partition("\n## The last long run\n")
    rows = re.findall(r"^\| `(test_\w+)` \|", end, re.MULTILINE)
    assert sorted(rows) == sorted(
        name for path in ROOT.glob("tests/**/test_*.py") for name in soak(path)
    )


def soak(path: Path) -> list[str]:
    """The tests of a file that are marked as long ones, each or all of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    marks = [
        ast.unparse(one.value)
        for one in tree.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "pytestmark"
    ]
    return [
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        and one.name.startswith("test_")
        and any("mark.soak" in each for each in (*marks, *map(ast.unparse, one.decorator_list)))
    ]
