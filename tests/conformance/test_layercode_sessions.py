"""The unmodified @layercode/js-sdk against `duologue serve`: coming, going, coming back."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from tests.conformance.browser import Page
from tests.conformance.conftest import Opener
from tests.conformance.site import Site, Wire
from tests.serving import House

from duologue.testing.line import Refused, open_socket

pytestmark = pytest.mark.browser

HELLO = "Hello, can you hear me?"
FIRST = "What did I say first?"


def type_and_hear(page: Page, text: str) -> str:
    """Types a sentence and gives the answer's text, when it was heard to its end."""
    after = len(page.log)
    page.call("sendClientResponseText", text)
    turn = page.wait_message("turn.start", after=after, role="assistant")["turn_id"]
    page.wait_message("turn.end", after=after, turn_id=turn)
    return str(page.wait_message("response.text", after=after, turn_id=turn)["content"])


def test_after_a_drop_the_same_conversation_goes_on(page: Page, site: Site, wire: Wire) -> None:
    """The page learns of the drop once, reconnects by hand, and the agent remembers."""
    page.connect()
    page.wait_message("turn.end", role="assistant")
    type_and_hear(page, HELLO)
    wire.cut()
    page.wait("page.state().status === 'disconnected'")
    assert [name for name, _ in page.log].count("disconnect") == 1

    after = len(page.log)
    page.call("connect")
    page.wait("page.state().status === 'connected'")
    answer = type_and_hear(page, FIRST)
    assert "can you hear me" in answer.lower()
    conversation = site.granted[0]["conversation_id"]
    assert site.asked[1]["conversation_id"] == conversation
    assert site.granted[1]["conversation_id"] == conversation
    assert site.granted[0]["client_session_key"] != site.granted[1]["client_session_key"]
    connects = [value["conversationId"] for name, value in page.log if name == "connect"]
    assert connects == [conversation, conversation]
    answers = [one for one in page.messages("turn.start", after) if one["role"] == "assistant"]
    assert len(answers) == 1, "the agent greeted again"


def test_after_leaving_the_conversation_is_rebuilt(page: Page, site: Site) -> None:
    """A page that disconnected on purpose and connects again is remembered all the same."""
    page.connect(audioInput=False)
    page.wait_message("turn.end", role="assistant")
    type_and_hear(page, HELLO)
    page.call("disconnect")
    page.wait("page.state().status === 'disconnected'")
    page.call("connect")
    page.wait("page.state().status === 'connected'")
    assert "can you hear me" in type_and_hear(page, FIRST).lower()
    assert site.granted[0]["conversation_id"] == site.granted[1]["conversation_id"]


def test_an_old_key_is_refused(page: Page, site: Site, house: House) -> None:
    """After a second authorize, the first session key opens no socket, from anywhere."""
    page.connect(audioInput=False)
    page.call("disconnect")
    page.call("connect")
    page.wait("page.state().status === 'connected'")
    old = str(site.granted[0]["client_session_key"])
    with pytest.raises(Refused) as refused:
        asyncio.run(open_socket(house.url, old))
    assert (refused.value.status, refused.value.code) == (401, "session_key_unknown")
    opened = page.run(
        f"new Promise(done => {{ const s = new WebSocket('{page.options['websocketUrl']}"
        f"?client_session_key={old}'); s.onopen = () => done(true);"
        " s.onerror = () => done(false); })"
    )
    assert opened is False
    assert page.state["status"] == "connected"


def test_a_revoked_key_opens_nothing_and_closes_what_it_opened(
    page: Page, site: Site, house: House
) -> None:
    """Revoking by the command line ends the live session, saying why, and refuses the next."""
    made = house.command("keys", "create", "--kind", "secret")
    site.key = made["key"]
    page.connect(audioInput=False)
    house.command("keys", "revoke", made["id"])
    page.wait("page.state().status === 'disconnected'")
    assert "revoked" in page.notices()
    page.call("connect")
    page.wait("page.state().status === 'error'")
    errors = [value for name, value in page.log if name == "error"]
    assert errors == ["Failed to authorize conversation: Unauthorized"]


