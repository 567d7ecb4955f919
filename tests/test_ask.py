"""The script of the readme, against a server as `duologue dev` starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.serving import House

SCRIPT = Path(__file__).parent.parent / "examples" / "ask.py"


def test_the_script_of_the_readme_prints_greeting_and_answer(tmp_path: Path) -> None:
    """Every line of it works as it stands, but for the port."""
    with House(tmp_path / "data", mode="dev") as house:
        script = SCRIPT.read_text(encoding="utf-8").replace("http://127.0.0.1:8787", house.url)
        command = [sys.executable, "-c", script, "What can you do?"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    greeting, answer = done.stdout.splitlines()
    assert greeting.startswith("Hello! This is the Corner Table.")
    assert answer.startswith("Ask me for the time")
