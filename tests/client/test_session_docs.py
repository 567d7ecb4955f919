"""What the guide to sessions shows is run, block after block, against a server in `dev`."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving import House
from tests.test_docs import blocks

from duologue import Session, TokenSource
from duologue.testing import speech

SHOWN = blocks("docs/session.md", "python")
PATIENCE = 60.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo agents."""
    with House(tmp_path_factory.mktemp("guide") / "data", mode="dev") as running:
        yield running


async def run(block: str, **names: Any) -> list[str]:
    """Runs a block as the body of a coroutine; gives what it printed."""
    printed: list[str] = []
    names["print"] = lambda *parts: printed.append(" ".join(map(str, parts)))
    code = compile(block, "docs/session.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with asyncio.timeout(PATIENCE):
        # The guide's own words, which are in this repository.
        done = eval(code, names)
        if done is not None:
            await done
    return printed


async def test_the_first_block_is_a_whole_conversation(house: House) -> None:
    """As it stands, but for the port."""
    printed = await run(SHOWN[0].replace("http://127.0.0.1:8787", house.url))
    assert any(line.startswith("agent Ask me for the time") for line in printed)


@pytest.mark.parametrize("number", range(1, len(SHOWN)))
async def test_every_other_block_runs_in_an_open_session(
    house: House, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `session` being one that is open."""
    speech.tone(0.2).save(tmp_path / "question.wav")
    monkeypatch.chdir(tmp_path)
    source = TokenSource.duologue(house.url)
    async with Session(source, agent_name="demo", transport="websocket") as session:
        await run(SHOWN[number], session=session)
        assert session.is_connected
