"""`LiveKitSession` in a page, over the socket: the first document, name by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.client.sockets import AGENTS
from tests.conformance.browser import Browser
from tests.pages.cable import Cable
from tests.pages.surfaces import CALLBACKS, Stall, Visitor, program
from tests.pages.tab import NETWORK
from tests.pages.test_microphone import BLOCKED
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.browser

HELLO = "Hello, can you hear me?"


@pytest.fixture(scope="module")
def inn(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of this machine, which needs no key, with agents whose words are known."""
    folder = tmp_path_factory.mktemp("inn")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


def test_the_way_from_idle_to_disconnected(visitor: Visitor, inn: House) -> None:
    """Every callback but those of pictures is told, in an order that a surface can draw."""
    page = visitor(inn)
    assert page.run("session.snapshot.connectionState") == "idle"
    assert page.connects() == "done"
    page.hears_all("Hello there.")
    page.run("session.sendText('Hi.')")
    page.hears_all("You said: Hi.", answers=2)
    assert page.run("[session.getRoom(), session.snapshot.transport]") == [None, "websocket"]
    page.run("session.disconnect()")
    assert page.heard_of_line() == ["connecting", "connected", "disconnected"]
    assert page.of("onAgentConfig") == [{"name": "Talker", "avatarImageUrl": None}]
    assert page.of("onAudioTrack") == ["AUDIO"]
    assert {"speaking", "listening"} <= set(page.of("onAgentStateChange"))
    assert page.of("onAgentStateChange")[-1] == "idle"
    assert page.of("onResumabilityChange") == [True]
    assert page.of("onTranscript")[-1] == []
    assert not page.of("onError") + page.of("onVideoTrack")
    assert page.run("[session.canResume(), session.snapshot.audioElement]") == [True, None]


def test_connect_goes_on_with_the_conversation_and_after_reset_with_a_new_one(
    visitor: Visitor, inn: House
) -> None:
    """What was said is there again; `reset` begins another one."""
    page = visitor(inn)
    page.connects()
    page.hears_all("Hello there.")
    first = page.run("session.snapshot.conversationId")
    page.run("session.disconnect()")
    assert page.connects() == "done"
    page.reads("Hello there.")
    assert page.run("session.snapshot.conversationId") == first
    page.run("session.disconnect(); session.reset()")
    assert page.of("onResumabilityChange") == [True, False]
    assert page.connects() == "done"
    assert page.run("session.snapshot.conversationId") != first
    page.run("session.disconnect()")


def test_data_goes_both_ways_and_the_agent_hangs_up(visitor: Visitor, inn: House) -> None:
    """JSON as what it means; a hang-up is ROOM_DISCONNECT, and nothing can be resumed."""
    page = visitor(inn, agent="exchange")
    page.connects()
    page.run("session.sendData({order: 2})")
    page.wait("told.some(([name]) => name === 'onDataMessage')")
    assert page.of("onDataMessage") == [{"told": {"order": 2}}]
    page.run("session.sendData({end: 'enough'})")
    page.becomes("connectionState", "disconnected")
    [(message, code)] = page.of("onError")
    assert code == "ROOM_DISCONNECT"
    assert "enough" in message
    assert page.run("[session.snapshot.error, session.canResume()]") == [message, False]


def test_a_network_that_goes_and_comes_is_shown_as_connecting(visitor: Visitor, inn: House) -> None:
    """Nothing of it is an error; the conversation goes on."""
    with Cable(inn.url) as cable:
        page = visitor(cable)
        page.expected += NETWORK
        page.connects()
        page.reads("Hello there.")
        conversation = page.run("session.snapshot.conversationId")
        cable.unplug()
        page.becomes("connectionState", "connecting")
        cable.plug()
        page.becomes("connectionState", "connected")
        page.run("session.sendText('Here.')")
        page.reads("You said: Here.")
        assert page.run("session.snapshot.conversationId") == conversation
        assert page.heard_of_line() == ["connecting", "connected"] * 2
        assert page.of("onError") == []
        page.run("session.disconnect()")


def test_the_microphone_is_heard_once_it_is_published(
    visitor: Visitor, inn: House, microphone: Callable[[Recording], None]
) -> None:
    """Not before; afterwards it is muted, and given back."""
    microphone(silence(2.0) + speak(HELLO) + silence(60.0))
    page = visitor(inn, agent="hearing")
    page.connects()
    assert page.run("session.snapshot.microphone") == "off"
    assert page.sound() == b""
    assert page.run("tried(session.publishMicrophone())") == "done"
    page.becomes("microphone", "on")
    page.reads("What time is it?", role="user")
    assert page.run("session.inputLevel") >= 0
    page.run("session.setMuted(true)")
    page.becomes("microphone", "muted")
    page.run("session.unpublishMicrophone()")
    page.becomes("microphone", "off")
    assert page.of("onError") == []
    page.run("session.disconnect()")


