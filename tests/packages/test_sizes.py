"""How big what visitors load may be, and that it tells nothing of where it was built."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest
from tests.packages.conftest import run
from tests.packages.test_packed import FOREIGN
from tests.web_api import WEB

pytestmark = pytest.mark.browser

ASSETS = WEB.parent / "src" / "duologue" / "console" / "assets"
GATES = {
    "duologue.js": 19_600,
    "worklet.js": 3_400,
    "widget.js": 32_000,
    "tracker.js": 4_096,
    "room.js": 119_500,  # nearly all of it is livekit-client, and it comes when it must
}
"""The bytes that each may have with gzip."""
BUILDS = {
    ("client", "LIMIT"): GATES["duologue.js"] + GATES["worklet.js"],
    ("client", "ROOM_LIMIT"): GATES["room.js"],
    ("client", "TRACKER_LIMIT"): GATES["tracker.js"],
    ("widget", "LIMIT"): GATES["widget.js"],
}
"""What the builds themselves hold, so that whoever changes a package learns of it at once."""


@pytest.mark.parametrize("name", GATES)
def test_it_is_as_small_as_was_promised(name: str, built: None) -> None:
    """What the server serves stays within its gate."""
    assert len(gzip.compress((ASSETS / name).read_bytes(), 9)) <= GATES[name]


@pytest.mark.parametrize(("package", "name"), BUILDS)
def test_a_build_fails_before_it_is_bigger(
    package: str, name: str, node: str, tmp_path: Path
) -> None:
    """A build whose limit is a byte ends with an error that says what it may have."""
    copy = copied(package, tmp_path)
    script = (copy / "build.mjs").read_text(encoding="utf-8")
    (limit,) = re.findall(rf"^const {name} = ([\d_]+);", script, re.MULTILINE)
    assert int(limit) == BUILDS[package, name]
    (copy / "build.mjs").write_text(script.replace(limit, "1"))
    said = run(node, "build.mjs", cwd=copy, ok=(1,))
    assert "of 1 bytes" in said


def test_what_is_served_names_no_registry_and_no_folder_of_one_machine(built: None) -> None:
    """Nor a bundle that was built here."""
    scripts = sorted(ASSETS.glob("*.js"))
    assert scripts
    found = {
        one.name: match[0] for one in scripts if (match := FOREIGN.search(one.read_text("utf-8")))
    }
    assert found == {}


def copied(package: str, folder: Path) -> Path:
    """A package to build somewhere else, with what it needs around it."""
    root, copy = WEB / "packages" / package, folder / "web" / "packages" / package
    shutil.copytree(root / "src", copy / "src")
    for script in root.glob("*.mjs"):
        shutil.copy(script, copy)
    (folder / "web" / "node_modules").symlink_to(WEB / "node_modules")
    (folder / "src" / "duologue" / "console" / "assets").mkdir(parents=True)
    return copy
