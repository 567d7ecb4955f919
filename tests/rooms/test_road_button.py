"""Push-to-talk in a room: with LiveKit's own clients the microphone's switch is the button."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import LanguageCode, stt
from tests.rooms.caller import Caller, Hall, hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import LOUD, fresh

from duologue.testing.speech import speak
from duologue.wire.rooms import INTERRUPTED, OURS

BUTTON = {"trigger": "push_to_talk"}
LONG = "This is a long greeting that nobody hears to its end, for it goes on and on and on."
WORDS = "What time is it, please?"
ASKED = "What time is it where you are, and how long is it until the last train goes?"
DOWN, UP = {"type": "trigger.turn.start"}, {"type": "trigger.turn.end"}


class Ears(stt.STT[Any]):
    """Hears the next of some texts whenever it is asked, if it got anything but silence."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=False, manual_flush=True, offline_recognize=False
            )
        )
        self.texts = iter(texts)
        self._loud = [0.0]  # a list, for each run has a copy of us

    @property
    def seconds(self) -> float:
        """How much loud sound it got since the button went down, or up."""
        return self._loud[0]

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._loud[0] = seconds

    def stream(self, **given: Any) -> stt.RecognizeStream:
        """A stream for one press."""
        self.seconds = 0.0
        return _Hearing(self, given["conn_options"])

    async def _recognize_impl(self, *args: Any, **given: Any) -> stt.SpeechEvent:
        raise RuntimeError("Ears only streams")


class _Hearing(stt.RecognizeStream):
    def __init__(self, ears: Ears, conn_options: Any) -> None:
        super().__init__(stt=ears, conn_options=conn_options)
        self._ears = ears

    async def _run(self) -> None:
        ears = self._ears
        async for given in self._input_ch:
            if isinstance(given, rtc.AudioFrame):
                samples = np.frombuffer(bytes(given.data), dtype="<i2").astype(float)
                if float(np.sqrt(np.mean(samples**2))) > LOUD:
                    ears.seconds += given.duration
            elif ears.seconds:
                ears.seconds = 0.0
                said = stt.SpeechData(language=LanguageCode("en"), text=next(ears.texts, "more"))
                kind = stt.SpeechEventType.FINAL_TRANSCRIPT
                self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[said]))


async def meet(house: Hall, *, muted: bool) -> Caller:
    """A stock client in a room with the agent; its microphone is there, on or off."""
    claim = await house.claim(fresh())
    ann = await house.enter(claim, mic=False)
    await ann.publish(muted=muted)
    house.send_agent(claim)
    await ann.agent()
    house.stage.conversation = claim.conversation
    return ann


async def test_who_switches_the_microphone_on_presses_and_off_lets_go(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """What is said meanwhile is a turn, and nothing else is; a switch silences the agent, too."""
    ears = Ears([ASKED, "Stop that."])
    async with hall(tmp_path, livekit, stt=ears, turns=BUTTON, greeting="Hello.") as house:
        ann = await meet(house, muted=True)
        await ann.reads("Hello.")
        ann.switch(on=True)
        await ann.say(speak(WORDS))
        await ann.until(lambda: ears.seconds > 0.5)
        assert not ann.of_user()
        ann.switch(on=False)
        await ann.until(lambda: any("You said: What" in one.text for one in ann.of_agent()))
        assert [one.text for one in ann.of_user() if one.final] == [ASKED]
        ann.switch(on=True)  # while the agent answers
        await ann.until(lambda: ann.of_agent()[-1].done)
        cut = ann.of_agent()[-1]
        assert cut.attributes[INTERRUPTED] == "true"
        await ann.say(speak("Stop that, please."))
        ann.switch(on=False)
        await ann.reads("You said: Stop that.")
        said = [(role, cut) for role, _, cut in await house.stage.words()]
        assert said == [
            ("assistant", False), ("user", False), ("assistant", True),
            ("user", False), ("assistant", False),
        ]  # fmt: skip


async def test_a_microphone_that_is_on_from_the_start_is_held_down(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """It does not cut the greeting, and words over it are answered when it is switched off."""
    ears = Ears(["What time is it?"])
    async with hall(tmp_path, livekit, stt=ears, turns=BUTTON, greeting=LONG[:33]) as house:
        ann = await meet(house, muted=False)
        await ann.until(lambda: bool(ann.of_agent()))
        await ann.say(speak(WORDS))
        await ann.reads(LONG[:33])
        ann.switch(on=False)
        await ann.reads("You said: What time is it?")
        words = await house.stage.words()
        assert [(role, cut) for role, _, cut in words] == [
            ("assistant", False), ("user", False), ("assistant", False),
        ]  # fmt: skip
        assert words[0][1] == LONG[:33]


async def test_who_switches_off_without_a_word_silences_nobody(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A client that switches the microphone on by itself, and a user who only listens."""
    async with hall(tmp_path, livekit, stt=Ears([]), turns=BUTTON, greeting=LONG) as house:
        ann = await meet(house, muted=False)
        await ann.until(lambda: bool(ann.of_agent()))
        ann.switch(on=False)
        greeting = await ann.reads(LONG)
        assert INTERRUPTED not in greeting.attributes
        assert len(await house.stage.words()) == 1


async def test_what_was_said_before_the_agent_came_is_a_turn_though_it_is_muted_by_then(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """The button was down when it was said, and it is up now."""
    async with hall(tmp_path, livekit, stt=Ears(["a table"]), turns=BUTTON, greeting="") as house:
        claim = await house.claim(fresh())
        ann = await house.enter(claim, mic=False)
        track = (await ann.publish(early=True)).sid
        ann.switch(on=False)
        house.send_agent(claim)
        await ann.said_before(track, speak(WORDS))
        await ann.reads("You said: a table")


async def test_a_client_with_a_button_of_its_own_is_believed(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """From its first press on, its microphone's switch presses nothing, and words before count no
    more.
    """
    ears = Ears(["a table", "for two"])
    async with hall(tmp_path, livekit, stt=ears, turns=BUTTON, greeting="") as house:
        ann = await meet(house, muted=False)
        await ann.until(lambda: "listening" in ann.states)
        await ann.say(speak(WORDS))
        await ann.send(DOWN, OURS)
        await ann.say(speak(WORDS))
        await ann.send(UP, OURS)
        await ann.reads("You said: a table")
        ann.switch(on=False)
        ann.switch(on=True)
        await ann.say(speak(WORDS))
        ann.switch(on=False)
        await asyncio.sleep(0.5)
        assert not ears.seconds
        ann.switch(on=True)
        await ann.send(DOWN, OURS)
        await ann.say(speak(WORDS))
        ann.switch(on=False)  # whoever is muted says no more
        await ann.reads("You said: for two")
        users = [text for role, text, _ in await house.stage.words() if role == "user"]
        assert users == ["a table", "for two"]


async def test_a_client_that_lets_go_first_is_not_heard_before_it_presses(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """So it says at the beginning that its open microphone is no button."""
    ears = Ears(["a table"])
    async with hall(tmp_path, livekit, stt=ears, turns=BUTTON, greeting="") as house:
        claim = await house.claim(fresh())
        ann = await house.enter(claim)
        house.send_agent(claim)
        await ann.until(lambda: "listening" in ann.states)
        await ann.send(UP, OURS)
        await ann.say(speak(WORDS))
        assert not ears.seconds
        await ann.send(DOWN, OURS)
        await ann.say(speak(WORDS))
        await ann.send(UP, OURS)
        await ann.reads("You said: a table")
