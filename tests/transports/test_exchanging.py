"""Requests, state and files of one client of the socket, frame by frame, without a socket."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.stage import Client, until
from tests.pipeline.test_requests import talking

import duologue
from duologue.core import happenings as h
from duologue.transports.exchanging import (
    FILES_BURST,
    NEEDS,
    STALLED,
    UNFINISHED,
    Exchanging,
    Inbox,
    messages,
    pieces,
)
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, decode_client

ALL = frozenset({"rpc", "state", "files"})


class Clock:
    """Seconds that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def chunk(content: bytes, id: str = "f") -> wire.FileChunk:  # noqa: A002
    """The next bytes of a file."""
    return wire.FileChunk(id, base64.b64encode(content).decode())


def begin(size: int, id: str = "f", **fields: Any) -> wire.FileBegin:  # noqa: A002
    """The beginning of a file."""
    return wire.FileBegin(id, fields.pop("name", "notes.txt"), size, **fields)


# ---------------------------------------------------------------- files in pieces


@given(st.binary(max_size=3 * wire.FILE_CHUNK))
def test_a_file_survives_its_pieces(content: bytes) -> None:
    """What one side cuts, the other puts together, byte by byte."""
    file = h.FileSent("f", "n", "text/plain", "notes", {"a": "b"}, content)
    inbox, got = Inbox(Clock()), list[h.FileSent]()
    for frame in pieces(file):
        message = decode_client(frame)
        assert isinstance(message, wire.FileBegin | wire.FileChunk)
        take = inbox.begin(message) if isinstance(message, wire.FileBegin) else inbox.chunk(message)
        got += [] if take is None else [take]
    assert got == [file]


