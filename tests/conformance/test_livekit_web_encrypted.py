"""LiveKit's own web client, unmodified, in a room that is encrypted from end to end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.conformance.conftest import RoomOpener
from tests.conformance.room_page import AGENT, RoomPage
from tests.conformance.site import Site
from tests.conformance.test_livekit_web import HELLO, conversation
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

SECRET = {"agentMetadata": '{"e2ee": true}', "encryptionKey": "a key that both sides have"}


def understood(page: RoomPage) -> int:
    """How often the page shows what the user said."""
    # LiveKit shows an encrypted room's agent as the sender of the user's words as well.
    return sum(one.text == "Hello can you hear me?" for one in page.messages)


def test_an_encrypted_talk_is_a_talk(
    enter: RoomOpener, microphone: Callable[[Recording], None], room_site: Site, rooms: House
) -> None:
    """Sound both ways, words and chat, with encryption off and on again; the record has no word."""
    once = silence(5.0) + speak(HELLO)
    microphone(sum([once] * 29, start=once))  # as long as a busy machine takes for all of it
    page = enter("secret", **SECRET)
    page.start()
    page.wait_message(AGENT, "nobody else hears this.")
    page.until(lambda: understood(page) > 0, "what was said in secret")
    before = page.local["microphone"]
    assert (page.local["agentEncrypted"], before["encrypted"]) == (True, True)

    page.click("clear")
    page.wait_done("in clear")
    clear = page.local["microphone"]
    assert (clear["sid"] != before["sid"], clear["encrypted"]) == (True, False)
    known = understood(page)
    page.until(lambda: understood(page) > known, "what was said in clear")
    page.asks("apples")
    assert page.local["agentEncrypted"]

    page.click("encrypt")
    page.wait_done("encrypted")
    again = page.local["microphone"]
    assert (again["sid"] != clear["sid"], again["encrypted"]) == (True, True)
    known = understood(page)
    page.until(lambda: understood(page) > known, "what was said in secret again")
    page.asks("pears")
    kept = rooms.messages(conversation(room_site, page))
    assert {one["text"] for one in kept} == {""}  # that something was said, and not what


@pytest.mark.parametrize("key", [None, "a key of its own"])
def test_without_the_key_there_is_nothing_to_hear(enter: RoomOpener, key: str | None) -> None:
    """Who asks for an encrypted room and cannot read it is shown out of it."""
    page = enter("secret", **SECRET | {"encryptionKey": key})
    page.click("start")
    page.wait_log("disconnected")
    page.wait_shown("connection", "disconnected")
    assert page.messages == []


def test_a_client_that_does_not_ask_is_served_in_clear(enter: RoomOpener) -> None:
    """Where encryption is optional, who says nothing of it gets a plain room."""
    page = enter("secret")
    page.start()
    page.asks("apples")
    assert page.local["microphone"]["encrypted"] is False
    assert page.local["agentEncrypted"] is False
