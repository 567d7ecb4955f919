"""Our own client, on a clock of samples that the test turns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.testing.scripted import buzz

from duologue.testing.client import Step
from duologue.testing.heard import Heard
from duologue.testing.line import Ticket
from duologue.testing.own import CAPABILITIES, FRAME, OwnClient
from duologue.testing.speech import tone

QUIET = bytes(FRAME * 2)


def ticket(
    trigger: str = "automatic", capabilities: list[str] = CAPABILITIES, *, polite: bool = False
) -> Ticket:
    """What authorize answers; with `polite` for an agent that nobody interrupts."""
    transcription = {"trigger": trigger, "can_interrupt": not polite}
    config = {"transcription": transcription, "capabilities": capabilities}
    return Ticket("key", "conv", {"config": config, "resume_token": "token"})


def on_line(trigger: str = "automatic") -> OwnClient:
    """A client that connected at sample 0."""
    client = OwnClient()
    assert told(client.connected(ticket(trigger), 0)) == [{"type": "client.ready"}]
    return client


def frame(kind: str, turn: str, **fields: Any) -> str:
    """A text frame of the server."""
    return json.dumps({"type": kind, "turn_id": turn, **fields})


def speaking(samples: int) -> OwnClient:
    """A client that plays the turn `t1` from sample 0 on."""
    client = on_line()
    client.take(frame("turn.start", "t1", role="assistant"), 0)
    client.take(bytes(samples * 2), 0)
    return client


def told(steps: list[Step]) -> list[dict[str, Any]]:
    """The text frames among the steps."""
    return [json.loads(step) for step in steps if isinstance(step, str)]


def noted(steps: list[Step]) -> list[tuple[int, str, Any]]:
    """The events among the steps."""
    return [(step.at, step.type, step.content) for step in steps if isinstance(step, Heard)]


def played(ms: float, turn: str = "t1") -> dict[str, Any]:
    """The word for how much was played."""
    return {"type": "client.played", "turn_id": turn, "played_ms": ms}


def finished(reason: str, ms: float) -> dict[str, Any]:
    """The word for the end of a turn's sound."""
    kind = "trigger.response.audio.replay_finished"
    return {"type": kind, "reason": reason, "turn_id": "t1", "played_ms": ms}


def test_the_microphone_leaves_in_binary_frames_of_40_ms() -> None:
    """Sound is 640 samples at 16 kHz a frame, without a word around it."""
    client = on_line()
    assert client.advance(639) == []
    assert client.advance(16000) == [QUIET] * 24
    assert client.advance(16128) == [QUIET]


def test_what_was_played_is_told_every_tenth_of_a_second_and_at_the_end() -> None:
    """The position is that of the loudspeaker; the end comes once, when there is no more."""
    client = speaking(4000)
    assert told(client.advance(1599)) == []
    assert told(client.advance(1600)) == [played(100)]
    assert told(client.advance(3300)) == [played(206.25)]
    assert told(client.advance(4899)) == []
    assert told(client.advance(4900)) == [played(250)]
    assert told(client.take(frame("response.end", "t1"), 4950)) == [
        played(250),
        finished("completed", 250),
    ]
    assert told(client.advance(9000)) == []
    assert told(client.take(frame("turn.end", "t1", role="assistant"), 9000)) == []


def test_a_turn_of_the_user_drops_the_sound_and_tells_the_truth() -> None:
    """What was not played never is, and the server learns how much that was to the sample."""
    client = speaking(4000)
    steps = client.take(frame("turn.start", "user-1", role="user"), 1001)
    assert told(steps) == [played(62.5625), finished("interrupted", 62.5625)]
    assert noted(steps) == [(1001, "turn.start", "user"), (1001, "sound.stopped", True)]
    late = client.take(bytes(200), 1100)
    assert noted(late) == [(1100, "response.audio", bytes(200))]
    assert told(client.advance(9000)) == []
    assert client.player.dropped == {"t1": 2999 + 100}


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        (lambda client: client.types("Hm?", 160), "client.response.text"),
        (lambda client: client.interrupts(160), "client.interrupt"),
        (lambda client: client.presses(160), "trigger.turn.start"),
        (lambda client: client.leaves(160), "client.end"),
    ],
)
def test_a_deed_of_the_user_silences_the_agent_at_once(
    deed: Callable[[OwnClient], list[Step]], kind: str
) -> None:
    """Nobody waits for the server; what it learns beside the deed is how much was heard."""
    client = speaking(4000)
    messages = told(deed(client))
    assert [one for one in messages if one["type"] != kind] == [
        played(10),
        finished("interrupted", 10),
    ]
    assert len(messages) == 3
    assert client.player.current is None


def test_an_agent_that_may_not_be_interrupted_speaks_on() -> None:
    """Neither text nor the button silences it; only the server can."""
    client = speaking(4000)
    client.connected(ticket("push_to_talk", polite=True), 0)
    client.take(frame("turn.start", "t1", role="assistant"), 0)
    client.take(bytes(8000), 0)
    assert len(told(client.types("Hm?", 160))) == len(told(client.presses(160))) == 1
    assert client.player.sounding


