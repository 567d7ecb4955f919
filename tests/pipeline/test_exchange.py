"""State, attributes and files between an agent and its clients, with a real run and its store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import until
from tests.pipeline.test_requests import exchange, talking

import duologue
from duologue.core import happenings as h
from duologue.store import conversations
from duologue.wire.exchange import FILE_LIMIT


def shared(client: Any) -> list[tuple[str, Any]]:
    """The changes of the state that a client was told of."""
    return [(one.key, one.value) for one in client.all(h.StateShared)]


# ---------------------------------------------------------------- state


async def test_state_reaches_every_client_from_either_side(tmp_path: Path) -> None:
    """Whoever sets it, all are told in one order, the one who set it too."""
    async with talking(tmp_path, tabs="share") as (desk, client, here):
        other = await desk.join(again=True)
        here.state.set("cart", ["tea"])
        exchange(client).set_state("cart", ["tea", "milk"])
        exchange(other).set_state("cart", ["tea", "milk"])
        here.state.set("cart", None)
        assert shared(client) == shared(other)
        assert shared(client) == [("cart", ["tea"]), ("cart", ["tea", "milk"]), ("cart", None)]
        assert here.state.get("cart", "empty") == "empty"


async def test_a_clients_change_calls_the_agents_watchers(tmp_path: Path) -> None:
    """As the agent's own code: plain and async watchers find their session."""
    seen: list[Any] = []

    def setup(here: duologue.Current) -> None:
        async def later(key: str, value: Any) -> None:
            await asyncio.sleep(0)
            seen.append(("async", duologue.current() is here, key, value))

        here.state.on(lambda key, value: seen.append(("plain", duologue.current() is here)))
        here.state.on(later)

    async with talking(tmp_path, setup) as (_, client, here):
        exchange(client).set_state("mood", "glad")
        assert here.state.get("mood") == "glad"
        await until(lambda: len(seen) == 2)
        assert seen == [("plain", True), ("async", True, "mood", "glad")]


async def test_state_outlives_the_run(tmp_path: Path) -> None:
    """The agent of a rebuilt conversation has it before its first word; the last change is in."""
    found: list[Any] = []

    def setup(here: duologue.Current) -> None:
        found.append((here.resumed, here.state.get("cart"), here.state.get("n")))

    async with talking(tmp_path, setup) as (desk, client, here):
        here.state.set("cart", {"tea": 2})
        for number in range(50):
            here.state.set("n", number)
        await desk.leave(client)
        again = await desk.join(again=True)
        assert found == [(None, None, None), (None, {"tea": 2}, 49)]
        assert exchange(again).state == {"cart": {"tea": 2}, "n": 49}
        assert not shared(again)
        stored = await desk.host.db.read(conversations.get, desk.org_id, desk.conversation)
        assert stored is not None
        assert stored.state == {"cart": {"tea": 2}, "n": 49}


async def test_what_a_client_may_not_set_is_refused_by_name(tmp_path: Path) -> None:
    """The same limits on both sides; nobody is told of what was refused."""
    async with talking(tmp_path) as (_, client, here):
        for set_it in (exchange(client).set_state, here.state.set):
            with pytest.raises(duologue.DuologueError, match=r"State 'k'.*more than 65536"):
                set_it("k", "x" * 70_000)
        assert not shared(client)


# ---------------------------------------------------------------- attributes


async def test_attributes_of_both_sides(tmp_path: Path) -> None:
    """Each side sees all of the other's, and hears only of what changes."""
    seen: list[Any] = []

    def setup(here: duologue.Current) -> None:
        async def heard(attributes: dict[str, str]) -> None:
            await asyncio.sleep(0)
            seen.append((duologue.current() is here, attributes))

        here.on_attributes(heard)

    async with talking(tmp_path, setup) as (_, client, here):
        for changes in ({"lang": "de"}, {"lang": "de"}, {"page": "/"}, {"lang": ""}):
            exchange(client).attributes(changes)
        await until(lambda: len(seen) == 3)
        assert seen == [
            (True, {"lang": "de"}),
            (True, {"lang": "de", "page": "/"}),
            (True, {"page": "/"}),
        ]
        assert here.attributes == {"page": "/"}
        here.set_attributes({"mood": "calm"})
        here.set_attributes({"mood": "calm"})
        here.set_attributes({"mood": "", "step": "2"})
        told = [one.attributes for one in client.all(h.AttributesChanged)]
        assert told == [{"mood": "calm"}, {"step": "2"}]
        assert exchange(client).agent_attributes == {"step": "2"}
        with pytest.raises(duologue.DuologueError, match="are texts"):
            here.set_attributes({"step": 3})  # type: ignore[dict-item]  # as a newcomer writes it


