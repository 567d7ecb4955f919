"""Prefactor's API, as much of it as its clients for agents use: its own form, our store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from sqlalchemy import Connection

from duologue.access import keys
from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.server import telling
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.pace import Pace
from duologue.server.prefactor_book import Answer
from duologue.server.prefactor_steps import StepBook as Book
from duologue.server.told import Keeper
from duologue.store.traces import RUN
from duologue.trace.ingest import prefactor_forms as forms
from duologue.trace.ingest import reading
from duologue.trace.ingest.prefactor_forms import Refusal

MOST: Final = 1024 * 1024
"""Bytes that a request may have."""
TOO_LARGE: Final = (
    f"A request has at most {MOST} bytes, packed or not. Send the items of a bulk request in "
    "several, and keep long texts out of a step's payload."
)
_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    429: "rate_limited",
}
_LATEST: Final = 2**63 - 1
Work = Callable[[Book], Answer]


class Prefactor:
    """Lets programs in, and keeps what they tell."""

    def __init__(self, doorman: Doorman, keeper: Keeper) -> None:
        self._doorman = doorman
        self._keeper = keeper
        host = doorman.host
        per_minute = host.settings.authorize_per_minute
        self._pace = Pace(per_minute, kind="prefactor", counts=host.counts)

    async def admit(self, request: telling.Asked, *scopes: str) -> Principal:
        """Who asks, with one of these scopes, and not too often."""
        host = self._doorman.host
        key, now = presented_key(request), host.clock()
        caller = keys.digest(key) if key else None
        await self._pace.take(caller, request.client.host if request.client else "", now)
        with self._pace.learning(caller):
            principal = await host.db.read(keys.authenticate, key, now)
            if not set(scopes) & set(principal.scopes):
                principal.require(scopes[0])
        if host.settings.trace == "off" and scopes == ("ingest",):
            raise DuologueError("traces_off")
        await self._doorman.uses.note(principal)
        return principal

    async def write(self, principal: Principal, work: Work) -> Answer:
        """The answer of a unit of work that may write."""
        return await self._doorman.host.db.write(self._within, principal.org_id, work)

    async def terminate(self, org_id: str, run: str) -> None:
        """Ends a run from outside; its program hears of it when it asks or tells."""
        work = partial(Book.terminate, instance=run.removeprefix(RUN), asked=forms.End())
        try:
            await self._doorman.host.db.write(self._within, org_id, work)
        except Refusal as refusal:  # it ended, or was forgotten, a moment ago
            if refusal.status == 404:
                raise DuologueError("trace_not_found", trace=run) from None
            raise DuologueError("trace_over", trace=run) from None

    async def look(self, principal: Principal, work: Work) -> Response[bytes]:
        """The answer of one that only reads."""
        answer = await self._doorman.host.db.read(self._within, principal.org_id, work)
        return _respond(200, answer)

    def _within(self, conn: Connection, org_id: str, work: Work) -> Answer:
        return work(Book(conn, org_id, self._keeper, self._doorman.host.clock()))


async def _told(request: telling.Asked, kind: type[Any]) -> Any:
    """What a request asks for, within its bound; a large one is read beside the loop."""
    body = await telling.body_of(request, MOST)
    encoding = request.headers.get("content-encoding", "")

    def understood() -> Any:
        plain = reading.unpacked(body, encoding)
        if len(plain) > MOST:
            raise DuologueError("too_large", limit=MOST)
        return forms.read(plain, kind)

    return await telling.understood(understood)


def _respond(code: int, answer: Answer, **headers: str) -> Response[bytes]:
    headers = {"cache-control": "no-store"} | headers
    body = msgspec.json.encode(answer, enc_hook=str)
    return Response(body, status_code=code, media_type="application/json", headers=headers)


def error_of(refusal: Refusal) -> Answer:
    """A refusal as the API says it."""
    told = {"status": "error", "code": refusal.code, "message": refusal.message}
    return told | ({"errors": refusal.errors} if refusal.errors else {})


def refused(_: telling.Asked, error: Exception) -> Response[bytes]:
    """A refusal in Prefactor's form; one that passes says when to try again."""
    headers = {}
    if isinstance(error, DuologueError):
        if error.status in (429, 503):
            headers["retry-after"] = str(error.values.get("seconds", 5))
        if error.status == 401:
            headers["www-authenticate"] = "Bearer"
        words = TOO_LARGE if error.status == 413 else error.message
        error = Refusal(error.status, _CODES.get(error.status, error.code), words)
    elif isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "bad_request")
        error = Refusal(error.status_code, code, str(error.detail))
    if not isinstance(error, Refusal):
        raise error
    return _respond(error.status, error_of(error), **headers)


def _work_of(item: dict[str, Any]) -> Work:
    """What an item of a bulk request does."""
    kind = forms.meant(item, forms.Item).type
    named = str(item.get("id") or item.get("agent_instance_id") or item.get("agent_span_id") or "")
    match kind:
        case "agent_instances/register":
            return partial(Book.register, asked=forms.meant(item, forms.Register))
        case "agent_instances/start":
            return partial(Book.start, instance=named, asked=forms.meant(item, forms.Act))
        case "agent_instances/finish":
            return partial(Book.finish, instance=named, asked=forms.meant(item, forms.Over))
        case "agent_instances/record_quality":
            return partial(Book.judge, instance=named, asked=forms.meant(item, forms.Quality))
        case "agent_spans/create":
            return partial(Book.create, asked=forms.meant(item, forms.Create))
        case "agent_spans/finish":
            return partial(Book.finish_step, id=named, asked=forms.meant(item, forms.Over))
    raise forms.invalid("_type", f"{kind[:60]!r} is not taken here")


