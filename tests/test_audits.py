"""The audits: what is known fails, what nobody answers is skipped, and no silence passes."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests import audits
from tests.audits import Audit, Finding
from tests.groups import run_audit

NOWHERE = "http://127.0.0.1:9"


@contextmanager
def database(answer: Any, status: int = 200) -> Iterator[str]:
    """A database that says the same to everybody; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """It is nobody's business."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def pip(folder: Path, url: str) -> Finding:
    """An audit of one Python package by the database at an address."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"robot==1.0 --hash=sha256:{'0' * 64}\n")
    options = ("--osv-url", f"{url}/v1/query", "--timeout", "5")
    return audits.pip(wanted, (*options, "--cache-dir", str(folder / "cache")))


def npm(folder: Path, url: str) -> Finding:
    """An audit of one package of npm by the registry at an address."""
    about = {"name": "house", "version": "1.0.0", "dependencies": {"robot": "1.0.0"}}
    lock = {
        "name": "house",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": about, "node_modules/robot": {"version": "1.0.0"}},
    }
    (folder / "package.json").write_text(json.dumps(about))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().startswith(("npm_config_", "http_proxy", "https_proxy"))
    }
    own = {"registry": f"{url}/", "cache": str(folder / "cache"), "fetch_retries": "0"}
    environment |= {f"npm_config_{name}": value for name, value in own.items()}
    return audits.npm(folder, environment)


WEAK_PYTHON = {
    "vulns": [
        {
            "id": "PYSEC-1",
            "summary": "It runs away.",
            "published": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [
                {
                    "package": {"name": "robot", "ecosystem": "PyPI"},
                    "ranges": [
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}
                    ],
                    "versions": ["1.0"],
                }
            ],
        }
    ]
}
WEAK_NPM = {
    "robot": [
        {
            "id": 1,
            "url": "https://example.com/1",
            "title": "It runs away.",
            "severity": "high",
            "vulnerable_versions": "<2.0.0",
            "cwe": [],
            "cvss": {"score": 0, "vectorString": None},
        }
    ]
}


@pytest.mark.parametrize(
    ("answer", "outcome", "words"), [(WEAK_PYTHON, "failed", "PYSEC-1"), ({}, "passed", "nothing")]
)
def test_what_is_known_of_a_python_package_fails(
    tmp_path: Path, answer: Any, outcome: str, words: str
) -> None:
    """By its name, its version and the version that mends it; nothing known passes."""
    with database(answer) as url:
        found = pip(tmp_path, url)
    assert found.outcome == outcome, found
    assert words in found.words
    assert outcome == "passed" or "robot 1.0: PYSEC-1, mended in ['2.0']" in found.words


@pytest.mark.parametrize(
    ("answer", "outcome", "words"), [(WEAK_NPM, "failed", "robot: high"), ({}, "passed", "nothing")]
)
def test_what_is_known_of_a_package_of_npm_fails(
    tmp_path: Path, answer: Any, outcome: str, words: str
) -> None:
    """By its name and how bad it is; nothing known passes."""
    with database(answer) as url:
        found = npm(tmp_path, url)
    assert found.outcome == outcome, found
    assert words in found.words


def test_a_database_that_nobody_reaches_is_no_weakness(tmp_path: Path) -> None:
    """It is told apart from one that answers, and from an answer without weaknesses."""
    assert pip(tmp_path, NOWHERE).outcome == "unreachable"
    assert npm(tmp_path, NOWHERE).outcome == "unreachable"
    with database({"message": "no such thing"}, status=405) as url:
        found = npm(tmp_path, url)
    assert found.outcome == "unreachable"
    assert "://" not in found.words


def test_what_pip_audit_does_not_understand_is_our_failure(tmp_path: Path) -> None:
    """A lock file that cannot be read is not the database's silence."""
    assert audits.pip(tmp_path / "none.txt").outcome == "failed"


@pytest.mark.parametrize(
    ("outcome", "required", "counted"),
    [
        ("passed", True, "passed"),
        ("failed", False, "failed"),
        ("unreachable", False, "skipped"),
        ("unreachable", True, "skipped"),
        ("missing", False, "skipped"),
        ("missing", True, "failed"),
    ],
)
def test_only_a_missing_program_is_required(
    capsys: pytest.CaptureFixture[str], outcome: Any, required: bool, counted: str
) -> None:
    """A database that does not answer is skipped by name, whatever is required."""
    total: Counter[str] = Counter()
    audit = Audit("robot audit", lambda: Finding(outcome, "for some reason"))
    run_audit(audit, total, required=required)
    assert total == Counter({counted: 1})
    shown = capsys.readouterr().out
    assert "robot audit" in shown
    assert "for some reason" in shown
    assert ("skipped, for its database" in shown) == (outcome == "unreachable")
