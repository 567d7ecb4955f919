"""A session of the client in a LiveKit room, on a strict page: the same as over a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
from tests.conformance.browser import Browser
from tests.conformance.conftest import ROOM_AGENTS
from tests.pages.conftest import STAGE
from tests.pages.lounge import Guest, Lounge, options
from tests.pages.tab import NETWORK
from tests.pages.test_microphone import BLOCKED
from tests.rooms.livekit import LiveKit, server
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

AGENTS = STAGE.with_name("lounge_agents.py")
PUBLISHED = ("parrot", "tale", "walkie", "secret", "usher")
KEY = "a key that both sides have"
LOUD = 0.3
"""Of what is drawn; an agent that is silent draws nothing."""
OPENS = "session.unpublishMicrophone().then(() => session.publishMicrophone())"
"""What the microphone plays begins now, however long the way into the room took."""


@pytest.fixture(scope="module")
def parlour(
    built: None, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A server whose agents go into rooms."""
    data = tmp_path_factory.mktemp("parlour") / "data"
    with House(data, ROOM_AGENTS, AGENTS, **livekit.settings) as running:
        running.publish(*PUBLISHED)
        yield running


Visit = Callable[..., Guest]


@pytest.fixture
def lounge(parlour: House, livekit: LiveKit) -> Iterator[Lounge]:
    """A site of another origin."""
    with Lounge() as site:
        site.server, site.livekit = parlour.url, livekit.url
        yield site


@pytest.fixture
def visit(
    browser: Browser,
    lounge: Lounge,
    parlour: House,
    microphone: Callable[[Recording], None],
) -> Iterator[Visit]:
    """Opens the site's page: `visit("parrot", microphone=False)`."""
    opened: list[Guest] = []

    def open_page(
        agent: str, use: Browser | None = None, beside: Guest | None = None, **more: object
    ) -> Guest:
        public = ("--kind", "public", "--agent", agent, "--origin", lounge.url)
        key = str(parlour.command("keys", "create", *public)["key"])
        asked = quote(json.dumps(options(parlour.url, agent, publicKey=key, **more)))
        given = {} if beside is None else {"beside": beside.number}
        guest = Guest(use or browser, f"{lounge.url}/#{asked}", **given)
        opened.append(guest)
        return guest

    yield open_page
    said = [line for guest in opened for line in guest.unexpected]
    for guest in opened:
        guest.close()
    assert said == [], "the console is not empty"


# ---------------------------------------------------------------- talking


def test_a_page_talks_in_a_room(visit: Visit, microphone: Callable[[Recording], None]) -> None:
    """Sound goes both ways, both halves are read, and the voice is an element of the page."""
    guest = visit("parrot")
    guest.talks()
    guest.reads("Hello, here I am.")
    microphone(silence(4.0) + speak("Hello, can you hear me?") + silence(30.0))
    guest.run(OPENS)
    guest.reads("Hello can you hear me", "user")
    guest.reads("You said: Hello can you hear me")
    assert guest.said[0] == "agent: Hello, here I am."
    assert guest.run("session.transport") == "livekit"
    assert guest.run("session.room.state") == "connected"
    assert guest.run(
        "session.ticket.roomName === session.room.name && !!session.ticket.resumeToken"
    )
    assert guest.run("session.agent") == {
        "name": "Parrot",
        "avatarImageUrl": None,
        "idleLoopUrl": None,
    }
    assert guest.run("session.audioElement.srcObject.getAudioTracks().length") == 1
    assert guest.loudest(0) > LOUD
    assert guest.loudest(1) > LOUD
    assert guest.told("audioElement") == [True]
    ids = guest.run("session.transcript.map(one => one.id)")
    assert len(set(ids)) == 3
    guest.run("session.disconnect()")
    assert guest.run("[session.state, session.audioElement, session.room]") == [
        "disconnected",
        None,
        None,
    ]
    assert guest.run("session.failure") is None
    assert guest.told("audioElement") == [True, False]


def test_words_that_are_typed_before_the_agent_is_there_are_read(visit: Visit) -> None:
    """Nothing is lost though nobody was linked yet, and nothing is asked of a microphone."""
    guest = visit("usher", microphone=False)
    guest.click("talk")
    guest.run("session.sendText('the first words')")
    guest.run("session.sendData({ early: true })")
    guest.wait("session.state === 'connected'")
    guest.reads("You said: the first words")
    guest.wait("log.some(([name, value]) => name === 'data' && value.echo?.early)")
    assert guest.said.count("user: the first words") == 1
    assert "microphone" not in dict(guest.log)


