"""A server whose recordings go into a bucket: they are heard from there, and deleted there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.server.conftest import Desk
from tests.server.console import tell
from tests.serving import House
from tests.store.s3 import SECRET, s3

from duologue.store import organizations, recordings
from duologue.store.database import unit

CONTENT = b"OggS" + bytes(range(256)) * 6000
PATIENCE = 60


def eventually(true: Callable[[], bool]) -> None:
    """Returns as soon as something is true."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_recording_is_moved_heard_and_deleted_in_a_bucket(tmp_path: Path) -> None:
    """By a real server, and nobody ever reads the secret in its log."""
    with s3() as moto, House(tmp_path / "data", recordings_bucket="s3://sounds/house") as house:
        house.stop()
        with unit(f"sqlite:///{house.data}/duologue.db") as conn:
            own = organizations.get(conn, "default")
            assert own is not None
            run = tell(conn, own.id, 1)
            made = recordings.start(
                conn, own.id, run, path="a.ogg", format="ogg", started_ns=5, now=5
            )
            size = len(CONTENT)
            assert recordings.finish(conn, own.id, made.id, duration_ms=9000, size=size)
        file = house.data / "recordings" / "a.ogg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(CONTENT)
        house.start()
        eventually(lambda: moto.names() == ["house/a.ogg"] and not file.exists())
        desk = Desk(house)
        path = f"/v1/traces/{run}/recordings/{made.id}.ogg"
        assert desk.ask("GET", path).content == CONTENT
        for asked, start, stop in (
            ("bytes=0-3", 0, 4),
            ("bytes=1200000-", 1_200_000, size),
            ("bytes=-9", size - 9, size),
        ):
            piece = desk.http.get(path, headers={"x-api-key": desk.key, "range": asked})
            assert (piece.status_code, piece.content) == (206, CONTENT[start:stop])
        head = desk.ask("HEAD", path)
        assert (head.status_code, head.headers["content-length"]) == (200, str(size))
        admin = house.command("keys", "create", "--kind", "secret", "--scope", "admin")["key"]
        assert desk.ask("DELETE", f"/v1/traces/{run}", admin).status_code == 200
        assert desk.ask("GET", path).status_code == 404
        desk.http.close()
        house.stop()
        house.start()  # it tidies at once, not after a minute
        eventually(lambda: moto.names() == [])
        house.stop()
        assert SECRET not in house.log
