"""A person who speaks in the agent's place: every sample in order, and the words behind them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.pipeline.stage import Client, stage, until
from tests.pipeline.test_takeover import ADA, asked, back, order, taken

from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline.own_voice import BEFORE, PIECE, UNWRITTEN
from duologue.testing.models import ScriptedAnswers, ScriptedSTT
from duologue.testing.speech import speak
from duologue.wire import live as wire

RATE = 16000
FRAME = RATE // 50
PERSON = {"by": "person", "name": "Ada"}


class Line:
    """Ada's line to one run: what she hears, and why it ended."""

    def __init__(self, client: Client) -> None:
        self.takeover = client.run.takeover
        self.heard = bytearray()
        self.over: list[str] = []
        self.written = self.takeover.pick_up(ADA, self._hears, self.over.append)

    def _hears(self, pcm: bytes) -> None:
        self.heard += pcm

    async def say(self, pcm: bytes, *, quiet: float = 0.8) -> None:
        """Lets the microphone bring this, and then so many seconds of silence."""
        whole = pcm + bytes(round(quiet * RATE) * 2)
        for start in range(0, len(whole), FRAME * 2):
            self.takeover.hear(ADA, whole[start : start + FRAME * 2])
            await asyncio.sleep(0)


def spoken(text: str) -> bytes:
    """A voice that says this, after a second of silence."""
    return bytes(RATE * 2) + speak(text).at(RATE).pcm


def sound(client: Client) -> bytes:
    """All sound that a client was sent."""
    return b"".join(one.pcm for one in client.all(h.AgentAudio))


