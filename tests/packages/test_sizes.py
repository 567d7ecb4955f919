"""How big what visitors load may be, and that it tells nothing of where it was built."""

from __future__ import annotations

import gzip
import re

import pytest
from tests.packages.test_packed import FOREIGN
from tests.web_api import WEB

pytestmark = pytest.mark.browser

ASSETS = WEB.parent / "src" / "duologue" / "console" / "assets"
GATES = {
    "client": (("duologue.js", "worklet.js"), 20_000),
    "widget": (("widget.js",), 35_000),
    "tracker": (("tracker.js",), 4_000),
}
"""The bytes with gzip that each may have, together."""
BUILDERS = {"client": "client", "tracker": "client", "widget": "widget"}


@pytest.mark.parametrize("name", GATES)
def test_it_is_as_small_as_was_promised(name: str, built: None) -> None:
    """What the server serves stays within its gate."""
    files, most = GATES[name]
    assert sum(len(gzip.compress((ASSETS / one).read_bytes(), 9)) for one in files) <= most


@pytest.mark.parametrize("name", GATES)
def test_its_build_fails_before_it_is_bigger(name: str) -> None:
    """The build holds the same gate, so that whoever changes a package learns of it at once."""
    script = (WEB / "packages" / BUILDERS[name] / "build.mjs").read_text(encoding="utf-8")
    limits = {int(one.replace("_", "")) for one in re.findall(r"\b\d+(?:_\d{3})+\b", script)}
    assert GATES[name][1] in limits
    assert "process.exitCode = 1" in script


def test_what_is_served_names_no_registry_and_no_folder_of_one_machine(built: None) -> None:
    """Nor a bundle that was built here."""
    scripts = sorted(ASSETS.glob("*.js"))
    assert scripts
    found = {
        one.name: match[0] for one in scripts if (match := FOREIGN.search(one.read_text("utf-8")))
    }
    assert found == {}
