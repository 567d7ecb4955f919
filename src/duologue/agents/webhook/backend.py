"""An agent's back end: events go there signed, and its answers come back as they are said."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from duologue.access import outgoing, webhooks
from duologue.access.outgoing import Resolver, Unsent
from duologue.agents.webhook.options import Webhook, carried, resolved, secret_of
from duologue.wire import webhooks as wire
from duologue.wire.sse import Reader, TooLong

log = structlog.get_logger(__name__)

MOST: Final = 1024 * 1024
"""Bytes of an answer."""
PAUSES: Final = (1.0, 5.0, 30.0, 120.0)
"""Seconds, a fifth more or less, after each try of an event that needs no answer."""
LONGEST: Final = 300.0
"""Seconds from the first try of such an event until it is given up."""
WAITING: Final = 1000
"""Such events of one back end that are on their way at most."""
LINGER: Final = 5.0
"""Seconds in which a handler that has said its last word may end by itself."""
STREAM: Final = "text/event-stream"
_PACKED: Final = frozenset({"gzip", "deflate", "br", "zstd", "compress"})


class WebhookFailed(Exception):
    """What went wrong with a back end, in words."""


Trouble = Callable[[str], None]


class Backend:
    """One agent's back end, for all of its sessions in this process."""

    def __init__(
        self,
        slug: str,
        webhook: Webhook,
        *,
        master: str = "",
        private: bool = False,
        public_url: str = "",
        environment: Mapping[str, str] = os.environ,
        resolver: Resolver = outgoing.resolve,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        outgoing.check(webhook.url, private=private)
        self.slug = slug
        self.webhook = webhook
        self.public_url = public_url.rstrip("/")
        self._secret = secret_of(slug, webhook, environment) or webhooks.secret_of(master, slug)
        self._headers = resolved(slug, webhook, environment)
        self._line = outgoing.Line(private=private, connect=webhook.connect, resolver=resolver)
        self._pauses = pauses
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def takes(self, event: wire.Selectable) -> bool:
        """Whether it wants to know of such events."""
        return event in self.webhook.events

    async def ask(
        self,
        event: wire.Event,
        headers: Mapping[str, str],
        trouble: Trouble,
        *,
        answers: bool = True,
    ) -> AsyncGenerator[wire.Answer, None]:
        """What it answers, piece by piece; closing this aborts the request.

        `trouble` is told of what is no failure: garbage between good lines, and an answer that was
        cut by a limit. Where nobody waits for words, an answer that is no stream says nothing.
        """
        limits, now = self.webhook, asyncio.get_running_loop().time
        end = now() + limits.whole
        until = min(end, now() + limits.first)
        came, garbage, size, reader = False, "", 0, Reader()
        answer = None
        try:
            async with asyncio.timeout_at(until):
                answer = await self._post(event, headers)
            if not _is_stream(answer) and not answers:
                return
            _require_stream(answer)
            pieces = outgoing.pieces(answer)
            while True:
                async with asyncio.timeout_at(until):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                until = min(end, now() + limits.silence)
                size += len(piece)
                if size > MOST:
                    raise WebhookFailed(f"its answer is larger than {MOST} bytes")
                for data in reader.feed(piece):
                    try:
                        one = wire.decode(data)
                    except wire.Garbage as error:
                        garbage = garbage or str(error)
                        continue
                    if isinstance(one, wire.Error):
                        raise WebhookFailed(f"its handler failed: {one.error[:500]}")
                    came = True
                    yield one
                    if isinstance(one, wire.End | wire.Hangup):
                        self._spawn(_read_out(answer, pieces))
                        answer = None
                        return
        except Unsent as error:
            raise WebhookFailed(str(error)) from None
        except TooLong as error:
            raise WebhookFailed(f"its answer is no stream of events: {error}") from None
        except TimeoutError:
            if not came:
                raise WebhookFailed(_late(limits, answered=size > 0)) from None
            what = "went on for" if now() >= end else "was not ended after"
            trouble(f"its answer {what} {limits.whole if now() >= end else limits.silence:g} s")
        finally:
            if answer is not None:
                await answer.aclose()
            if garbage and came:
                trouble(f"a line of its answer is garbage: {garbage}")
        if garbage and not came:
            raise WebhookFailed(f"its answer is garbage: {garbage}")

    def tell(self, event: wire.Event, headers: Mapping[str, str]) -> None:
        """Sends an event that needs no answer, again and again within bounds; nobody waits."""
        if self._waiting >= WAITING:
            self._given_up(event, f"{WAITING} others wait")
            return
        self._waiting += 1
        self._spawn(self._deliver(event, headers))

    async def aclose(self, within: float = 0.0) -> None:
        """Ends what is under way, after so many seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        await self._line.aclose()

    # ------------------------------------------------------------ within

    async def _post(self, event: wire.Event, headers: Mapping[str, str]) -> Any:
        body = wire.encode(event)
        own = {
            "content-type": "application/json",
            "accept": STREAM,
            "accept-encoding": "identity",
            "user-agent": "duologue",
        }
        if self._secret is not None:
            own[webhooks.BACKEND] = webhooks.signature(self._secret, body, int(time.time()))
        fixed = {name.lower(): value for name, value in self._headers.items()}
        given = {name.lower(): value for name, value in carried(headers).items()}
        answer = await self._line.post(self.webhook.url, body, given | fixed | own)
        if not 200 <= answer.status_code < 300:
            await answer.aclose()
            raise WebhookFailed(f"it answered HTTP {answer.status_code}")
        return answer

    async def _deliver(self, event: wire.Event, headers: Mapping[str, str]) -> None:
        try:
            answer = await self._delivered(event, headers)
        except asyncio.CancelledError:
            self._given_up(event, "the server goes away")
            raise
        finally:
            self._waiting -= 1
        if answer is not None:  # it was taken, however long its handler goes on
            await _read_out(answer, outgoing.pieces(answer), self.webhook.whole)

    async def _delivered(self, event: wire.Event, headers: Mapping[str, str]) -> Any:
        """The beginning of what is answered, whatever that is, or nothing after the last try."""
        now = asyncio.get_running_loop().time
        end = now() + LONGEST
        for pause in (*self._pauses, None):
            limit = min(self.webhook.whole, end - now())
            try:
                async with asyncio.timeout(limit):
                    return await self._post(event, headers)
            except (Unsent, WebhookFailed, TimeoutError) as error:
                why = str(error) or f"no answer within {limit:.3g} s"
            wait = jittered(pause or 0.0)
            if pause is None or now() + wait >= end:
                break
            await asyncio.sleep(wait)
        self._given_up(event, why)
        return None

    def _given_up(self, event: wire.Event, why: str) -> None:
        log.warning(
            "webhook given up",
            agent=self.slug,
            webhook=event.__struct_config__.tag,
            event_id=event.event_id,
            session=event.session_id,
            why=why,
        )

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def jittered(seconds: float) -> float:
    """A pause, a fifth longer or shorter: what failed together is not tried again together."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


async def _read_out(answer: Any, pieces: AsyncIterator[bytes], within: float = LINGER) -> None:
    """Reads an answer to its end, as its handler may think that a lost reader aborts it."""
    size = 0
    try:
        with suppress(TimeoutError, Unsent):
            async with asyncio.timeout(within):
                async for piece in pieces:
                    size += len(piece)
                    if size > MOST:
                        break
    finally:
        await answer.aclose()


def _is_stream(answer: Any) -> bool:
    kind = answer.headers.get("content-type", "")
    return bool(kind.partition(";")[0].strip().lower() == STREAM)


def _require_stream(answer: Any) -> None:
    if not _is_stream(answer):
        kind = answer.headers.get("content-type", "") or "nothing"
        raise WebhookFailed(f"it answered {kind[:80]}, not {STREAM}")
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding in _PACKED:
        raise WebhookFailed(f"its answer is packed ({coding}), which was not asked for")


def _late(limits: Webhook, *, answered: bool) -> str:
    if answered:
        return f"it said nothing within {limits.silence:g} s"
    return f"it did not answer within {limits.first:g} s"