async def test_every_sample_arrives_in_order_and_its_words_follow(tmp_path: Path) -> None:
    """From shortly before the first syllable on; as the person's message, which the agent knows."""
    mind = ScriptedAnswers(["Gladly."])
    ears = ScriptedSTT(["I kept a table for you"])
    async with stage(tmp_path, llm=lambda: mind, stt=ears, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        line = Line(client)
        assert line.written
        voice = spoken("I kept a table for you.")
        await line.say(voice)
        await client.said("I kept a table for you")
        heard = sound(client)
        at = (voice + bytes(RATE * 4)).find(heard)
        assert at >= 0
        assert at % 2 == 0
        first = np.flatnonzero(np.abs(np.frombuffer(voice, "<i2")) > 1000)[0]
        assert first - 2 * BEFORE <= at // 2 <= first
        assert len(heard) > len(voice) - RATE * 2
        assert {len(one.pcm) for one in client.all(h.AgentAudio)} == {PIECE * 2}
        kinds = [type(one) for one in client.heard if not isinstance(one, h.AgentAudio)]
        turn = kinds[kinds.index(h.AgentStarted) :]
        assert turn == [
            h.AgentStarted,
            h.StateChanged,
            h.AgentText,
            h.AgentSaid,
            h.AgentSent,
            h.AgentEnded,
            h.StateChanged,
        ]
        await back(desk, client)
        assert line.over == ["handed_back"]
        client.run.floor.type("Thank you?")
        await client.said("Gladly.")
        assert asked(mind)[-2:] == ["I kept a table for you", "Thank you?"]
        assert "- I kept a table for you" in asked(mind)[0]
        kept = [(one.role, one.text, one.item, one.final) for one in await desk.record()]
        assert kept[0] == ("assistant", "I kept a table for you", PERSON, True)


async def test_who_talks_at_the_same_time_is_heard_and_cuts_nobody(tmp_path: Path) -> None:
    """The person hears the visitor; the visitor's words are told, and kept, behind the person's."""
    ears = ScriptedSTT(["one", "two"])
    async with stage(tmp_path, stt=ears, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        line = Line(client)
        person = spoken("I am talking for a while, and you are, too.")
        visitor = bytes(RATE * 2) + spoken("Can I?")  # a second later
        for start in range(0, len(person), FRAME * 2):
            line.takeover.hear(ADA, person[start : start + FRAME * 2])
            client.run.floor.hear((visitor + bytes(len(person)))[start : start + FRAME * 2], RATE)
            await asyncio.sleep(0.001)
        client.run.floor.type("By hand.")
        for _ in range(40):
            client.run.floor.hear(bytes(FRAME * 2), RATE)
        await line.say(b"", quiet=0.8)
        await client.until(h.UserSaid, lambda one: one.text == "By hand.")
        ends = [one for one in client.heard if isinstance(one, h.AgentEnded | h.UserStarted)]
        assert [type(one) for one in ends[:2]] == [h.AgentEnded, h.UserStarted]
        assert not client.all(h.AgentEnded)[0].interrupted
        assert visitor[: RATE * 3] in bytes(line.heard)
        assert person.find(sound(client)[:RATE]) > 0
        words = [role for role, _, _ in await desk.words()]
        assert words[0] == "assistant"
        assert words.count("user") >= 1


async def test_speech_cuts_what_the_same_person_typed(tmp_path: Path) -> None:
    """And what is typed while they speak waits until they are silent."""
    ears = ScriptedSTT(["no wait"])
    async with stage(tmp_path, stt=ears, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        line = Line(client)
        await order(desk, wire.Speak(ADA, "one two three four five six seven eight nine ten"))
        await client.until(h.AgentAudio)
        voice = spoken("No, wait, please.")
        for start in range(0, len(voice), FRAME * 2):
            line.takeover.hear(ADA, voice[start : start + FRAME * 2])
            await asyncio.sleep(0.01)
        assert (await client.until(h.AgentEnded)).interrupted
        await order(desk, wire.Speak(ADA, "Typed."))
        await line.say(b"", quiet=0.8)
        await client.said("no wait")
        await client.said("Typed.")
        words = await desk.words()
        assert [text for _, text, _ in words[1:]] == ["no wait", "Typed."]
        assert [one.item for one in await desk.record()] == [PERSON] * 3


async def test_a_line_ends_with_its_person(tmp_path: Path) -> None:
    """A second line takes the place of the first; nobody else has one, and none goes on after."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        with pytest.raises(DuologueError, match="Nobody has taken over"):
            Line(client)
        await taken(desk)
        first, second = Line(client), Line(client)
        assert (first.over, second.over) == (["replaced"], [])
        client.run.takeover.hear("con_bob", bytes(FRAME * 2))
        with pytest.raises(DuologueError, match="Ada has taken over"):
            client.run.takeover.pick_up("con_bob", second._hears, second.over.append)
        await back(desk, client)
        assert second.over == ["handed_back"]
        client.run.floor.hear(bytes(FRAME * 2), RATE)
        assert second.heard == b""
        await taken(desk)
        third = Line(client)
        await desk.host.finish(desk.org_id, desk.conversation, "done")
        assert third.over == ["ended"]


async def test_a_line_that_is_over_leaves_nothing(tmp_path: Path) -> None:
    """However often a person picks up; the last one is closed with the run."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        for _ in range(5):
            Line(client)
        streams = client.run.takeover._voice._streams
        await until(lambda: len(streams) == 1)
        client.run.takeover.hang_up(ADA)
        await until(lambda: not streams)
        Line(client)
        Line(client)
        await desk.host.finish(desk.org_id, desk.conversation, "done")
        await client.run.closed()
        assert streams == set()


async def test_last_words_are_understood_before_the_agent_is_back(tmp_path: Path) -> None:
    """Whoever hands back in mid-sentence said what they said."""
    ears = ScriptedSTT(["goodbye then"], delay=0.3)
    async with stage(tmp_path, stt=ears, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        line = Line(client)
        voice = spoken("Goodbye then, it was a pleasure.")
        await line.say(voice[: -RATE // 2 * 2], quiet=0)
        await back(desk, client)
        told = [one for one in client.heard if isinstance(one, h.AgentSaid | h.Noticed)]
        assert [type(one) for one in told] == [h.Noticed, h.AgentSaid, h.Noticed]
        assert [one.item for one in await desk.record()] == [PERSON]


async def test_sound_without_words_is_sound_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent learns that something was said."""
    mind = ScriptedAnswers(["Fine."])
    async with stage(tmp_path, llm=lambda: mind, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        client.run.takeover._voice._given = None
        await until(lambda: client.run._actor.session is not None)
        monkeypatch.setattr(client.run._actor, "session", _Bare(client))
        line = Line(client)
        assert not line.written
        await line.say(spoken("Nobody writes this down."))
        await client.until(h.AgentEnded)
        assert len(sound(client)) > RATE
        assert client.run.takeover._said == [UNWRITTEN]
        assert await desk.record() == []
        monkeypatch.undo()


async def test_who_hears_nothing_any_more_is_not_waited_for(tmp_path: Path) -> None:
    """The visitor's line drops while the person speaks: whoever comes next hears the rest."""
    ears = ScriptedSTT(["still here"])
    async with stage(tmp_path, stt=ears, greeting="", tabs="share") as desk:
        client = await desk.join()
        await taken(desk)
        line = Line(client)
        voice = spoken("I am still here, whoever listens to me now.")
        half = len(voice) // 4 * 2
        await line.say(voice[:half], quiet=0)
        await until(lambda: bool(client.all(h.AgentAudio)))
        await desk.leave(client, "dropped")
        again = await desk.join(again=True)
        await line.say(voice[half:])
        await again.said("still here")
        assert voice.find(sound(again)[: RATE // 4]) > 0
        assert [one.text for one in await desk.record()] == ["still here"]


class _Bare:
    """A session whose activity has no ears."""

    def __init__(self, client: Client) -> None:
        self._session = client.run._actor.session
        self._activity = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
