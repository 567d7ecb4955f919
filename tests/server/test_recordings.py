"""The sound of a recording over HTTP: whole, by the piece, and to nobody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import Desk, refused
from tests.server.console import entered, tell

from duologue.errors import DuologueError
from duologue.server.recordings import piece_of
from duologue.store import organizations, recordings
from duologue.store.database import unit

CONTENT = b"OggS" + os.urandom(200_000)


class Sounds:
    """A run of ours with two recordings, and one of another organization."""

    def __init__(self, desk: Desk) -> None:
        folder = Path(desk.house.data) / "recordings"
        folder.mkdir(exist_ok=True)
        with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
            own = organizations.get(conn, "default")
            assert own is not None
            others = organizations.create(conn, slug="rivals", name="Rivals", now=0)
            self.run, self.foreign = tell(conn, own.id, 1), tell(conn, others.id, 2)
            self.ids = {}
            for name, org_id, run in (
                ("whole", own.id, self.run),
                ("open", own.id, self.run),
                ("gone", own.id, self.run),
                ("theirs", others.id, self.foreign),
            ):
                file = folder / f"{name}.ogg"
                made = recordings.start(
                    conn, org_id, run, path=file.name, format="ogg", started_ns=5, now=5
                )
                self.ids[name] = made.id
                if name != "gone":
                    file.write_bytes(CONTENT)
                if name != "open":
                    assert recordings.finish(
                        conn, org_id, made.id, duration_ms=1500, size=len(CONTENT)
                    )

    def path(self, name: str = "whole", run: str = "") -> str:
        """Where a recording is heard."""
        return f"/v1/traces/{run or self.run}/recordings/{self.ids[name]}"


@pytest.fixture(scope="module")
def sounds(desk: Desk) -> Sounds:
    """What there is to hear."""
    return Sounds(desk)


@pytest.fixture(scope="module")
def owner(desk: Desk, sounds: Sounds) -> Iterator[httpx.Client]:
    """Somebody who is signed in to the console."""
    with entered(desk, "--role", "viewer", "--name", "Ada") as who:
        yield who


def test_the_list_says_what_there_is(desk: Desk, sounds: Sounds) -> None:
    """In the order in which they began, without where they lie."""
    listed = desk.ask("GET", f"/v1/traces/{sounds.run}/recordings").json()["items"]
    assert {one["id"]: one["state"] for one in listed} == {
        sounds.ids["whole"]: "complete",
        sounds.ids["open"]: "open",
        sounds.ids["gone"]: "complete",
    }
    assert all("path" not in one for one in listed)
    refused(desk.ask("GET", f"/v1/traces/{sounds.foreign}/recordings"), 404, "trace_not_found")


def test_all_of_it(desk: Desk, sounds: Sounds) -> None:
    """With what a player needs to seek in it."""
    for path in (sounds.path(), f"{sounds.path()}.ogg"):
        answer = desk.ask("GET", path)
        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["content-type"] == "audio/ogg"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["cache-control"] == "no-store"
        assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, len(CONTENT)),
        ("bytes=0-0", 0, 1),
        ("bytes=100-70099", 100, 70_100),
        ("bytes=5-999999999", 5, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        ("bytes=-999999999", 0, len(CONTENT)),
    ],
)
def test_a_piece_of_it(desk: Desk, sounds: Sounds, asked: str, start: int, stop: int) -> None:
    """The bytes that are asked for, and where they are from."""
    headers = {"x-api-key": desk.key, "range": asked}
    answer = desk.http.get(sounds.path(), headers=headers)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,5-6", "bytes=-", "items=0-5", "bytes=x"])
def test_a_range_that_means_nothing_here_means_all(desk: Desk, sounds: Sounds, asked: str) -> None:
    """As HTTP has it; several pieces at once are answered with the whole."""
    answer = desk.http.get(sounds.path(), headers={"x-api-key": desk.key, "range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", ["bytes=200004-", "bytes=999999999-", "bytes=-0"])
def test_behind_its_end_there_is_nothing(desk: Desk, sounds: Sounds, asked: str) -> None:
    """It says how long it is."""
    answer = desk.http.get(sounds.path(), headers={"x-api-key": desk.key, "range": asked})
    refused(answer, 416, "range_refused", asked, str(len(CONTENT)))
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_piece_of_another_one_is_not_put_behind_what_was_loaded(
    desk: Desk, sounds: Sounds
) -> None:
    """`If-Range` with another tag gets all of it."""
    tag = desk.ask("GET", sounds.path()).headers["etag"]
    for given, status in ((tag, 206), ('"another"', 200)):
        headers = {"x-api-key": desk.key, "range": "bytes=5-9", "if-range": given}
        assert desk.http.get(sounds.path(), headers=headers).status_code == status


def test_head_tells_the_same_without_the_sound(desk: Desk, sounds: Sounds) -> None:
    """Nothing is read for it."""
    headers = {"x-api-key": desk.key, "range": "bytes=0-99"}
    piece, whole = desk.http.head(sounds.path(), headers=headers), desk.ask("HEAD", sounds.path())
    assert (piece.status_code, piece.headers["content-length"]) == (206, "100")
    assert (whole.status_code, whole.headers["content-length"]) == (200, str(len(CONTENT)))
    assert piece.content == whole.content == b""


def test_one_that_is_being_written_is_heard_as_far_as_it_is(desk: Desk, sounds: Sounds) -> None:
    """It is another one a second later, so nobody may keep its name."""
    answer = desk.ask("GET", sounds.path("open"))
    assert answer.content == CONTENT
    assert "etag" not in answer.headers
    assert (
        desk.http.get(
            sounds.path("open"), headers={"x-api-key": desk.key, "range": "bytes=0-3"}
        ).content
        == b"OggS"
    )


def test_what_is_not_here_is_not_found(desk: Desk, sounds: Sounds) -> None:
    """Its file is on another machine; it is another run's; or there is none of that name."""
    refused(desk.ask("GET", sounds.path("gone")), 404, "recording_not_found", sounds.ids["gone"])
    for path in (
        sounds.path("theirs"),
        sounds.path("theirs", sounds.foreign),
        f"/v1/traces/{sounds.run}/recordings/rec_none.ogg",
    ):
        refused(desk.ask("GET", path), 404, "recording_not_found")


