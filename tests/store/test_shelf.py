"""A shelf finds a sound by its path, wherever that leads, and nothing outside of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.store.s3 import s3

from duologue.errors import DuologueError
from duologue.store.shelf import PIECE, Shelf


async def read(shelf: Shelf, path: str, start: int, stop: int) -> bytes:
    """A piece of a sound."""
    return b"".join([piece async for piece in await shelf.open(path, start, stop)])


async def test_a_file_is_read_by_the_piece(tmp_path: Path) -> None:
    """Also one of many pieces, and beyond its end as far as it goes."""
    content = bytes(range(256)) * 1024
    (tmp_path / "a.ogg").write_bytes(content)
    shelf = Shelf(tmp_path)
    assert await shelf.size("a.ogg") == len(content)
    assert await read(shelf, "a.ogg", 0, len(content)) == content
    assert await read(shelf, "a.ogg", 5, PIECE + 7) == content[5 : PIECE + 7]
    assert await read(shelf, "a.ogg", len(content) - 3, len(content) + 99) == content[-3:]
    await shelf.delete("a.ogg")
    await shelf.delete("a.ogg")
    for asked in (shelf.size("a.ogg"), shelf.open("a.ogg", 0, 1)):
        with pytest.raises(FileNotFoundError):
            await asked


async def test_a_path_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    """Whatever a row of the store says."""
    (tmp_path / "secret").write_bytes(b"no")
    shelf = Shelf(tmp_path / "recordings")
    assert shelf.file("../secret").parent == shelf.folder
    await shelf.delete("../secret")
    assert (tmp_path / "secret").exists()


async def test_a_sound_is_found_where_its_path_says(tmp_path: Path) -> None:
    """In the bucket, also by a server whose settings name none any more."""
    (tmp_path / "a.ogg").write_bytes(b"OggS and more")
    with s3() as moto:
        address = await Shelf(tmp_path, "s3://sounds/x").move("a.ogg")
        shelf = Shelf(tmp_path)
        assert await shelf.size(address) == 13
        assert await read(shelf, address, 5, 8) == b"and"
        await shelf.delete(address)
        assert moto.names() == []
    with pytest.raises(RuntimeError, match="no bucket"):
        await shelf.move("a.ogg")


def test_a_bucket_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not at the end of the first call."""
    with pytest.raises(DuologueError, match="recordings_bucket"):
        Shelf(tmp_path, "my-bucket")
