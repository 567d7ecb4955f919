"""Whether what we are made of has known weaknesses: asked of the databases of others.

Where a database does not answer, nothing is known, and the audit is skipped by name: it is no
failure of ours. A program that is missing is one where everything is required.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

ROOT: Final = Path(__file__).parent.parent
Outcome = Literal["passed", "failed", "unreachable", "missing"]
_SILENT: Final = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ConnectionTimeout")
"""What pip-audit's last words hold where its database did not answer."""


class Finding(NamedTuple):
    """How an audit went, and what there is to say of it."""

    outcome: Outcome
    words: str


class Audit(NamedTuple):
    """A program that asks a database."""

    name: str
    run: Callable[[], Finding]


def pip(
    requirements: Path = ROOT / "requirements" / "dev.txt", options: Sequence[str] = ()
) -> Finding:
    """What is known of the Python packages of a lock file, by pip-audit and OSV."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip"),
        *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if "No module named pip_audit" in done.stderr:
        return Finding("missing", "there is no pip-audit; make test installs it")
    told = _object(done.stdout)
    if told is None:
        silent = any(word in done.stderr for word in _SILENT)
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        return Finding("unreachable" if silent else "failed", last[0][:300])
    unknown = [each["name"] for each in told["dependencies"] if "skip_reason" in each]
    if unknown:
        return Finding("failed", f"the database does not know {', '.join(unknown)}")
    return _judged(
        f"{each['name']} {each['version']}: {one['id']}, mended in {one['fix_versions']}"
        for each in told["dependencies"]
        for one in each["vulns"]
    )


def npm(folder: Path = ROOT / "web", environment: Mapping[str, str] | None = None) -> Finding:
    """What is known of the packages of npm's lock file, by npm's own registry."""
    program = shutil.which("npm")
    if program is None:
        return Finding("missing", "there is no npm; to install it: apt-get install npm")
    done = subprocess.run(
        [program, "audit", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    told = _object(done.stdout)
    if told is None:
        return Finding("failed", (done.stderr or done.stdout)[:300])
    if "auditReportVersion" not in told:
        return Finding("unreachable", _hushed(str(told.get("message", told))))
    return _judged(
        f"{name}: {each['severity']}, {each['range']}"
        for name, each in told["vulnerabilities"].items()
    )


AUDITS: Final = (Audit("pip-audit", pip), Audit("npm audit", npm))


def _judged(found: Any) -> Finding:
    known = list(found)
    return Finding("failed", "\n".join(known)) if known else Finding("passed", "nothing is known")


def _object(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _hushed(text: str) -> str:
    """An error without the address of a registry, which is each machine's own."""
    return " ".join(word for word in text.split() if "://" not in word)[:300]
