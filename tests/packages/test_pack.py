"""What lies packed beside the scripts that servers serve."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packages.conftest import run
from tests.web_api import WEB

pytestmark = pytest.mark.browser

HASH = "0" * 32


def test_what_belongs_to_no_script_goes(node: str, tmp_path: Path) -> None:
    """Packed files of a script that is gone, of one that changed, and of a run that was killed.

    What another run is writing stays, and so does what nobody packed.
    """
    web, assets = tmp_path / "web", tmp_path / "src" / "duologue" / "console" / "assets"
    web.mkdir()
    assets.mkdir(parents=True)
    shutil.copy(WEB / "pack.mjs", web)
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait(60)
    writing = f"talk.js.{HASH}.br.{os.getpid()}"
    gone = [f"old.js.{HASH}.br", f"talk.js.{HASH}.br", f"talk.js.{HASH}.br.{killed.pid}"]
    stay = [writing, "house.css", "talk.js", "notes.br"]
    for name in gone + stay:
        (assets / name).write_text("export const talk = 1;")
    run(node, "pack.mjs", cwd=web)
    left = {one.name for one in assets.iterdir()}
    assert left.isdisjoint(gone)
    assert left >= {*stay}
    (packed,) = left - {*stay}
    assert packed.startswith("talk.js.")
    assert packed.endswith(".br")
