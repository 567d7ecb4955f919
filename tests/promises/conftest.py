"""Servers that start at once, for the promises that are kept by what outlives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.promises.servers import Server
from tests.promises.talkers import AGENTS


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    """A file with the agent of those who type."""
    file = tmp_path / "desk.py"
    file.write_text(AGENTS)
    return file


@pytest.fixture
def server(tmp_path: Path, agents: Path) -> Iterator[Server]:
    """A server that runs, of this test alone."""
    made = Server(tmp_path, agents, grace_seconds=3.0)
    with made:
        yield made
