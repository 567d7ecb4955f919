"""The unmodified @layercode/js-sdk against `duologue serve`: talking."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.conformance.browser import Frame, Page
from tests.conformance.conftest import Opener
from tests.conformance.site import Site
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak, words

pytestmark = pytest.mark.browser

COUNT = "Please count slowly from one to twenty."
HELLO = "Hello, can you hear me?"
AUDIBLE = 0.01
"""Of full scale, as the SDK's own amplitude callback tells it."""


def received(frames: list[Frame]) -> list[Frame]:
    """What came from the server, a run of sound frames of one turn as one."""
    kept: list[Frame] = []
    for frame in frames:
        if frame.way != "received":
            continue
        again = kept and (kept[-1].type, kept[-1].turn) == (frame.type, frame.turn)
        if not (again and frame.type == "response.audio"):
            kept.append(frame)
    return kept


def order(frames: list[Frame], turn: str) -> list[str]:
    """The types of a turn's frames in their order, each once."""
    return list(dict.fromkeys(frame.type for frame in frames if frame.turn == turn))


def test_a_new_conversation_is_greeted_aloud(page: Page, site: Site) -> None:
    """Connecting gives a conversation, and its greeting is shown, heard and ended in order."""
    page.connect()
    turn = page.wait_message("turn.start", role="assistant")["turn_id"]
    page.wait_message("turn.end", role="assistant")

    assert site.asked == [{"agent_id": "demo", "metadata": {}, "sdk_version": "2.7.0"}]
    connects = [value for name, value in page.log if name == "connect"]
    assert [one["conversationId"] for one in connects] == [site.granted[0]["conversation_id"]]
    assert connects[0]["config"]["transcription"]["trigger"] == "automatic"
    assert page.sound() > AUDIBLE

    frames = page.frames
    assert order(frames, turn) == [
        "turn.start",
        "response.text.delta",
        "response.audio",
        "response.text",
        "response.end",
        "turn.end",
    ] or order(frames, turn) == [
        "turn.start",
        "response.text.delta",
        "response.text",
        "response.audio",
        "response.end",
        "turn.end",
    ]
    texts = page.messages("response.text")
    assert [one["content"] for one in texts] == [
        "".join(one["content"] for one in page.messages("response.text.delta"))
    ]
    kinds = [(frame.way, frame.type) for frame in frames]
    heard = kinds.index(("sent", "trigger.response.audio.replay_finished"))
    assert heard < kinds.index(("received", "turn.end"))


def test_sound_comes_in_whole_blocks(page: Page) -> None:
    """Every chunk is whole samples, and a turn is whole blocks of 128, so that its end is heard."""
    page.connect()
    page.wait_message("turn.end", role="assistant")
    chunks = [frame.bytes for frame in page.frames if frame.type == "response.audio"]
    assert all(size % 2 == 0 for size in chunks)
    assert sum(chunks) % 256 == 0


def test_a_microphone_of_8_khz_is_understood(
    page: Page, microphone: Callable[[Recording], None]
) -> None:
    """Spoken words come back as the transcript of a user's turn, and are answered aloud."""
    microphone(silence(7.0) + speak(HELLO) + silence(1.0))
    page.connect()
    said = page.wait_message("user.transcript")
    assert {"hello", "hear", "me"} <= set(words(said["content"]))
    user = said["turn_id"]
    start = [one for one in page.messages("turn.start") if one["role"] == "user"]
    assert user in [one["turn_id"] for one in start]
    after = len(page.log)
    page.wait_message("response.text", after=page.log.index(("message", said)))
    page.wait_message("turn.end", after=after, role="assistant")
    sent = {frame.bytes for frame in page.frames if frame.type == "client.audio"}
    assert sent == {1792}


def test_typed_text_is_answered_aloud(page: Page) -> None:
    """A typed sentence is a turn of its own; what was playing stops for it."""
    page.connect()
    greeting = page.wait_message("turn.start", role="assistant")["turn_id"]
    after = len(page.log)
    page.call("sendClientResponseText", HELLO)
    answer = page.wait_message("turn.start", after=after, role="assistant")["turn_id"]
    assert answer != greeting
    page.wait_message("turn.end", after=after, turn_id=answer)
    assert page.messages("response.text", after)[-1]["turn_id"] == answer
    assert page.sound(after) > AUDIBLE
    frames = [frame.turn for frame in page.frames if frame.type == "response.audio"]
    assert greeting not in frames[frames.index(answer) :]


def test_blank_text_is_nothing(page: Page) -> None:
    """Text without a word begins no turn."""
    page.connect(audioInput=False)
    page.wait_message("turn.end", role="assistant")
    after = len(page.log)
    page.call("sendClientResponseText", "   ")
    page.call("sendClientResponseText", HELLO)
    page.wait_message("turn.end", after=after, role="assistant")
    started = [one for one in page.messages("turn.start", after) if one["role"] == "assistant"]
    assert len(started) == 1


