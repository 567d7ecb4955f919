"""An agent whose mind is somebody's back end, on a stage: handlers, and the way to the agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.agents.webhook.theirs import Answering, Handler, Theirs
from tests.pipeline.stage import Client, Stage, stage, until

from duologue.agents.webhook.options import Webhook

MASTER = "the master secret of a test"
COUNT = "one two three four five six seven eight nine ten eleven twelve"


def says(*pieces: str) -> Handler:
    """A handler that says this and ends."""

    async def handler(answering: Answering) -> None:
        for piece in pieces:
            answering.tts(piece)
        answering.end()

    return handler


async def endless(answering: Answering) -> None:
    """Counts, and never ends."""
    answering.tts(COUNT)


async def fails(answering: Answering) -> None:
    """Is broken."""
    answering.begin(500, "text/plain")
    answering.close()


@asynccontextmanager
async def desk(
    theirs: Theirs,
    folder: Path,
    *,
    webhook: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    greeting: str = "",
    **fields: Any,
) -> AsyncIterator[Stage]:
    """A stage whose agent thinks there."""
    chosen = {"allow_private_webhooks": True, "webhook_secret": MASTER} | (settings or {})
    asked = Webhook(url=theirs.url, **(webhook or {}))
    async with stage(
        folder, webhook=asked, settings=chosen, greeting=greeting, **fields
    ) as running:
        yield running


async def leave(on: Stage, client: Client) -> None:
    """The client leaves, after all that is said."""
    session = client.run._actor.session
    if session is not None:
        await until(lambda: session.current_speech is None)
    await on.leave(client)
