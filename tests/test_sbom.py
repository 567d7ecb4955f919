"""The lists of what duologue is made of have all that we ask for by name, with its version."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests import sbom

ROOT = Path(__file__).parent.parent


def listed(made: Path) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """A list, and the versions of each name in it."""
    document: dict[str, Any] = json.loads(made.read_text())
    assert document["bomFormat"] == "CycloneDX"
    found: dict[str, set[str]] = {}
    for each in document["components"]:
        name = each["purl"].partition("/")[2].rpartition("@")[0].replace("%40", "@")
        found.setdefault(name.lower(), set()).add(each["version"])
    return document, found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lists go."""
    return tmp_path_factory.mktemp("sbom")


def test_the_python_list_has_what_the_server_asks_for(folder: Path) -> None:
    """In the version of the lock file, with its hashes."""
    document, found = listed(sbom.python(folder))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["metadata"]["component"]["name"] == "duologue"
    assert document["metadata"]["component"]["version"] == project["version"]
    asked = project["dependencies"] + project["optional-dependencies"]["server"]
    lock = (ROOT / "requirements" / "server.txt").read_text()
    assert len(asked) > 20
    for each in asked:
        name = re.split(r"[\[<>=!~; ]", each)[0].lower()
        pins = set(re.findall(rf"^{re.escape(name)}(?:\[[^]]*\])?==(\S+)", lock, re.MULTILINE))
        assert found[name] == pins, name  # two where Pythons differ
    kept = [each.get("externalReferences", [{}])[0] for each in document["components"]]
    assert all(one.get("hashes") for one in kept)


def test_the_list_of_the_browser_has_what_its_packages_ask_for(folder: Path) -> None:
    """In the version of the lock file; nothing that only builds or tests them."""
    document, found = listed(sbom.web(folder))
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    asked = set[str]()
    for name in sbom.SHIPPED:
        about = json.loads((ROOT / "web" / "packages" / name / "package.json").read_text())
        asked |= set(about.get("dependencies", {}))
    assert "livekit-client" in asked
    for name in asked:
        place = lock[f"node_modules/{name}"]
        there = lock[place["resolved"]] if place.get("link") else place
        assert there["version"] in found[name], name
    assert not {"esbuild", "typescript", "playwright-core"} & set(found)
    assert document["metadata"]["component"]["name"] == "web"


@pytest.mark.parametrize("name", [sbom.PYTHON, sbom.WEB])
def test_no_list_says_where_it_was_made(folder: Path, name: str) -> None:
    """No folder of this machine."""
    made = folder / name
    text = (made if made.exists() else getattr(sbom, name[5:-5])(folder)).read_text()
    assert str(ROOT) not in text
