"""What a page and an agent exchange in a room beside the talk, by LiveKit's own room."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from livekit.protocol.models import TrackSource
from tests.pages.conftest import STAGE
from tests.pages.surfaces import Surface, Visitor
from tests.rooms.livekit import LiveKit
from tests.serving import House

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

AGENTS = STAGE.with_name("clerk_agents.py")
ME = "session.getRoom().localParticipant"
AGENT = "[...session.getRoom().remoteParticipants.keys()][0]"
SCREEN = """(() => { const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const pen = canvas.getContext('2d');
  setInterval(() => { pen.fillStyle = `hsl(${performance.now() / 10}, 50%, 50%)`;
    pen.fillRect(0, 0, 640, 360); }, 50);
  window.picked = [];
  navigator.mediaDevices.getDisplayMedia = async (wanted) => {
    picked.push(wanted);
    window.screenStream = canvas.captureStream(10);
    return screenStream;
  }; })()"""
"""Stands for the browser's question which screen: headless there is nobody to answer it."""
LINE = """(() => {
  const made = [], dead = window.dead = new WeakSet(), deaf = window.deaf = new WeakSet();
  const { prototype } = RTCDataChannel, { send } = prototype;
  prototype.send = function (data) { if (!dead.has(this)) send.call(this, data); };
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (...given) {
    made.push(createDataChannel.apply(this, given)); return made.at(-1); };
  const heard = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
  Object.defineProperty(prototype, 'onmessage', { ...heard, set(work) {
    made.push(this);
    const ear = (event) => { if (!deaf.has(this)) work.call(this, event); };
    heard.set.call(this, work && ear); } });
  window.cut = (what) => { for (const one of made) what.add(one); };
})()"""
"""A line that loses what travels on it, as one does before anybody notices that it broke."""


@pytest.fixture(scope="module")
def inn(built: None, tmp_path_factory: pytest.TempPathFactory, livekit: LiveKit) -> Iterator[House]:
    """A server of this machine with rooms, and with the clerk."""
    data = tmp_path_factory.mktemp("inn") / "data"
    with House(data, AGENTS, mode="dev", **livekit.settings) as running:
        yield running


def begins(visitor: Visitor, inn: House, before: str = "null") -> Surface:
    """A page that is connected, and was greeted."""
    page = visitor(inn, agent="clerk")
    page.run(before)
    assert page.connects() == "done"
    page.hears_all("Hello.")
    return page


def gets(page: Surface, data: str) -> None:
    """Waits until the agent sent this."""
    like = f"JSON.stringify(given) === JSON.stringify({data})"
    page.wait(f"told.some(([name, given]) => name === 'onDataMessage' && {like})")


def test_requests_go_both_ways(visitor: Visitor, inn: House) -> None:
    """By LiveKit's own methods, with LiveKit's own refusals."""
    page = begins(visitor, inn)
    ask = f"{ME}.performRpc({{ destinationIdentity: {AGENT}, method: %r, payload: '21' }})"
    assert page.run(ask % "double") == "42"
    assert page.run(f"{ask % 'treble'}.catch((error) => error.code)") == 1400
    answer = "async ({ payload }) => `Ann, ${payload}`"
    page.run(f"void session.getRoom().registerRpcMethod('name', {answer})")
    page.run("session.sendData('ask')")
    gets(page, "{ answered: 'Ann, you' }")


def test_packets_go_both_ways(visitor: Visitor, inn: House) -> None:
    """What the room's own method sends is the agent's data, and what it answers is the page's."""
    page = begins(visitor, inn)
    page.run("void session.getRoom().on('dataReceived', (data) => (window.packet = data.length))")
    page.run(
        f'{ME}.publishData(new TextEncoder().encode(\'{{"by":"room"}}\'), {{ reliable: true }})'
        ".then(() => null)"
    )
    gets(page, "{ echo: { by: 'room' } }")
    assert page.run("packet > 0")


