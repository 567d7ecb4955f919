"""A run from what the store remembers: new where nothing was said, else where it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection

from duologue.agents.definition import LoadedAgent
from duologue.agents.models import Shared, resolve
from duologue.agents.webhook.brain import WebhookLLM
from duologue.bus.bell import Bell
from duologue.core.resume import Grade
from duologue.pipeline.backends import Backends
from duologue.pipeline.history import remembered, stood_in, unanswered
from duologue.pipeline.record import Record
from duologue.pipeline.recording import Studio
from duologue.pipeline.run import Run
from duologue.pipeline.seat import Guest
from duologue.pipeline.tap import Tap
from duologue.pipeline.tracing import Tracing
from duologue.store import conversations, messages, runs, trace_deletion
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Conversation, Message
from duologue.store.records import Run as Row


class Occupied(Exception):
    """The conversation has an open run, which is not live in this process."""

    def __init__(self, run: Row) -> None:
        super().__init__(run.id)
        self.run = run


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
    peer: str | None,
    clock: Callable[[], int],
) -> tuple[Run, Grade | None]:
    """The run of a conversation that has none; what was made for it is closed if it fails.

    Where it has one after all, `Occupied` tells of it.
    """
    last, stored, conversation = await db.read(_memory, guest.org_id, guest.conversation_id)
    if last is not None and last.ended_at is None:
        raise Occupied(last)
    resumed: Grade | None = "rebuilt" if stored else None
    now = clock()
    run_id = fresh("run_", now)
    given = dict(loaded.models or {})
    backend = backends.of(loaded)
    if backend is not None:
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
        # A back end was asked already, and is asked once.
        owes=backend is None and unanswered(stored, last, now),
        new_id=lambda prefix: fresh(f"{prefix}_", clock()),
        recorder=studio.recorder(guest, run_id),
        watch=tracing.watch(guest, run_id, record, loaded.version),
        tap=Tap(bell, guest.org_id, guest.conversation_id, words=tracing.keeps_words),
    )
    if conversation is not None:
        run.exchange.shared.restore(conversation.state)
    try:
        run.prepare(guest.whereabouts(run, resumed), remembered(stored), stood_in(stored))
        begun = await db.write(
            runs.start,
            guest.org_id,
            id=run_id,
            conversation_id=guest.conversation_id,
            agent_id=guest.agent_id,
            process=process,
            peer=peer,
            now=now,
        )
        if begun.id != run_id:
            raise Occupied(begun)
    except Occupied:
        tracing.dismiss(run_id)
        await models.aclose()
        # Its beginning may have been written already.
        await db.write(trace_deletion.delete_one, guest.org_id, run_id)
        raise
    except BaseException:
        tracing.ended(run_id, "agent_failed", [])
        await models.aclose()
        raise
    return run, resumed


def _memory(
    conn: Connection, org_id: str, conversation_id: str
) -> tuple[Row | None, list[Message], Conversation | None]:
    """A conversation as it is remembered, and its last run.

    Of one that goes on, nothing is needed but its run.
    """
    last = runs.going_on(conn, org_id, conversation_id)
    if last is not None:
        return last, [], None
    stored = messages.of(conn, org_id, conversation_id)
    last = runs.last(conn, org_id, conversation_id) if stored else None
    return last, stored, conversations.get(conn, org_id, conversation_id)
