"""Requests, state and files of one client of the socket, frame by frame, without a socket."""

from __future__ import annotations

import asyncio
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
from tests.transports.test_files import begin, chunk

import duologue
from duologue.core import happenings as h
from duologue.transports.exchanging import NEEDS, Exchanging, messages
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, decode_client

ALL = frozenset({"rpc", "state", "files"})


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
