"""docs/security.md: what guards duologue, line by line, with the tests that hold it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parent.parent
TABLE: Final = ROOT / "tests" / "security" / "table.toml"
NOTE: Final = (
    "<!-- Written by `make docs` from tests/security/table.toml: change that, not this. -->"
)
READ: Final = """\
Each line says a rule, names the tests that hold it, and, where something is left to you or to
chance, says what. Who attacks what, and how these lines stand against it:
[threat-model.md](threat-model.md). What an operator must do, and how to report a weakness:
[SECURITY.md](../SECURITY.md).
"""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table."""

    point: str
    rule: str
    tests: list[str]
    """Each as `file::name`."""
    left: str = ""
    """What stays a risk."""


def lines() -> list[Line]:
    """The table."""
    return msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8"))["line"], list[Line])


def page() -> str:
    """The whole page."""
    return "\n".join(["# What guards duologue\n", f"{NOTE}\n", READ, *map(_section, lines())])


def _section(line: Line) -> str:
    parts = [f"## {line.point}\n", f"{line.rule}\n"]
    if line.left:
        parts.append(f"**What is left:** {line.left}\n")
    shown = "".join(f"- `{each}`\n" for each in line.tests)
    return "\n".join([*parts, shown])
