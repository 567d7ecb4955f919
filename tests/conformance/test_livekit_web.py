"""LiveKit's own web client, unmodified, in a room of ours: talking, leaving and coming back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.browser import Browser
from tests.conformance.conftest import ROOM_AGENTS, RoomOpener
from tests.conformance.room_agents import TALE
from tests.conformance.room_page import AGENT, AUDIBLE, CHAT, USER, RoomPage
from tests.conformance.site import Site
from tests.rooms.livekit import LiveKit
from tests.serving import House

from duologue.testing.speech import Recording, noise, silence, speak, words

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

HELLO = "Hello, can you hear me?"
OFFLINE = 5.0


def conversation(site: Site, page: RoomPage) -> str:
    """The id of the conversation that a page is in."""
    mine = [one for one in site.granted if one["participant_identity"] == page.local["identity"]]
    told = mine[-1]["duologue"]
    assert isinstance(told, dict)
    return str(told["conversation_id"])


def in_order(wanted: list[str], found: list[str]) -> bool:
    """Whether the first list is found in the second, with anything between."""
    rest = iter(found)
    return all(one in rest for one in wanted)


def test_a_session_is_greeted_aloud(enter: RoomOpener, room_site: Site) -> None:
    """The page connects, shows what the agent does, hears it and reads its words as they come."""
    page = enter()
    page.start()
    page.wait_message(AGENT, "hello, here i am.")
    page.wait_sound(0)
    page.wait_silence()
    page.wait_shown("agent", "listening")
    assert room_site.asked[0] == {"room_config": {"agents": [{"agent_name": "parrot"}]}}
    assert in_order(["disconnected", "connecting", "connected"], page.logged("connection"))
    assert in_order(["connecting", "speaking", "listening"], page.logged("agent"))
    assert [one.type for one in page.messages] == [AGENT]
    assert page.messages[0].sender.startswith("agent-")


def test_what_is_said_is_understood_and_shown_on_both_sides(
    enter: RoomOpener, microphone: Callable[[Recording], None], room_site: Site, rooms: House
) -> None:
    """Spoken words are the user's message, the answer is the agent's; the record has the same."""
    microphone(silence(6.0) + speak(HELLO) + silence(60.0))
    page = enter()
    page.start()
    said = page.wait_message(USER, "hear me")
    assert said.sender == page.local["identity"]
    page.wait_message(AGENT, "you said: hello can you hear me?")
    assert [one.type for one in page.messages] == [AGENT, USER, AGENT]
    page.wait_silence()
    kept = rooms.messages(conversation(room_site, page))
    assert [one["role"] for one in kept] == ["assistant", "user", "assistant"]
    assert [one["text"] for one in kept] == [one.text for one in page.messages]


def test_what_is_said_before_the_agent_is_there_is_heard(
    enter: RoomOpener, microphone: Callable[[Recording], None]
) -> None:
    """The client records from the click on, and nothing of it is lost."""
    microphone(noise(0.2, 0.0002, rate=16000) + speak(HELLO) + silence(60.0))
    page = enter()
    page.start()
    said = page.wait_message(USER, "hear me")
    assert {"hello", "can", "you"} <= set(words(said.text))
    assert "pre-connect-buffering" in page.logged("agent")


def test_a_written_message_is_answered_aloud(enter: RoomOpener) -> None:
    """The chat of LiveKit's client reaches the agent; the answer is said and shown."""
    page = enter()
    page.start()
    page.wait_message(AGENT, "here i am")
    page.asks("apples")
    sent = [one for one in page.messages if one.type == CHAT]
    assert [(one.sender, one.text) for one in sent] == [(page.local["identity"], "apples")]


def test_who_only_types_loses_nothing(enter: RoomOpener) -> None:
    """Without a microphone a client is seen seconds late; what it wrote at once is answered."""
    page = enter()
    page.start("start-typing")
    page.write("plums")
    page.wait_message(AGENT, "you said: plums")
    assert page.local["microphone"] is None


def test_speaking_stops_the_agent(
    enter: RoomOpener, microphone: Callable[[Recording], None], room_site: Site, rooms: House
) -> None:
    """A tale of forty seconds breaks off in sound, on the page and in the record."""
    # A busy browser's microphone may stutter, and people repeat.
    microphone(silence(1.0) + speak(HELLO) + silence(10.0) + speak(HELLO) + silence(60.0))
    page = enter("tale")
    page.start("start-typing")
    page.write("tell me")
    page.wait_message(AGENT, "once upon a time")
    page.wait_sound(page.now)
    page.click("microphone")  # it plays from now on, however long the tale took to begin
    page.wait_message(USER, "hear me")
    page.wait_message(AGENT, "you said: hello")
    page.wait_silence()
    kept = rooms.messages(conversation(room_site, page))
    broken = [one for one in kept if one["text"].startswith("Once")]
    assert [one["interrupted"] for one in broken] == [True]
    # The page follows a guess of the voice's pace, the record its sound: not word for word alike.
    for told in (page.wait_message(AGENT, "once upon a time").text, broken[0]["text"]):
        assert TALE.startswith(told)
        assert len(told) < len(TALE) / 2


