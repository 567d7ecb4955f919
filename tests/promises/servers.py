"""A server that tests look into from outside: its memory, its files, whether it runs."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

from tests.serving import House


class Server(House):
    """One `duologue dev`, which may be killed; it starts again on the same port."""

    def __init__(self, folder: Path, agents: Path, **settings: Any) -> None:
        super().__init__(folder / "data", agents, mode="dev", **settings)
        self.temporary = folder / "temporary"
        """Where it has files for the moment."""
        self.temporary.mkdir(exist_ok=True)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.data / "duologue.db"

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    @property
    def open_files(self) -> list[str]:
        """What its file descriptors lead to."""
        found = []
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found.append(str(each.readlink()))
            except FileNotFoundError:  # closed while we looked
                continue
        return found

    @property
    def _environment(self) -> dict[str, str]:
        return super()._environment | {"TMPDIR": str(self.temporary)}
