"""A bucket of S3, or of what speaks its language; who may write there says the environment.

`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the like, as all
tools for it read them: none of them passes through our hands, so that none is ever shown.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from duologue.errors import DuologueError
from duologue.store.recordings import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from obstore.store import S3Store

PIECE: Final = 1024 * 1024
"""Bytes of one request: each is short, so that a slow listener lets none of them time out."""
PATIENCE: Final = timedelta(seconds=30)
"""How long a request is tried again."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


class Bucket:
    """The sounds under one address such as `s3://bucket/folder`."""

    def __init__(self, address: str) -> None:
        where = urlsplit(address)
        if where.scheme != "s3" or not where.netloc or where.query or where.fragment:
            raise _invalid(f"it must be like s3://bucket or s3://bucket/folder, not {address!r}")
        self._address = f"{BUCKET}{where.netloc}"
        self._folder = where.path.strip("/")
        self._store = _opened(where.netloc)

    @classmethod
    def of(cls, path: str) -> Bucket:
        """The bucket in which something lies."""
        return cls(f"{BUCKET}{urlsplit(path).netloc}")

    def address(self, name: str) -> str:
        """Where something of that name lies."""
        return "/".join(filter(None, (self._address, self._folder, name)))

    async def size(self, path: str) -> int:
        """How many bytes it has; `FileNotFoundError` where there is nothing."""
        import obstore

        with _told():
            return (await obstore.head_async(self._store, _key(path)))["size"]

    async def open(self, path: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` until before `stop`; `FileNotFoundError` where there are none."""
        first = await self._read(path, start, min(stop, start + PIECE))
        return self._pieces(first, path, start, stop)

    async def put(self, file: Path) -> str:
        """Copies a file, whole or not at all, and tells its address."""
        import obstore

        if not await asyncio.to_thread(file.is_file):
            raise FileNotFoundError(str(file))
        address = self.address(file.name)
        kind: Any = {"Content-Type": "audio/ogg"}
        try:
            with _told():
                await obstore.put_async(self._store, _key(address), file, attributes=kind)
        except FileNotFoundError as error:
            raise OSError(f"there is no bucket {self._address}: {error}") from None
        return address

    async def delete(self, path: str) -> None:
        """Deletes it; what is gone is no error."""
        import obstore

        try:
            with _told():
                await obstore.delete_async(self._store, _key(path))
        except FileNotFoundError:
            return

    async def _read(self, path: str, start: int, stop: int) -> bytes:
        import obstore

        with _told():
            return bytes(
                await obstore.get_range_async(self._store, _key(path), start=start, end=stop)
            )

    async def _pieces(self, piece: bytes, path: str, start: int, stop: int) -> AsyncIterator[bytes]:
        yield piece
        for at in range(start + len(piece), stop, PIECE):
            yield await self._read(path, at, min(stop, at + PIECE))


@lru_cache(maxsize=8)
def _opened(name: str) -> S3Store:
    """A client of the bucket of that name, with what the environment says."""
    try:
        from obstore.store import S3Store
    except ImportError:
        raise _invalid('a bucket needs another package: pip install "duologue[s3]"') from None
    endpoint = next((os.environ[each] for each in _ENDPOINTS if os.environ.get(each)), "")
    return S3Store(
        name,
        # One object at a time: not all that speak S3 delete many.
        config={"disable_bulk_delete": True, **({"endpoint": endpoint} if endpoint else {})},
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": PATIENCE},
        retry_config={"retry_timeout": PATIENCE, "max_retries": 3},
    )


@contextmanager
def _told() -> Iterator[None]:
    """Turns what the client raises into what Python has for it, in one line without addresses."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(_line(error)) from None
    except (BaseError, OSError) as error:
        raise OSError(_line(error)) from None


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def _key(path: str) -> str:
    return urlsplit(path).path.lstrip("/")


def _invalid(reason: str) -> DuologueError:
    return DuologueError("setting_invalid", name="recordings_bucket", reason=reason)