class Instances(Controller):
    """What agents tell in Prefactor's words."""

    path = "/api/v1"
    tags = ("Prefactor",)
    include_in_schema = False
    """Its reference is Prefactor's own."""
    exception_handlers = {  # noqa: RUF012  # Litestar's way
        DuologueError: refused,
        Refusal: refused,
        HTTPException: refused,
    }
    request_max_body_size = None
    """Each reads its body itself, within a bound of its own."""

    @get("/ping")
    async def ping(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor
    ) -> Response[bytes]:
        """Says whether a key may tell."""
        principal = await prefactor_door.admit(request, "ingest")
        return _respond(200, {"status": "success", "details": {"account_id": principal.org_id}})

    @post("/agent_instance/register", status_code=200)
    async def register(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor
    ) -> Response[bytes]:
        """Registers an instance: a run."""
        principal = await prefactor_door.admit(request, "ingest")
        asked = await _told(request, forms.Register)
        return _respond(200, await prefactor_door.write(principal, lambda b: b.register(asked)))

    @post("/agent_instance/{instance:str}/{act:str}", status_code=200)
    async def act(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor, instance: str, act: str
    ) -> Response[bytes]:
        """Starts, judges or finishes an instance, or ends it from outside."""
        owner = act == "terminate"
        principal = await prefactor_door.admit(request, "sessions" if owner else "ingest")
        work: Work
        match act:
            case "start":
                work = partial(Book.start, instance=instance, asked=await _told(request, forms.Act))
            case "finish":
                work = partial(
                    Book.finish, instance=instance, asked=await _told(request, forms.Over)
                )
            case "record_quality":
                work = partial(
                    Book.judge, instance=instance, asked=await _told(request, forms.Quality)
                )
            case "terminate":
                work = partial(
                    Book.terminate, instance=instance, asked=await _told(request, forms.End)
                )
            case _:
                raise Refusal(404, "not_found", f"An instance has no {act[:60]!r}.")
        return _respond(200, await prefactor_door.write(principal, work))

    @get("/agent_instance/{instance:str}")
    async def instance(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor, instance: str
    ) -> Response[bytes]:
        """An instance; its program asks for it to hear whether it is to end."""
        principal = await prefactor_door.admit(request, "read", "ingest")
        alive = "ingest" in principal.scopes
        work = partial(Book.instance, instance=instance, alive=alive)
        if alive:
            return _respond(200, await prefactor_door.write(principal, work))
        return await prefactor_door.look(principal, work)

    @get("/agent_instance")
    async def instances(
        self,
        request: Request[Any, Any, Any],
        prefactor_door: Prefactor,
        limit: Annotated[int, Parameter(ge=1, le=100)] = 50,
    ) -> Response[bytes]:
        """The latest instances."""
        principal = await prefactor_door.admit(request, "read", "ingest")
        return await prefactor_door.look(principal, partial(Book.instances, limit=limit))

    @post("/agent_spans", status_code=200)
    async def create(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor
    ) -> Response[bytes]:
        """Creates a step."""
        principal = await prefactor_door.admit(request, "ingest")
        asked = await _told(request, forms.Details)
        work = partial(Book.create, asked=asked.details)
        return _respond(200, await prefactor_door.write(principal, work))

    @post("/agent_spans/{span:str}/finish", status_code=200)
    async def finish(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor, span: str
    ) -> Response[bytes]:
        """Finishes a step."""
        principal = await prefactor_door.admit(request, "ingest")
        asked = await _told(request, forms.Over)
        work = partial(Book.finish_step, id=span, asked=asked)
        return _respond(200, await prefactor_door.write(principal, work))

    @get("/agent_spans")
    async def steps(
        self,
        request: Request[Any, Any, Any],
        prefactor_door: Prefactor,
        agent_instance_id: str,
        start_time: str | None = None,
        end_time: str | None = None,
    ) -> Response[bytes]:
        """The steps of an instance."""
        principal = await prefactor_door.admit(request, "read", "ingest")
        since = forms.moment(start_time, 0, "start_time")
        until = forms.moment(end_time, _LATEST, "end_time")
        work = partial(Book.steps, instance=agent_instance_id, since=since, until=until)
        return await prefactor_door.look(principal, work)

    @post("/bulk", status_code=200)
    async def bulk(
        self, request: Request[Any, Any, Any], prefactor_door: Prefactor
    ) -> Response[bytes]:
        """Does several things in their order, and stops at the first that is refused."""
        principal = await prefactor_door.admit(request, "ingest")
        items = (await _told(request, forms.Bulk)).items
        known = [forms.meant(item, forms.Item).idempotency_key for item in items]
        if len(set(known)) != len(known):
            raise forms.invalid("items", "two of them have one idempotency_key")
        outputs: dict[str, Answer] = {}
        for key, item in zip(known, items, strict=True):
            try:
                outputs[key] = await prefactor_door.write(principal, _work_of(item))
            except Refusal as refusal:
                outputs[key] = error_of(refusal)
                break
        return _respond(200, {"status": "success", "outputs": outputs})


DOORS: Final[list[Any]] = [Instances]