def test_it_needs_a_key_that_reads(desk: Desk, sounds: Sounds) -> None:
    """None, a page's, and one for sessions only are refused."""
    refused(desk.http.get(sounds.path()), 401, "key_missing")
    key = desk.house.command("keys", "create", "--kind", "secret", "--scope", "sessions")["key"]
    for path in (sounds.path(), f"/v1/traces/{sounds.run}/recordings"):
        refused(desk.ask("GET", path, key), 403, "key_scope")
        refused(desk.ask("GET", path, desk.public_key()), 403, "key_scope")


def test_the_console_plays_it_to_who_is_signed_in(
    desk: Desk, sounds: Sounds, owner: httpx.Client
) -> None:
    """By the piece, as a browser asks; nothing of other organizations."""
    path = f"/console/traces/{sounds.run}/recordings/{sounds.ids['whole']}.ogg"
    answer = owner.get(path, headers={"range": "bytes=4-"})
    assert (answer.status_code, answer.content) == (206, CONTENT[4:])
    assert answer.headers["content-type"] == "audio/ogg"
    assert owner.get(path, headers={"range": "bytes=999999999-"}).status_code == 416
    theirs = f"/console/traces/{sounds.foreign}/recordings/{sounds.ids['theirs']}.ogg"
    assert owner.get(theirs).status_code == 404
    assert httpx.get(f"{desk.house.url}{path}").status_code == 401


def test_a_range_is_read_as_http_has_it() -> None:
    """An empty sound has no piece."""
    assert piece_of(None, 5) is None
    assert piece_of("bytes= 1-2 ", 5) == (1, 3)
    with pytest.raises(ValueError, match="0 bytes"):
        piece_of("bytes=0-", 0)
    assert DuologueError("range_refused", reason="x").status == 416
