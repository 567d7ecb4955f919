"""Where a session's token comes from: given, made by a function, or asked of an endpoint."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from duologue.client.errors import TokenSourceError
from duologue.client.road import Ticket
from duologue.client.token_options import TokenOptions, fresh, read_answer

TIMEOUT: Final = 10.0
"""Seconds that an endpoint or a function has to answer."""
LIVEKIT_CLOUD: Final = "https://cloud-api.livekit.io"

Answer = Ticket | Mapping[str, Any]
Literal_ = Answer | Callable[[], Answer | Awaitable[Answer]]
Custom = Callable[[TokenOptions], Answer | Awaitable[Answer]]
Validator = Callable[[TokenOptions, Ticket], bool]


class TokenStore(Protocol):
    """Keeps a ticket and what it was asked with; in a file or a keyring, if you like."""

    async def load(self) -> tuple[TokenOptions, Ticket] | None:
        """What was saved last, or none."""

    async def save(self, options: TokenOptions, ticket: Ticket) -> None:
        """Keeps a ticket in place of the last one."""

    async def clear(self) -> None:
        """Forgets the ticket."""


class MemoryStore:
    """Keeps one ticket as long as the process lives."""

    def __init__(self) -> None:
        self._kept: tuple[TokenOptions, Ticket] | None = None

    async def load(self) -> tuple[TokenOptions, Ticket] | None:
        """What was saved last, or none."""
        return self._kept

    async def save(self, options: TokenOptions, ticket: Ticket) -> None:
        """Keeps a ticket in place of the last one."""
        self._kept = (options, ticket)

    async def clear(self) -> None:
        """Forgets the ticket."""
        self._kept = None


class TokenSource:
    """Gives tickets; make one by `literal`, `custom`, `endpoint` or `development`."""

    def __init__(self, ask: Callable[[TokenOptions], Awaitable[Ticket]]) -> None:
        self._ask = ask
        self._flights: list[_Flight] = []

    async def fetch(self, options: TokenOptions | None = None, *, force: bool = False) -> Ticket:
        """A ticket; whoever asks the same at the same time shares one request."""
        options = options or TokenOptions()
        loop = asyncio.get_running_loop()
        flight = self._flying(options, force, loop) or self._started(options, force, loop)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                flight.task.cancel()
                await asyncio.wait([flight.task])

    async def spend(self, ticket: Ticket) -> None:
        """Says that a ticket opened a session: the next session shall get another one."""

    def _flying(
        self, options: TokenOptions, force: bool, loop: asyncio.AbstractEventLoop
    ) -> _Flight | None:
        for flight in self._flights:
            if flight.loop is loop and flight.options == options and flight.forced >= force:
                return flight
        return None

    def _started(
        self, options: TokenOptions, force: bool, loop: asyncio.AbstractEventLoop
    ) -> _Flight:
        task = loop.create_task(self._obtain(options, force))
        flight = _Flight(options, force, loop, task)
        self._flights.append(flight)
        task.add_done_callback(lambda _: self._flights.remove(flight))
        return flight

    async def _obtain(self, options: TokenOptions, force: bool) -> Ticket:
        return await self._ask(options)

    def cached(
        self, store: TokenStore | None = None, validator: Validator | None = None
    ) -> CachedTokenSource:
        """The same source, asked anew only when its kept ticket is old or was for something else.

        `validator(options, ticket)` decides instead of the token's own `exp`, less 60 s.
        """
        return CachedTokenSource(self, store or MemoryStore(), validator)

    @staticmethod
    def literal(answer: Literal_) -> TokenSource:
        """What you have already: an answer, a `Ticket`, or a function that gives one."""

        async def ask(options: TokenOptions) -> Ticket:
            return await _called(answer) if callable(answer) else _read(answer)

        return TokenSource(ask)

    @staticmethod
    def custom(make: Custom) -> CachedTokenSource:
        """A function of yours, told the options; its ticket is kept until 60 s before its end."""

        async def ask(options: TokenOptions) -> Ticket:
            return await _called(make, options)

        return TokenSource(ask).cached()

    @staticmethod
    def endpoint(
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        timeout: float = TIMEOUT,
    ) -> CachedTokenSource:
        """LiveKit's standard endpoint; its ticket is kept until a minute before its end."""

        async def ask(options: TokenOptions) -> Ticket:
            return await _requested(url, dict(headers or {}), method, options, within=timeout)

        return TokenSource(ask).cached()

    @staticmethod
    def duologue(url: str, key: str | None = None, agent: str = "") -> TokenSource:
        """A duologue server's WebSocket, opened by a key of it; `duologue dev` needs none."""
        from duologue.client.authorize import duologue_source

        return duologue_source(url, key, agent)

    @staticmethod
    def development(server_id: str, *, base_url: str = LIVEKIT_CLOUD) -> CachedTokenSource:
        """A development token server, LiveKit Cloud's or your own; not for production."""
        return TokenSource.endpoint(
            f"{base_url.rstrip('/')}/api/v2/sandbox/connection-details",
            headers={"X-Sandbox-ID": server_id},
        )

    @staticmethod
    def sandbox(sandbox_id: str, *, base_url: str = LIVEKIT_CLOUD) -> CachedTokenSource:
        """The older name of `development`."""
        return TokenSource.development(sandbox_id, base_url=base_url)


