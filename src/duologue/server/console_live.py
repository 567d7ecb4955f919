"""What goes on now, in the console: looked at by all who are signed in, ordered by owners."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.response import Stream

from duologue.access.console import Reader
from duologue.bus.bell import Unheard, all_of, one_of
from duologue.console.pages import engine, live
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_forms import filled
from duologue.server.console_page import away, page
from duologue.server.console_streams import Piece, Streams, stream
from duologue.server.ordering import order
from duologue.wire import live as wire

PATIENCE: Final = 60.0
"""Seconds without a word of a person after which the agent takes back, of a page without script."""
PRESENT: Final = 25.0
"""The same seconds while a page is open: it is asked every five."""
REASON: Final = "owner_ended"
NOW: Final = "/console/live"
GLANCE: Final = 2.0
"""Seconds in which a process must say how its conversations go on, for a list of them."""
SPEAKS: Final = "microphone=(self), camera=(), geolocation=()"
"""What the page by which an owner speaks may use; no other page of the console does."""


@get("/live")
async def going_on(host: Host, reader: Reader) -> Response[str]:
    """The conversations of the organization that go on."""
    view = await _list(host, reader)
    return page(engine.draw("live", reader=reader, place="live", view=view))


@get("/live/stream")
async def all_stream(
    request: Request[Any, Any, Any], host: Host, reader: Reader, streams: Streams
) -> Stream | Response[bytes]:
    """The list as it changes."""

    async def show() -> Piece:
        return "list", await _list(host, reader)

    async def tell(event: wire.Event) -> list[Piece]:
        if isinstance(event, wire.Brief):
            return [("brief", event)]
        return [await show()]  # others are there, or some were lost on the way

    async def beat() -> list[Piece]:
        return [("elsewhere", await host.db.read(live.elsewhere, reader.org_id))]

    return stream(
        request, host, streams, reader, all_of(reader.org_id), show=show, tell=tell, beat=beat
    )


@get("/live/{conversation:str}")
async def one(host: Host, reader: Reader, conversation: str) -> Response[str]:
    """A conversation as it is now."""
    try:
        view = await _view(host, reader, conversation)
        if view.mine:  # a page without script says by each reload that somebody is there
            stay = wire.Stay(reader.id, PATIENCE)
            await order(host, reader.org_id, conversation, stay)
    except DuologueError as error:
        if error.code != "conversation_not_live":
            raise
        view = await host.db.read(live.load_over, reader.org_id, conversation, now=host.clock())
    answer = page(engine.draw("live_one", reader=reader, place="live", view=view))
    if reader.role == "owner":
        answer.headers["permissions-policy"] = SPEAKS
    return answer


@get("/live/{conversation:str}/stream")
async def one_stream(
    request: Request[Any, Any, Any],
    host: Host,
    reader: Reader,
    streams: Streams,
    conversation: str,
) -> Stream | Response[bytes]:
    """A conversation as it goes on."""
    await order(host, reader.org_id, conversation, wire.Look())  # ours, and here; or refused
    topic = one_of(reader.org_id, conversation)

    async def show() -> Piece:
        return "shown", await _view(host, reader, conversation)

    async def tell(event: wire.Event) -> list[Piece]:
        match event:
            case wire.Attached():
                return [await show()]
            case wire.Lost(events):
                return [("lost", {"events": events}), await show()]
            case wire.Taken(holder):
                name = "" if holder is None else holder.name or "a person"
                mine = holder is not None and holder.by == reader.id
                return [("taken", {"holder": name, "mine": mine})]
            case _:
                return [("event", event)]

    async def beat() -> list[Piece]:
        if reader.role == "owner":
            stay = wire.Stay(reader.id, PRESENT)
            await order(host, reader.org_id, conversation, stay)
        return []

    return stream(request, host, streams, reader, topic, show=show, tell=tell, beat=beat)


@post("/live/{conversation:str}/say", status_code=303)
async def say(
    request: Request[Any, Any, Any], host: Host, reader: Reader, conversation: str
) -> Response[bytes]:
    """Lets the agent say something now."""
    reader.require_owner()
    return await _do(host, reader, conversation, wire.Say(await _text(request)))


@post("/live/{conversation:str}/interrupt", status_code=303)
async def interrupt(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """Lets whoever speaks to the visitor fall silent."""
    reader.require_owner()
    return await _do(host, reader, conversation, wire.Interrupt())


@post("/live/{conversation:str}/end", status_code=303)
async def end(
    request: Request[Any, Any, Any], host: Host, reader: Reader, conversation: str
) -> Response[bytes]:
    """Hangs up for good."""
    reader.require_owner()
    reason = (await filled(request, "reason"))["reason"] or REASON
    if len(reason) > 100:
        raise DuologueError("bad_request", reason="a reason has 100 characters at most")
    return await _do(host, reader, conversation, wire.End(reason))


@post("/live/{conversation:str}/takeover", status_code=303)
async def take_over(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """A person answers from now on."""
    reader.require_owner()
    what = wire.TakeOver(reader.id, reader.name, PATIENCE)
    return await _do(host, reader, conversation, what)


@post("/live/{conversation:str}/speak", status_code=303)
async def speak(
    request: Request[Any, Any, Any], host: Host, reader: Reader, conversation: str
) -> Response[bytes]:
    """What the person says in the agent's place."""
    reader.require_owner()
    return await _do(host, reader, conversation, wire.Speak(reader.id, await _text(request)))


