"""Requests to addresses that an owner names: never into this machine or its neighbours.

A name is looked up once, every address that it has must be public, and the connection goes to one
of these addresses: a name that means another machine a moment later leads nowhere else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import cache
from typing import Final

import httpx

from duologue.core.redaction import redact
from duologue.errors import DuologueError

PATIENCE: Final = 10.0
"""Seconds for a request as a whole."""
LONGEST: Final = 2000
SERVICES: Final = 1024
"""The ports below it are other services': mail, names, shells; only https has one of them."""
KEPT: Final = 4.0
"""Seconds that a connection waits for the next request: less than Node's and uvicorn's five."""
_WRAPS: Final = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
"""Where an IPv4 address stands in the end of an IPv6 one."""
_WORLD: Final = ipaddress.IPv6Network("2000::/3")
"""Of IPv6, all that is given to the whole world; Python 3.11 calls more of it global."""
_LOCAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "2002::/16", "3fff::/20")))
"""Assigned to protocols, tunnels that end at any IPv4 address, documentation."""
Resolver = Callable[[str, int], Awaitable[list[str]]]


class Unsent(Exception):
    """A request that brought no answer, in words."""


def check(url: str, *, private: bool) -> None:
    """Refuses an address that nothing is ever sent to, whatever its name means."""
    reason = _fault(url, private=private)
    if reason is not None:
        raise DuologueError("webhook_refused", url=redact(url)[:200], reason=reason)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the whole world's."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if any(found in each for each in _WRAPS):
        found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if (found.version == 6 and found not in _WORLD) or any(found in each for each in _LOCAL):
        return False
    return found.is_global and not found.is_multicast


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a host."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Unsent(f"there is no host {host!r}") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    private: bool,
    patience: float = PATIENCE,
    resolver: Resolver = resolve,
) -> int:
    """Sends a body and gives the status of the answer, of which nothing else is read.

    Redirects are not followed, and no proxy is asked.
    """
    if (reason := _fault(url, private=private)) is not None:
        raise Unsent(reason)
    road = _Guarded(resolver, private=private)
    try:
        async with (
            asyncio.timeout(patience),
            httpx.AsyncClient(transport=road, timeout=patience, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return answer.status_code
    except (TimeoutError, httpx.TimeoutException):
        raise Unsent(f"no answer within {patience:g} s") from None
    except (httpx.HTTPError, UnicodeEncodeError) as error:
        raise Unsent(_words(error)) from None


class Line:
    """Requests to one owner's server, whose answers are read as they come."""

    def __init__(self, *, private: bool, connect: float, resolver: Resolver = resolve) -> None:
        self._private = private
        self._connect = connect
        # One server's alone: connections are told apart by address, and names may share one.
        self._client = httpx.AsyncClient(
            transport=_Guarded(resolver, private=private),
            timeout=httpx.Timeout(None, connect=connect),
            trust_env=False,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """The beginning of an answer; whoever gets it closes it.

        Redirects are not followed, no proxy is asked, and only connecting has a limit of its own.
        """
        if (reason := _fault(url, private=self._private)) is not None:
            raise Unsent(reason)
        try:
            request = self._client.build_request("POST", url, content=body, headers=headers)
            return await self._client.send(request, stream=True)
        except httpx.ConnectTimeout:
            raise Unsent(f"no connection within {self._connect:g} s") from None
        except (httpx.HTTPError, UnicodeEncodeError) as error:
            raise Unsent(_words(error)) from None

    async def aclose(self) -> None:
        """Lets the connections go."""
        await self._client.aclose()


async def pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body of an answer as it comes, unless it breaks off."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx.HTTPError as error:
        raise Unsent(f"the answer broke off ({type(error).__name__}: {error})"[:200]) from None


def _words(error: Exception) -> str:
    """What went wrong; of what was not even sent only the kind, as its words quote headers."""
    kind = type(error).__name__
    if isinstance(error, httpx.LocalProtocolError | UnicodeEncodeError):
        return f"the request cannot be sent ({kind})"
    return f"{kind}: {error}"[:200]


@cache
def _trusted() -> ssl.SSLContext:
    """Who may prove to be an https server; reading that takes longer than many a request."""
    return httpx.create_ssl_context(trust_env=False)


class _Guarded(httpx.AsyncHTTPTransport):
    """Connects to the addresses that were checked, under the name that was asked for."""

    def __init__(self, resolver: Resolver, *, private: bool) -> None:
        limits = httpx.Limits(keepalive_expiry=KEPT)
        super().__init__(verify=_trusted(), trust_env=False, limits=limits)
        self._resolver = resolver
        self._private = private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Tries one address after the other."""
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(request.extensions["timeout"]["connect"]):
                addresses = await self._resolver(host, port)
        except TimeoutError:
            raise httpx.ConnectTimeout(f"{host!r} is not found") from None
        if not self._private:
            for each in addresses:
                if not is_public(each):
                    raise Unsent(f"{host!r} is at {each}, which is not a public address")
        failure = httpx.ConnectError(f"{host!r} has no address")
        for each in addresses:
            there = httpx.Request(
                request.method,
                request.url.copy_with(host=each.partition("%")[0]),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await super().handle_async_request(there)
            except httpx.ConnectError as error:
                failure = error
        raise failure


def _fault(url: str, *, private: bool) -> str | None:
    """What is wrong with an address by itself."""
    if len(url) > LONGEST:
        return f"it is longer than {LONGEST} letters"
    try:
        read = httpx.URL(url)
    except httpx.InvalidURL as error:
        return str(error)
    if read.scheme not in ("https", "http") or not read.host:
        return "it is not https://HOST/…"
    if read.userinfo:
        return "a name or password in an address would stand in logs"
    if private:
        return None
    if read.scheme == "http":
        return "it must begin with https://, unless allow_private_webhooks is set"
    if read.port is not None and read.port < SERVICES:
        return f"its port must be 443, or {SERVICES} at least"
    try:
        public = is_public(read.host)
    except ValueError:  # a name: what it means is looked up when something is sent
        public = read.host != "localhost" and not read.host.endswith(".localhost")
    return None if public else "it is not a public address, and allow_private_webhooks is not set"
