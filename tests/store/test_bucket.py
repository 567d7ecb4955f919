"""A bucket holds what is put there, gives pieces of it, and never shows who may."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.s3 import S3, SECRET, s3

from duologue.errors import DuologueError
from duologue.store import bucket
from duologue.store.bucket import PIECE, Bucket


@pytest.fixture
def moto() -> Iterator[S3]:
    """A server with an empty bucket."""
    with s3() as found:
        yield found


@pytest.mark.parametrize("size", [1, PIECE, 7 * PIECE + 5])
async def test_what_was_put_is_read_by_the_piece(moto: S3, tmp_path: Path, size: int) -> None:
    """Small or large, from any byte to any other."""
    content = os.urandom(size)
    (tmp_path / "a.ogg").write_bytes(content)
    made = Bucket("s3://sounds/of/the/house/")
    address = await made.put(tmp_path / "a.ogg")
    assert address == "s3://sounds/of/the/house/a.ogg" == made.address("a.ogg")
    assert moto.names() == ["of/the/house/a.ogg"]
    found = Bucket.of(address)
    assert await found.size(address) == size
    for start, stop in ((0, size), (size // 2, size), (0, 1), (size - 1, size)):
        pieces = [piece async for piece in await found.open(address, start, stop)]
        assert b"".join(pieces) == content[start:stop]
        assert max(map(len, pieces)) <= PIECE
    await found.delete(address)
    assert moto.names() == []


async def test_what_is_not_there_is_not_found(moto: S3, tmp_path: Path) -> None:
    """To be deleted, it need not be there."""
    here = Bucket("s3://sounds")
    with pytest.raises(FileNotFoundError):
        await here.size("s3://sounds/none.ogg")
    with pytest.raises(FileNotFoundError):
        await here.open("s3://sounds/none.ogg", 0, 5)
    with pytest.raises(FileNotFoundError):
        await here.put(tmp_path / "none.ogg")
    await here.delete("s3://sounds/none.ogg")


async def test_a_bucket_that_is_missing_or_unreachable_is_an_error_of_one_line(
    moto: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what happened, and nothing of the keys."""
    (tmp_path / "a.ogg").write_bytes(b"OggS")
    with pytest.raises(OSError, match="there is no bucket s3://elsewhere") as missing:
        await Bucket("s3://elsewhere").put(tmp_path / "a.ogg")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    bucket._opened.cache_clear()
    with pytest.raises(OSError, match="error sending request") as silent:
        await Bucket("s3://sounds").put(tmp_path / "a.ogg")
    for error in (missing, silent):
        assert not isinstance(error.value, FileNotFoundError)
        assert SECRET not in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("address", ["sounds", "http://x/sounds", "s3://", "s3://a?b=c"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """With the setting's name and the form that it has."""
    with pytest.raises(DuologueError, match=r"recordings_bucket.*s3://bucket") as refused:
        Bucket(address)
    assert repr(address) in refused.value.message


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without a bucket does not need it."""
    bucket._opened.cache_clear()
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(DuologueError, match=r"duologue\[s3\]"):
        Bucket("s3://sounds")
