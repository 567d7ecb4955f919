"""`LiveKitSession` in a page, over a LiveKit room: the first document, name by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from livekit import api
from tests.client.sockets import AGENTS
from tests.conformance.browser import Browser
from tests.pages.back_end import BackEnd
from tests.pages.surfaces import Stall, Visitor, program
from tests.pages.tab import NETWORK
from tests.pages.test_microphone import BLOCKED
from tests.rooms.avatars import standing_in
from tests.rooms.livekit import LiveKit
from tests.rooms.pictures import GREY, shown
from tests.rooms.stub import stub
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

HELLO = "Hello, can you hear me?"
TRACKS = "session.getRoom().localParticipant.trackPublications"
MICROPHONE = f"[...{TRACKS}.values()][0]?.track?.mediaStreamTrack"


@pytest.fixture(scope="module")
def inn(built: None, tmp_path_factory: pytest.TempPathFactory, livekit: LiveKit) -> Iterator[House]:
    """A server of this machine with rooms, whose door needs no key here."""
    folder = tmp_path_factory.mktemp("inn")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev", **livekit.settings) as running:
        yield running


def test_a_conversation_in_a_room(visitor: Visitor, inn: House) -> None:
    """Connected, greeted, heard, written to; left, and gone on with by `connect`."""
    page = visitor(inn)
    assert page.connects() == "done"
    assert page.run("session.getRoom().state") == "connected"
    assert page.run("session.snapshot.transport") == "livekit"
    page.hears_all("Hello there.")
    page.wait("session.snapshot.audioElement instanceof HTMLAudioElement")
    page.wait("session.outputLevel > 0 || session.snapshot.agentState === 'listening'")
    asked = "What will the weather be like on every day of the week after the next one?"
    page.run(f"session.sendText('{asked}')")
    page.wait("told.some(([name, state]) => name === 'onAgentStateChange' && state === 'speaking')")
    page.hears_all(f"You said: {asked}", answers=2)
    roles = "session.snapshot.transcript.map((one) => one.role)"
    assert page.run(roles) == ["agent", "user", "agent"]
    conversation = page.run("session.snapshot.conversationId")
    page.run("session.disconnect()")
    assert page.run("[session.getRoom(), session.snapshot.transcript]") == [None, []]
    assert page.run("session.canResume()") is True
    assert page.connects() == "done"
    assert page.run("session.snapshot.conversationId") == conversation
    page.reads(f"You said: {asked}")
    page.run("session.disconnect()")
    opened = ["connecting", "connected", "disconnected"]
    assert page.heard_of_line() == opened * 2
    assert page.of("onAgentConfig") == [{"name": "Talker", "avatarImageUrl": None}]
    assert "AUDIO" in page.of("onAudioTrack")
    assert page.of("onResumabilityChange") == [True]
    assert page.of("onError") == []


def test_a_back_end_hands_on_the_answer_of_the_token_door(visitor: Visitor, inn: House) -> None:
    """LiveKit's own words with ours beside them: a room, and the right to come back to it."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        kept = {name: asked[name] for name in ("conversation_id", "resume_token") if name in asked}
        agents = {"agents": [{"agent_name": asked["agentId"]}]}
        got = httpx.post(f"{inn.url}/api/token", json={"room_config": agents, **kept}, timeout=60)
        answered: dict[str, Any] = got.raise_for_status().json()
        return answered

    with BackEnd(answer) as site:
        page = visitor(inn, sessionEndpoint=site.url, sessionBody={"plan": "gold"})
        assert page.connects() == "done"
        page.reads("Hello there.")
        page.run("session.sendText('Hi.')")
        page.reads("You said: Hi.")
        assert page.of("onAgentConfig") == [{"name": "Talker", "avatarImageUrl": None}]
        conversation = page.run("session.snapshot.conversationId")
        page.run("session.disconnect()")
        assert page.run("session.canResume()") is True
        assert page.connects() == "done"
        assert page.run("session.snapshot.conversationId") == conversation
        page.reads("You said: Hi.")
        page.run("session.disconnect()")
        assert [asked["plan"] for asked in site.asked] == ["gold", "gold"]
    assert page.of("onError") == []