def test_an_agent_that_is_interrupted_is_silent(visit: Visit) -> None:
    """Of a tale of forty seconds only the beginning is heard, and the transcript says so."""
    guest = visit("tale", microphone=False)
    guest.talks()
    guest.reads("Ask me.")
    guest.run("session.sendText('a tale')")
    guest.wait("session.transcript.at(-1).text.includes('Once upon a time')")
    guest.wait(f"levels.at(-1)[1] > {LOUD}")
    guest.run("session.interrupt()")
    guest.wait("session.transcript.at(-1).interrupted")
    guest.wait("session.agentState !== 'speaking'")
    guest.wait(f"levels.slice(-10).every(([, out]) => out < {LOUD})")
    assert len(guest.said[-1]) < 300


def test_push_to_talk_in_a_room(visit: Visit, microphone: Callable[[Recording], None]) -> None:
    """Only while the button is down anything is heard, and letting it go is the end of the turn."""
    # A busy browser's microphone may stutter, and people repeat: each time it is opened anew.
    microphone(silence(6.0) + speak("Hello, can you hear me?") + silence(60.0))
    guest = visit("walkie")
    guest.talks()
    guest.reads("Over to you.")
    assert guest.run("session.pushToTalk")
    answered = "session.transcript.some(one => one.text.includes('Once upon'))"
    for _ in range(3):
        guest.run(OPENS)
        guest.wait("session.microphone === 'on'")
        guest.wait("levels.slice(-25).every(([level]) => level < 0.2)")
        guest.run("session.startTurn()")
        guest.wait("session.inputLevel > 0.4")
        guest.wait("levels.slice(-25).every(([level]) => level < 0.2)")  # and not only a comma
        guest.run("session.endTurn()")
        with suppress(AssertionError):
            guest.wait(answered, 15)
            break
    guest.wait(answered)
    guest.reads("Hello can you hear me", "user")


def test_what_an_agent_sends_reaches_the_page(visit: Visit) -> None:
    """Data as it is; where it leads the page is an event of its own."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.reads("Welcome.")
    guest.run("session.sendData({ deep: [1, null, 'x'] })")
    guest.wait("log.some(([name]) => name === 'data')")
    guest.run("session.sendData({ do: 'lead' })")
    guest.wait("log.some(([name]) => name === 'navigate')")
    assert guest.told("data") == [{"echo": {"deep": [1, None, "x"]}}]
    assert guest.told("navigate") == ["/elsewhere"]


def test_a_camera_is_shown_to_an_agent_that_sees(visit: Visit) -> None:
    """It sees the page's own picture while it is there, and nothing after."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.reads("Welcome.")
    guest.run(
        """(() => { const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [320, 240];
        const pen = canvas.getContext('2d');
        setInterval(() => { pen.fillStyle = `hsl(${performance.now() / 10}, 50%, 50%)`;
          pen.fillRect(0, 0, 320, 240); }, 50);
        window.camera = canvas.captureStream(10).getVideoTracks()[0];
        return session.publishCamera(camera).then(() => null); })()"""
    )
    look = "session.sendData({ do: 'look' }), log.at(-1)[0] === 'data' && log.at(-1)[1].sees"
    guest.wait(f"({look})?.[0] === 320")
    assert guest.run("camera.readyState") == "live"
    guest.run("session.unpublishCamera().then(() => null)")
    guest.wait(f"({look}) === null")
    assert guest.run("camera.readyState") == "live", "the page's own track is the page's"


def test_an_encrypted_session(visit: Visit, microphone: Callable[[Recording], None]) -> None:
    """Sound and words go both ways though the server cannot read them."""
    guest = visit("secret", key=KEY)
    guest.talks()
    guest.reads("Nobody else hears this.")
    microphone(silence(4.0) + speak("Hello, can you hear me?") + silence(30.0))
    guest.run(OPENS)
    guest.reads("Hello can you hear me", "user")
    guest.reads("You said: Hello can you hear me")
    assert [line.partition(":")[0] for line in guest.said] == ["agent", "user", "agent"]
    guest.run("session.sendText('typed in secret')")
    guest.reads("You said: typed in secret")
    assert guest.run("session.room.isE2EEEnabled && session.config.encryption")
    assert guest.loudest(1) > LOUD


