"""The jobs that LiveKit offers us: which of them we take, and each one's life as a task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from livekit.protocol import agent as protocol

from duologue.access import claims
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import AGENT, AGENT_STATE, Claim

log = structlog.get_logger(__name__)

ASSIGNED = 15.0
"""Seconds in which a job that we took must be assigned; LiveKit itself waits 10."""
ASKING = 2.0
"""Seconds in which must be known whether another process has the conversation."""
REMEMBERED = 1000
"""Sessions left to others that are known again, at least."""
ENDING = 5.0
"""Seconds that a room's road has to notice that its job is over."""
OWN = "own-"
"""How the ids of jobs begin that LiveKit did not give us."""
GOODBYE = 10.0
"""Seconds in which all rooms come to their end when the server goes away."""


@dataclass(slots=True)
class _Taken:
    """A job from our word that we take it to the end of its room."""

    claim: Claim
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Desk:
    """Says yes to as many jobs as there is room for, and runs what is then assigned."""

    def __init__(
        self,
        host: Host,
        livekit: LiveKit,
        serve: Callable[[Job], Awaitable[None]],
        knows: Callable[[Claim], Awaitable[bool]],
        send: Callable[[protocol.WorkerMessage], Awaitable[None]],
        suspect: Callable[[], None],
    ) -> None:
        self._host = host
        self._livekit = livekit
        self._serve = serve
        self._knows = knows
        self._send = send
        self._suspect = suspect
        self._taken: dict[str, _Taken] = {}
        self._left: dict[str, None] = {}
        """Sessions that were left to another process, the latest last."""
        self._closing = False

    # ------------------------------------------------------------ questions

    @property
    def jobs(self) -> list[str]:
        """The ids of the jobs of LiveKit's that run here."""
        running = [id_ for id_, taken in self._taken.items() if taken.task is not None]
        return [id_ for id_ in running if not id_.startswith(OWN)]

    @property
    def rooms(self) -> set[str]:
        """The names of the rooms that are served here, or will be in a moment."""
        return {taken.claim.room for taken in self._taken.values()}

    def check(self, claim: Claim, room: str) -> None:
        """Refuses a room that we cannot serve now."""
        if claim.room != room:
            raise DuologueError("bad_request", reason="the claim is for another room")
        if self._closing:
            raise DuologueError("going_away")
        self._host.require_room(claim.conversation)
        if self.full and self._host.run_of(claim.conversation) is None:
            raise DuologueError("overloaded", limit=self._host.settings.max_sessions)
        if claim.room in self.rooms:
            raise DuologueError("session_open")

    @property
    def full(self) -> bool:
        """Whether one more conversation would be one too many."""
        host = self._host
        coming = {taken.claim.conversation for taken in self._taken.values()}
        coming = {each for each in coming if host.run_of(each) is None}
        full = host.live + len(coming) >= host.settings.max_sessions
        return self._closing or host.draining or full

    def status(self) -> protocol.WorkerMessage:
        """Whether we take jobs; the load is always none, for LiveKit gives up on busy workers."""
        return protocol.WorkerMessage(
            update_worker=protocol.UpdateWorkerStatus(
                status=protocol.WS_FULL if self.full else protocol.WS_AVAILABLE,
                load=0.0,
                job_count=len(self._taken),
                draining=self._closing or self._host.draining,
            )
        )

    # ------------------------------------------------------------ the life of a job

    async def offered(self, job: protocol.Job) -> protocol.WorkerMessage:
        """Our answer to an offer; a job that we decline goes to another worker."""
        answer = protocol.AvailabilityResponse(job_id=job.id)
        try:
            claim = claims.read(job.metadata, self._livekit.api_secret, int(time.time()))
            if not await self._knows(claim):
                raise DuologueError("agent_not_loaded", agent=claim.agent)
            self.check(claim, job.room.name)
            await self._leave_to_holder(claim)
        except DuologueError as error:
            # What nobody can serve ends here; what only we cannot goes on to the next.
            answer.terminate = error.status < 500
            log.info("job declined", job=job.id, room=job.room.name, reason=error.code)
            if not answer.terminate:
                self._suspect()
            return protocol.WorkerMessage(availability=answer)
        answer.available = True
        answer.participant_identity = f"agent-{job.id}"
        answer.participant_attributes.update({AGENT: "1", AGENT_STATE: "initializing"})
        timer = asyncio.get_running_loop().call_later(ASSIGNED, self._forget, job.id)
        self._taken[job.id] = _Taken(claim, timer)
        return protocol.WorkerMessage(availability=answer)

    def assigned(self, assignment: protocol.JobAssignment) -> None:
        """Serves the room of a job that we took."""
        taken = self._taken.get(assignment.job.id)
        if taken is None or taken.timer is None:
            log.warning("assigned a job that was not taken", job=assignment.job.id)
            return
        taken.timer.cancel()
        taken.timer = None
        job = Job(
            id=assignment.job.id,
            room=assignment.job.room.name,
            url=assignment.url or self._livekit.url,
            token=assignment.token,
            metadata=assignment.job.metadata,
            room_sid=assignment.job.room.sid,
        )
        taken.task = asyncio.create_task(self._run(job), name=f"room {job.room}")

    def come(self, job: Job, claim: Claim) -> None:
        """Serves a room into which nobody sent us."""
        self.check(claim, job.room)
        task = asyncio.create_task(self._run(job), name=f"room {job.room}")
        self._taken[job.id] = _Taken(claim, task=task)

    def terminated(self, job_id: str) -> None:
        """Ends a job whose room is gone, if its road does not notice by itself."""
        taken = self._taken.get(job_id)
        if taken is not None and taken.task is not None and taken.timer is None:
            loop = asyncio.get_running_loop()
            taken.timer = loop.call_later(ENDING, taken.task.cancel)

    async def close(self) -> None:
        """Takes nothing more, and returns when the last room is left, within bounds."""
        self._closing = True
        await self._send(self.status())
        tasks = [taken.task for taken in self._taken.values() if taken.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GOODBYE)
            for task in late:
                log.warning("room not left in time", room=task.get_name())
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=ENDING)
        for job_id in list(self._taken):
            self._forget(job_id)

    # ------------------------------------------------------------ within

    async def _leave_to_holder(self, claim: Claim) -> None:
        """Declines what is live in another process, which then goes on with it.

        Asked again, nobody else could, and the conversation is fetched from there.
        """
        if claim.session in self._left:
            return
        try:
            async with asyncio.timeout(ASKING):
                holder = await self._host.others.holder(claim.conversation)
        except DuologueError:
            raise
        except Exception as error:  # a memory that fails must not cost the registration
            log.warning("holder not looked up", error=f"{type(error).__name__}: {error}")
            return
        if holder is not None:
            self._left[claim.session] = None
            if len(self._left) > REMEMBERED:
                del self._left[next(iter(self._left))]
            conversation = claim.conversation
            raise DuologueError("conversation_moving", conversation=conversation, seconds=1)

    async def _run(self, job: Job) -> None:
        status, error = protocol.JS_FAILED, "cancelled"
        try:
            await self._report(job.id, protocol.JS_RUNNING)
            await self._serve(job)
            status, error = protocol.JS_SUCCESS, ""
        except DuologueError as refusal:
            error = refusal.code
            log.info("room not served", room=job.room, job=job.id, reason=refusal.code)
        except Exception as failure:
            error = type(failure).__name__
            log.exception("room failed", room=job.room, job=job.id)
            self._suspect()
        finally:
            self._forget(job.id)
            await self._report(job.id, status, error)

    async def _report(self, job_id: str, status: protocol.JobStatus, error: str = "") -> None:
        if job_id.startswith(OWN):
            return
        update = protocol.UpdateJobStatus(job_id=job_id, status=status, error=error)
        await self._send(protocol.WorkerMessage(update_job=update))

    def _forget(self, job_id: str) -> None:
        taken = self._taken.pop(job_id, None)
        if taken is not None and taken.timer is not None:
            taken.timer.cancel()
