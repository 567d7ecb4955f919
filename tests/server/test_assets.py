"""The files that pages load: as what they come, who needs them again, and what is not there."""

from __future__ import annotations

import pytest
from tests.server.conftest import Desk, refused


def test_a_file_comes_with_its_type_and_is_not_sent_twice(desk: Desk) -> None:
    """Who shows the tag of what it has is answered 304, and everybody else the whole file."""
    first = desk.http.get("/assets/house.css")
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert "--paper" in first.text
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = desk.http.get("/assets/house.css", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    stale = desk.http.get("/assets/house.css", headers={"if-none-match": '"other"'})
    assert (stale.status_code, stale.content) == (200, first.content)


def test_pages_of_other_sites_may_load_the_client(desk: Desk) -> None:
    """A module of another origin is read only where the answer says so."""
    answer = desk.http.get("/assets/talk.css", headers={"origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "name",
    ["none.js", "style.css", "..%2Fstyle.css", "%2e%2e%2fstyle.css", "..\\style.css", "a/b", "%00"],
)
def test_nothing_else_of_the_disk_is_served(desk: Desk, name: str) -> None:
    """Another name, a way out of the folder, a folder: there is nothing."""
    refused(desk.http.get(f"/assets/{name}"), 404, "not_found", "/assets/")
