"""`make test`: every check and every group of tests, and one line at the end that counts them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, MutableMapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.audits import AUDITS, Audit

BIN = Path(sys.executable).parent
FEW = 5
"""Failures of a group that may be a busy machine's: tried once more, and told whole then."""
RULES = ("tests/wire", "tests/core", "tests/access", "tests/test_settings.py")
"""Tests of what must be covered whole, by these tests alone: nothing else is slowed by counting."""
EXACT = "src/duologue/wire/*,src/duologue/core/*,src/duologue/access/*,src/duologue/settings.py"


class Group(NamedTuple):
    """Tests that share a marker, and the outside programs without which they mean nothing."""

    name: str
    marker: str
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ("-n", "2", "-q")
    where: tuple[str, ...] = ()


PLAIN = (
    "not voice and not browser and not firefox and not postgres and not redis and not rooms"
    " and not soak"
)
# Tests of one file share a server, so they stay together.
BY_FILE = ("-n", "3", "--dist", "loadfile", "-q")

# Whoever speaks or clicks waits most of the time, as people do: two at once are no crowd.
GROUPS = (
    Group("rules", PLAIN, (), (*BY_FILE, "--cov", "--cov-report="), RULES),
    Group("unit", PLAIN, (), BY_FILE, tuple(f"--ignore={path}" for path in RULES)),
    Group(
        "postgres",
        "postgres and not redis and not soak",
        ("postgres",),
        ("-n", "2", "--dist", "loadfile", "-q"),
    ),
    Group(
        "processes",
        "redis and not rooms and not browser and not soak",
        ("redis-server", "postgres"),
        ("-n", "0", "-v"),
    ),
    # A room is waited for more than it is worked on: half of both cores was idle with two.
    Group(
        "rooms",
        "rooms and not browser and not redis and not soak",
        ("livekit-server",),
        ("-n", "3", "-q"),
    ),
    Group(
        "processes in rooms",
        "redis and rooms and not soak",
        ("redis-server", "postgres", "livekit-server"),
        ("-n", "0", "-v"),
    ),
    Group("voice", "voice and not browser and not rooms and not soak"),
    Group("browser", "browser and not rooms and not soak", ("chromium", "node")),
    Group(
        "browser in rooms",
        "browser and rooms and not soak",
        ("chromium", "node", "livekit-server"),
    ),
    Group(
        "firefox",
        "firefox and not soak",
        ("firefox-esr", "node", "livekit-server"),
        ("-n", "0", "-v"),
    ),
)
CHECKS = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports", "--no-logo")),
)
INSTALL = {
    "postgres": "apt-get install postgresql",
    "redis-server": "apt-get install redis-server",
    "livekit-server": "go install github.com/livekit/livekit-server/cmd/server@v1.13.5, "
    "then name ~/go/bin/server livekit-server",
    "chromium": "apt-get install chromium",
    "firefox-esr": "apt-get install firefox-esr",
    "node": "apt-get install nodejs npm, then make test again",
}


def say(text: str) -> None:
    """Shows text at once, so that the order of ours and of the programs' lines is true."""
    sys.stdout.write(text)
    sys.stdout.flush()


def present(program: str) -> bool:
    """Whether an outside program is here; Debian keeps PostgreSQL's off the path, Go its own."""
    if program == "postgres" and any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return True
    if program == "livekit-server" and (Path.home() / "go" / "bin" / program).exists():
        return True
    return shutil.which(program) is not None


def counted(line: str) -> Counter[str]:
    """What pytest's closing line counts."""
    found = re.findall(r"(\d+) (passed|failed|skipped|errors?|xfailed)\b", line)
    return Counter({word.removesuffix("s"): int(number) for number, word in found})


def run(command: tuple[str, ...], hear: Callable[[str], None] = lambda _: None) -> int:
    """The exit code of a program, ours or one by its path, whose lines are shown as they come."""
    full = [str(BIN / command[0]), *command[1:]]
    with subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as it:
        assert it.stdout is not None
        for line in it.stdout:
            say(line)
            hear(line)
    return it.returncode


