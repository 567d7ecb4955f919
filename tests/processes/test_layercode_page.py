"""The unmodified @layercode/js-sdk behind a round-robin proxy, whose process is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.browser import Browser, Frame
from tests.conformance.conftest import SOCKET
from tests.conformance.site import Site
from tests.processes.alone import require_one_agent, require_one_voice
from tests.processes.cluster import Cluster
from tests.processes.proxy import Proxy

from duologue.testing.heard import ASSISTANT, USER, Heard
from duologue.testing.speech import Recording, silence, speak, words

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.browser]

HELLO = "Hello, can you hear me?"


def test_a_page_whose_process_is_killed_goes_on_with_another(
    many: Cluster,
    key: str,
    door: Proxy,
    build: Path,
    browser: Browser,
    microphone: Callable[[Recording], None],
) -> None:
    """It sees one disconnect, authorizes again, is heard again, and is not greeted again."""
    microphone(silence(7.0) + speak(HELLO) + silence(60.0))  # the greeting is over by then
    with Site(build, door.url, key) as site:
        options = {
            "agentId": "table",
            "websocketUrl": door.url.replace("http", "ws") + SOCKET,
            "authorizeSessionEndpoint": "/api/authorize",
        }
        page = browser.open(f"{site.url}/vanilla", options)
        try:
            page.connect()
            page.wait_message("turn.end", role="assistant")
            page.wait_message("user.transcript")
            answered = page.log.index(("message", page.messages("user.transcript")[0]))
            page.wait_message("turn.end", after=answered, role="assistant")
            conversation = str(site.granted[0]["conversation_id"])
            asyncio.run(many.settled(conversation))
            house = asyncio.run(many.holder(conversation))
            house.kill()
            try:
                page.wait("page.state().status === 'disconnected'")
                after = len(page.log)
                microphone(silence(1.0) + speak(HELLO) + silence(60.0))
                page.call("connect")
                page.wait("page.state().status === 'connected'")
                page.wait_message("user.transcript", after=after)
                page.wait_message("turn.end", after=after, role="assistant")
            finally:
                house.start()
            log = page.log
            frames = page.frames
        finally:
            page.close()
    assert [name for name, _ in log].count("disconnect") == 1
    connects = [value["conversationId"] for name, value in log if name == "connect"]
    assert connects == [conversation, conversation]
    assert site.asked[1]["conversation_id"] == conversation
    assert site.granted[0]["client_session_key"] != site.granted[1]["client_session_key"]

    said = asyncio.run(many.said(conversation))
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 2
    assert not any(one["interrupted"] for one in said)
    assert [{"hear"} <= set(words(one["text"])) for one in said[1:]] == [True] * 4
    shown = [value for name, value in log if name == "message"]
    told = [one["content"] for one in shown if one["type"] == "response.text"]
    assert told == [one["text"] for one in said if one["role"] == "assistant"]
    heard = [one["content"] for one in shown if one["type"] == "user.transcript"]
    assert heard == [one["text"] for one in said if one["role"] == "user"]
    for socket in {frame.socket for frame in frames}:
        require_one_voice(came(frame) for frame in frames if frame.socket == socket)
    runs = asyncio.run(require_one_agent(many, conversation))
    assert [run.end_reason == "server_lost" for run in runs] == [True, False]


def came(frame: Frame) -> Heard:
    """A frame as a synthetic caller would have noted it."""
    role = ASSISTANT if f'"{ASSISTANT}"' in frame.text else USER
    return Heard(0, frame.type if frame.way == "received" else "", frame.turn or "", role)
