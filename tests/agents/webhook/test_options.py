"""What may be written down of a back end, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from duologue.agents.loader import load, load_file
from duologue.agents.models import planned
from duologue.agents.webhook import options
from duologue.agents.webhook.options import Webhook
from duologue.errors import DuologueError

URL = "https://hooks.example.com/agent?token=abc"


def test_an_address_is_enough() -> None:
    """In a table; everything else has a default, and nothing of it is in what is stored."""
    [loaded] = load([], {"front-desk": {"webhook": URL, "greeting": "Hi."}}).all()
    assert loaded.webhook == Webhook(url=URL)
    assert loaded.webhook.events == ("session.start", "data", "session.update", "session.end")
    assert b"hooks.example.com" not in msgspec.json.encode(loaded.definition)
    assert planned(loaded, {})["llm"] == "a webhook at hooks.example.com"


def test_a_table_says_more() -> None:
    """Events, headers, secret and limits."""
    table = {
        "url": URL,
        "events": ["session.start"],
        "secret": "env:DESK_SECRET",
        "headers": {"Authorization": "env:DESK_TOKEN", "X-Plain": "b"},
        "silence": 3,
    }
    [loaded] = load([], {"desk": {"webhook": table}}).all()
    webhook = loaded.webhook
    assert webhook is not None
    known = {"DESK_SECRET": "s", "DESK_TOKEN": "Bearer x"}
    assert (webhook.events, webhook.silence, webhook.first) == (("session.start",), 3.0, 15.0)
    assert options.secret_of("desk", webhook, known) == "s"
    sent = options.resolved("desk", webhook, known)
    assert sent == {"Authorization": "Bearer x", "X-Plain": "b"}


def test_what_a_header_is_read_from_may_end_a_line() -> None:
    """Which is no part of it; what cannot be sent is refused at the start, and not shown."""
    webhook = Webhook(url=URL, headers={"X-Token": "env:TOKEN", "X-Plain": "a b\tc"})
    sent = options.resolved("desk", webhook, {"TOKEN": " s3cret\r\n"})
    assert sent == {"X-Token": "s3cret", "X-Plain": "a b\tc"}
    for value in ("s3cret\nX-Evil: 1", "s3crét", "s3cret\x7f"):
        with pytest.raises(DuologueError, match="'X-Token' is no header that can be") as refused:
            options.resolved("desk", webhook, {"TOKEN": value})
        assert refused.value.code == "agent_invalid"
        assert "s3cr" not in refused.value.message
    with pytest.raises(
        DuologueError, match=r"webhook\.headers\.X-Token: the environment has no TOKEN"
    ):
        options.resolved("desk", webhook, {"TOKEN": "\n"})


def test_a_file_says_it_too(tmp_path: Path) -> None:
    """Beside a class of its own, whose tools the back end does not call."""
    file = tmp_path / "desk.py"
    file.write_text(
        "import duologue\nfrom livekit.agents import Agent\n\n"
        f'@duologue.agent("desk", webhook={{"url": "{URL}", "whole": 30}})\n'
        "class Desk(Agent):\n    pass\n"
    )
    [loaded] = load_file(file)
    assert loaded.webhook == Webhook(url=URL, whole=30.0)
    assert options.read("desk", loaded.webhook) == loaded.webhook


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("hooks.example.com", r"webhook\.url: expected `str` matching"),
        ({"events": []}, "webhook: object missing required field `url`"),
        ({"url": URL, "timeout": 3}, "unknown field `timeout`"),
        ({"url": URL, "events": ["message"]}, r"webhook\.events"),
        ({"url": URL, "silence": 0}, r"webhook\.silence"),
        ({"url": URL, "secret": "plain text"}, r"webhook\.secret"),
        ({"url": URL, "headers": {"Host": "other"}}, "'Host' is said by duologue itself"),
        ({"url": URL, "headers": {"a b": "c"}}, "'a b' is no header that can be sent"),
        ({"url": URL, "headers": {"a": "b\r\nc: d"}}, "'a' is no header that can be sent"),
        ({"url": URL, "headers": {"a": "b "}}, "'a' is no header that can be sent"),
        ({"url": URL, "headers": {"a": "\tb"}}, "'a' is no header that can be sent"),
        ({"url": URL, "headers": {"a": "é"}}, "'a' is no header that can be sent"),
        (7, "webhook: expected `object`"),
    ],
)
def test_what_is_wrong_is_said(given: Any, reason: str) -> None:
    """By the agent's name and the field's."""
    with pytest.raises(DuologueError, match=reason) as refused:
        options.read("desk", given)
    assert refused.value.code == "agent_invalid"
    assert "'desk'" in refused.value.message


@pytest.mark.parametrize("kind", ["llm", "realtime"])
def test_only_one_can_think(kind: str) -> None:
    """A back end and a model would both answer."""
    with pytest.raises(DuologueError, match=f"it has a webhook and {kind}"):
        load([], {"desk": {"webhook": URL, kind: "openai/gpt-4.1-mini"}})


def test_secrets_are_read_where_they_are(tmp_path: Path) -> None:
    """A file's last line end is no part of one; what is missing or empty is said."""
    file = tmp_path / "secret"
    file.write_text("hush\n")
    assert options.secret_of("desk", Webhook(url=URL), {}) == ""
    assert options.secret_of("desk", Webhook(url=URL, secret=f"file:{file}"), {}) == "hush"
    file.write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for place, reason in [
        ("env:NOT_THERE", "the environment has no NOT_THERE"),
        (f"file:{file}", "is empty"),
        (f"file:{tmp_path / 'gone'}", "No such file"),
        (f"file:{tmp_path / 'bytes'}", "it is no text"),
    ]:
        with pytest.raises(DuologueError, match=reason):
            options.secret_of("desk", Webhook(url=URL, secret=place), {})


def test_a_sessions_headers_say_nothing_in_our_place() -> None:
    """Those that cannot be sent are left out, too."""
    given = {"X-User": "7", "HOST": "x", "Layercode-Signature": "t=1,v1=2", "a b": "c", "d": "é\n"}
    assert options.carried(given) == {"X-User": "7"}
