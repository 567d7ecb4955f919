"""@layercode/node-server-sdk 1.2.1 as it was published: a back end that thinks for our agent."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from tests.conformance.browser import E2E
from tests.rooms.livekit import LiveKit
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import Turn
from duologue.testing.speech import words
from duologue.wire import javascript

pytestmark = pytest.mark.browser

SECRET = "a secret that both sides know"
SDK = E2E.parent / "node_modules" / "@layercode" / "node-server-sdk"
PATIENCE = 120.0
TABLE = """
webhook_secret = "the master secret of the server"
allow_private_webhooks = true

[agents.brain]
phrases = ["hello, can you hear me?"]

[agents.brain.webhook]
url = "{url}"
secret = "env:BRAIN_SECRET"
silence = 3

[agents.taped]
record = true

[agents.taped.webhook]
url = "{url}"
secret = "env:BRAIN_SECRET"
"""


class Brain:
    """The back end's process, and what it says of itself."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.url = ""
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", str(E2E / "brain.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"LAYERCODE_WEBHOOK_SECRET": SECRET},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = f"http://127.0.0.1:{self.wait(lambda one: 'port' in one)['port']}/api/agent"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join()
        self._process.stdout.close()

    def wait(self, fits: Callable[[dict[str, Any]], bool], after: int = 0) -> dict[str, Any]:
        """The first thing that it told, behind so many, that fits."""

        def found() -> dict[str, Any] | None:
            return next((one for one in self.told[after:] if fits(one)), None)

        with self._news:
            if not self._news.wait_for(lambda: found() is not None, PATIENCE):
                raise AssertionError(f"the back end told only {self.told[after:]}")
            return found() or {}

    async def event(self, kind: str, text: str = "", after: int = 0) -> dict[str, Any]:
        """What it told of the first event of a kind, with that text in it."""

        def fits(one: dict[str, Any]) -> bool:
            event = one.get("event", {})
            return event.get("type") == kind and text in event.get("text", "")

        return await asyncio.to_thread(self.wait, fits, after)

    async def aborted(self, event: dict[str, Any]) -> None:
        """Waits until the handler of an event learned that it is not needed any more."""
        await asyncio.to_thread(self.wait, lambda one: one.get("aborted") == event["event_id"])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.told.append(json.loads(line))
                self._news.notify_all()


@pytest.fixture(scope="module")
def brain() -> Iterator[Brain]:
    """The back end; without Node.js or the SDK tests are skipped by name, or fail in CI."""
    if shutil.which("node") is None or not SDK.is_dir():
        reason = "needs node (apt-get install nodejs npm) and npm --prefix web ci"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    assert json.loads((SDK / "package.json").read_text())["version"] == "1.2.1"
    with Brain() as running:
        yield running


