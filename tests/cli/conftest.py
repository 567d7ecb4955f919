"""A shell for the commands: its own folder, its own environment, their output and exit code."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from tests import postgres

from duologue.cli import main


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one line of JSON on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


class Shell:
    """Runs commands in this process, as a shell in an empty folder would."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *arguments: str) -> Answer:
        """The answer of `duologue …`."""
        self._capture.readouterr()
        code = main(arguments)
        out, err = self._capture.readouterr()
        return Answer(code, out, err)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder, wide enough that no table breaks a line."""
    for name in os.environ:
        if name.startswith(("DUOLOGUE_", "LIVEKIT_")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One PostgreSQL server for all tests of a process."""
    with postgres.server() as address:
        yield address


def fresh(server: str) -> str:
    """The address of an empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"

    async def create() -> None:
        connection: Any = await asyncpg.connect(f"{server}/postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()

    asyncio.run(create())
    return f"{server}/{name}"


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database of each kind, which the commands of the shell mean."""
    if request.param == "sqlite":
        return "sqlite:///.duologue/duologue.db"
    made = fresh(request.getfixturevalue("postgres_server"))
    monkeypatch.setenv("DUOLOGUE_DATABASE_URL", made)
    return made
