"""A server for the scenarios; those that kill it or count its money start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.serving import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with both demo agents, shared by callers who do not harm it."""
    with House(tmp_path_factory.mktemp("house") / "data") as running:
        running.publish("demo", "demo-ptt")
        yield running


@pytest.fixture(scope="session")
def key(house: House) -> str:
    """A secret key of that server."""
    return house.secret_key()