def test_a_microphone_that_is_refused(visitor: Visitor, inn: House, strict: Browser) -> None:
    """MIC_PERMISSION_DENIED, told once; the session goes on, and once allowed all is well."""
    page = visitor(inn, use=strict)
    page.expected.append(BLOCKED)
    page.ask("permit", permissions=[])
    page.connects()
    assert page.run("tried(session.publishMicrophone())") == "MIC_PERMISSION_DENIED"
    assert [code for _, code in page.of("onError")] == ["MIC_PERMISSION_DENIED"]
    page.reads("Hello there.")  # it waits to be heard, and is cut short by what is typed
    page.run("session.sendText('Hi.')")
    page.reads("You said: Hi.")
    page.ask("permit", permissions=["microphone"])
    assert page.run("tried(session.publishMicrophone())") == "done"
    page.becomes("error", None)
    page.run("session.disconnect()")


def test_a_machine_without_a_microphone(visitor: Visitor, inn: House, bare: Browser) -> None:
    """MIC_NOT_FOUND; one can still type."""
    page = visitor(inn, use=bare)
    page.connects()
    assert page.run("tried(session.publishMicrophone())") == "MIC_NOT_FOUND"
    [(message, code)] = page.of("onError")
    assert (code, page.run("session.snapshot.errorCode")) == ("MIC_NOT_FOUND", "MIC_NOT_FOUND")
    assert message == "There is no microphone here. Plug one in, and try again."
    page.run("session.disconnect()")


