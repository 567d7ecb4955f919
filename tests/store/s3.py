"""A bucket to try things with: moto's server, which speaks S3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer

from duologue.store import bucket

SECRET = "a-secret-that-nobody-may-see"


class S3:
    """A running server; what it holds is asked of it as anybody would."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        """What tells a client of it."""
        return {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
        }

    def ask(self, method: str, path: str) -> bytes:
        """An unsigned request, which moto allows."""
        with urlopen(Request(f"{self.url}/{path}", method=method)) as answer:
            read: bytes = answer.read()
        return read

    def names(self) -> list[str]:
        """The keys in the bucket `sounds`."""
        listed = self.ask("GET", "sounds?list-type=2").decode()
        return sorted(one.split("</Key>")[0] for one in listed.split("<Key>")[1:])


@contextmanager
def s3() -> Iterator[S3]:
    """A server with one empty bucket, `sounds`; the environment tells of it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    found = S3(f"http://{host}:{port}")
    with pytest.MonkeyPatch.context() as monkey:
        for name, value in found.environment.items():
            monkey.setenv(name, value)
        bucket._opened.cache_clear()
        try:
            found.ask("POST", "moto-api/reset")
            found.ask("PUT", "sounds")
            yield found
        finally:
            server.stop()
            bucket._opened.cache_clear()
