"""A provider that is late, fails, hangs, goes mad or is cut off: what is heard, and what is kept.

The rows are those of the table in docs/reliability.md, under the same names.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.pipeline.stage import Client, stage
from tests.promises.faulty import (
    HALF,
    MADNESS,
    FaultyEar,
    FaultyMind,
    FaultyVoice,
    Trouble,
)

from duologue.core import happenings as h
from duologue.pipeline.run import APOLOGY
from duologue.testing import models as scripted

MOST = 3
"""Failures in a row after which livekit-agents goes on; the next one is the last."""
QUIET = 1.0
"""Seconds in which somebody waits for what does not come."""
SOUND = bytes(32_000)
FIRST, SECOND = "You said: one", "You said: two"
KEPT = MADNESS.replace("\0", "")


class Row(NamedTuple):
    """What comes of a fault in the first turn; the second is always as good as any."""

    heard: tuple[str, ...]
    """What the agent says, in order."""
    sounds: bool = True
    """Whether its sound is heard."""
    failed: str = ""
    """The part that the caller, and the record, are told has failed."""
    kept: tuple[tuple[str, str], ...] | None = None
    """Role and text of the record, where it is not what was said and heard."""


ROWS: dict[str, Row] = {
    "llm slow": Row((FIRST,)),
    "llm once": Row((FIRST,)),
    "llm fail": Row((APOLOGY,), failed="thinking"),
    "llm hang": Row(()),
    "llm mad": Row((MADNESS, FIRST), kept=(("assistant", KEPT), ("assistant", FIRST))),
    "llm cut": Row((HALF, APOLOGY), failed="thinking"),
    "tts slow": Row((FIRST,)),
    "tts once": Row((FIRST,)),
    "tts fail": Row((FIRST,), sounds=False, failed="voice"),
    "tts hang": Row((FIRST,), sounds=False, kept=()),
    "tts mad": Row((FIRST,)),
    "tts cut": Row((FIRST,), sounds=False, failed="voice"),
    "stt slow": Row((FIRST,)),
    "stt once": Row((FIRST,)),
    "stt fail": Row((), failed="hearing"),
    "stt hang": Row(()),
    "stt mad": Row((f"You said: {MADNESS}",), kept=(("assistant", f"You said: {KEPT}"),)),
    "stt cut": Row((FIRST,)),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody speaks six times as fast."""
    monkeypatch.setattr(scripted, "CHARACTER", 0.01)


def models(part: str, trouble: Trouble) -> dict[str, Any]:
    """The settings of a stage one of whose models has that trouble."""
    if part == "llm":
        return {"llm": lambda: FaultyMind(trouble)}
    if part == "tts":
        return {"tts": lambda: FaultyVoice(trouble)}
    lost = trouble.fault in ("fail", "hang")  # what was said to no ear is said again
    heard = ["two"] if lost else ["one", "two"]
    pressed = {"trigger": "push_to_talk"}
    return {"stt": lambda: FaultyEar(trouble, heard), "turns": pressed}


async def asks(client: Client, part: str, text: str) -> None:
    """The caller types; or speaks, where it is about the ear."""
    if part != "stt":
        client.run.floor.type(text)
        return
    client.run.floor.press()
    client.run.floor.hear(SOUND, 16000)
    await asyncio.sleep(0.1)
    client.run.floor.release()


@pytest.mark.parametrize("name", ROWS)
async def test_what_is_heard_and_what_is_kept(tmp_path: Path, name: str) -> None:
    """The caller hears what the table says, is told what failed, and is answered the next time."""
    part, _, fault = name.partition(" ")
    row = ROWS[name]
    trouble = Trouble(fault)  # type: ignore[arg-type]  # the names of the rows are its faults
    async with stage(tmp_path, greeting="", **models(part, trouble)) as desk:
        client = await desk.join()
        await asks(client, part, "one")
        for text in row.heard:
            if fault == "hang":
                await client.until(h.AgentSaid, partial(says, text))
            else:
                await client.said(text)
        if row.failed:
            notice = await client.until(h.Noticed)
            assert (notice.code, row.failed in notice.message) == ("provider_failed", True)
        if not row.heard:
            await (client.until(h.UserEnded) if part == "stt" else asyncio.sleep(QUIET))
        assert bool(client.all(h.AgentAudio)) == (bool(row.heard) and row.sounds)
        await asks(client, part, "two")
        await client.said(SECOND)
        assert tuple(one.text for one in client.all(h.AgentSaid)) == (*row.heard, SECOND)
        assert len(client.all(h.Noticed)) == (1 if row.failed else 0)
        assert client.run.ended is None

        record = [one for one in await desk.record() if one.role == "assistant"]
        expected = [("assistant", text) for text in row.heard] if row.kept is None else [*row.kept]
        assert [(one.role, one.text) for one in record] == [*expected, ("assistant", SECOND)]
        assert not any(one.interrupted for one in record)
        errors = [one.item["part"] for one in await desk.record() if one.kind == "error"]
        assert errors == ([row.failed] if row.failed else [])


async def test_a_mind_that_never_recovers_apologizes_each_time(tmp_path: Path) -> None:
    """The call goes on: the caller may leave, or somebody may take over."""
    trouble = Trouble("fail", lasts=True)
    async with stage(tmp_path, greeting="", **models("llm", trouble)) as desk:
        client = await desk.join()
        for number in range(1, MOST + 3):
            client.run.floor.type(f"question {number}")
            await client.until(h.Noticed, partial(counts, client, h.Noticed, number))
            said = await client.until(h.AgentSaid, partial(apologized, client, number))
            await client.until(h.AgentEnded, partial(over, said.turn))
        assert client.run.ended is None


async def test_a_voice_that_never_recovers_ends_the_call_in_words(tmp_path: Path) -> None:
    """After the fourth failure in a row the agent cannot go on, and its caller is told so."""
    trouble = Trouble("fail", lasts=True)
    async with stage(tmp_path, greeting="", **models("tts", trouble)) as desk:
        client = await desk.join()
        for number in range(1, MOST + 2):
            client.run.floor.type(f"question {number}")
            await client.until(h.Noticed, partial(counts, client, h.Noticed, number))
            await client.until(h.AgentEnded, partial(counts, client, h.AgentEnded, number))
        assert (await client.until(h.Ended)).code == "agent_failed"
        await client.run.closed()
        words = [text for role, text, _ in await desk.words() if role == "assistant"]
        assert words == [f"You said: question {number}" for number in range(1, MOST + 1)]


def apologies(client: Client) -> int:
    """How often the agent said that it is sorry."""
    return sum(one.text == APOLOGY for one in client.all(h.AgentSaid))


def apologized(client: Client, times: int, _: h.AgentSaid) -> bool:
    """Whether the agent said so often that it is sorry."""
    return apologies(client) == times


def counts(client: Client, kind: type[Any], number: int, _: Any) -> bool:
    """Whether so many of a kind happened."""
    return len(client.all(kind)) == number


def says(text: str, said: h.AgentSaid) -> bool:
    """Whether the agent said just this."""
    return said.text == text


def over(turn: str, ended: h.AgentEnded) -> bool:
    """Whether that turn ended, or one behind it."""
    return ended.turn >= turn
