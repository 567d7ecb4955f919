"""A line that is dead, though nobody closed it, is noticed by both ends within 40 s."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from tests.groups import say
from tests.promises.network import weather
from tests.promises.servers import Server
from tests.promises.talkers import AGENTS

from duologue import Session, TokenSource
from duologue.client import socket_line
from duologue.testing.line import authorize, open_socket

BOUND = 40.0
BUSY = 10.0
"""Seconds more, for a machine that does other things as well."""
SOON = """
from duologue.server import serve
from duologue.transports import websocket

serve.PING = serve.PONG = 1.0  # twenty times as often as in life
websocket.BEAT = 0.5
"""


async def state(server: Server, session_id: str) -> str:
    """Where a session stands, as its owner is told."""
    async with httpx.AsyncClient(base_url=server.url) as owner:
        answer = await owner.get(f"/v1/sessions/{session_id}")
        return str(answer.raise_for_status().json()["state"])


async def noticed_by_the_server(server: Server) -> float:
    """Seconds until a client counts as lost whose line carries nothing; it never reads a close."""
    ticket = await authorize(server.url, "desk", "")
    session_id = ticket.answer["session_id"]
    async with weather(server.url) as network:
        socket = await open_socket(network.url, ticket.session_key)
        await socket.send('{"type":"client.ready"}')
        while await state(server, session_id) != "live":  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
        network.stall()
        began = time.monotonic()
        async with asyncio.timeout(BOUND + BUSY):
            while await state(server, session_id) != "detached":  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.1)
        took = time.monotonic() - began
        socket.transport.abort()
    return took


async def noticed_by_the_client(server: Server) -> float:
    """Seconds until our client says that it reconnects; then the line comes back, and the agent."""
    async with weather(server.url) as network:
        source = TokenSource.duologue(network.url)
        async with Session(source, agent_name="desk", transport="websocket") as session:
            conversation = session.conversation_id
            network.stall()
            began = time.monotonic()
            async with asyncio.timeout(BOUND + BUSY):
                while line_of(session) == "connected":  # noqa: ASYNC110 - as short
                    await asyncio.sleep(0.05)
            took = time.monotonic() - began
            assert line_of(session) == "reconnecting"
            network.cut()
            network.flow()
            async with asyncio.timeout(BOUND + BUSY):
                while line_of(session) != "connected":  # noqa: ASYNC110 - as short
                    await asyncio.sleep(0.05)
            assert session.conversation_id == conversation
            await session.messages.send("back?")
            async with asyncio.timeout(BOUND):
                async for message in session.messages.stream():
                    if message.text == "You said: back?":
                        break
    return took


@pytest.fixture
def eager(tmp_path: Path) -> Path:
    """The agent of those who type, on a server that looks more often."""
    file = tmp_path / "eager.py"
    file.write_text(AGENTS + SOON)
    return file


async def test_a_silent_client_is_noticed(tmp_path: Path, eager: Path) -> None:
    """Two pings without an answer, and its agent waits for it to come back."""
    with Server(tmp_path, eager) as server:
        await noticed_by_the_server(server)


async def test_a_silent_server_is_noticed(
    tmp_path: Path, eager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a beat the client reconnects, and finds its agent where it was."""
    monkeypatch.setattr(socket_line, "SILENT", 2.0)
    with Server(tmp_path, eager) as server:
        await noticed_by_the_client(server)


@pytest.mark.soak
async def test_both_are_noticed_within_forty_seconds(server: Server) -> None:
    """The same with the times that every server and client has."""
    took = [await noticed_by_the_server(server), await noticed_by_the_client(server)]
    say(f"a silent client after {took[0]:.1f} s, a silent server after {took[1]:.1f} s\n")
    assert max(took) <= BOUND


def line_of(session: Session) -> str:
    """How the line is now: it changes while one waits, which types do not know."""
    return session.connection_state
