"""What the registry would get of each npm package: all that it names, and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import PurePosixPath

import pytest
from tests.packages.conftest import Packed, exported
from tests.web_api import PACKAGES, WEB

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("package", PACKAGES)]

ROOT = WEB.parent
FOREIGN = re.compile(
    "|".join(
        [
            "(?<![\\w.$}*-])/(?:ho" + "me|ro" + "ot|Us" + "ers|wo" + "rk|tm" + "p)/\\w",
            "registry" + r"\.npmjs",
            "node_" + "modules/",
        ]
    )
)


def test_everything_that_it_names_is_in_it(package: str, packed: Packed) -> None:
    """Each file of the exports map came along, and the folders that it promises."""
    described, files = packed.described(package), packed.files(package)
    named = [one.removeprefix("./") for one in exported(described)]
    assert named
    assert [one for one in named if one not in files] == []
    assert [
        one for one in described["files"] if not any(f.split("/")[0] == one for f in files)
    ] == []


def test_types_are_found_before_code(package: str, packed: Packed) -> None:
    """In every way in that has types, they stand before what they are the types of."""
    for way, target in packed.described(package)["exports"].items():
        if isinstance(target, dict) and way.rpartition(".")[2] not in ("css", "js"):
            ways = [each for each in target if each != "source"]
            assert ways[0] == "types", way
            assert ways[-1] == "default", way


def test_it_says_what_it_is(package: str, packed: Packed) -> None:
    """Modules, the project's version and licence, its effects, and one version of ourselves."""
    described = packed.described(package)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert described["type"] == "module"
    assert described["version"] == project["version"]
    assert described["license"] == project["license"]
    assert not described.get("private")
    assert "sideEffects" in described
    needs = described.get("dependencies", {})
    assert {v for name, v in needs.items() if name.startswith("@duologue/")} <= {project["version"]}
    licence = (packed.root(package) / "dist" / "LICENSE").read_text()
    assert licence == (ROOT / "LICENSE").read_text()
    assert described["name"] in (packed.root(package) / "README.md").read_text()


def test_nothing_comes_along_that_is_only_ours(package: str, packed: Packed) -> None:
    """No test, no setting of a compiler, no bundle of another day."""
    allowed = {"dist", "src", "README.md", "LICENSE", "package.json"}
    files = packed.files(package)
    assert {name.split("/")[0] for name in files} <= allowed
    assert [one for one in files if re.search(r"\.test\.|tsconfig|tests/", one)] == []


def test_no_file_names_a_registry_or_a_folder_of_one_machine(package: str, packed: Packed) -> None:
    """What was built tells nothing of where it was built."""
    root = packed.root(package)
    found = {
        name: match[0]
        for name in packed.files(package)
        if (match := FOREIGN.search((root / name).read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_a_debugger_finds_the_source(package: str, packed: Packed) -> None:
    """Every module has its map, and every source in it is in the package or in the map."""
    files = packed.files(package)
    scripts = [one for one in files if one.startswith("dist/") and one.endswith(".js")]
    assert scripts
    for script in scripts:
        text = (packed.root(package) / script).read_text(encoding="utf-8")
        named = re.search(r"//# sourceMappingURL=(\S+)\s*$", text)
        assert named is not None, script
        where = PurePosixPath(script).parent / named[1]
        drawn = json.loads((packed.root(package) / where).read_text(encoding="utf-8"))
        assert drawn["sources"]
        assert None not in (drawn.get("sourcesContent") or [None]), script
