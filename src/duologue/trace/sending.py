"""Posting what is told to another machine: one request, and what its answer means for the batch."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from duologue.trace.sinks import Refused

if TYPE_CHECKING:
    import httpx

_SQUEEZED: Final = 1024
"""From how many bytes on a body is compressed."""


class NotTaken(Exception):
    """A sink did not take a batch now. Trying again later may help."""


class Forbidden(NotTaken):
    """The other side does not let us in: only another key or address helps."""


def refused(reason: str, lost: int) -> Refused:
    """What to raise when the other side will never take so many of a batch; the rest arrived."""
    error = Refused(reason)
    error.lost = lost
    return error


class Sender:
    """Requests to one address, over connections that are kept; opened by the first request."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        patience: float = 10.0,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"telemetry goes to an http:// or https:// address, not {url!r}")
        if parts.query or parts.fragment:
            raise ValueError(f"a telemetry address has no query and no fragment, as {url!r} has")
        self.url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._patience = patience
        self._client = client
        self._own = client is None

    async def post(self, path: str, body: bytes, kind: str) -> httpx.Response:
        """Posts a body and gives back the answer where it was taken; otherwise raises."""
        headers = {"content-type": kind}
        if len(body) >= _SQUEEZED:
            body = gzip.compress(body, 5)
            headers["content-encoding"] = "gzip"
        return await self.ask("POST", path, content=body, headers=headers)

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Makes one request; an answer that says that the request itself is wrong is given back."""
        import httpx

        if self._client is None:
            # Never on to where an answer points: the headers hold a key.
            # Certificates take 20 ms of the processor to read, and are for https alone.
            secure = urlsplit(self.url).scheme == "https"
            self._client = httpx.AsyncClient(
                timeout=self._patience, follow_redirects=False, verify=secure
            )
        url = self.url + path
        try:
            # The client's own patience starts again with every byte of an answer that drips.
            async with asyncio.timeout(self._patience):
                answer = await self._client.request(
                    method, url, headers=self._headers | dict(headers or {}), **more
                )
        except (httpx.TimeoutException, TimeoutError) as late:
            raise NotTaken(f"{url} did not answer within {self._patience:g} s") from late
        except (httpx.HTTPError, OSError) as failure:
            raise NotTaken(f"{url}: {str(failure) or type(failure).__name__}") from failure
        code = answer.status_code
        if code in (401, 403) or 300 <= code < 400:
            raise Forbidden(f"{url} answered {code}: {answer.text[:200]}")
        if code in (408, 425, 429) or code >= 500:
            raise NotTaken(f"{url} answered {code}: {answer.text[:200]}")
        return answer

    async def close(self) -> None:
        """Closes the connections that it opened."""
        if self._own and self._client is not None:
            client, self._client = self._client, None
            await client.aclose()