@pytest.mark.parametrize("names", [("server_url", "participant_token"), ("url", "token")], ids=str)
async def test_a_back_end_mints_a_token_of_livekits(
    visitor: Visitor, inn: House, livekit: LiveKit, names: tuple[str, str]
) -> None:
    """Address and token are enough, for an agent that is none of ours; each call is another one."""
    rooms = iter((f"minted-{names[0]}-1", f"minted-{names[0]}-2"))

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        return dict(zip(names, (livekit.url, livekit.token(next(rooms), "visitor")), strict=True))

    async with (
        stub(
            livekit, f"minted-{names[0]}-1", greeting="Good morning.", answers=["A room for one."]
        ),
        stub(livekit, f"minted-{names[0]}-2", answers=["Welcome back."]),
    ):
        with BackEnd(answer) as site:
            page = await asyncio.to_thread(visitor, inn, sessionEndpoint=site.url)
            assert await asyncio.to_thread(page.connects) == "done"
            await asyncio.to_thread(page.reads, "Good morning.")
            page.run("session.sendText('Hi.')")
            await asyncio.to_thread(page.reads, "A room for one.")
            page.run("session.disconnect()")
            assert page.run("session.canResume()") is False
            assert await asyncio.to_thread(page.connects) == "done"
            page.run("session.sendText('Again.')")
            await asyncio.to_thread(page.reads, "Welcome back.")
            words = "session.snapshot.transcript.map((one) => one.text)"
            assert page.run(words) == ["Again.", "Welcome back."]
            page.run("session.disconnect()")
        assert page.of("onError") == []


SURFACES = {
    "Session": """import('/duologue.js').then(({Session}) => {
        window.own = new Session({agent: 'talker', baseUrl: URL, sessionEndpoint: SITE});
        return own.connect().then(() => 'done'); })""",
    "widget": """import('/widget.js').then(() => {
        const tag = document.createElement('duologue-widget');
        tag.setAttribute('agent', 'talker');
        tag.setAttribute('base-url', URL);
        tag.setAttribute('default-open', '');
        tag.setAttribute('mode', 'text');
        tag.sessionEndpoint = SITE;
        document.body.append(tag);
        window.own = { get transcript() { return tag.session?.snapshot.transcript ?? []; },
          disconnect: () => tag.session.disconnect() };
        return 'done'; })""",
}


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_minted_token_opens_every_surface(
    visitor: Visitor, inn: House, livekit: LiveKit, surface: str
) -> None:
    """The session beneath and the widget ask the same back end, and join the room that it names."""
    room = f"minted-for-{surface}"

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        token = livekit.token(room, "visitor")
        return {"server_url": livekit.url, "participant_token": token}

    async with stub(livekit, room, answers=["A room for one."]):
        with BackEnd(answer) as site:
            page = await asyncio.to_thread(visitor, inn)
            made = SURFACES[surface].replace("URL", repr(inn.url)).replace("SITE", repr(site.url))
            assert await asyncio.to_thread(page.run, made) == "done"
            if surface == "widget":
                box = "document.querySelector('duologue-widget').shadowRoot?.querySelector('.box')"
                await asyncio.to_thread(page.wait, f"{box}?.form")
                page.run(f"(box => {{ box.value = 'Hi.'; box.form.requestSubmit(); }})({box})")
            else:
                page.run("own.sendText('Hi.')")
            said = "own.transcript.some((one) => one.text === 'A room for one.')"
            await asyncio.to_thread(page.wait, said)
            page.run("own.disconnect()")
            assert len(site.asked) == 1


def test_data_goes_both_ways_and_the_agent_hangs_up(visitor: Visitor, inn: House) -> None:
    """The room's end is told in the server's own words, and nothing can be resumed."""
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
    assert page.run("session.canResume()") is False


async def test_pictures_come_and_go(visitor: Visitor, inn: House, livekit: LiveKit) -> None:
    """An avatar's picture is an element to be mounted, and is taken away once."""
    page = visitor(inn)
    page.connects()
    page.reads("Hello there.")
    room, identity = page.run(
        "[session.getRoom().name, [...session.getRoom().remoteParticipants.keys()][0]]"
    )
    async with standing_in(livekit, room, identity) as joined, shown(joined, GREY):
        await asyncio.to_thread(page.wait, "session.snapshot.videoElement?.videoWidth > 0")
        page.run("document.body.append(session.snapshot.videoElement)")
    await asyncio.to_thread(page.becomes, "videoElement", None)
    assert page.of("onVideoTrack") == ["VIDEO"]
    assert len(page.of("onVideoTrackRemoved")) == 1
    assert page.run("document.querySelector('video')") is None
    page.run("session.disconnect()")
    assert page.of("onError") == []


