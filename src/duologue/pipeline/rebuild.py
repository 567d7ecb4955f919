"""A run from what the store remembers: new where nothing was said, else where it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from duologue.agents.definition import LoadedAgent
from duologue.agents.models import Shared, resolve
from duologue.agents.webhook.brain import WebhookLLM
from duologue.bus.bell import Bell
from duologue.core.resume import Grade
from duologue.pipeline.backends import Backends
from duologue.pipeline.history import remembered, stood_in
from duologue.pipeline.record import Record
from duologue.pipeline.recording import Studio
from duologue.pipeline.run import Run
from duologue.pipeline.seat import Guest
from duologue.pipeline.tap import Tap
from duologue.pipeline.tracing import Tracing
from duologue.store import conversations, messages, runs
from duologue.store.database import Database
from duologue.store.ids import fresh


async def rebuild(
    guest: Guest,
    loaded: LoadedAgent,
    *,
    db: Database,
    environment: Mapping[str, str],
    shared: Shared,
    backends: Backends,
    tracing: Tracing,
    studio: Studio,
    bell: Bell,
    process: str,
    clock: Callable[[], int],
) -> tuple[Run, Grade | None]:
    """The run of a conversation that has none; what was made for it is closed if it fails."""
    stored = await db.read(messages.of, guest.org_id, guest.conversation_id)
    conversation = await db.read(conversations.get, guest.org_id, guest.conversation_id)
    resumed: Grade | None = "rebuilt" if stored else None
    now = clock()
    run_id = fresh("run_", now)
    given = dict(loaded.models or {})
    if (backend := backends.of(loaded)) is not None:
        given["llm"] = partial(WebhookLLM, backend)
    chosen = LoadedAgent(guest.definition, loaded.make, loaded.source, given)
    models = resolve(chosen, environment, shared=shared)
    record = Record(
        db,
        org_id=guest.org_id,
        conversation_id=guest.conversation_id,
        run_id=run_id,
        clock=clock,
    )
    run = Run(
        run_id=run_id,
        conversation_id=guest.conversation_id,
        loaded=loaded,
        definition=guest.definition,
        models=models,
        record=record,
        resumed=bool(stored),
        greet=not stored,
        new_id=lambda prefix: fresh(f"{prefix}_", clock()),
        recorder=studio.recorder(guest, run_id),
        watch=tracing.watch(guest, run_id, record, loaded.version),
        tap=Tap(bell, guest.org_id, guest.conversation_id, words=tracing.keeps_words),
    )
    if conversation is not None:
        run.exchange.shared.restore(conversation.state)
    try:
        run.prepare(guest.whereabouts(run, resumed), remembered(stored), stood_in(stored))
        await db.write(
            runs.start,
            guest.org_id,
            id=run_id,
            conversation_id=guest.conversation_id,
            agent_id=guest.agent_id,
            process=process,
            now=now,
        )
    except BaseException:
        tracing.ended(run_id, "agent_failed", [])
        await models.aclose()
        raise
    return run, resumed
