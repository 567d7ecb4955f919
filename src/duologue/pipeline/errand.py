"""A request to an agent's back end that nothing of the user's words asks for, and its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

import structlog
from livekit.agents import AgentSession
from livekit.agents.utils import aio
from livekit.agents.voice import SpeechHandle

from duologue.agents.webhook.backend import WebhookFailed, jittered
from duologue.agents.webhook.brain import WebhookLLM, act
from duologue.agents.webhook.words import Joiner, with_pauses
from duologue.pipeline.actor import Actor
from duologue.pipeline.narrator import Narrator
from duologue.trace.entries import Span
from duologue.trace.told import fresh_id
from duologue.trace.watch import Watch
from duologue.wire import webhooks as wire

log = structlog.get_logger(__name__)

AGAIN: Final = (0.5, 2.0, 5.0)
"""Seconds after each try to begin a session, before the next; a fifth more or less."""
LONGEST: Final = 20.0
"""Seconds after the first try in which another may begin."""


class Errand:
    """One event, from its first try until its answer is whole, cut, or given up."""

    def __init__(
        self,
        event: wire.SessionStart | wire.Data,
        brain: WebhookLLM,
        actor: Actor,
        narrator: Narrator,
        watch: Watch | None,
        *,
        mute: Callable[[], bool],
    ) -> None:
        self._event = event
        self._brain = brain
        self._actor = actor
        self._narrator = narrator
        self._watch = watch
        self._mute = mute
        self._began = time.time_ns()
        self._first = 0
        self._whole = False
        self._spoken: aio.Chan[str] | None = None
        self._asking: asyncio.Task[Any] | None = None

    async def run(self, again: tuple[float, ...] = ()) -> None:
        """Sends it, after a failure without any answer again, and does what is answered."""
        self._asking = asyncio.current_task()
        pauses, now = iter(again), asyncio.get_running_loop().time
        end = now() + LONGEST
        failed: WebhookFailed | None = None
        cut = True
        try:
            while True:
                try:
                    await self._ask()
                    failed = None
                    break
                except WebhookFailed as error:
                    failed = error
                pause = None if self._first else next(pauses, None)
                wait = jittered(pause or 0.0)
                if pause is None or now() + wait >= end:
                    # Who waits to be greeted hears of it; who pressed a button reads of it.
                    says = isinstance(self._event, wire.SessionStart) and not self._mute()
                    self._narrator.failed("thinking", failed, says=says)
                    break
                log.info("webhook tried again", webhook=self._kind, why=str(failed))
                await asyncio.sleep(wait)
            cut = False
        finally:
            self._trace(failed, cut=cut)

    # ------------------------------------------------------------ within

    @property
    def _kind(self) -> str:
        return str(self._event.__struct_config__.tag)

    async def _ask(self) -> None:
        brain, words, self._whole = self._brain, Joiner(), False
        asked = brain.backend.ask(self._event, brain.headers, brain.trouble, answers=False)
        try:
            async with aclosing(with_pauses(asked)) as answers:
                async for answer in answers:
                    self._first = self._first or time.time_ns()
                    if isinstance(answer, wire.Told | wire.Hangup):
                        act(brain.here, answer)
                    elif isinstance(answer, wire.Tts):
                        self._say(words.joined(answer.content))
                    elif answer is None:
                        self._say(words.paused())
        finally:
            self._whole = True
            if self._spoken is not None:
                self._spoken.close()

    def _say(self, piece: str) -> None:
        """Says what comes, from its first word on."""
        if not piece or self._mute():
            return
        if self._spoken is None:
            self._brain.answers(self._event.turn_id)
            self._spoken = words = aio.Chan[str]()
            self._actor.do(lambda session: self._begin(session, words))
        if not self._spoken.closed:
            self._spoken.send_nowait(piece)

    def _begin(self, session: AgentSession[None], words: aio.Chan[str]) -> None:
        session.say(words).add_done_callback(self._over)

    def _over(self, speech: SpeechHandle) -> None:
        """Whoever interrupts what is said ends the request."""
        if speech.interrupted and not self._whole and self._asking is not None:
            self._asking.cancel()

    def _trace(self, failed: WebhookFailed | None, *, cut: bool) -> None:
        if self._watch is None:
            return
        told: dict[str, Any] = {"webhook.event": self._kind}
        if self._first:
            told["webhook.first_ms"] = round((self._first - self._began) / 1e6, 1)
        if failed is not None:
            told["error.message"] = str(failed)
        self._watch.tell(
            Span(
                trace=self._watch.trace,
                id=fresh_id(),
                name=f"webhook {self._kind}",
                start_ns=self._began,
                end_ns=time.time_ns(),
                status="cancelled" if cut else "error" if failed else "ok",
                error="" if failed is None else type(failed).__name__,
                attributes=told,
            )
        )