def test_an_agent_that_does_not_come(visitor: Visitor, inn: House, livekit: LiveKit) -> None:
    """AGENT_TIMEOUT, in a room whose token somebody else made."""
    page = visitor(inn)
    ticket = f"'{livekit.url}', '{livekit.token('nobody-comes', 'visitor')}'"
    assert page.run(f"tried(session.connectWithToken({ticket}))") == "done"
    page.becomes("connectionState", "error")
    assert [code for _, code in page.of("onError")] == ["AGENT_TIMEOUT"]
    assert page.heard_of_line() == ["connecting", "connected", "error"]
    assert page.run("session.getRoom()") is None


def test_a_room_that_is_closed(visitor: Visitor, inn: House, livekit: LiveKit) -> None:
    """ROOM_DISCONNECT, where there is no door to go on through."""
    page = visitor(inn)
    ticket = f"'{livekit.url}', '{livekit.token('closing', 'visitor')}'"
    assert page.run(f"tried(session.connectWithToken({ticket}))") == "done"

    async def close() -> None:
        async with livekit.api() as asked:
            await asked.room.delete_room(api.DeleteRoomRequest(room="closing"))

    asyncio.run(close())
    page.becomes("connectionState", "disconnected")
    assert [code for _, code in page.of("onError")] == ["ROOM_DISCONNECT"]
    assert page.run("session.canResume()") is False


def test_a_network_that_goes_and_comes_is_shown_as_connecting(visitor: Visitor, inn: House) -> None:
    """The room mends itself, and nothing of it is an error."""
    page = visitor(inn)
    page.expected += NETWORK
    page.ask("network", there=True)
    page.connects()
    page.reads("Hello there.")
    conversation = page.run("session.snapshot.conversationId")
    page.ask("network", there=False)
    page.becomes("connectionState", "connecting")
    page.ask("network", there=True)
    page.becomes("connectionState", "connected")
    page.run("session.sendText('Here.')")
    page.reads("You said: Here.")
    assert page.run("session.snapshot.conversationId") == conversation
    assert page.heard_of_line() == ["connecting", "connected"] * 2
    assert page.of("onError") == []
    page.run("session.disconnect()")


def test_a_second_tab_takes_over(visitor: Visitor, inn: House) -> None:
    """The first is told why it is out of the conversation."""
    first = visitor(inn)
    first.connects()
    first.reads("Hello there.")
    second = visitor(inn, beside=first)
    assert second.connects() == "done"
    first.becomes("connectionState", "disconnected")
    assert [code for _, code in first.of("onError")] == ["ROOM_DISCONNECT"]
    assert first.run("[session.failure.code, session.canResume()]") == ["replaced", True]
    both = [each.run("session.snapshot.conversationId") for each in (first, second)]
    assert both[0] == both[1]
    second.run("session.disconnect()")


def test_a_microphone_that_is_refused_in_a_room(
    visitor: Visitor, inn: House, strict: Browser
) -> None:
    """MIC_PERMISSION_DENIED, as on the socket; the agent is heard, and reads what is typed."""
    page = visitor(inn, use=strict)
    page.expected.append(BLOCKED)
    page.ask("permit", permissions=[])
    page.connects()
    assert page.run("tried(session.publishMicrophone())") == "MIC_PERMISSION_DENIED"
    assert [code for _, code in page.of("onError")] == ["MIC_PERMISSION_DENIED"]
    page.run("session.getRoom().localParticipant.setMicrophoneEnabled(true).catch(() => null)")
    page.wait("told.filter(([name]) => name === 'onError').length === 2")
    assert page.of("onError")[1] == page.of("onError")[0], "by LiveKit's own method, too"
    page.run("session.sendText('Hi.')")
    page.reads("You said: Hi.")
    page.ask("permit", permissions=["microphone"])
    assert page.run("tried(session.publishMicrophone())") == "done"
    page.becomes("error", None)
    page.run("session.disconnect()")


def test_the_documents_program_is_heard(
    browser: Browser,
    stall: Stall,
    inn: House,
    microphone: Callable[[Recording], None],
) -> None:
    """Its microphone is a track of LiveKit's, published in the room by the page itself."""
    microphone(silence(8.0) + speak(HELLO) + silence(60.0))
    page = program(browser, stall, "livekit-session-vanilla", "hearing", inn.url)
    page.click("talk")
    page.becomes("connectionState", "connected")
    page.wait(f"{TRACKS}.size === 1 && {MICROPHONE}?.label.startsWith('Fake')")
    page.wait("document.querySelector('#transcript').innerText.includes('user: What time is it?')")
    page.wait("document.querySelector('#transcript').innerText.includes('agent: You said')")
    page.wait("document.querySelector('body > audio') !== null")
    page.click("end")
    page.becomes("connectionState", "disconnected")
    assert page.text("#transcript") == ""
    assert page.run("document.querySelector('audio')") is None
    assert page.unexpected == []
    page.close()