async def test_attributes_that_nobody_watches_are_kept(tmp_path: Path) -> None:
    """An agent may look later."""
    async with talking(tmp_path) as (_, client, here):
        exchange(client).attributes({"lang": "de"})
        assert here.attributes == {"lang": "de"}


# ---------------------------------------------------------------- files


def sent(name: str, content: bytes = b"x") -> h.FileSent:
    """A file of a client."""
    return h.FileSent("f1", name, "text/plain", "files", {"a": "b"}, content)


async def test_a_file_reaches_the_agent_whole(tmp_path: Path) -> None:
    """Under a name that leads nowhere; an agent that enters late is waited for."""
    got: list[h.FileSent] = []

    def setup(here: duologue.Current) -> None:
        async def keep(file: h.FileSent) -> None:
            await asyncio.sleep(0)
            assert duologue.current() is here
            got.append(file)

        here.on_file(keep)

    async with talking(tmp_path, setup) as (_, client, _):
        for name in ("notes.txt", "../../etc/passwd", "C:\\autoexec.bat", "..", "", "a" * 300):
            exchange(client).file(sent(name, b"tea"))
        await until(lambda: len(got) == 6)
        names = [file.name for file in got]
        assert names == ["notes.txt", "passwd", "autoexec.bat", "file", "file", "a" * 255]
        assert (got[0].content, got[0].mime_type, got[0].attributes) == (
            b"tea",
            "text/plain",
            {"a": "b"},
        )


async def test_an_agent_that_takes_no_files_says_so(tmp_path: Path) -> None:
    """The client is told, and the next handler gets the next file only."""
    async with talking(tmp_path) as (_, client, here):
        exchange(client).file(sent("notes.txt"))
        notice = await client.until(h.Noticed)
        assert "'notes.txt'" in notice.message
        assert "takes no files" in notice.message
        got: list[h.FileSent] = []
        leave = here.on_file(got.append)
        exchange(client).file(sent("second.txt"))
        await until(lambda: len(got) == 1)
        leave()
        with pytest.raises(duologue.DuologueError, match="are texts"):
            exchange(client).file(h.FileSent("f", "n", "t", "", {"a": 1}, b""))  # type: ignore[dict-item]  # a room's may be anything


async def test_the_agent_sends_files_by_path_and_by_bytes(tmp_path: Path) -> None:
    """With a name and a kind of its own, or those of the path."""
    plan = tmp_path / "plan.pdf"
    plan.write_bytes(b"%PDF")
    async with talking(tmp_path) as (_, client, here):
        await here.send_file(plan)
        await here.send_file(str(plan), name="the/plan", mime_type="x/y", attributes={"n": "1"})
        await here.send_file(b"tea", topic="notes")
        files = client.all(h.FileSent)
        assert [(one.name, one.mime_type, one.topic, one.content) for one in files] == [
            ("plan.pdf", "application/pdf", "files", b"%PDF"),
            ("plan", "x/y", "files", b"%PDF"),
            ("file", "application/octet-stream", "notes", b"tea"),
        ]
        assert files[1].attributes == {"n": "1"}
        assert len({one.id for one in files}) == 3
        with pytest.raises(FileNotFoundError):
            await here.send_file(tmp_path / "nothing")


async def test_a_file_needs_a_road_that_is_wide_enough(tmp_path: Path) -> None:
    """The socket takes one mebibyte; without anybody who takes files there is none at all."""
    large = tmp_path / "large"
    large.write_bytes(bytes(FILE_LIMIT + 1))
    async with talking(tmp_path) as (desk, client, here):
        await here.send_file(bytes(FILE_LIMIT))
        for source in (large, bytes(FILE_LIMIT + 1)):
            with pytest.raises(duologue.NotOnThisTransport, match=r"1048577 bytes.*websocket"):
                await here.send_file(source)
        exchange(client).arrived(client, "livekit")
        await here.send_file(large)
        assert [len(one.content) for one in client.all(h.FileSent)] == [FILE_LIMIT, FILE_LIMIT + 1]
        exchange(client).takes(client, frozenset({"rpc"}))
        with pytest.raises(duologue.DuologueError, match=r"send_file.*'files'"):
            await here.send_file(b"")
        await desk.leave(client, "dropped")
        with pytest.raises(duologue.DuologueError, match="none is there"):
            await here.send_file(b"")


async def test_the_agent_knows_the_road_of_the_newest_client(tmp_path: Path) -> None:
    """A conversation that moves to another road says so."""
    async with talking(tmp_path) as (desk, client, here):
        assert here.transport == "websocket"
        session = here.session_id
        await desk.leave(client, "dropped")
        await desk.join(again=True, transport="livekit", metadata={"visit": 2})
        assert (here.transport, here.metadata) == ("livekit", {"visit": 2})
        assert here.session_id != session
