"""The files that pages load: as what they come, who needs them again, and what is not there."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from litestar.datastructures import State
from litestar.testing import create_test_client
from tests.server.conftest import Desk, refused

from duologue.console import files
from duologue.server.assets import widget_script

PLAIN = {"accept-encoding": "identity"}


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


def test_scripts_come_packed_to_who_unpacks(desk: Desk) -> None:
    """The packed form has a tag of its own; who refuses it gets the plain one."""
    packed = desk.http.get("/assets/house.css")
    plain = desk.http.get("/assets/house.css", headers=PLAIN)
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    refusing = desk.http.get("/assets/house.css", headers={"accept-encoding": "br, gzip;q=0"})
    assert refusing.headers["etag"] == plain.headers["etag"]


def test_what_the_build_packed_comes_where_it_is_of_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With brotli to who unpacks that; of a script that was built again since, it is forgotten."""
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    script = tmp_path / "widget.js"
    script.write_text("customElements.define('duologue-widget', W);\n")
    found = files.read("widget.js")
    assert found is not None
    (tmp_path / f"widget.js.{found.etag}.br").write_bytes(b"packed")
    with create_test_client([widget_script], state=State({"mode": "serve"})) as page:

        def ask(accepted: str) -> tuple[str | None, str, bytes]:
            with page.stream("GET", "/duologue.js", headers={"accept-encoding": accepted}) as raw:
                assert raw.status_code == 200
                encoding, tag = raw.headers.get("content-encoding"), raw.headers["etag"]
                return encoding, tag, b"".join(raw.iter_raw())

        assert ask("gzip, deflate, br, zstd") == ("br", f'"{found.etag}-br"', b"packed")
        for accepted in ("gzip, br;q=0", "br; q=0.000, gzip", "gzip;q=0.1, BR ;\tQ=0."):
            zipped = ("gzip", f'"{found.etag}-gzip"', files.compressed(found))
            assert ask(accepted) == zipped, accepted
        assert ask("br;q=0.001, gzip")[0] == "br"
        assert ask("identity") == (None, f'"{found.etag}"', found.content)
        script.write_text("customElements.define('duologue-widget', Newer);\n")
        encoding, tag, _ = ask("br, gzip")
    assert encoding == "gzip"
    assert found.etag not in tag


def test_a_packed_file_is_the_same_each_time() -> None:
    """So that its tag means its bytes."""
    found = files.read("house.css")
    assert found is not None
    assert gzip.decompress(files.compressed(found)) == found.content
    assert files.compressed.__wrapped__(found) == files.compressed(found)


@pytest.mark.parametrize(("mode", "cache"), [("serve", "public, max-age=300"), ("dev", "no-cache")])
def test_one_tag_loads_the_widget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, cache: str
) -> None:
    """As a script of any site, which is kept for a while; in `dev` it is always the newest."""
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    (tmp_path / "widget.js").write_text("customElements.define('duologue-widget', W);\n")
    with create_test_client([widget_script], state=State({"mode": mode})) as page:
        answer = page.get("/duologue.js")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, cache)
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.text.startswith("customElements.define")
        known = {"if-none-match": answer.headers["etag"]}
        assert page.get("/duologue.js", headers=known).status_code == 304


def test_a_widget_that_was_not_built_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a comment of a script, which is what its reader looks at; and nobody keeps it."""
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    with create_test_client([widget_script], state=State({"mode": "serve"})) as page:
        answer = page.get("/duologue.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert all(line.startswith("// ") for line in answer.text.splitlines())
    assert "make web" in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "none.js",
        "style.css",
        "..%2Fstyle.css",
        "%2e%2e%2fstyle.css",
        "..\\style.css",
        "a/b",
        "%00",
        ".js",
        "talk.map",
    ],
)
def test_nothing_else_of_the_disk_is_served(desk: Desk, name: str) -> None:
    """Another name, a way out of the folder, a folder: there is nothing."""
    refused(desk.http.get(f"/assets/{name}"), 404, "not_found", "/assets/")
