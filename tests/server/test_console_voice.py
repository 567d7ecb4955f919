"""The microphone's door: who may open it, and what goes through it both ways."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.pipeline.stage import stage
from tests.server.conftest import Desk
from tests.server.console import entered
from tests.server.test_console_live import call, hears, post
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from duologue.access.console import Reader
from duologue.errors import DuologueError
from duologue.server.console_voice import _Line, _of
from duologue.store import organizations
from duologue.store.database import unit
from duologue.testing.speech import speak
from duologue.wire import live as wire

RATE = 16000


def opened(
    desk: Desk, who: httpx.Client | None, conversation: str, **headers: str
) -> ClientConnection:
    """A microphone's socket, as the console's own page opens it."""
    base = desk.house.url.replace("http", "ws", 1)
    known = {"origin": desk.house.url} | headers
    if who is not None:
        known["cookie"] = "; ".join(f"{name}={value}" for name, value in who.cookies.items())
    named = {name.replace("_", "-"): value for name, value in known.items() if value}
    return connect(f"{base}/console/live/{conversation}/voice", additional_headers=named)


@contextmanager
def line(desk: Desk, who: httpx.Client, conversation: str) -> Iterator[ClientConnection]:
    """The same, once it is heard."""
    with opened(desk, who, conversation) as socket:
        assert json.loads(socket.recv(30)) == {"type": "open", "rate": RATE, "written": True}
        yield socket


def last(socket: ClientConnection) -> dict[str, Any]:
    """Why a socket closes, behind all sound."""
    said: dict[str, Any] = {}
    try:
        while True:
            text = socket.recv(timeout=60)
            if isinstance(text, str):
                said = json.loads(text)
    except ConnectionClosed:
        return said


def refusal(desk: Desk, who: httpx.Client, conversation: str) -> dict[str, Any]:
    """Why a socket closes that was never heard."""
    with opened(desk, who, conversation) as socket:
        return last(socket)


@pytest.fixture(scope="module")
def owner(desk: Desk) -> Iterator[httpx.Client]:
    """An owner with a name."""
    with entered(desk, "--name", "Ada") as who:
        yield who


def test_a_person_speaks_and_hears(desk: Desk, owner: httpx.Client) -> None:
    """To the sample, in order; until they hand back."""
    with call(desk) as (conversation, visitor):
        hears(visitor, "turn.end")
        assert post(owner, conversation, "takeover").status_code == 303
        with line(desk, owner, conversation) as person:
            hiss = bytes(range(256)) * 5 * 5
            sound = base64.b64encode(hiss).decode()
            visitor.send(json.dumps({"type": "client.audio", "content": sound}))
            heard = b""
            while len(heard) < len(hiss) // 2:
                heard += bytes(person.recv(60))  # type: ignore[arg-type]  # sound is bytes
            voice = bytes(RATE) + speak("I am here myself.").at(RATE).pcm + bytes(RATE * 2)
            for start in range(0, len(voice), 640):
                person.send(voice[start : start + 640])
            said = b""
            while len(said) < RATE // 2:
                said += base64.b64decode(hears(visitor, "response.audio")["content"])
            assert voice.find(said) > 0
            assert post(owner, conversation, "handback").status_code == 303
            assert last(person) == {"type": "closing", "code": "handed_back", "message": ""}
        hears(visitor, "response.data", "handed_back")


def test_a_second_page_takes_the_microphone(desk: Desk, owner: httpx.Client) -> None:
    """The first is told so; the second goes on, until the conversation ends."""
    with call(desk) as (conversation, _):
        post(owner, conversation, "takeover")
        with line(desk, owner, conversation) as first, line(desk, owner, conversation) as second:
            assert last(first)["code"] == "replaced"
            second.send(bytes(640))
            post(owner, conversation, "end")
            assert last(second)["code"] == "ended"


def test_who_is_not_let_in_is_told_before_anything_is_heard(
    desk: Desk, owner: httpx.Client
) -> None:
    """Nobody without a cookie, no viewer, and no page but the console's own."""
    with call(desk) as (conversation, _), entered(desk, "--role", "viewer") as viewer:
        post(owner, conversation, "takeover")
        for who, headers, status in (
            (None, {}, 401),
            (viewer, {}, 403),
            (owner, {"origin": "https://evil.example"}, 403),
            (owner, {"origin": ""}, 403),
            (owner, {"origin": desk.house.url, "sec_fetch_site": "cross-site"}, 403),
            (owner, {"origin": desk.house.url, "sec_fetch_site": "same-site"}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                opened(desk, who, conversation, **headers)
            assert refused.value.response.status_code == status, headers


def test_only_who_has_taken_over_is_heard(desk: Desk, owner: httpx.Client) -> None:
    """And nobody of another organization; each is told what to do."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        organizations.create(conn, slug="rivals", name="Rivals", now=0)
    with (
        call(desk) as (conversation, _),
        entered(desk, "--name", "Bob") as bob,
        entered(desk, "--org", "rivals") as rival,
    ):
        assert refusal(desk, owner, conversation)["code"] == "not_taken_over"
        post(owner, conversation, "takeover")
        refused = refusal(desk, bob, conversation)
        assert (refused["code"], "Ada" in refused["message"]) == ("taken_over", True)
        assert refusal(desk, rival, conversation)["code"] == "conversation_not_found"
        assert refusal(desk, owner, f"conv_{0:032x}")["code"] == "conversation_not_found"


@pytest.mark.parametrize("bad", ["words", b"odd", bytes(65 * 1024)])
def test_what_is_no_sound_is_refused(desk: Desk, owner: httpx.Client, bad: str | bytes) -> None:
    """The line is given back, and may be opened again."""
    with call(desk) as (conversation, _):
        post(owner, conversation, "takeover")
        with line(desk, owner, conversation) as person:
            person.send(bad)
            assert last(person)["code"] == "bad_request"
        with line(desk, owner, conversation):
            pass


async def test_a_line_that_breaks_before_it_is_open_is_given_back(tmp_path: Path) -> None:
    """The page goes while it is told that it is heard."""

    class Broken:
        async def send(self, event: Any) -> None:
            raise asyncio.CancelledError

    async with stage(tmp_path) as desk:
        client = await desk.join()
        reader = Reader(id="con_ada", org_id=desk.org_id, role="owner", name="Ada", noted_at=0)
        take = wire.TakeOver(reader.id, reader.name, 60)
        await desk.host.bell.order(desk.org_id, desk.conversation, take)
        socket: Any = Broken()
        page = _Line(socket, desk.host, reader, "", desk.conversation)
        with pytest.raises(asyncio.CancelledError):
            await page.serve(client.run.takeover)
        over: list[str] = []
        client.run.takeover.pick_up(reader.id, lambda _: None, over.append)
        assert page._why == "left"


async def test_sound_stays_in_its_process_and_behind_its_lock(tmp_path: Path) -> None:
    """A run of another process, and one whose words nobody sees, are refused with the reason."""
    reader = Reader(id="con_ada", org_id="", role="owner", name="Ada", noted_at=0)
    async with stage(tmp_path) as desk:
        await desk.join(e2ee=True)
        reader = Reader(id="con_ada", org_id=desk.org_id, role="owner", name="Ada", noted_at=0)
        take = wire.TakeOver(reader.id, reader.name, 60)
        await desk.host.bell.order(desk.org_id, desk.conversation, take)
        with pytest.raises(DuologueError, match="shown to nobody"):
            await _of(desk.host, reader, desk.conversation)
    async with stage(tmp_path / "other") as desk:
        reader = Reader(id="con_ada", org_id=desk.org_id, role="owner", name="Ada", noted_at=0)
        client = await desk.join()
        await desk.host.bell.order(desk.org_id, desk.conversation, take)
        assert await _of(desk.host, reader, desk.conversation) is client.run.takeover
        runs = desk.host._runs
        kept = runs.pop(desk.conversation)
        with pytest.raises(DuologueError, match="another process"):
            await _of(desk.host, reader, desk.conversation)
        runs[desk.conversation] = kept
