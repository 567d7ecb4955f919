"""HEAD: what uptime checks, link checkers and caches ask."""

from __future__ import annotations

import pytest
from tests.server.conftest import Desk

PLAIN = {"accept-encoding": "identity"}


@pytest.mark.parametrize(
    "path", ["/assets/house.css", "/duologue.js", "/health", "/ready", "/", "/status", "/nothing"]
)
def test_a_head_is_a_get_without_its_body(desk: Desk, path: str) -> None:
    """The same status, type, length and caching; and no letter of the answer."""
    whole = desk.http.get(path, headers=PLAIN)
    bare = desk.http.head(path, headers=PLAIN)
    assert (bare.status_code, bare.content) == (whole.status_code, b"")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert bare.headers.get(name) == whole.headers.get(name), name


def test_a_file_that_is_known_is_not_modified_by_head_either(desk: Desk) -> None:
    """A cache that asks with its tag is answered 304."""
    tag = desk.http.get("/assets/house.css", headers=PLAIN).headers["etag"]
    known = {**PLAIN, "if-none-match": tag}
    assert desk.http.head("/assets/house.css", headers=known).status_code == 304


def test_a_door_without_a_get_has_no_head(desk: Desk) -> None:
    """And asking opens nothing there."""
    answer = desk.http.head("/api/widget/session")
    assert (answer.status_code, answer.content) == (405, b"")
    assert "POST" in answer.headers["allow"]
