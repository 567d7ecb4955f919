"""docs/reliability.md names tests that are there, and the rows that they hold."""

from __future__ import annotations

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