def test_files_may_come_at_the_same_time() -> None:
    """Each chunk belongs to the file that it names."""
    inbox = Inbox(Clock())
    assert inbox.begin(begin(2, "a")) is None
    assert inbox.begin(begin(2, "b")) is None
    assert inbox.chunk(chunk(b"1", "a")) is None
    assert inbox.chunk(chunk(b"3", "b")) is None
    one, two = inbox.chunk(chunk(b"2", "a")), inbox.chunk(chunk(b"4", "b"))
    assert one is not None
    assert two is not None
    assert (one.content, two.content) == (b"12", b"34")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (chunk(b"1234"), "larger than the 3 bytes"),
        (chunk(b""), "1 to 65536"),
        (chunk(bytes(wire.FILE_CHUNK + 1)), "1 to 65536"),
        (wire.FileChunk("f", "AAA"), "not base64"),
        (wire.FileChunk("f", "ä==="), "not base64"),
    ],
)
def test_a_file_that_is_not_what_it_said_is_forgotten(wrong: wire.FileChunk, words: str) -> None:
    """The reason names it, and what follows of it belongs to nothing."""
    inbox = Inbox(Clock())
    inbox.begin(begin(3))
    with pytest.raises(BadFrame, match=words) as refused:
        inbox.chunk(wrong)
    assert "'notes.txt'" in str(refused.value)
    with pytest.raises(BadFrame, match="no file 'f'"):
        inbox.chunk(chunk(b"123"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (begin(-1), "has -1 bytes"),
        (begin(wire.FILE_LIMIT + 1), "1048577 bytes; the socket takes 0 to 1048576"),
        (begin(1, name="n" * 256), "at most 255"),
        (begin(1, topic="t" * 257), "at most 256"),
        (begin(1, mime_type="t" * 257), "at most 256"),
        (begin(1, id="t" * 257), "at most 256"),
        (begin(1, id="known"), "has begun already"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_at_once(wrong: wire.FileBegin, words: str) -> None:
    """What is on its way already is not disturbed by it."""
    inbox = Inbox(Clock())
    inbox.begin(begin(1, "known"))
    with pytest.raises(BadFrame, match=words):
        inbox.begin(wrong)
    assert inbox.chunk(chunk(b"1", "known")) is not None


def test_a_file_that_stalls_is_forgotten_and_gives_its_place_away() -> None:
    """Its next chunk is refused; so many files are on their way, and not one more."""
    clock = Clock()
    inbox = Inbox(clock)
    for number in range(UNFINISHED):
        inbox.begin(begin(2, f"f{number}"))
    with pytest.raises(BadFrame, match="4 files are on their way"):
        inbox.begin(begin(2, "more"))
    clock.now += STALLED
    assert inbox.chunk(chunk(b"1", "f0")) is None
    clock.now += 1
    with pytest.raises(BadFrame, match="forgotten: 30 s"):
        inbox.chunk(chunk(b"1", "f1"))
    inbox.begin(begin(2, "more"))
    assert inbox.chunk(chunk(b"2", "f0")) is not None
    with pytest.raises(BadFrame, match="no file 'f2'"):
        inbox.chunk(chunk(b"1", "f2"))


def test_a_flood_of_files_is_refused_before_it_begins() -> None:
    """By their sizes, so that no file is cut in the middle."""
    clock = Clock()
    inbox = Inbox(clock)
    for number in range(FILES_BURST // wire.FILE_LIMIT):
        inbox.begin(begin(wire.FILE_LIMIT, f"f{number}"))
        with pytest.raises(BadFrame):
            inbox.chunk(chunk(b"", f"f{number}"))
    with pytest.raises(BadFrame, match="bytes of files a second"):
        inbox.begin(begin(1))
    clock.now += 1
    inbox.begin(begin(wire.FILE_LIMIT))


# ---------------------------------------------------------------- what happens, in words


def test_what_happens_is_told_to_those_who_asked() -> None:
    """Each happening needs one capability; files go by their pieces."""
    told: list[tuple[Any, str, wire.FromServer]] = [
        (h.RpcAsked("r", "m", "p", 5), "rpc", wire.RpcRequest("r", "m", "p", 5)),
        (h.RpcAnswered("r", "p", None), "rpc", wire.RpcResponse("r", "p")),
        (h.StateShared("k", 1), "state", wire.StateSet("k", 1)),
        (h.AttributesChanged({"a": "b"}), "state", wire.AttributesSet({"a": "b"})),
    ]
    for happening, capability, message in told:
        assert messages(happening, frozenset({capability})) == [message]
        assert messages(happening, ALL - {capability}) == []
    assert messages(h.FileSent("f", "n", "t", "", {}, b""), ALL) == []


def test_every_message_needs_a_capability() -> None:
    """None of them was forgotten."""
    assert set(NEEDS) == set(wire.FromClient.__args__)
    assert set(NEEDS.values()) == ALL


# ---------------------------------------------------------------- what a client asks


@asynccontextmanager
async def exchanging(
    folder: Path, asks: frozenset[str] = ALL, setup: Any = lambda here: None
) -> AsyncIterator[tuple[Exchanging, Client, duologue.Current]]:
    """One client's side of a live run."""
    async with talking(folder, setup) as (_, client, here):
        assert client.seat is not None
        yield Exchanging(client.seat, asks), client, here


async def test_a_message_that_was_not_agreed_on_is_refused_by_name(tmp_path: Path) -> None:
    """And does nothing; the agent learns that this client takes no requests and no files."""
    async with exchanging(tmp_path, frozenset()) as (client, _, here):
        for message, capability in (
            (wire.RpcRequest("r", "m"), "rpc"),
            (wire.RpcResponse("r", "p"), "rpc"),
            (wire.StateSet("k", 1), "state"),
            (wire.AttributesSet({"a": "b"}), "state"),
            (begin(1), "files"),
            (chunk(b"1"), "files"),
        ):
            tag = type(message).__struct_config__.tag
            with pytest.raises(BadFrame, match=f"{tag} was not agreed on.*'{capability}'"):
                client.take(message)
        assert client.first() == []
        assert here.state.values() == {}
        with pytest.raises(duologue.RpcError) as refused:
            await here.rpc("x")
        assert refused.value.code == wire.RPC_UNSUPPORTED
        with pytest.raises(duologue.DuologueError, match="'files'"):
            await here.send_file(b"")


async def test_each_message_does_what_it_says(tmp_path: Path) -> None:
    """Requests both ways, state, attributes and a file."""
    got: list[h.FileSent] = []

    def setup(here: duologue.Current) -> None:
        here.on_rpc("greet", lambda payload: f"Hello {payload}")
        here.on_file(got.append)

    async with exchanging(tmp_path, setup=setup) as (client, heard, here):
        client.take(wire.RpcRequest("r", "greet", "Ada", 10**30))
        assert (await heard.until(h.RpcAnswered)).payload == "Hello Ada"
        asking = asyncio.create_task(here.rpc("where"))
        request = await heard.until(h.RpcAsked)
        client.take(wire.RpcResponse(request.id, "here"))
        assert await asking == "here"
        client.take(wire.StateSet("k", 1))
        client.take(wire.AttributesSet({"a": "b"}))
        assert (here.state.get("k"), here.attributes) == (1, {"a": "b"})
        assert client.first() == [wire.StateSnapshot({"k": 1})]
        here.set_attributes({"mood": "calm"})
        assert client.first()[1:] == [wire.AttributesSet({"mood": "calm"})]
        client.take(begin(3))
        client.take(chunk(b"tea"))
        client.take(begin(0, name="empty"))
        await until(lambda: len(got) == 2)
        assert [(file.name, file.content) for file in got] == [
            ("notes.txt", b"tea"),
            ("empty", b""),
        ]


async def test_what_the_exchange_refuses_is_a_bad_frame(tmp_path: Path) -> None:
    """With the exchange's own reason."""
    async with exchanging(tmp_path) as (client, _, _):
        for message, words in (
            (wire.StateSet("", 1), "a key has 1 to 256"),
            (wire.AttributesSet({"": "b"}), "a name has 1 to 256"),
            (wire.RpcRequest("r", "m" * 257), "rpc.request: .* at most 256"),
            (wire.RpcRequest("r" * 257, "m"), "rpc.request: .* at most 256"),
            (begin(0, attributes={"": "b"}), "a name has 1 to 256"),
        ):
            with pytest.raises(BadFrame, match=words):
                client.take(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("id", "method", "payload", "timeout_ms", "error", "key", "value", "attributes")
MORE = ("name", "size", "mime_type", "topic", "content")
FRAMES = st.builds(
    lambda tag, fields: {**fields, "type": tag},
    st.sampled_from([kind.__struct_config__.tag for kind in NEEDS]),
    st.dictionaries(st.sampled_from([*FIELDS, *MORE]), JSON | st.sampled_from(["f", "AAAA", 3])),
)


async def test_no_frame_does_more_than_it_may(tmp_path: Path) -> None:
    """Whatever a client writes into its messages: each is taken, or refused with a reason."""
    async with exchanging(tmp_path) as (client, heard, here):

        @given(st.lists(FRAMES, max_size=20))
        def bombard(frames: list[dict[str, Any]]) -> None:
            for frame in frames:
                with suppress(BadFrame):
                    message = decode_client(json.dumps(frame))
                    assert isinstance(message, wire.FromClient)
                    client.take(message)
            assert len(here.state.json()) <= 65536

        bombard()
        here.on_rpc("alive", lambda payload: "yes")
        await asyncio.sleep(0)
        for attempt in range(100):  # the mutants' own requests may fill all places for a while
            client.take(wire.RpcRequest(f"alive{attempt}", "alive"))
            answer = await heard.until(h.RpcAnswered, lambda one: one.id == f"alive{attempt}")  # noqa: B023
            if answer.payload == "yes":
                return
            await asyncio.sleep(0.1)
        raise AssertionError("the agent does not answer any more")
