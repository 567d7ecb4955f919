"""The log: one line a happening, and no secret in any."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.redaction import GONE, redact
from duologue.server import logs

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
secrets = st.text(LETTERS, min_size=24, max_size=48).map(lambda text: f"Zq{text}")
keys = st.builds(
    lambda kind, text: f"dk_{kind}_{text}",
    st.sampled_from(["secret", "public", "session", "resume", "share"]),
    secrets,
)
words = st.text(max_size=20)
Holder = Any


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging as the test found it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(form: Any, event: str, **fields: object) -> str:
    """The line that a log call leaves behind."""
    out = io.StringIO()
    logs.configure(form, "debug", out)
    structlog.get_logger("duologue.test").info(event, **fields)
    return out.getvalue()


nestings = st.recursive(
    keys,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(words, inner, min_size=1, max_size=3),
        st.tuples(inner, words),
    ),
    max_leaves=5,
)


def leaves(value: Any) -> list[str]:
    """Every secret that was hidden in a value."""
    if isinstance(value, str):
        return [value] if value.startswith("dk_") else []
    inner = value.values() if isinstance(value, dict) else value
    return [leaf for each in inner for leaf in leaves(each)]


@pytest.mark.parametrize("form", ["json", "console"])
@given(hidden=nestings, before=words, key=keys)
def test_no_key_of_ours_is_ever_written(form: str, hidden: Any, before: str, key: str) -> None:
    """However deep a key lies, in an event or in its fields, its letters do not reach the log."""
    line = written(form, f"{before} {key}", field=hidden)
    assert key[10:] not in line
    assert not any(leaf[12:] in line for leaf in leaves(hidden))


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "shape",
    [
        "GET /v1/agents/web/websocket?client_session_key={0}&x=1",
        "/rtc?access_token={0}",
        "Authorization: Bearer {0}",
        "authorization: Basic {0}",
        "{{'authorization': 'Bearer {0}'}}",
        "[(b'authorization', b'{0}')]",
        "x-api-key: {0}",
        "postgresql://duologue:{0}@localhost/duologue",
        "sec-websocket-protocol: duologue, dk_session_{0}",
        "client%5Fsession key dk%5Fsession%5F{0}",
    ],
)
@given(secret=secrets)
def test_what_names_a_secret_hides_it(form: str, shape: str, secret: str) -> None:
    """Addresses, headers and their printed forms keep their shape and lose their secret."""
    text = shape.format(secret)
    line = written(form, "seen", text=text, deep=[{"inner": text}])
    assert secret not in line
    assert GONE in line
    assert secret not in redact(text)


@pytest.mark.parametrize("name", ["authorization", "Cookie", "api_key", "resume_token", "password"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_field_named_secret_is_blotted_out(form: str, name: str) -> None:
    """A field, a mapping's entry or a header's pair with a telling name shows no value."""
    value = "plain-looking value"
    line = written(
        form,
        "seen",
        headers=[(name.encode(), value.encode())],
        pairs=[[name, value]],
        inner={name: value},
        **{name: value},
    )
    assert value not in line
    assert "plain" not in line


def test_tracebacks_and_other_libraries_are_redacted_too() -> None:
    """A library's own log call and the text of an exception pass the same gate."""
    out = io.StringIO()
    logs.configure("json", "info", out)
    key = "dk_secret_" + "a" * 40
    try:
        raise ValueError(f"cannot use {key}")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed for %s", key)
        structlog.get_logger("ours").exception("failed", request={"key": key})
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == 2
    assert all("Traceback" in line["exception"] for line in lines)
    assert "aaaa" not in out.getvalue()


def test_a_line_for_programs_says_when_how_serious_and_who() -> None:
    """A JSON line holds the time, the level, the logger and the fields as they were given."""
    line = json.loads(written("auto", "session opened", session="sess_1", at=3, rate=0.5, ok=True))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "session opened",
        "level": "info",
        "logger": "duologue.test",
        "session": "sess_1",
        "at": 3,
        "rate": 0.5,
        "ok": True,
    }


def test_what_is_less_serious_than_the_level_is_not_written() -> None:
    """With level `warning` an `info` line is dropped, and libraries' requests are always."""
    out = io.StringIO()
    logs.configure("json", "warning", out)
    structlog.get_logger("ours").info("not this")
    logs.configure("json", "info", out)
    logging.getLogger("uvicorn.access").info("nor this")
    assert out.getvalue() == ""


class Opened(msgspec.Struct):
    """A record of the kind that the house logs."""

    session: str
    token: str


def test_a_refused_upgrade_is_no_error_of_ours() -> None:
    """The complaint of uvicorn about it is not written; its other errors are."""
    out = io.StringIO()
    logs.configure("json", "info", out)
    server = logging.getLogger("uvicorn.error")
    server.error("ASGI callable returned without completing handshake.")
    server.error("something else")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["something else"]


def test_a_record_is_written_field_by_field() -> None:
    """Structs read like mappings, and their telling fields are blotted out like a mapping's."""
    line = json.loads(written("json", "opened", what=Opened("sess_1", "hidden")))
    assert line["what"] == {"session": "sess_1", "token": GONE}
