"""What docs/webhook-agents.md shows is true: its table, its back ends, and its lists."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest
import uvicorn
from tests.agents.webhook.test_backend import NOTHING_HEARD

from duologue.access import webhooks
from duologue.agents.loader import load
from duologue.agents.webhook.backend import Backend, WebhookFailed
from duologue.agents.webhook.options import Webhook
from duologue.wire import webhooks as wire

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "webhook-agents.md").read_text(encoding="utf-8")
MASTER = "at least sixteen letters"
COMMON: dict[str, Any] = {"event_id": "evt_1", "session_id": "sess_1", "conversation_id": "conv_1"}


def block(language: str) -> str:
    """The code of the page in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


async def talk(url: str, master: str = MASTER) -> list[Any]:
    """What a back end answers to a beginning, a message and data."""
    backend = Backend("front-desk", Webhook(url=url), master=master, private=True)
    message = wire.Message(
        **COMMON, text="Hé!", turn_id="turn_2", interruption_context=NOTHING_HEARD
    )
    events = [
        wire.SessionStart(**COMMON, turn_id="turn_1"),
        message,
        wire.Data(**COMMON, data={"a": 1.0}, turn_id="turn_3"),
    ]
    try:
        found: list[Any] = []
        for event in events:
            answers = backend.ask(event, {}, lambda reason: None)
            found += [each.content async for each in answers if hasattr(each, "content")]
        return found
    finally:
        await backend.aclose(within=30.0)


ANSWERS = ["Hello! How can I help?", "You said: Hé!", {"received": {"a": 1}}]


def free() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_table_is_an_agent() -> None:
    """As it is shown, and by its address alone."""
    tables = tomllib.loads(block("toml"))
    [loaded] = load([], tables["agents"]).all()
    assert loaded.webhook == Webhook(url="https://hotel.example/api/agent")
    assert tables["webhook_secret"] == MASTER


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """An application on a port of its own."""
    config = uvicorn.Config(app, port=free(), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  # nothing tells when
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        await serving


async def test_the_back_end_in_python_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers what is signed with its secret, and nothing else."""
    secret = webhooks.secret_of(MASTER, "front-desk")
    assert secret is not None
    monkeypatch.setenv("LAYERCODE_WEBHOOK_SECRET", secret)
    shown = ModuleType("shown")
    monkeypatch.setitem(sys.modules, "shown", shown)
    exec(block("python"), vars(shown))
    async with served(shown.app) as url:
        assert await talk(f"{url}/api/agent") == ANSWERS
        with pytest.raises(WebhookFailed, match="HTTP 401"):
            await talk(f"{url}/api/agent", master="another master secret")


@pytest.mark.browser
async def test_the_back_end_in_node_is_one(tmp_path: Path) -> None:
    """With the SDK as it was published."""
    modules = ROOT / "web" / "node_modules"
    node = shutil.which("node")
    if node is None or not (modules / "@layercode" / "node-server-sdk").is_dir():
        pytest.skip("needs node and npm --prefix web ci")
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "server.mjs").write_text(block("js"), encoding="utf-8")
    port = free()
    secret = webhooks.secret_of(MASTER, "front-desk") or ""
    process = await asyncio.create_subprocess_exec(
        node,
        "server.mjs",
        cwd=tmp_path,
        env={"PORT": str(port), "LAYERCODE_WEBHOOK_SECRET": secret},
    )
    try:
        async with asyncio.timeout(60.0):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                break
        assert await talk(f"http://127.0.0.1:{port}/") == ANSWERS
    finally:
        process.terminate()
        await process.wait()


def tag(of: type[msgspec.Struct]) -> str:
    """The type of an event."""
    return str(of.__struct_config__.tag)


def test_every_event_and_answer_is_in_a_table() -> None:
    """With each of its fields; and every limit with its default."""
    for event in (wire.SessionStart, wire.Message, wire.Data, wire.SessionUpdate, wire.SessionEnd):
        [row] = re.findall(rf"^\| `{re.escape(tag(event))}` \|.*$", PAGE, re.MULTILINE)
        own = set(event.__struct_fields__) - set(wire.Event.__struct_fields__)
        assert own <= set(re.findall(r"`(\w+)`", row)), event
    for field in (*wire.Event.__struct_fields__, *wire.InterruptionContext.__struct_fields__):
        assert f"`{field}`" in PAGE
    for answer in get_args(wire.Answer):
        assert re.search(rf"^\| `{re.escape(tag(answer))}`", PAGE, re.MULTILINE), answer
    for name in ("connect", "first", "silence", "whole"):
        default = getattr(Webhook(url="https://x"), name)
        assert re.search(rf"^\| `{name}` \| {default:g} s", PAGE, re.MULTILINE), name