def test_no_conversation_id_and_null_are_new_conversations(
    opener: Opener, site: Site, house: House
) -> None:
    """A client made with conversationId null starts afresh; so does a body that says null."""
    for _ in range(2):
        opener().connect(audioInput=False, conversationId=None)
    assert all("conversation_id" not in body for body in site.asked)
    answer = httpx.post(
        f"{house.url}/v1/agents/web/authorize_session",
        json={"agent_id": "demo", "conversation_id": None},
        headers={"authorization": f"Bearer {site.key}"},
    )
    ids = [one["conversation_id"] for one in [*site.granted, answer.json()]]
    assert len(set(ids)) == 3


def test_an_unknown_conversation_is_refused(page: Page) -> None:
    """An id that this organization does not have gives no session, and the SDK says so."""
    page.make(conversationId="conv_00000000000000000000000000000000")
    page.call("connect")
    page.wait("page.state().status === 'error'")
    errors = [value for name, value in page.log if name == "error"]
    assert errors == ["Failed to authorize conversation: Not Found"]


MALFORMED = [
    "no JSON",
    "[]",
    "null",
    "17",
    '"text"',
    "{}",
    '{"type": null}',
    '{"type": "unknown"}',
    '{"type": "client.audio"}',
    '{"type": "client.audio", "content": 5}',
    '{"type": "client.audio", "content": "no base64!"}',
    '{"type": "client.audio", "content": "AAA="}',
    '{"type": "client.response.text", "content": {}}',
    "{" * 200,
]


def test_malformed_frames_are_survived(page: Page, site: Site) -> None:
    """Broken, odd and binary frames leave the session alive: it still greets and answers."""
    page.connect(audioInput=False)
    page.wait_message("turn.end", role="assistant")
    ticket = page.run(
        "fetch('/api/authorize', {method: 'POST', body: JSON.stringify({agent_id: 'demo'})})"
        ".then(answer => answer.json())"
    )
    address = f"{page.options['websocketUrl']}?client_session_key={ticket['client_session_key']}"
    types = page.run(
        f"""new Promise((done, failed) => {{
          const types = [];
          const socket = new WebSocket({json.dumps(address)});
          socket.onclose = () => failed(new Error('closed after ' + types));
          socket.onopen = () => {{
            for (const frame of {json.dumps(MALFORMED)}) socket.send(frame);
            socket.send(new Uint8Array([1, 2, 3]));
            socket.send(JSON.stringify({{type: 'client.ready', and: 'more'}}));
          }};
          socket.onmessage = event => {{
            const message = JSON.parse(event.data);
            types.push(message.type);
            if (message.type === 'response.end') {{
              socket.onclose = null;
              socket.close();
              done(types);
            }}
          }};
        }})"""
    )
    assert "response.audio" in types
    assert type_and_hear(page, HELLO)


def test_without_a_microphone_the_session_is_ready_at_once(page: Page) -> None:
    """With audioInput off, the agent greets and answers typed text, and no sound leaves."""
    page.connect(audioInput=False)
    page.wait_message("turn.end", role="assistant")
    type_and_hear(page, HELLO)
    assert page.sound() > 0.01
    assert not [frame for frame in page.frames if frame.type == "client.audio"]


def test_without_a_loudspeaker_turns_still_end(page: Page) -> None:
    """With audioOutput off, words come, turns end, and switching sound on makes it heard."""
    page.connect(audioInput=False, audioOutput=False)
    page.wait_message("turn.end", role="assistant")
    type_and_hear(page, HELLO)
    assert page.sound() == 0
    after = len(page.log)
    page.call("setAudioOutput", True)
    type_and_hear(page, HELLO)
    assert page.sound(after) > 0.01


def test_a_second_page_takes_the_conversation_over(opener: Opener, site: Site) -> None:
    """Opening a conversation elsewhere tells the first page and closes it; the second talks on."""
    first = opener()
    first.connect(audioInput=False)
    first.wait_message("turn.end", role="assistant")
    second = opener()
    second.connect(audioInput=False, conversationId=site.granted[0]["conversation_id"])
    first.wait("page.state().status === 'disconnected'")
    assert "replaced" in first.notices()
    assert type_and_hear(second, HELLO)