@post("/live/{conversation:str}/handback", status_code=303)
async def hand_back(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """The agent answers again."""
    reader.require_owner()
    return await _do(host, reader, conversation, wire.HandBack(reader.id))


DOORS = [
    going_on,
    all_stream,
    one,
    one_stream,
    say,
    interrupt,
    end,
    take_over,
    speak,
    hand_back,
]


async def _list(host: Host, reader: Reader) -> live.ListView:
    """One row a conversation: as it is where its process answers, else what is stored."""
    found, said = await host.db.read(live.going_on, reader.org_id)
    names = list(dict.fromkeys(each.conversation_id for each in found))
    looks = await asyncio.gather(*(_glance(host, reader.org_id, name) for name in names))
    now = dict(zip(names, looks, strict=True))
    rows: dict[str, live.Row] = {}
    for each in found:
        name = each.conversation_id
        if name in rows:
            continue
        shown = now[name]
        if shown is None and each.state != "live":  # its client is gone, and nobody waits any more
            continue
        last = said.get(name, ("assistant", ""))
        rows[name] = live.row(each, shown, last, words=host.tracing.keeps_words)
    shown_rows = list(rows.values())
    return live.ListView(
        rows=shown_rows[: live.ROWS],
        more=len(found) > live.ROWS,
        elsewhere=await host.db.read(live.elsewhere, reader.org_id),
        now=host.clock(),
    )


async def _glance(host: Host, org_id: str, conversation: str) -> wire.Shown | None:
    """How a conversation goes on, if its process says so soon: one that hangs holds up no list."""
    try:
        async with asyncio.timeout(GLANCE):
            return await host.bell.order(org_id, conversation, wire.Look())
    except (Unheard, DuologueError, TimeoutError):
        return None


async def _view(host: Host, reader: Reader, conversation: str) -> live.LiveView:
    shown = await order(host, reader.org_id, conversation, wire.Look())
    return await host.db.read(
        live.load, reader.org_id, shown, reader_id=reader.id, now=host.clock()
    )


async def _text(request: Request[Any, Any, Any]) -> str:
    """What is to be said."""
    text = (await filled(request, "text"))["text"]
    if not text:
        raise DuologueError("bad_request", reason="there is nothing to say; write it first")
    if len(text) > wire.LONGEST:
        reason = f"{len(text)} characters are too many to be said at once; {wire.LONGEST} may be"
        raise DuologueError("bad_request", reason=reason)
    return text


async def _do(host: Host, reader: Reader, conversation: str, what: wire.Order) -> Response[bytes]:
    await order(host, reader.org_id, conversation, what)
    return away(f"{NOW}/{conversation}")
