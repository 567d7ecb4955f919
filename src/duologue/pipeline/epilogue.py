"""The end of sessions whose run was lost or moved, and whose clients never came back.

All others are told of by the run that they leave; of these nobody is left to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

import structlog
from msgspec import UNSET
from sqlalchemy import Connection

from duologue.agents.registry import Catalog
from duologue.pipeline.backends import Backends
from duologue.pipeline.courier import at, transcript
from duologue.pipeline.history import spoken
from duologue.pipeline.run import MOVES
from duologue.store import agents, messages, recordings, runs, sessions
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Message, Session
from duologue.store.recovery import LOST
from duologue.wire import webhooks as wire

log = structlog.get_logger(__name__)

UNTOLD: Final = (*MOVES, LOST)
"""Ends of runs that tell no back end of the sessions in them."""


class Story(NamedTuple):
    """A session that is over, as it is remembered."""

    session: Session
    agent: str
    said: list[Message]
    recorded: bool


class Epilogue:
    """Tells back ends of the ends that no run has told."""

    def __init__(
        self, db: Database, catalog: Catalog, backends: Backends, clock: Callable[[], int]
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._backends = backends
        self._clock = clock

    async def tell(self, ended: Collection[tuple[str, str]]) -> None:
        """Sends `session.end` for those of these sessions, by organization, that need it."""
        if not any(loaded.webhook for loaded in self._catalog.all()):
            return
        for org_id, session_id in ended:
            try:
                story = await self._db.read(_story, org_id, session_id)
                if story is not None:
                    self._tell(story)
            except Exception:  # one session's trouble is not the others'
                log.exception("end not told", session=session_id)

    def _tell(self, story: Story) -> None:
        loaded = self._catalog.get(story.agent)
        backend = None if loaded is None else self._backends.of(loaded)
        if backend is None or not backend.takes("session.end"):
            return
        session, now = story.session, self._clock()
        began = session.created_at if session.opened_at is None else session.opened_at
        ended = now if session.detached_at is None else session.detached_at
        event = wire.SessionEnd(
            event_id=fresh("evt_", now),
            session_id=session.id,
            conversation_id=session.conversation_id,
            custom_metadata=session.custom_metadata or UNSET,
            agent_id=session.agent_id,
            started_at=at(began),
            ended_at=at(ended),
            duration=max(0, ended - began),
            # What its models heard and spoke was known to the process alone.
            transcription_duration_seconds=0.0,
            tts_duration_seconds=0.0,
            latency=None,
            ip_address=None,
            country_code=None,
            recording_status="enabled" if story.recorded else "disabled",
            transcript=transcript(story.said),
            metadata=session.metadata or UNSET,
        )
        log.info("end told late", session=session.id, agent=story.agent)
        backend.tell(event, session.custom_headers)


def _story(conn: Connection, org_id: str, session_id: str) -> Story | None:
    """What there is to tell of a session; none where its run has told it, or there was none."""
    session = sessions.get(conn, org_id, session_id)
    if session is None or session.run_id is None or session.opened_at is None:
        return None
    run = runs.get(conn, org_id, session.run_id)
    agent = agents.get(conn, org_id, session.agent_id)
    if run is None or agent is None or run.end_reason not in UNTOLD:
        return None
    if sessions.followed(conn, session):
        return None  # the run told it then
    said = spoken(messages.of(conn, org_id, session.conversation_id), session_id)
    return Story(session, agent.slug, said, bool(recordings.of(conn, org_id, run.id)))