def test_every_code_of_a_key(visitor: Visitor, built: None, tmp_path: Path, stall: Stall) -> None:
    """Of another organization, revoked, and an agent that is not published: as the door says."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file) as shop:
        shop.publish("talker")
        shop.command("orgs", "create", "strangers")
        secret = shop.secret_key()
        theirs = shop.command("keys", "create", "--kind", "secret", "--org", "strangers")["key"]
        gone = shop.command("keys", "create", "--kind", "secret")
        shop.command("keys", "revoke", gone["id"])
        for agent, key, code, words in (
            ("talker", theirs, "key_wrong_org", "another organization"),
            ("talker", gone["key"], "key_expired", "revoked"),
            ("long", secret, "agent_has_no_org", "duologue agents publish long"),
        ):
            page = visitor(shop, agent=agent, apiKey=key)
            page.expected += NETWORK
            assert page.connects() == code
            [(message, told)] = page.of("onError")
            assert told == code
            assert words in message
            assert page.heard_of_line() == ["connecting", "error"]
        page = visitor(shop, apiKey=secret)
        assert page.connects() == "done"
        page.run("session.disconnect()")


def test_a_second_tab_takes_over(visitor: Visitor, inn: House) -> None:
    """The first is told why it is out of the conversation, and takes it back by `connect`."""
    first = visitor(inn)
    first.connects()
    first.reads("Hello there.")
    conversation = first.run("session.snapshot.conversationId")
    second = visitor(inn, beside=first)
    assert second.run("session.canResume()") is True
    assert second.connects() == "done"
    first.becomes("connectionState", "disconnected")
    [(message, code)] = first.of("onError")
    assert code == "ROOM_DISCONNECT"
    assert "another" in message
    assert first.run("[session.failure.code, session.canResume()]") == ["replaced", True]
    assert second.run("session.snapshot.conversationId") == conversation
    assert first.connects() == "done"
    second.becomes("connectionState", "disconnected")
    assert first.run("session.snapshot.error") is None
    first.run("session.disconnect()")


def test_a_reload_goes_on_in_the_middle(visitor: Visitor, inn: House) -> None:
    """By what the tab kept: the same key opens the same session, unheard words and all."""
    page = visitor(inn, agent="long", memory=None)
    page.connects()
    page.becomes("agentState", "speaking")
    conversation = page.run("session.snapshot.conversationId")
    page.run("saveSession(session)")
    page.reload()
    saved = page.run("loadSession()")
    assert saved["conversationId"] == conversation
    ticket = f"{json.dumps(saved['url'])}, {json.dumps(saved['token'])}"
    assert page.run(f"tried(session.connectWithToken({ticket}))") == "done"
    assert page.run("[session.snapshot.conversationId, session.canResume()]") == [
        conversation,
        True,
    ]
    assert page.of("onAgentConfig") == [{"name": "Long", "avatarImageUrl": None}]
    page.wait("session.snapshot.transcript.length === 1")
    page.becomes("agentState", "speaking")
    page.run("saveSession(session), session.disconnect()")
    assert page.run("loadSession().left") is True
    page.run("clearSession()")
    assert page.run("loadSession()") is None


def test_what_was_left_is_gone_on_with_by_its_token_too(visitor: Visitor, inn: House) -> None:
    """No agent waits any more; the door is asked with the right that was kept."""
    page = visitor(inn, memory=None)
    page.connects()
    page.hears_all("Hello there.")
    conversation = page.run("session.snapshot.conversationId")
    page.run("saveSession(session); session.disconnect()")
    page.reload()
    back = "(({url, token}) => tried(session.connectWithToken(url, token)))(loadSession())"
    assert page.run(back) == "done"
    assert page.run("session.snapshot.conversationId") == conversation
    assert page.of("onError") == []
    page.reads("Hello there.")
    page.run("session.disconnect()")


def test_a_callback_that_throws_is_an_error_of_the_page(visitor: Visitor, inn: House) -> None:
    """It harms nobody; null is as good as no callback."""
    page = visitor(inn)
    page.expected.append("uncaught: mine: connect(ing|ed)")
    page.run("session.onAgentStateChange = null")
    page.run(
        "session.onConnectionStateChange = (state) => { throw new Error('mine: ' + state); }, null"
    )
    assert page.connects() == "done"
    page.reads("Hello there.")
    page.run("session.onConnectionStateChange = undefined; session.disconnect()")
    assert len([line for line in page.ask("console") if "mine" in line]) == 2


def test_a_failure_that_nobody_hears_is_not_hidden(visitor: Visitor, inn: House) -> None:
    """A page without a callback for errors finds it in its console; one with it does not."""
    page = visitor(inn, agent="nobody")
    page.expected += [*NETWORK, "uncaught: .*nobody.*"]
    page.run("session.connect(), null")
    page.becomes("connectionState", "error")
    assert not [line for line in page.ask("console") if line.startswith("uncaught")]
    other = visitor(inn, agent="nobody")
    other.expected += page.expected
    other.run("session.onError = null, session.connect(), null")
    other.becomes("connectionState", "error")
    other.until(
        lambda: any(line.startswith("uncaught") for line in other.ask("console")), "the console"
    )


def test_the_servers_own_script_knows_where_it_came_from(visitor: Visitor, inn: House) -> None:
    """On a page of another origin, without `baseUrl`: it talks to the server that it is from."""
    page = visitor(inn)
    page.run(
        f"import('{inn.url}/assets/duologue.js').then(({{ LiveKitSession }}) => {{"
        " session.close(); globalThis.own = new LiveKitSession({ agentId: 'talker' }); })"
    )
    assert page.run("own.baseUrl") == inn.url
    assert page.run("own.connect().then(() => own.snapshot.connectionState)") == "connected"
    page.wait("own.snapshot.transcript.some((one) => one.final && one.text === 'Hello there.')")
    page.wait("own.snapshot.sound === 'on'")
    page.run("own.close()")


def test_the_documents_callbacks(browser: Browser, stall: Stall, inn: House) -> None:
    """The document's own ten, word for word."""
    page = program(browser, stall, "livekit-session-callbacks", "exchange", inn.url)
    page.expected.append(r"log: (connection|agent|can resume|data): .*|log: \[(agent|user)\] .*")
    assert all(page.run(f"typeof session.{name}") == "function" for name in CALLBACKS)
    page.run("session.connect()")
    page.becomes("connectionState", "connected")
    page.run("session.sendData({n: 1})")
    page.run("session.sendText('Hi.')")
    page.reads("You said: Hi.")
    page.wait("document.querySelector('#agent-name').textContent === 'Exchange'")
    page.wait("document.querySelector('body > audio') !== null")
    page.until(lambda: any("data:" in line for line in page.ask("console")), "data")
    page.run("session.disconnect()")
    end = ("log: connection: disconnected", "log: agent: idle")
    page.until(lambda: page.ask("console")[-1].startswith(end), "the end in the console")
    said = page.ask("console")
    assert "log: can resume: true" in said
    assert "log: [agent] You said: Hi." in said
    assert page.unexpected == []
    page.close()


def test_the_documents_program_with_the_sessions_own_microphone(
    browser: Browser,
    stall: Stall,
    inn: House,
    microphone: Callable[[Recording], None],
) -> None:
    """Talk, be heard, read the words, end: by the page's own buttons."""
    microphone(silence(2.0) + speak(HELLO) + silence(60.0))
    page = program(browser, stall, "livekit-session-socket", "hearing", inn.url)
    page.click("talk")
    page.wait("document.querySelector('#transcript').innerText.includes('user: What time is it?')")
    page.wait("document.querySelector('#transcript').innerText.includes('agent: You said')")
    page.click("end")
    page.becomes("connectionState", "disconnected")
    assert page.text("#transcript") == ""
    assert page.unexpected == []
    page.close()