@pytest.fixture(scope="module")
def house(brain: Brain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose agent is a table in its settings."""
    folder = tmp_path_factory.mktemp("brain")
    (folder / "duologue.toml").write_text(TABLE.format(url=brain.url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAIN_SECRET", SECRET)
        with House(folder / "data") as running:
            running.publish("brain", "taped")
            yield running


@pytest.fixture(scope="module")
def key(house: House) -> str:
    """A secret key of that server."""
    return house.secret_key()


async def asks(caller: SyntheticCaller, text: str) -> Turn:
    """Types, and hears the answer to its end."""
    await caller.type(text)
    return await caller.answer()


async def test_a_conversation_with_a_node_back_end(house: House, key: str, brain: Brain) -> None:
    """Greeted, heard by voice, answered by streaming, data both ways, its end with all words."""
    before = len(brain.told)
    given: dict[str, Any] = {
        "custom_headers": {"X-User": "7"},
        "custom_metadata": {"plan": 60000.0, "naïve": "é"},
    }
    async with SyntheticCaller(house.url, agent="brain", key=key, **given) as caller:
        greeting = await caller.answer()
        assert greeting.text == "Welcome to the Node desk."
        assert {"welcome", "desk"} <= set(words(greeting.understood()))
        await caller.say("Hello, can you hear me?")
        answer = await caller.answer()
        assert words(answer.text)[:6] == ["you", "said", "hello", "can", "you", "hear"]
        assert len(answer.deltas) > 1
        assert len(answer.texts) == 1
        told = await caller.event("response.data")
        assert words(told.content["heard"]) == ["hello", "can", "you", "hear", "me"]
        mark = len(caller.record.events)
        await caller.send({"cart": [1, 2.0, 1e21]})
        echo = await caller.event("response.data", after=mark)
        assert echo.content == {"echo": {"cart": [1, 2, 1e21]}}
        conversation = caller.conversation_id
    end = (await brain.event("session.end", after=before))["event"]
    mine = [one for one in brain.told[before:] if "event" in one]
    assert [one["event"]["type"] for one in mine] == [
        "session.start",
        "message",
        "data",
        "session.end",
    ]
    for one in mine:
        assert (one["verified"], one["anew"], one["forged"]) == (True, True, False)
        assert one["user"] == "7"
        assert one["event"]["conversation_id"] == conversation
        assert one["event"]["custom_metadata"] == {"plan": 60000, "naïve": "é"}
    assert [each["role"] for each in end["transcript"]] == ["assistant", "user", "assistant"]
    assert end["transcript"][0]["text"] == greeting.text
    assert end["transcript"][2]["text"] == answer.text
    assert end["duration"] > 0


async def test_a_recording_is_told_when_it_is_whole(house: House, key: str, brain: Brain) -> None:
    """Behind the end of its session comes an update, signed as the SDK verifies it."""
    before = len(brain.told)
    given: dict[str, Any] = {"custom_headers": {"X-User": "7"}, "custom_metadata": {"plan": 2.0}}
    async with SyntheticCaller(house.url, agent="taped", key=key, **given) as caller:
        greeting = await caller.answer()
        conversation = caller.conversation_id
    update = (await brain.event("session.update", after=before))["event"]
    end = (await brain.event("session.end", after=before))["event"]
    (told,) = [one for one in brain.told[before:] if one.get("event") == update]
    assert (told["verified"], told["anew"], told["forged"]) == (True, True, False)
    assert told["user"] == "7"
    assert end["recording_status"] == "enabled"
    assert update["recording_status"] == "completed"
    assert update["recording_duration"] >= greeting.played / 16000 - 0.5
    assert update["custom_metadata"] == {"plan": 2}
    same = ("session_id", "conversation_id")
    assert [update[name] for name in same] == [end[name] for name in same]
    assert update["conversation_id"] == conversation


async def test_who_interrupts_aborts_the_handler(house: House, key: str, brain: Brain) -> None:
    """It sees the abort of its request; the next message says how much was heard."""
    before = len(brain.told)
    async with SyntheticCaller(house.url, agent="brain", key=key) as caller:
        await caller.answer()
        await caller.type("count")
        counting = await caller.answering()
        await caller.hears(counting, 2 * 16000)
        await caller.type("stop")
        count = (await brain.event("message", "count", before))["event"]
        await brain.aborted(count)
        answer = await caller.answer()
        assert answer.text == "You said: stop."
        stop = (await brain.event("message", "stop", before))["event"]
        conversation = str(caller.conversation_id)
    [cut] = [one["text"] for one in house.messages(conversation) if one["interrupted"]]
    assert stop["interruption_context"] == {
        "previous_turn_interrupted": True,
        "words_heard": len(cut.split()),
        "text_heard": cut,
        "assistant_turn_id": count["turn_id"],
    }
    assert cut.startswith("Now it is 1.")


async def test_a_forgotten_end_and_a_handler_that_throws(
    house: House, key: str, brain: Brain
) -> None:
    """The first is cut by the limit, the second is told; the conversation goes on behind both."""
    before = len(brain.told)
    async with SyntheticCaller(house.url, agent="brain", key=key) as caller:
        await caller.answer()
        forgotten = await asks(caller, "forget")
        assert forgotten.text.strip() == "I never end."
        assert not forgotten.interrupted
        await brain.aborted((await brain.event("message", "forget", before))["event"])
        sorry = await asks(caller, "throw")
        assert sorry.text.startswith("Sorry, something went wrong")
        notice = await caller.event("response.data")
        assert notice.content["code"] == "provider_failed"
        assert "till" not in json.dumps(notice.content)
        assert (await asks(caller, "fine")).text == "You said: fine."
        conversation = str(caller.conversation_id)
    exported = house.command("conversations", "export", conversation)["messages"]
    [error] = [one for one in exported if one["kind"] == "error"]
    assert "the till is empty" in json.dumps(error)


def test_bodies_are_what_javascript_would_write(brain: Brain) -> None:
    """Whatever is in them: thousands of numbers of every size, keys that are indexes, any text."""
    chance = random.Random(7)  # numbers, and no secrets
    numbers = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(3000)]
    numbers += [chance.randrange(-(2**70), 2**70) for _ in range(500)]
    numbers += [round(chance.uniform(-1e6, 1e6), places) for places in range(9) for _ in range(50)]
    texts = ["".join(map(chr, chance.sample(range(0xD800), 20))) for _ in range(500)]
    keys = {str(chance.randrange(20)): n for n in range(50)} | {"a": 1, "-1": 2, "01": 3, "é": 4}
    bodies = [
        javascript.encode(one) for one in ({"numbers": numbers}, texts, {"b": keys, "7": keys})
    ]
    anew = "process.stdin.setEncoding('utf8').on('data', (d) => (t += d)).on('end', () =>"
    anew += " process.stdout.write(JSON.stringify(JSON.parse(t))))"
    for body in bodies:
        command = ["node", "-e", f"let t = ''; {anew}"]
        done = subprocess.run(
            command, input=body, capture_output=True, check=True, timeout=PATIENCE
        )
        assert done.stdout == body


@pytest.mark.rooms
async def test_the_same_back_end_in_a_room(
    brain: Brain, livekit: LiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over WebRTC it is asked as over the socket."""
    from duologue import Session, TokenSource

    before = len(brain.told)
    (tmp_path / "duologue.toml").write_text(TABLE.format(url=brain.url))
    monkeypatch.setenv("BRAIN_SECRET", SECRET)
    with House(tmp_path / "data", mode="dev", **livekit.settings) as rooms:
        source = TokenSource.endpoint(f"{rooms.url}/api/token")
        session = Session(source, agent_name="brain", transport="livekit")
        replies: asyncio.Queue[str] = asyncio.Queue()
        session.on(
            "message",
            lambda one: replies.put_nowait(one.text) if one.final and one.role == "agent" else None,
        )
        await session.start()
        async with asyncio.timeout(PATIENCE):
            assert session.transport == "livekit"
            assert (await replies.get()).strip() == "Welcome to the Node desk."
            await session.messages.send("good morning")
            assert (await replies.get()).strip() == "You said: good morning."
        await session.end()
        end = (await brain.event("session.end", after=before))["event"]
    assert [each["text"] for each in end["transcript"]] == [
        "Welcome to the Node desk.",
        "good morning",
        "You said: good morning.",
    ]
    assert all(one["verified"] for one in brain.told[before:] if "event" in one)