async def test_a_voice_pauses_the_sound_until_it_was_nothing() -> None:
    """The pause and its end are told at once, and no sample is lost or played twice."""
    client = on_line()
    client.take(frame("turn.start", "t1", role="assistant"), 0)
    client.take(bytes(64000), 0)
    client.take(frame("response.end", "t1"), 0)
    voice = buzz(0.3)
    client.advance(8000)
    saying = asyncio.create_task(client.microphone.speak(voice))
    await asyncio.sleep(0)
    steps = [step for now in range(8001, 60000, 256) for step in client.advance(now)]
    await saying
    events = {kind: (at, content) for at, kind, content in noted(steps)}
    began, paused = events["voice.began"][0], events["sound.paused"]
    assert 8000 - 256 <= began <= 8000
    assert began < paused[0] <= began + 3200
    resumed = events["sound.resumed"]
    assert resumed[1] == paused[1], "the position is the same after the pause"
    assert resumed[0] - began > 4800
    assert events["sound.stopped"] == (32000 + resumed[0] - paused[0], False)
    messages = told(steps)
    assert messages.count(played(paused[1] / 16)) >= (resumed[0] - paused[0]) // 1600
    assert messages[-1] == finished("completed", 2000)


def test_a_lost_line_is_healed_by_the_truth() -> None:
    """After a drop the broken turn's position comes before the client says that it hears."""
    client = speaking(4000)
    assert told(client.lost(1600)) == []
    client.lost(2000)
    assert told(client.connected(ticket(), 9000)) == [played(100), {"type": "client.ready"}]
    assert told(client.connected(ticket(), 9999)) == [{"type": "client.ready"}]


def test_a_page_that_goes_tells_how_far_it_was_and_the_next_knows_only_its_token() -> None:
    """A reload forgets the turn: its position was told before."""
    client = speaking(4000)
    client.resume_token = "token"
    assert told(client.unloads(1600)) == [played(100)]
    page = client.reloaded()
    fields = {"capabilities": CAPABILITIES, "conversation_id": "conv", "resume_token": "token"}
    assert page.asks("conv") == fields
    assert told(page.connected(ticket(), 9000)) == [{"type": "client.ready"}]


async def test_a_button_let_go_sends_the_rest_of_a_frame() -> None:
    """With push-to-talk nothing leaves before the button, and no word's end is lost after it."""
    client = on_line("push_to_talk")
    assert client.advance(5000) == []
    client.presses(5000)
    saying = asyncio.create_task(client.microphone.speak(tone(0.05, rate=16000)))
    await asyncio.sleep(0)
    sent = [step for step in client.advance(6400) if isinstance(step, bytes)]
    await saying
    *rest, end = client.releases(6400)
    assert [len(piece) // 2 for piece in [*sent, *rest] if isinstance(piece, bytes)] == [
        640,
        640,
        256,
    ]
    assert told([end]) == [{"type": "trigger.turn.end", "role": "user"}]


def test_what_the_server_tells_of_itself_is_noted() -> None:
    """History, states and tools are events; none of them is a turn."""
    client = on_line()
    messages = [{"role": "user", "content": "Hi", "turn_id": "user-1"}]
    assert noted(client.take(frame("conversation.history", "", messages=messages), 1)) == [
        (1, "conversation.history", messages)
    ]
    assert noted(client.take(frame("agent.state", "", state="idle"), 2)) == [
        (2, "agent.state", "idle")
    ]
    tool = json.loads(frame("agent.tool", "", name="book", call_id="c", status="done"))
    assert noted(client.take(json.dumps(tool), 3)) == [(3, "agent.tool", tool)]


def texts(steps: list[Step]) -> list[tuple[str, str]]:
    """Text and id of the typed messages among the steps."""
    sent = [one for one in told(steps) if one["type"] == "client.response.text"]
    return [(one["content"], one["id"]) for one in sent]


def test_what_was_typed_and_not_confirmed_is_sent_again_with_its_id() -> None:
    """After a lost line the history says what came; the rest goes out, and what was typed since."""
    client = on_line()
    typed = texts(client.types("One", 1)) + texts(client.types("Two", 2))
    typed += texts(client.types("Two", 3))
    client.take(frame("user.transcript", "user-1", content="One"), 4)
    client.lost(5)
    assert texts(client.types("Three", 6)) == []
    back = Ticket("key", "conv", {**ticket().answer, "resumed": "live"})
    assert texts(client.connected(back, 7)) == []
    said = [("user-1", "One"), ("user-2", "Two")]
    messages = [{"role": "user", "content": text, "turn_id": turn} for turn, text in said]
    messages.append({"role": "assistant", "content": "Two", "turn_id": "t1"})
    again = texts(client.take(frame("conversation.history", "", messages=messages), 8))
    assert [text for text, _ in again] == ["Two", "Three"]
    assert again[0] == typed[2]
    assert len({name for _, name in [*typed, *again]}) == 4
    client.take(frame("user.transcript", "user-2", content="Two"), 9)
    assert len(client.unconfirmed) == 2, "a turn confirms one message, however often it is told"
    client.lost(10)
    assert texts(client.connected(ticket(), 11)) == again


async def test_a_server_that_grants_less_is_refused() -> None:
    """A rehearsal with half of the extensions would prove nothing."""
    with pytest.raises(RuntimeError, match=r"needs \['binary'\] too"):
        await OwnClient().open("http://127.0.0.1:1", ticket(capabilities=CAPABILITIES[1:]))
