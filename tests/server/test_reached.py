"""At which address a client reached the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestar import Request
from tests.server.conftest import AGENTS, Desk, refused
from tests.serving import House

from duologue.server.reached import address

PUBLIC = "https://voice.example"
PROXY = {"x-forwarded-proto": "https", "x-forwarded-host": "voice.example"}


def asked(**headers: str) -> Request[Any, Any, Any]:
    """A request that came over http."""
    sent = {"host": "127.0.0.1:8787", **headers}
    return Request(
        {  # type: ignore[arg-type]  # all that is read
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": "/x",
            "root_path": "",
            "query_string": b"",
            "server": ("127.0.0.1", 8787),
            "headers": [
                (name.replace("_", "-").encode(), text.encode()) for name, text in sent.items()
            ],
        }
    )


@pytest.mark.parametrize(
    ("headers", "setting", "wanted"),
    [
        ({}, "", "http://127.0.0.1:8787"),
        ({"host": "voice.example"}, "", "http://voice.example"),
        ({"host": "voice.example", "x_forwarded_proto": "https"}, "", PUBLIC),
        ({"x_forwarded_proto": "https, http", "x_forwarded_host": "voice.example, a"}, "", PUBLIC),
        (
            {"x_forwarded_proto": "https", "x_forwarded_host": "voice.example:444"},
            "",
            PUBLIC + ":444",
        ),
        ({"x_forwarded_proto": "gopher", "x_forwarded_host": "a"}, "", "http://127.0.0.1:8787"),
        ({"x_forwarded_host": "a/b?c"}, "", "http://127.0.0.1:8787"),
        ({"x_forwarded_host": "*.voice.example"}, "", "http://127.0.0.1:8787"),
        ({"x_forwarded_host": "other.example"}, f"{PUBLIC}/", PUBLIC),
        ({}, f"{PUBLIC}/talk/", f"{PUBLIC}/talk"),
    ],
)
def test_the_setting_counts_then_the_proxy_then_the_request(
    headers: dict[str, str], setting: str, wanted: str
) -> None:
    """What is no address is passed over."""
    assert address(asked(**headers), setting) == wanted


def test_a_page_of_this_server_behind_a_tls_proxy(tmp_path: Path) -> None:
    """Its widget sees the face of its agent, and is sent to the socket by the proxy's address."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file) as house:
        house.publish("desk")
        desk = Desk(house)
        key = desk.public_key("desk", PUBLIC)
        own = {"x-api-key": key, "sec-fetch-site": "same-origin"}
        shown = desk.http.get("/api/widget/agent", headers={**own, **PROXY})
        assert shown.status_code == 200, shown.text
        refused(desk.http.get("/api/widget/agent", headers=own), 403, "origin_refused", house.url)
        opened = desk.http.post(
            "/api/widget/session",
            json={"transports": ["websocket"]},
            headers={"x-api-key": key, "origin": PUBLIC, **PROXY},
        )
        assert opened.json()["url"].startswith("wss://voice.example/v1/")
        desk.http.close()
