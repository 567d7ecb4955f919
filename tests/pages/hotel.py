"""A small hotel's month, written into a server's store: what the console's pages then show."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, update
from tests.pages.conversations import past
from tests.serving import House
from tests.store.visiting import an_id, batch, click, happened, identified, page, spent
from tests.store.world import authorize

from duologue.access import console, keys
from duologue.store import (
    agents,
    conversations,
    feedback,
    messages,
    organizations,
    runs,
    sessions,
    traces,
    usage,
    visits,
)
from duologue.store import keys as key_store
from duologue.store.database import unit
from duologue.store.ids import fresh
from duologue.store.tables import traces as table
from duologue.store.trace_records import SpanRow, TraceEntry, TraceRow, TurnRow

AGENTS: Final = Path(__file__).with_name("hotel_agents.py")
DAY_MS: Final = 86_400_000
S: Final = 1_000_000_000
RUNS: Final = 180
ASKED: Final = (
    ("I would like to book a table for two on Friday.", "A table for two on Friday. At what time?"),
    ("When is breakfast?", "From seven to ten, on Sundays until eleven."),
    ("Is there a room with a view of the harbour?", "There is one left for that night, room 12."),
    ("Can I bring my dog?", "Small dogs are welcome. We will put a bowl in your room."),
    ("How do I get to the old lighthouse?", "It is a walk of twenty minutes along the pier."),
    ("Please cancel my booking of tomorrow.", "It is cancelled. I am sorry that you cannot come."),
)
GUESTS: Final[tuple[tuple[str | None, dict[str, str | int], tuple[str, ...]], ...]] = (
    (
        "ada@lovelace.example",
        {"name": "Ada Lovelace", "plan": "gold"},
        ("/", "/rooms", "/book"),
    ),
    ("grace@hopper.example", {"name": "Grace Hopper", "nights": 3}, ("/", "/restaurant")),
    (None, {}, ("/rooms",)),
    ("alan@turing.example", {"name": "Alan Turing"}, ("/", "/offers/autumn", "/book")),
    (None, {}, ("/", "/restaurant/menu")),
    ("mary@shelley.example", {"name": "Mary Shelley", "plan": "silver"}, ("/town",)),
)


class Hotel(msgspec.Struct):
    """What was written, by its ids."""

    run: str
    """A conversation with its sound."""
    conversation: str
    visitor: str
    key: str
    void: str


def furnish(house: House) -> Hotel:
    """Fills a house that serves the agents of hotel_agents.py."""
    now = time.time_ns() // 1_000_000
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        ids = {each.slug: each.id for each in agents.all(conn, own.id)}
        _use(conn, own.id, ids, now)
        _trace(conn, own.id, now)
        guests = [_guest(conn, own.id, number, now) for number in range(len(GUESTS))]
        talks = [
            _talk(conn, own.id, ids["front-desk"], guests[number], number, now)
            for number in range(4)
        ]
        organizations.credit(conn, own.id, 50_000_000, "October", now - 30 * DAY_MS)
        organizations.credit(conn, own.id, 75_500_000, "November", now - 6 * DAY_MS)
        held = _keys(conn, own.id, now)
        for name, role in (("Grace", "owner"), ("Alan", "viewer")):
            console.enter(conn, console.invite(conn, own.id, role, name, now), now)  # type: ignore[arg-type]  # both are
        console.invite(conn, own.id, "viewer", "Mary", now)
        agents.unpublish(conn, own.id, "kitchen", now)
    heard = past(house, 1)
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        conn.execute(update(table).where(table.c.id == heard).values(agent="front-desk"))
    return Hotel(heard, talks[0], guests[0], *held)


def _use(conn: Connection, org_id: str, ids: dict[str, str], now: int) -> None:
    """A month of minutes: weekends are busy, and the front desk more than the others."""
    for day in range(30):
        at = now - day * DAY_MS
        busy = 1.0 + math.sin(day / 7 * math.tau) * 0.6 + (day * 37 % 11) / 15
        for slug, share in (("front-desk", 40), ("concierge", 17), ("kitchen", 6)):
            if slug == "kitchen" and day % 3:
                continue
            ms = int(share * busy * 60_000)
            tick = (org_id, f"sess_{slug}{day}", "run_x", ids[slug], ms, ms // 5)
            usage.meter(conn, [tick], at)


def _trace(conn: Connection, org_id: str, now: int) -> None:
    """A week of runs of three turns each, for the list and the overview."""
    for number in range(RUNS):
        began = (now - 7_200_000 - number * 3_300_000) * 1_000_000
        name = f"{0xB00C:016x}{number:016x}"
        slug = ("front-desk", "front-desk", "concierge", "kitchen")[number % 4]
        failed = number % 13 == 5
        rows: list[TraceEntry] = [
            TraceRow(
                trace=name,
                source="duologue",
                agent=slug,
                transport=("websocket", "livekit")[number % 2],
                status="failed" if failed else "complete",
                reason="agent_failed" if failed else "client_initiated",
                started_ns=began,
                ended_ns=began + 34 * S,
            )
        ]
        for index in range(3):
            asked, answered = ASKED[(number + index) % len(ASKED)]
            rows += _turn(name, number, index, began + index * 11 * S, asked, answered, failed)
        traces.put(conn, org_id, rows, began // 1_000_000 + 34_000)


def _turn(
    name: str, number: int, index: int, at: int, asked: str, answered: str, failed: bool
) -> list[TraceEntry]:
    slow = 1.0 + (number * 29 % 17) / 14
    parts: dict[str, Any] = {"eou_ms": 410.0, "stt_ms": 190.0, "tts_ms": 150.0 * slow}
    llm = 340.0 * slow * (1 + index / 3)
    return [
        TurnRow(
            trace=name,
            index=index,
            started_ns=at,
            ended_ns=at + 9 * S,
            user_text=asked,
            agent_text="" if failed and index == 2 else answered,
            spoken=True,
            interrupted=number % 6 == 1 and index == 1,
            errors=int(failed and index == 2),
            llm_ms=llm,
            e2e_ms=parts["eou_ms"] + llm + parts["tts_ms"] + 60,
            cost_micros=2100,
            **parts,
        ),
        SpanRow(
            trace=name,
            id=f"{index:016x}",
            name="llm_request",
            kind="llm",
            start_ns=at + 3 * S,
            end_ns=at + 3 * S + int(llm * 1e6),
            turn=index,
        ),
    ]


def _guest(conn: Connection, org_id: str, number: int, now: int) -> str:
    user, traits, paths = GUESTS[number]
    visitor, last = an_id("vis_"), now - number * 3_700_000 - 240_000
    for back in reversed(range(3 if number == 0 else 1)):
        at = last - back * 2 * DAY_MS
        seen = [page(path, at + each * 60_000, _title(path)) for each, path in enumerate(paths)]
        events: list[Any] = [*seen, spent(seen[-1], 48_000, at + 200_000)]
        if user:
            events.append(identified(user, at + 200_000, **traits))
        if number == 0:
            events.append(click("reserve", seen[-1], at + 130_000))
            events.append(happened("booked", at + 190_000, room="12", nights=2))
        told = batch(*events, visitor=visitor, visit=an_id("vst_"), sent_at=at + 200_000)
        visits.record(conn, org_id, told, at + 200_000)
    return visitor


def _title(path: str) -> str:
    last = path.rpartition("/")[2].replace("-", " ").title()
    return f"{last or 'Welcome'} · Harbour Hotel"


def _talk(conn: Connection, org_id: str, agent_id: str, visitor: str, number: int, now: int) -> str:
    """A conversation of three turns, judged, and bound to its visitor."""
    began = now - number * 3_600_000 - 200_000
    made = conversations.create(
        conn, org_id, agent_id=agent_id, key_id=None, metadata={"language": "en"}, now=began
    )
    run = fresh("run_", began)
    whose = {"conversation_id": made.id, "agent_id": agent_id}
    runs.start(conn, org_id, id=run, process="hotel", now=began, **whose)
    session = authorize(conn, org_id, made.id, agent_id, None, made.id, now=began)
    sessions.open(conn, org_id, session.id, run, began)
    for index in range(6):
        words = ASKED[(number + index // 2) % len(ASKED)][index % 2]
        messages.append(
            conn,
            org_id,
            conversation_id=made.id,
            run_id=run,
            session_id=session.id,
            turn_id=str(index),
            role=("user", "assistant")[index % 2],
            kind="message",
            text=words,
            now=began + index * 6000,
        )
    usage.meter(conn, [(org_id, session.id, run, agent_id, 41_000, 8200)], began + 41_000)
    sessions.end(conn, org_id, session.id, "client_initiated", began + 41_000, void=True)
    runs.end(conn, org_id, run, "client_initiated", None, began + 41_000)
    said = ("Quick and friendly.", "It took my order twice.", "", "Lovely voice.")[number]
    rating: Literal["up", "down"] = "down" if number == 1 else "up"
    feedback.put(conn, session, rating=rating, text=said, now=began + 60_000)
    visits.link(conn, org_id, made.id, visitor, began)
    return made.id


def _keys(conn: Connection, org_id: str, now: int) -> tuple[str, str]:
    """Four keys, one of them void; a public one and the void one."""

    def make(name: str, **options: Any) -> str:
        known: dict[str, Any] = {"agent": None, "origins": [], "scopes": [], "expires_at": None}
        made, _ = keys.create(conn, org_id, name=name, now=now - 9 * DAY_MS, **(known | options))
        return made.id

    site = make(
        "hotel.example",
        kind="public",
        agent="front-desk",
        origins=["https://hotel.example", "https://*.hotel.example"],
    )
    server = make("booking server", kind="secret", scopes=["sessions", "read", "admin"])
    make("nightly report", kind="secret", scopes=["read"], expires_at=now + 21 * DAY_MS)
    void = make("old site", kind="public", agent="concierge", origins=["https://old.example"])
    key_store.revoke(conn, org_id, void, now - DAY_MS)
    key_store.used(conn, org_id, site, now - 180_000)
    key_store.used(conn, org_id, server, now - 5_400_000)
    return site, void