def test_the_microphone_toggle_is_the_button_of_a_push_to_talk_agent(
    enter: RoomOpener, microphone: Callable[[Recording], None], room_site: Site, rooms: House
) -> None:
    """On from the start it cuts no greeting; off it is answered, and on again it silences."""
    microphone(noise(0.2, 0.0002, rate=16000) + speak(HELLO) + silence(60.0))
    page = enter("walkie")
    page.start()
    page.wait_message(AGENT, "over to you.")
    page.wait_silence(2.0)
    assert [one.type for one in page.messages] == [AGENT]
    page.click("microphone")
    page.wait_message(USER, "hear me")
    page.wait_message(AGENT, "once upon a time")
    page.wait_sound(page.now)
    page.click("microphone")
    page.wait_silence()
    page.click("microphone")
    page.write("plums")
    page.wait_message(AGENT, "you said: plums")
    kept = rooms.messages(conversation(room_site, page))
    assert [(one["role"], one["interrupted"]) for one in kept[:3]] == [
        ("assistant", False), ("user", False), ("assistant", True),
    ]  # fmt: skip
    assert kept[0]["text"] == "Over to you."


def test_five_seconds_without_a_network_are_nothing(enter: RoomOpener, rooms: House) -> None:
    """Sound and words come back, of the same agent in the same session, and nobody hung up."""
    page = enter("tale")
    page.start()
    page.write("tell me")
    agent = page.wait_message(AGENT, "once upon a time").sender
    page.wait_sound(page.now)
    sessions, before = rooms.log.count("session live"), len(page.log)
    page.network(there=False)
    time.sleep(1.0)
    gone = page.now
    time.sleep(OFFLINE - 1.0)
    assert page.loudest(gone) < AUDIBLE
    page.network(there=True)
    page.wait_shown("connection", "connected")
    page.wait_sound(page.now)
    page.write("pears")
    assert page.wait_message(AGENT, "you said: pears").sender == agent
    assert page.wait_message(AGENT, "once upon a time").sender == agent
    since = [value for name, value in page.log[before:] if name == "connection"]
    assert since[-1] == "connected"
    assert set(since) <= {"signalReconnecting", "reconnecting", "connected"}
    assert not {"disconnected", "failed"} & {
        value for name, value in page.log[before:] if name == "agent"
    }
    assert rooms.log.count("session live") == sessions


def test_a_session_ends_and_starts_again(enter: RoomOpener, room_site: Site) -> None:
    """After the end there is no agent; the next start is a new conversation in a new room."""
    page = enter()
    page.start()
    page.asks("apples")
    first, room = conversation(room_site, page), page.local["room"]
    page.end()
    page.wait_shown("agent", "disconnected")
    page.start()
    page.wait_message(AGENT, "here i am")
    page.asks("pears")
    assert conversation(room_site, page) != first
    assert page.local["room"] != room


def test_the_same_room_again_has_a_live_agent(enter: RoomOpener, room_site: Site) -> None:
    """Whoever comes back to a room of a name, at once or from a new page, is answered there."""
    page = enter(roomName="the-kitchen")
    page.start()
    page.asks("apples")
    first = conversation(room_site, page)
    page.end()
    page.start()
    page.wait_message(AGENT, "here i am")
    page.asks("pears")
    assert conversation(room_site, page) != first
    page.close()
    again = enter(roomName="the-kitchen")
    again.start()
    again.asks("plums")
    assert again.local["room"] == "the-kitchen"


def test_a_page_with_a_public_key_needs_no_back_end(
    enter: RoomOpener, room_site: Site, rooms: House
) -> None:
    """The documents' snippet: the token door itself, from a listed origin."""
    made = rooms.command(
        "keys", "create", "--kind", "public", "--agent", "parrot", "--origin", room_site.url
    )
    page = enter(
        endpoint=f"{rooms.url}/api/token", headers={"Authorization": f"Bearer {made['key']}"}
    )
    page.start()
    page.asks("apples")
    assert room_site.asked == []


def test_an_agent_that_nobody_knows_is_told(enter: RoomOpener) -> None:
    """The client's error carries what the token door said."""
    page = enter("nobody")
    page.click("start")
    assert "nobody" in page.wait_log("started")
    assert page.logged("connection") == ["disconnected"]


def test_the_development_token_server_needs_no_key(
    browser: Browser,
    build: Path,
    livekit: LiveKit,
    microphone: Callable[[Recording], None],
    tmp_path: Path,
) -> None:
    """`duologue dev` answers where LiveKit's `developmentTokenServer` asks."""
    alone = tmp_path / "agents.py"
    alone.write_bytes(ROOM_AGENTS.read_bytes())  # `dev` starts anew when a file beside it is saved
    with (
        House(tmp_path / "data", alone, mode="dev", **livekit.settings) as house,
        Site(build, house.url, "") as site,
    ):
        page = RoomPage(browser, site.url, agentName="parrot", development=house.url)
        try:
            page.start()
            page.asks("apples")
        finally:
            page.close()
        assert site.asked == []
