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
GATES = {"duologue.js": 20_000, "worklet.js": 4_000, "widget.js": 35_000, "tracker.js": 4_096}
"""The bytes that each may have with gzip; room.js is livekit-client's, and comes when it must."""
BUILDS = {"client": 20_000 + 4_000, "widget": 35_000}
"""What the builds themselves hold, so that whoever changes a package learns of it at once."""


@pytest.mark.parametrize("name", GATES)
def test_it_is_as_small_as_was_promised(name: str, built: None) -> None:
    """What the server serves stays within its gate."""
    assert len(gzip.compress((ASSETS / name).read_bytes(), 9)) <= GATES[name]


@pytest.mark.parametrize("package", BUILDS)
def test_a_build_fails_before_it_is_bigger(package: str, node: str, tmp_path: Path) -> None:
    """A build whose limit is a byte ends with an error that says what it may have."""
    root = WEB / "packages" / package
    script = (root / "build.mjs").read_text(encoding="utf-8")
    (limit,) = re.findall(r"^const LIMIT = ([\d_]+);", script, re.MULTILINE)
    assert int(limit) == BUILDS[package]
    copy = tmp_path / "web" / "packages" / package
    shutil.copytree(root / "src", copy / "src")
    (copy / "build.mjs").write_text(script.replace(limit, "1"))
    (tmp_path / "web" / "node_modules").symlink_to(WEB / "node_modules")
    (tmp_path / "src" / "duologue" / "console" / "assets").mkdir(parents=True)
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