def test_a_track_of_the_page_stands_alone(visitor: Visitor, inn: House) -> None:
    """The session's track of silence goes where the page publishes one, and returns after it."""
    page = visitor(inn, agent="hearing")
    page.connects()
    page.wait(f"{TRACKS}.size === 1")
    page.run(
        """(async () => { const media = await navigator.mediaDevices.getUserMedia({ audio: true });
        window.mine = media.getAudioTracks()[0];
        const { localParticipant } = session.getRoom();
        await localParticipant.publishTrack(mine, { source: 'microphone' }); })()"""
    )
    page.wait(f"{TRACKS}.size === 1 && {MICROPHONE} === mine")
    for on in ("false", "true"):
        page.run(f"session.getRoom().localParticipant.setMicrophoneEnabled({on}).then(() => null)")
        page.wait(f"session.getRoom().localParticipant.isMicrophoneEnabled === {on}")
    assert page.run(f"[session.snapshot.microphone, {TRACKS}.size]") == ["off", 1]
    page.run("session.publishMicrophone().then(() => null)")
    page.wait(f"{TRACKS}.size === 2")
    page.run("session.unpublishMicrophone()")
    page.wait(f"{TRACKS}.size === 1 && {MICROPHONE} === mine")
    page.run("session.getRoom().localParticipant.unpublishTrack(mine, false).then(() => null)")
    page.wait(f"{TRACKS}.size === 1 && {MICROPHONE} !== mine")
    page.run("session.publishMicrophone(mine).then(() => null)")
    page.becomes("microphone", "on")
    page.wait(f"{TRACKS}.size === 1 && {MICROPHONE} === mine")
    page.run("session.disconnect()")
    assert page.of("onError") == []


def test_the_rooms_own_switch_is_the_microphone(
    visitor: Visitor, inn: House, microphone: Callable[[Recording], None]
) -> None:
    """`setMicrophoneEnabled` of LiveKit's participant, both ways, and the session knows it."""
    microphone(silence(4.0) + speak(HELLO) + silence(60.0))
    page = visitor(inn, agent="hearing")
    page.connects()
    page.wait("session.getRoom().localParticipant.trackPublications.size === 1")
    page.becomes("agentState", "listening")
    switch = "session.getRoom().localParticipant.setMicrophoneEnabled"
    page.run(f"{switch}(true).then(() => null)")
    page.becomes("microphone", "on")
    page.reads("What time is it?", role="user")
    page.run(f"{switch}(false).then(() => null)")
    page.becomes("microphone", "muted")
    page.run(f"{switch}(true).then(() => null)")
    page.becomes("microphone", "on")
    page.run("session.setMuted(true)")
    page.wait("session.getRoom().localParticipant.isMicrophoneEnabled === false")
    page.run("session.disconnect()")
    assert page.of("onError") == []


def test_the_sessions_own_microphone_is_heard_too(
    browser: Browser,
    stall: Stall,
    inn: House,
    microphone: Callable[[Recording], None],
) -> None:
    """The program of the socket runs in a room as it is."""
    microphone(silence(8.0) + speak(HELLO) + silence(60.0))
    page = program(browser, stall, "livekit-session-socket", "hearing", inn.url)
    page.click("talk")
    page.wait("document.querySelector('#transcript').innerText.includes('user: What time is it?')")
    assert page.run("session.snapshot.transport") == "livekit"
    page.click("end")
    assert page.unexpected == []
    page.close()


def test_the_documents_persistence(browser: Browser, stall: Stall, inn: House) -> None:
    """Saved when connected, in the document's words; a reload goes on; the end forgets it."""
    page = program(browser, stall, "livekit-session-persistence", "talker", inn.url)
    page.run("session.connect()")
    page.reads("Hello there.")
    conversation = page.run("session.snapshot.conversationId")
    page.reload()
    page.becomes("connectionState", "connected")
    assert page.run("session.snapshot.conversationId") == conversation
    page.reads("Hello there.")
    page.run("session.sendText('Again.')")
    page.reads("You said: Again.")
    said = [one["text"] for one in inn.messages(conversation)]
    assert said.count("Hello there.") == 1
    page.run("session.disconnect()")
    page.reload()
    page.wait("globalThis.session !== undefined")
    assert page.run("session.snapshot.connectionState") == "idle"
    assert page.unexpected == []
    page.close()
