"""The runner of `make test`: what it counts, what it skips, and when a skip is a failure."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import groups
from tests.groups import Group, counted, run_group


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("12 passed in 3.20s", {"passed": 12}),
        (
            "1 failed, 2 passed, 3 skipped, 1 error in 9s",
            {"failed": 1, "passed": 2, "skipped": 3, "error": 1},
        ),
        ("2 errors in 0.1s", {"error": 2}),
        ("5 passed, 7 deselected", {"passed": 5}),
        ("no tests ran in 0.01s", {}),
    ],
)
def test_the_closing_line_of_pytest_is_counted(line: str, counts: dict[str, int]) -> None:
    """Every outcome of the line counts, and nothing else does."""
    assert counted(line) == Counter(counts)


MISSING = Group("robot", "robot", ("no-such-program-here",))


@pytest.mark.parametrize(("required", "outcome"), [(False, "skipped"), (True, "failed")])
def test_a_group_without_its_program_is_skipped_by_name_or_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    required: bool,
    outcome: str,
) -> None:
    """The program and the command that installs it are named."""
    monkeypatch.setitem(groups.INSTALL, "no-such-program-here", "apt-get install robot")
    total: Counter[str] = Counter()
    run_group(MISSING, total, required=required)
    assert total == Counter({outcome: 1})
    shown = capsys.readouterr().out
    assert "no-such-program-here" in shown
    assert "apt-get install robot" in shown


@pytest.mark.parametrize(
    ("code", "line", "required", "total"),
    [
        (0, "3 passed, 1 skipped in 1s", False, {"passed": 3, "skipped": 1}),
        (0, "3 passed, 1 skipped in 1s", True, {"passed": 3, "failed": 1}),
        (1, "3 passed, 5 failed, 1 error in 1s", False, {"passed": 3, "failed": 6}),
        (5, "no tests ran in 0.1s", False, {"failed": 1}),
        (3, "Segmentation fault", False, {"failed": 1}),
    ],
)
def test_a_group_adds_what_happened(
    monkeypatch: pytest.MonkeyPatch, code: int, line: str, required: bool, total: dict[str, int]
) -> None:
    """A run that ended badly is a failure even if it counted none."""

    def ran(_: tuple[str, ...], hear: Callable[[str], None]) -> int:
        hear(line)
        hear("livekit_ffi::server - a library's last word\n")
        return code

    monkeypatch.setattr(groups, "run", ran)
    found: Counter[str] = Counter()
    run_group(Group("some", "some"), found, required=required)
    assert +found == Counter(total)


@pytest.mark.parametrize(
    ("second", "total"),
    [
        ((0, "2 passed in 1s"), {"passed": 5, "second": 2}),
        ((1, "1 passed, 1 failed in 1s"), {"passed": 4, "second": 1, "failed": 1}),
        ((3, "Aborted"), {"passed": 3, "failed": 1}),
    ],
)
def test_a_few_failures_are_tried_once_more_and_counted_apart(
    monkeypatch: pytest.MonkeyPatch, second: tuple[int, str], total: dict[str, int]
) -> None:
    """Who passes at the second try has passed, and it is said; who fails twice has failed."""
    runs = [(1, "3 passed, 2 failed in 1s"), second]
    asked: list[tuple[str, ...]] = []

    def ran(command: tuple[str, ...], hear: Callable[[str], None]) -> int:
        asked.append(command)
        code, line = runs.pop(0)
        hear(f"\x1b[31mFAILED\x1b[0m tests/test_{len(asked)}.py::test_a[of one] - assert 1 == 2\n")
        hear(f"\x1b[32m{line}\x1b[0m")
        return code

    monkeypatch.setattr(groups, "run", ran)
    found: Counter[str] = Counter()
    names = run_group(Group("some", "some"), found, required=True)
    assert +found == Counter(total)
    assert names == [f"tests/test_{1 if second[0] == 3 else 2}.py::test_a[of one]"]
    assert ["--last-failed" in command for command in asked] == [False, True]


def test_compiled_modules_are_kept_though_the_shell_would_have_none() -> None:
    """They lie in the environment's own folder then; else Python's usual places are as good."""
    forbidding = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/somewhere"}
    groups.keep_compiled(forbidding)
    assert forbidding == {
        "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "compiled"),
        "HOME": "/somewhere",
    }
    usual = {"HOME": "/somewhere"}
    groups.keep_compiled(usual)
    assert usual == {"HOME": "/somewhere"}


def test_every_marker_of_a_group_is_declared(pytestconfig: pytest.Config) -> None:
    """A group never runs empty for a misspelt marker, and none is left without a group."""
    declared = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    named = {word for group in groups.GROUPS for word in group.marker.split()} - {"not", "and"}
    assert named <= declared
    assert {"postgres", "voice", "browser", "firefox", "soak"} <= named