def test_barging_in_stops_the_sound(
    page: Page, site: Site, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Speech over a long answer silences it; no stale sound is sent, and the record says so."""
    microphone(silence(9.0) + speak(HELLO) + silence(1.0))
    page.connect()
    page.call("sendClientResponseText", COUNT)
    page.wait_message("user.transcript", content=COUNT)
    typed = page.log.index(("message", page.messages("user.transcript")[0]))
    counting = page.wait_message("turn.start", after=typed, role="assistant")["turn_id"]
    page.wait_message("response.text", after=typed, turn_id=counting)
    after = len(page.log)
    page.wait_message("turn.start", after=after, role="user")
    cut = next(
        index
        for index, (name, value) in enumerate(page.log)
        if index >= after and name == "message" and value["type"] == "turn.start"
    )
    answer = page.wait_message("turn.start", after=cut + 1, role="assistant")["turn_id"]
    page.wait_message("turn.end", after=cut, turn_id=answer)

    frames = page.frames
    stop = next(
        index
        for index, frame in enumerate(frames)
        if frame.type == "turn.start"
        and '"user"' in frame.text
        and counting
        in [earlier.turn for earlier in frames[:index] if earlier.type == "response.audio"]
    )
    late = [frame for frame in frames[stop:] if frame.type == "response.audio"]
    assert {frame.turn for frame in late} == {answer}
    quiet = page.run(
        f"page.loudness.filter(one => one.after > {cut} && one.after <="
        f" page.log.findIndex(e => e.value?.turn_id === '{answer}')).at(-1)?.amplitude ?? 0"
    )
    assert quiet < AUDIBLE
    said = house.messages(str(site.granted[0]["conversation_id"]))
    cut_short = [one for one in said if one["role"] == "assistant" and one["interrupted"]]
    assert "twenty" not in cut_short[-1]["text"]


def test_data_goes_both_ways_and_never_interrupts(page: Page) -> None:
    """Data reaches the agent and comes back, while the greeting is spoken to its end."""
    page.connect()
    page.wait("page.state().agentSpeaking")
    page.call("sendClientResponseData", {"cart": ["soup", 2], "ok": True, "none": None})
    page.wait("page.log.some(e => e.name === 'data')")
    page.wait_message("turn.end", role="assistant")
    assert {"cart": ["soup", 2], "ok": True, "none": None} in flat(page.data())
    assert not [one for one in page.messages("turn.start") if one["role"] == "user"]


def flat(values: list[object]) -> list[object]:
    """The values, and the values within them: an agent may wrap what it echoes."""
    found: list[object] = []
    for value in values:
        found.append(value)
        if isinstance(value, dict):
            found += flat(list(value.values()))
    return found


def test_a_muted_microphone_sends_nothing(page: Page) -> None:
    """Between mute and unmute no sound leaves the page, and the session lives on."""

    def sent(frames: list[Frame]) -> int:
        return sum(frame.type == "client.audio" for frame in frames)

    page.connect()
    page.wait_frames(lambda frames: sent(frames) >= 3, "sound")
    page.call("mute")
    muted = sent(page.frames)
    page.call("sendClientResponseData", {"muted": True})
    page.wait("page.log.some(e => e.name === 'data')")
    page.wait_message("turn.end", role="assistant")
    assert sent(page.frames) <= muted + 1  # one frame may have been under way
    page.call("unmute")
    page.wait_frames(lambda frames: sent(frames) >= muted + 4, "sound after unmute")
    assert [value for name, value in page.log if name == "mute"] == [True, False]


def test_push_to_talk_hears_only_while_the_button_is_down(
    opener: Opener, microphone: Callable[[Recording], None]
) -> None:
    """Sound leaves between the two triggers, and what was said between them is answered."""
    microphone((silence(1.0) + speak(HELLO)) + (silence(1.0) + speak(HELLO)) + silence(60.0))
    page = opener(agentId="demo-ptt")
    page.connect()
    page.wait_message("turn.start", role="assistant")
    assert not [frame for frame in page.frames if frame.type == "client.audio"]
    microphone_frames = 56  # 6.3 s: the sentence is in it, however late the button went down
    page.call("triggerUserTurnStarted")
    page.wait_frames(
        lambda frames: sum(f.type == "client.audio" for f in frames) >= microphone_frames, "sound"
    )
    after = len(page.log)
    page.call("triggerUserTurnFinished")
    said = page.wait_message("user.transcript")
    assert "hear" in said["content"].lower()
    page.wait_message("turn.end", after=after, role="assistant")
    sent = [frame.type for frame in page.frames if frame.way == "sent"]
    first, last = sent.index("trigger.turn.start"), sent.index("trigger.turn.end")
    assert set(sent[first + 1 : last]) <= {
        "client.audio",
        "trigger.response.audio.replay_finished",
    }
    assert "client.audio" not in sent[:first] + sent[last:]
