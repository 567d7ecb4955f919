"""A session key: one lives, rotated at once, void at the end, never logged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.promises.servers import Server
from tests.store.conftest import postgres_server, url

from duologue.access import session_keys
from duologue.store import sessions
from duologue.store.database import Database
from duologue.testing.line import Refused, Ticket, authorize, open_socket

__all__ = ["postgres_server", "url"]

RACERS = 50
RACER = """
import asyncio, sys
from pathlib import Path
from tests.pipeline.stage import stage
from duologue.access import keys
from duologue.server.admit import Wish

async def main(folder, url):
    async with stage(Path(folder), settings={"database_url": url, "max_sessions": 999}) as desk:
        print("ready", flush=True)
        for line in sys.stdin:
            conversation, _, racers = line.strip().partition(" ")
            wish = Wish(key=None, principal=keys.local(desk.org_id), origin=None, agent="desk",
                        conversation_id=conversation if conversation != "new" else None)
            racing = (desk.doorman.authorize(wish) for _ in range(int(racers)))
            for won in await asyncio.gather(*racing):
                print(won.conversation_id, won.session_key, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
"""A process with a doorman of its own, which admits that many racers at a sign."""


async def opens(server: Server, key: str) -> str:
    """How the upgrade with a key ends: `open`, or the code of its refusal."""
    try:
        async with await open_socket(server.url, key):
            return "open"
    except Refused as refused:
        return refused.code


@pytest.fixture
def served(tmp_path: Path, agents: Path, url: str) -> Iterator[Server]:
    """A server on a database of each kind."""
    with Server(tmp_path, agents, database_url=url) as made:
        yield made


async def test_of_fifty_racers_one_key_opens(served: Server) -> None:
    """Whoever is served last has the key; the forty-nine others never open anything."""
    first = await authorize(served.url, "desk", "")
    racing = (authorize(served.url, "desk", "", first.conversation_id) for _ in range(RACERS))
    tickets = await asyncio.gather(*racing)
    keys = [first.session_key, *(each.session_key for each in tickets)]
    assert len(set(keys)) == RACERS + 1
    outcomes = [await opens(served, key) for key in keys]
    assert sorted(outcomes) == ["open"] + ["session_key_unknown"] * RACERS


@pytest.mark.postgres
async def test_racers_of_several_processes_leave_one_key(
    postgres_server: str, tmp_path: Path
) -> None:
    """Three processes with a doorman each admit to one conversation at once: one key is alive."""
    address = f"{postgres_server}/postgres"
    with contextlib.ExitStack() as stack:
        folders = [str(tmp_path / name) for name in ("one", "two", "three")]
        racers = [stack.enter_context(racer(folder, address)) for folder in folders]
        for process in racers:
            assert said(process) == "ready"
        conversation, first = race(racers[:1], "new", 1)[0]
        won = race(racers, conversation, RACERS // 3 + 1)
    assert {where for where, _ in won} == {conversation}
    keys = [first, *(key for _, key in won)]
    assert len(set(keys)) == len(keys) > RACERS
    db = await Database.open(address)
    try:
        digests = [session_keys.digest(key) for key in keys]
        claims = [await db.read(sessions.claim, digest, 0) for digest in digests]
    finally:
        await db.close()
    assert claims[0] is None
    assert sum(claim is not None for claim in claims) == 1


@contextlib.contextmanager
def racer(folder: str, address: str) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for the sign, and ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", RACER, folder, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        yield process


def race(
    racers: list[subprocess.Popen[str]], conversation: str, each: int
) -> list[tuple[str, str]]:
    """Conversation and key of each admission, when all processes were given the sign."""
    for process in racers:
        assert process.stdin is not None
        process.stdin.write(f"{conversation} {each}\n")
        process.stdin.flush()
    lines = [said(process) for process in racers for _ in range(each)]
    return [(where, key) for where, _, key in (line.partition(" ") for line in lines)]


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_a_key_is_void_after_its_end(server: Server) -> None:
    """Rotated, left, ended by the owner, deleted or altered: none opens a socket."""
    rotated = await authorize(server.url, "desk", "")
    left = await authorize(server.url, "desk", "", rotated.conversation_id)
    async with await open_socket(server.url, left.session_key) as socket:
        assert await opens(server, left.session_key) == "session_open"
        await socket.send('{"type":"client.ready"}')
        await socket.send('{"type":"client.end"}')
        async for _ in socket:
            pass
    ended, deleted = [await authorize(server.url, "desk", "") for _ in range(2)]
    async with (
        httpx.AsyncClient(base_url=server.url) as owner,
        await open_socket(server.url, ended.session_key),
    ):
        answers = [
            await owner.post(f"/v1/sessions/{ended.answer['session_id']}/end"),
            await owner.delete(f"/v1/conversations/{deleted.conversation_id}"),
        ]
        assert all(answer.is_success for answer in answers), [each.text for each in answers]
    codes = [await opens(server, each.session_key) for each in (rotated, left, ended, deleted)]
    assert codes == [
        "session_key_unknown",
        "session_key_expired",
        "session_key_unknown",
        "session_key_unknown",
    ]
    altered = left.session_key[:-1] + ("A" if left.session_key[-1] != "A" else "B")
    assert await opens(server, altered) == "session_key_unknown"


async def test_no_key_is_ever_written(tmp_path: Path, agents: Path) -> None:
    """All that can be done with a key, at level debug: no line and no file of the server has it."""
    with Server(tmp_path, agents, log_level="debug", trace="on") as server:
        tickets = [await authorize(server.url, "desk", "") for _ in range(3)]
        for ticket, ours in zip(tickets, (False, True, False), strict=True):
            await used(server, ticket, ours=ours)
        server.kill()
        server.start()
        for ticket in tickets:
            assert await opens(server, ticket.session_key) != "session_key_unknown"
    assert "session live" in server.log
    assert server.database.name in places(tmp_path, b"desk"), "it finds nothing"
    for ticket in tickets:
        secret = ticket.session_key.removeprefix("dk_session_")
        assert secret not in server.log
        assert places(tmp_path, secret.encode()) == set()


def places(folder: Path, secret: bytes) -> set[str]:
    """The files below a folder that hold it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if secret in path.read_bytes()}


async def used(server: Server, ticket: Ticket, *, ours: bool) -> None:
    """Does with a key what it is for, and what a confused or curious client does with it."""
    key = ticket.session_key
    async with await open_socket(server.url, key, subprotocol=ours) as socket:
        await socket.send('{"type":"client.ready"}')
        await socket.send(json.dumps({"type": "client.response.text", "content": "hello"}))
        await socket.send(json.dumps({"type": key, "key": [key]}))
        await socket.send(f"not json {key}")
        assert await opens(server, key) == "session_open"
        await until(socket, "turn.end")
        socket.transport.abort()
    async with httpx.AsyncClient(base_url=server.url) as http:
        bearer = {"authorization": f"Bearer {key}"}
        for method, path, headers in (
            ("GET", f"/v1/agents/web/websocket?client_session_key={key}", {}),
            ("GET", f"/{key}", {}),
            ("GET", "/v1/agents", bearer),
            ("GET", f"/v1/sessions/{key}", {}),
            ("GET", f"/v1/conversations/{key}?key={key}", {"cookie": f"key={key}"}),
            ("POST", "/v1/agents/web/authorize_session", bearer),
            ("POST", f"/v1/agents/web/authorize_session?k={key}", {"referer": f"http://a/{key}"}),
        ):
            content = json.dumps({"agent_id": key, "conversation_id": key, key: key})
            body: Any = content if method == "POST" else None
            answer = await http.request(method, path, headers=headers, content=body)
            assert answer.status_code < 500


async def until(socket: Any, kind: str) -> None:
    """Reads until a message of a type."""
    async with asyncio.timeout(60):
        while json.loads(await socket.recv())["type"] != kind:
            pass
