"""`make sbom`: what a published duologue is made of, as CycloneDX: in Python, in browsers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SHIPPED: Final = ("client", "widget", "react", "talk", "console")
"""The workspaces that go into packages and pages; examples and tests go nowhere."""
PYTHON: Final = "sbom-python.json"
WEB: Final = "sbom-web.json"


def python(folder: Path) -> Path:
    """Writes what the server needs, each with the version and the hashes of the lock file."""
    made = folder / PYTHON
    command = [
        *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"),
        *("requirements/server.txt", "--pyproject", "pyproject.toml"),
        *("--output-reproducible", "--of", "JSON", "-o", str(made)),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return made


def web(folder: Path) -> Path:
    """Writes what the browser packages need, by the lock file alone."""
    made = folder / WEB
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not here, and only it reads web/package-lock.json")
    chosen = [option for name in SHIPPED for option in ("--workspace", f"packages/{name}")]
    command = [npm, "sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"]
    done = subprocess.run(
        [*command, *chosen], cwd=ROOT / "web", check=True, capture_output=True, env=os.environ
    )
    made.write_bytes(done.stdout)
    return made


def main() -> int:
    """Writes both into `dist`."""
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    for make in (python, web):
        sys.stdout.write(f"wrote {make(folder).relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
