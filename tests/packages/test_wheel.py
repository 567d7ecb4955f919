"""What `pip install duologue` brings along."""

from __future__ import annotations

import gzip
import hashlib
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from tests.packages.conftest import run
from tests.web_api import WEB

pytestmark = pytest.mark.browser

ROOT = WEB.parent
PAGES = (
    *("duologue.js", "worklet.js", "room.js", "tracker.js", "talk.js", "console.js"),
    *("widget.js", "widget-de.js", "widget-fr.js", "widget-es.js", "widget-ar.js"),
)


@pytest.fixture(scope="module")
def wheel(built: None, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it is published."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


@pytest.mark.parametrize("name", PAGES)
def test_it_has_every_script_that_pages_load(name: str, wheel: zipfile.ZipFile) -> None:
    """A server from the wheel needs no Node.js to be talked with, embedded or visited."""
    content = wheel.read(f"duologue/console/assets/{name}")
    assert content == (ROOT / "src" / "duologue" / "console" / "assets" / name).read_bytes()
    assert len(content) > 500
    packed = f"duologue/console/assets/{name}.{hashlib.sha256(content).hexdigest()[:32]}.br"
    assert 0 < len(wheel.read(packed)) < len(gzip.compress(content, 9))


def test_it_has_all_that_is_no_code_too(wheel: zipfile.ZipFile) -> None:
    """Styles, migrations, the mark of types and the licence came along; tests and pages' sources
    did not.
    """
    names = set(wheel.namelist())
    source = ROOT / "src"
    kept = [
        one
        for kind in ("*.css", "*.typed", "*.py")
        for one in (source / "duologue").rglob(kind)
        if "__pycache__" not in one.parts
    ]
    assert kept
    assert {str(one.relative_to(source)) for one in kept} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {Path(name).parts[0] for name in names} == {"duologue", _information()}


def _information() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return f"{project['name']}-{project['version']}.dist-info"
