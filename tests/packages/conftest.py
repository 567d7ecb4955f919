"""Our npm packages as a registry would get them, packed once a run, and projects with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.conftest import everything
from tests.once import once
from tests.web_api import PACKAGES, WEB

MODULES = WEB / "node_modules"


class Packed:
    """The packages unpacked again, side by side as npm would install them."""

    def __init__(self, folder: Path) -> None:
        self.modules = folder / "node_modules"

    def root(self, package: str) -> Path:
        """Where a package is."""
        return self.modules / "@duologue" / package

    def files(self, package: str) -> list[str]:
        """Every file of it."""
        root = self.root(package)
        return sorted(str(one.relative_to(root)) for one in root.rglob("*") if one.is_file())

    def described(self, package: str) -> dict[str, Any]:
        """Its package.json."""
        found: dict[str, Any] = json.loads((self.root(package) / "package.json").read_text())
        return found

    def project(self, folder: Path, *others: str) -> Path:
        """A project that has installed them, and other packages that are here already."""
        modules = folder / "node_modules"
        shutil.copytree(self.modules, modules)
        for name in others:
            (modules / name).parent.mkdir(exist_ok=True)
            (modules / name).symlink_to(MODULES / name)
        (folder / "package.json").write_text('{"name": "site", "private": true, "type": "module"}')
        return folder


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js with what web/ needs; without it tests are skipped by name, or fail in CI."""
    found = shutil.which("node")
    if found is None or not (MODULES / ".bin" / "tsc").exists():
        how = "the packages' tests need Node.js and npm --prefix web ci"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(how, pytrace=False)
        pytest.skip(how)
    return found


@pytest.fixture(scope="session")
def built(node: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The scripts that the server serves, built from what stands in the tree."""
    once(tmp_path_factory, "build", everything)


@pytest.fixture(scope="session")
def packed(node: str, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """All packages that are published, by `npm pack`, each built anew."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    packed = Packed(folder / "packed")
    once(tmp_path_factory, "packed", lambda: pack(packed, folder / "workshop" / "web"))
    return packed


def pack(packed: Packed, web: Path) -> None:
    """Packs every package, in the order in which they need each other, and not in the tree itself.

    What is built there would be found by whoever forgets to ask for the sources.
    """
    for name in PACKAGES:
        left = shutil.ignore_patterns("node_modules", "dist", "build")
        shutil.copytree(WEB / "packages" / name, web / "packages" / name, ignore=left)
    shutil.copy(WEB.parent / "LICENSE", web.parent)
    spaces = [f"packages/{name}" for name in PACKAGES]
    (web / "package.json").write_text(json.dumps({"private": True, "workspaces": spaces}))
    (web / "node_modules" / "@duologue").mkdir(parents=True)
    for module in MODULES.iterdir():
        if module.name != "@duologue":
            (web / "node_modules" / module.name).symlink_to(module)
    for name in PACKAGES:
        (web / "node_modules" / "@duologue" / name).symlink_to(web / "packages" / name)
        root = packed.root(name)
        root.mkdir(parents=True)
        run("npm", "pack", "--workspace", f"packages/{name}", "--pack-destination", root, cwd=web)
        (archive,) = root.glob("*.tgz")
        with tarfile.open(archive) as content:
            for member in content.getmembers():
                member.name = member.name.removeprefix("package/")
                content.extract(member, root, filter="data")
        archive.unlink()


def run(*command: str | Path, cwd: Path, ok: Iterable[int] = (0,)) -> str:
    """What a program says; its errors are ours."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode in ok, f"{command[0]} in {cwd}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def exported(described: dict[str, Any]) -> Iterable[str]:
    """Every file that a package.json names."""

    def leaves(value: object) -> Iterable[str]:
        if isinstance(value, dict):
            for each in value.values():
                yield from leaves(each)
        elif isinstance(value, str):
            yield value

    for key in ("exports", "main", "module", "types"):
        yield from leaves(described.get(key))