def test_a_session_that_must_be_encrypted_is_opened_in_no_other_way(visit: Visit) -> None:
    """An agent that encrypts nothing refuses it, and no socket is opened instead."""
    guest = visit("parrot", key=KEY)
    guest.expected = [*NETWORK]
    guest.click("talk")
    guest.wait("session.state === 'failed'")
    assert guest.run("session.failure.code") == "encryption_refused"
    assert guest.frames == []


# ---------------------------------------------------------------- staying


@pytest.mark.parametrize("how", ["signal-reconnect", "full-reconnect"])
def test_a_room_that_breaks_mends_itself(visit: Visit, how: str) -> None:
    """The door is not asked again, and what is typed meanwhile is read."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.reads("Welcome.")
    room = guest.run("session.room.name")
    guest.run(f"session.room.simulateScenario({how!r}).then(() => null)")
    if how == "full-reconnect":
        guest.wait("log.some(([name, value]) => name === 'state' && value === 'reconnecting')")
    guest.run("session.sendText('still there?')")
    guest.reads("You said: still there?")
    guest.wait("session.state === 'connected'")
    assert guest.run("session.room.name") == room
    guest.run("session.sendText('and now?')")
    guest.reads("You said: and now?")
    assert guest.run("session.failure") is None
    assert [line for line in guest.said if line.startswith("user")] == [
        "user: still there?",
        "user: and now?",
    ]


def test_a_room_that_is_lost_is_replaced_by_another(
    built: None, browser: Browser, tmp_path_factory: pytest.TempPathFactory,
    microphone: Callable[[Recording], None],
) -> None:  # fmt: skip
    """LiveKit itself starts anew: the line comes back by the door, and the past with it."""
    with server() as livekit:
        data = tmp_path_factory.mktemp("lost") / "data"
        with House(data, AGENTS, **livekit.settings) as house, Lounge() as site:
            house.publish("usher")
            site.server, site.livekit = house.url, livekit.url
            public = ("--kind", "public", "--agent", "usher", "--origin", site.url)
            key = str(house.command("keys", "create", *public)["key"])
            asked = options(house.url, "usher", publicKey=key)
            guest = Guest(browser, f"{site.url}/#{quote(json.dumps(asked))}")
            guest.talks()
            guest.run("session.sendText('remember me')")
            guest.reads("You said: remember me")
            livekit.stop()
            guest.wait("session.state === 'reconnecting'", 60)
            livekit.start()
            guest.wait("session.state === 'connected'", 90)
            guest.run("session.sendText('do you?')")
            guest.reads("You said: do you?", timeout=60)
            assert "user: remember me" in guest.said
            assert guest.run("session.microphone") == "on"
            guest.close()


def test_an_agent_that_ends_the_session_says_why(visit: Visit) -> None:
    """The page hears the reason, and there is nothing to go on with."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.reads("Welcome.")
    assert guest.run("session.canResume()")
    guest.run("session.sendData({ do: 'end' })")
    guest.wait("session.state === 'disconnected'")
    assert guest.run("session.failure.code") == "ended"
    assert "the show is over" in guest.run("session.failure.message")
    assert not guest.run("session.canResume()")


def test_another_tab_takes_the_room_over(visit: Visit) -> None:
    """The second tab goes on with the conversation; the first says where it is, and stays out."""
    first = visit("usher", microphone=False)
    first.talks()
    first.run("session.sendText('from the first')")
    first.reads("You said: from the first")
    second = visit("usher", microphone=False, beside=first)
    assert second.run("session.canResume()")
    second.talks()
    first.wait("session.state === 'disconnected'")
    assert first.run("session.failure.code") == "replaced"
    second.wait("session.resumed === 'live' || session.resumed === 'rebuilt'")
    second.reads("from the first", "user")
    second.run("session.sendText('from the second')")
    second.reads("You said: from the second")
    assert first.run("session.state") == "disconnected"