def test_texts_go_both_ways(visitor: Visitor, inn: House) -> None:
    """A stream that the page writes piece by piece is read as typed; the agent's own come, too."""
    page = begins(visitor, inn)
    page.run(
        f"""(async () => {{ const writer = await {ME}.streamText({{ topic: 'lk.chat' }});
        await writer.write('in two '); await writer.write('pieces'); await writer.close();
        return null; }})()"""
    )
    page.reads("You said: in two pieces")
    page.run("session.sendData('write')")
    page.reads("See the link.")


def test_files_go_both_ways(visitor: Visitor, inn: House) -> None:
    """Byte streams, whole, with their names."""
    page = begins(visitor, inn)
    page.run(
        f"""(async () => {{ const writer = await {ME}.streamBytes({{ topic: 'scans', name: 'a.bin',
          mimeType: 'application/x-a', attributes: {{ of: 'page' }} }});
        for (let at = 0; at < 3; at++) await writer.write(new Uint8Array(20_000).fill(at));
        await writer.close(); return null; }})()"""
    )
    gets(page, "{ file: ['a.bin', 'application/x-a', 60000, { of: 'page' }] }")
    page.run(
        """session.getRoom().registerByteStreamHandler('files', async (reader) => {
        const pieces = await reader.readAll(), { name, attributes } = reader.info;
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
        window.came = [name, attributes.of, length]; })"""
    )
    page.run("session.sendData('file')")
    page.wait("window.came !== undefined")
    assert page.run("came") == ["big.bin", "clerk", 100_000]


async def test_a_screen_is_shown(visitor: Visitor, inn: House, livekit: LiveKit) -> None:
    """It is picked by the user, comes as a screen share, and goes with the browser's own button."""
    page = await asyncio.to_thread(begins, visitor, inn, SCREEN)

    async def sources() -> list[int]:
        people = await livekit.people(page.run("session.getRoom().name"))
        return [track.source for one in people for track in one.tracks]

    async def sees(size: str) -> None:
        look = (
            "(session.sendData('look'), told.findLast(([name]) => name === 'onDataMessage')?.[1])"
        )
        await asyncio.to_thread(page.wait, f"JSON.stringify({look}?.sees) === '{size}'")

    assert page.run("tried(session.publishScreen())") == "done"
    assert page.run("picked") == [{"video": True, "audio": False}]
    assert TrackSource.SCREEN_SHARE in await sources()
    await sees("[640,360]")
    page.run("session.unpublishScreen().then(() => null)")
    await sees("null")
    assert TrackSource.SCREEN_SHARE not in await sources()
    assert page.run("screenStream.getVideoTracks()[0].readyState") == "ended"
    assert page.run("tried(session.publishScreen())") == "done"
    await sees("[640,360]")
    page.run("screenStream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    await sees("null")


@pytest.mark.parametrize("lost", ["dead", "deaf"])
def test_what_is_typed_as_the_line_dies_is_one_turn(
    visitor: Visitor, inn: House, lost: str
) -> None:
    """Whether the words were lost on their way, or came and the server's word for it did not."""
    page = begins(visitor, inn, LINE)
    conversation = page.run("session.snapshot.conversationId")
    page.run(f"cut({lost})")
    page.run("session.sendText('hold the line')")
    typed = "user: hold the line"

    def kept() -> list[str]:
        return [f"{one['role']}: {one['text']}" for one in inn.messages(conversation)]

    if lost == "deaf":
        page.until(lambda: typed in kept(), "the words in the store")
    else:
        page.wait("told.some(([name]) => name === 'onTranscript')")
        assert typed not in kept()
    page.run("session.getRoom().simulateScenario('full-reconnect').then(() => null)")
    twice = ["connecting", "connected"] * 2
    page.until(lambda: page.heard_of_line()[:4] == twice, "the line to come back")
    page.run("session.sendText('and now?')")
    page.reads("You said: and now?")
    users = [typed, "user: and now?"]
    said = page.run("session.snapshot.transcript.map(({ role, text }) => `${role}: ${text}`)")
    assert [one for one in said if one.startswith("user")] == users
    assert [one for one in kept() if one.startswith("user")] == users