def keep_compiled(environment: MutableMapping[str, str]) -> None:
    """Lets the hundreds of processes of the tests compile each module once, not once each."""
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):  # then it is done where nobody looks
        environment["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "compiled")


def run_tests(marker: str, *options: str) -> tuple[int, Counter[str], list[str]]:
    """Runs the tests of a marker; the exit code, what pytest counted, and which tests failed."""
    counts: Counter[str] = Counter()
    names: list[str] = []

    def hear(line: str) -> None:
        nonlocal counts
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        counts = counted(plain) or counts  # a library may have the last word after pytest's
        if name := re.match(r"(?:FAILED|ERROR) (tests/.+?)(?: - |$)", plain):
            names.append(name[1])

    colour = "yes" if sys.stdout.isatty() else "no"
    code = run(("pytest", "-m", marker, f"--color={colour}", *options), hear)
    return code, counts, names


def run_group(group: Group, total: Counter[str], *, required: bool) -> list[str]:
    """Runs one group and adds what happened to the total; the names of what failed in the end."""
    missing = [program for program in group.needs if not present(program)]
    if missing:
        total["failed" if required else "skipped"] += 1
        say(f"{group.name}: skipped, for there is no {' and no '.join(missing)} here.\n")
        for program in missing:
            say(f"  To install it: {INSTALL[program]}\n")
        return []
    code, counts, names = run_tests(group.marker, "--tb=short", *group.options, *group.where)
    bad = counts["failed"] + counts["error"]
    if code == 1 and 0 < bad <= FEW:
        say(f"\n{group.name}: what failed is tried once more, alone on the machine.\n")
        alone = ("--last-failed", "-n", "0", "-v", *group.where)
        code, again, left = run_tests(group.marker, *alone)
        names = left if code in (0, 1) else names  # one that broke down names nobody
        bad = again["failed"] + again["error"]
        counts["passed"] += again["passed"]
        total["second"] += again["passed"]
    if required and counts["skipped"]:
        say(f"{group.name}: a skipped test counts as failed (DUOLOGUE_TEST_REQUIRE=all).\n")
        bad += counts["skipped"]
    total["passed"] += counts["passed"] + counts["xfailed"]
    total["skipped"] += 0 if required else counts["skipped"]
    total["failed"] += bad if bad or code == 0 else 1
    return names


def run_audit(audit: Audit, total: Counter[str], *, required: bool) -> None:
    """Runs an audit and adds what came of it; a database that does not answer fails nothing."""
    outcome, words = audit.run()
    if outcome == "unreachable":
        say(f"{audit.name}: skipped, for its database cannot be reached from here ({words}).\n")
    else:
        say(f"{audit.name}: {words}\n")
    failed = outcome == "failed" or (outcome == "missing" and required)
    total["passed" if outcome == "passed" else "failed" if failed else "skipped"] += 1


def main() -> int:
    """Runs everything, also after a failure, so that one run shows all there is to mend."""
    required = os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all"
    total: Counter[str] = Counter()
    failures: list[str] = []
    keep_compiled(os.environ)

    def step(name: str, work: Callable[[], list[str] | None]) -> None:
        say(f"\n== {name}\n")
        began, before = time.monotonic(), total["failed"]
        names = work() or []
        word = "ok" if total["failed"] == before else "FAILED"
        failures.extend(names or [name] * (word == "FAILED"))
        say(f"== {name}: {word} in {time.monotonic() - began:.0f} s\n")

    def check(command: tuple[str, ...]) -> None:
        total["passed" if run(command) == 0 else "failed"] += 1

    for name, command in CHECKS:
        step(name, partial(check, command))
    for audit in AUDITS:
        step(audit.name, partial(run_audit, audit, total, required=required))
    if npm := shutil.which("npm"):
        types = (npm, "--prefix", "web", "run", "--workspaces", "--if-present", "types")
        step("types of TypeScript", partial(check, types))
        step("web", partial(check, (npm, "--prefix", "web", "test")))
    for group in GROUPS:
        step(group.name, partial(run_group, group, total, required=required))
        if group.name == "rules":
            report = ("coverage", "report", "--skip-covered", "-m", f"--include={EXACT}")
            step("coverage", partial(check, (*report, "--fail-under=100")))
    for name in failures:
        say(f"\nfailed: {name}")
    say(
        f"\ntests: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped\n"
    )
    if total["second"]:
        say(f"{total['second']} of those that passed did so at the second try only.\n")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