def test_a_reload_goes_on_in_the_room(visit: Visit) -> None:
    """The agent that still waits goes on, and the past is there."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.run("session.sendText('before the reload')")
    guest.reads("You said: before the reload")
    guest.reload()
    guest.wait("!!window.session")
    assert guest.run("session.reloaded")
    guest.talks()
    guest.reads("before the reload", "user")
    guest.run("session.sendText('after it')")
    guest.reads("You said: after it")


# ---------------------------------------------------------------- devices


def test_a_refused_microphone_leaves_a_session_in_writing(visit: Visit, strict: Browser) -> None:
    """The state says it, and what is typed is answered."""
    guest = visit("usher", use=strict)
    guest.run(
        "navigator.mediaDevices.getUserMedia = () => "
        "Promise.reject(new DOMException('', 'NotAllowedError')), null"
    )
    guest.talks()
    guest.wait("session.microphone === 'denied'")
    guest.run("session.sendText('in writing')")
    guest.reads("You said: in writing")


def test_a_microphone_that_is_unplugged_is_replaced(
    visit: Visit, microphone: Callable[[Recording], None]
) -> None:
    """The next one takes its place in the same room, and the page is told."""
    guest = visit("parrot")
    guest.talks()
    guest.wait("session.microphone === 'on'")
    guest.reads("Hello, here I am.")
    microphone(silence(2.0) + speak("Hello, can you hear me?") + silence(30.0))
    guest.run(
        """(() => { const track = session.room.localParticipant
        .getTrackPublication('microphone').track.mediaStreamTrack;
        track.stop(); track.dispatchEvent(new Event('ended')); })()"""
    )
    guest.wait("log.some(([name, v]) => name === 'notice' && v.code === 'microphone_replaced')")
    guest.reads("Hello can you hear me", "user")


def test_livekits_own_switch_is_the_microphone(visit: Visit) -> None:
    """`setMicrophoneEnabled` opens no second one beside the session's."""
    guest = visit("usher", microphone=False)
    guest.talks()
    guest.wait("session.room.localParticipant.trackPublications.size === 1")
    switch = "session.room.localParticipant.setMicrophoneEnabled"
    guest.run(f"{switch}(true).then(() => null)")
    guest.wait("session.microphone === 'on'")
    guest.run(f"{switch}(false).then(() => null)")
    guest.wait("session.microphone === 'muted'")
    assert guest.run("session.room.localParticipant.trackPublications.size") == 1


def test_a_page_gives_its_own_track_and_takes_it_back(visit: Visit) -> None:
    """A tone of the page is sent while it is published, and the track stays the page's."""
    guest = visit("parrot", microphone=False)
    guest.talks()
    guest.reads("Hello, here I am.")
    guest.run(
        """(() => { const context = new AudioContext();
        const tone = new OscillatorNode(context);
        const out = context.createMediaStreamDestination();
        tone.connect(out); tone.start(); window.mine = out.stream.getAudioTracks()[0];
        return session.publishMicrophone(mine).then(() => null); })()"""
    )
    guest.wait(f"session.microphone === 'on' && session.inputLevel > {LOUD}")
    guest.run("session.setMuted(true)")
    guest.wait("session.microphone === 'muted' && session.room.localParticipant"
               ".getTrackPublication('microphone').isMuted")  # fmt: skip
    guest.run("session.setMuted(false)")
    guest.wait("!session.room.localParticipant.getTrackPublication('microphone').isMuted")
    guest.run("session.unpublishMicrophone()")
    guest.wait("session.microphone === 'off'")
    assert guest.run("mine.readyState") == "live"
    guest.run("session.publishMicrophone(mine).then(() => null)")
    guest.wait("session.microphone === 'on'")
    guest.run("mine.stop(), void mine.dispatchEvent(new Event('ended'))")
    guest.wait("log.some(([name, v]) => name === 'notice' && v.code === 'microphone_ended')")
    assert guest.run("session.microphone") == "off", "nobody hears the room instead"


def test_a_page_that_nobody_touched_waits_for_a_touch(visit: Visit, strict: Browser) -> None:
    """The browser keeps it silent, the session says so, and the next touch lets it be heard."""
    guest = visit("tale", use=strict, microphone=False)
    livekits = r"warning: Error trying to auto-resume audio context .*"
    guest.expected += [BLOCKED, livekits]
    guest.run("void session.connect()")
    guest.wait("session.sound === 'blocked'")
    guest.ask("click", selector="body")
    guest.wait("session.sound === 'on'")