class CachedTokenSource(TokenSource):
    """A source that remembers its last ticket."""

    def __init__(self, source: TokenSource, store: TokenStore, validator: Validator | None) -> None:
        super().__init__(source._ask)
        self._store = store
        self._valid = validator or (lambda _, ticket: fresh(ticket, time.time()))

    async def _obtain(self, options: TokenOptions, force: bool) -> Ticket:
        if not force:
            kept = await self._store.load()
            if kept is not None and kept[0] == options and self._valid(options, kept[1]):
                return kept[1]
        ticket = await self._ask(options)
        await self._store.save(options, ticket)
        return ticket

    async def spend(self, ticket: Ticket) -> None:
        """Forgets a ticket that opened a session: two sessions in one room would be one."""
        if await self.kept() == ticket:
            await self._store.clear()

    async def invalidate(self) -> None:
        """Forgets the kept ticket: the next fetch asks."""
        await self._store.clear()

    async def kept(self) -> Ticket | None:
        """The ticket that is kept, used or not."""
        kept = await self._store.load()
        return kept[1] if kept else None


@dataclass(eq=False)
class _Flight:
    """A request on its way, and how many wait for it."""

    options: TokenOptions
    forced: bool
    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[Ticket]
    waiters: int = 0


def _read(answer: object, *, url: str = "", status: int | None = None) -> Ticket:
    return read_answer(answer, now=time.time(), url=url, status=status)


async def _called(make: Callable[..., Any], *arguments: Any) -> Ticket:
    name = getattr(make, "__name__", type(make).__name__)
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = make(*arguments)
            if inspect.isawaitable(answer):
                answer = await answer
    except TokenSourceError:
        raise
    except TimeoutError as error:
        reason = f"{name}() did not answer within {TIMEOUT:g} s"
        raise TokenSourceError(reason) from error
    except Exception as error:
        reason = f"{name}() raised {type(error).__name__}: {error}"
        raise TokenSourceError(reason) from error
    return _read(answer)


async def _requested(
    url: str, headers: dict[str, str], method: str, options: TokenOptions, *, within: float
) -> Ticket:
    import httpx  # 60 ms that `import duologue` shall not cost

    try:
        async with asyncio.timeout(within), httpx.AsyncClient(timeout=within) as client:
            answer = await client.request(method, url, json=options.body(), headers=headers)
    except TimeoutError as error:
        raise TokenSourceError(f"no answer within {within:g} s", url=url) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise TokenSourceError(f"it cannot be reached ({reason})", url=url) from error
    status, body = answer.status_code, answer.text
    if not answer.is_success:
        where = f" to {answer.headers.get('location', '')}" if answer.is_redirect else ""
        reason = f"it redirects{where}; name the last address" if where else "it refused"
        raise TokenSourceError(reason, url=url, status=status, body=body)
    try:
        said = answer.json()
    except ValueError as error:
        reason = "its answer is no JSON"
        raise TokenSourceError(reason, url=url, status=status, body=body) from error
    return _read(said, url=url, status=status)
