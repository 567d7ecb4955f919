"""The overview: its figures lead to the conversations that make them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import Connection
from tests.store.test_trace_overview import happen
from tests.store.world import NOW, World, build

from duologue.access.console import Reader
from duologue.console.pages import alerts, curves, engine, listing, overview
from duologue.console.pages.forms import Form
from duologue.console.pages.moments import RANGES
from duologue.console.pages.overview import Asked
from duologue.errors import DuologueError
from duologue.store import alerts as store
from duologue.store.alerts import Measured

HOUR = 3_600_000


@pytest.fixture
def busy(conn: Connection, world: World) -> World:
    """Conversations of an hour ago, of yesterday, and of others."""
    happen(conn, world.id, 1, NOW - HOUR, agent="front-desk")
    happen(conn, world.id, 2, NOW - 2 * HOUR, agent="foreign", status="lost")
    happen(conn, world.id, 3, NOW - 30 * HOUR, agent="front-desk")
    happen(conn, build(conn, "other").id, 4, NOW - HOUR)
    return world


def listed(conn: Connection, org_id: str, link: str) -> int:
    """How many conversations stand behind a link."""
    parts = urlsplit(link)
    assert parts.path == "/console"
    asked = listing.Asked.of(parse_qsl(parts.query))
    return len(listing.load(conn, org_id, asked, now=NOW).rows)


def test_every_figure_leads_to_what_makes_it(conn: Connection, busy: World) -> None:
    """Of that time, and of that agent."""
    view = overview.load(conn, busy.id, Asked(), now=NOW)
    found = {each.name: (each.value, listed(conn, busy.id, each.link)) for each in view.figures}
    assert found == {
        "Conversations": ("2", 2),
        "Turns": ("20", 2),
        "Minutes": ("20 min", 2),
        "End to end, p50": ("500 ms", 2),
        "End to end, p95": ("900 ms", 2),
        "End to end, p99": ("900 ms", 2),
        "Interrupted": ("10 %", 2),
        "Unanswered": ("10 %", 2),
        "Errors": ("2", 2),
        "Tool errors": ("2", 2),
        "Lost": ("1", 1),
        "Cost": ("1.4e-05", 2),
    }
    of_one = overview.load(conn, busy.id, Asked(agent="front-desk"), now=NOW)
    assert {listed(conn, busy.id, each.link) for each in of_one.figures[:3]} == {1}
    rows = {row.name: listed(conn, busy.id, row.link) if row.link else 0 for row in view.table}
    assert sorted(rows.values())[-3:] == [0, 1, 1]
    assert len(rows) == RANGES["1"].count


def test_agents_of_workers_elsewhere_are_offered_too(conn: Connection, busy: World) -> None:
    """They have no row of their own; links keep the time, and times keep the agent."""
    view = overview.load(conn, busy.id, Asked(days="7"), now=NOW)
    assert [each.name for each in view.agents] == ["All agents", "front-desk", "foreign"]
    assert view.agents[2].link == "/console/overview?days=7&agent=foreign"
    assert [each.name for each in view.rows] == ["front-desk", "foreign"]
    assert (view.rows[0].counts.traces, view.rows[0].share) == (2, 100.0)
    chosen = overview.load(conn, busy.id, Asked(days="7", agent="foreign"), now=NOW)
    assert [each.name for each in chosen.agents if each.chosen] == ["foreign"]
    assert {each.link.rpartition("&")[2] for each in chosen.ranges} == {"agent=foreign"}


def test_a_page_has_an_end_however_many_agents_there_are(conn: Connection, world: World) -> None:
    """Those with the most turns stand in its table; it says how many do not."""
    for number in range(overview.ROWS + 7):
        happen(conn, world.id, number, NOW - HOUR, agent=f"agent-{number}-{'x' * 150}")
    view = overview.load(conn, world.id, Asked(days="90"), now=NOW)
    assert (len(view.rows), view.hidden) == (overview.ROWS, 7)
    reader = Reader(id="", org_id=world.id, role="owner", name="", noted_at=0)
    told = alerts.load(conn, world.id, master="", owner=True)
    page = engine.draw(
        "overview", reader=reader, place="overview", view=view, alerts=told, form=Form()
    )
    assert "7 more agents had fewer turns" in page
    assert len(page.encode()) < 150_000


def test_plots_show_what_was_measured(conn: Connection, busy: World) -> None:
    """No plot of a part that nobody measured; parts are drawn to one scale."""
    view = overview.load(conn, busy.id, Asked(), now=NOW)
    assert [each.id for each in view.plots] == [
        *("e2e", "llm", "unexplained"),
        *("conversations", "turns", "minutes", "rates", "errors", "cost"),
    ]
    by_id = {each.id: each for each in view.plots}
    assert by_id["llm"].scale == by_id["unexplained"].scale
    assert (
        by_id["e2e"].told == "End to end over time; as a whole p50 500 ms, p95 900 ms, p99 900 ms."
    )
    assert by_id["turns"].told == "Turns over time; 20 in all."
    fields = [field for each in view.plots for field in each.fields]
    assert len(fields) == len(set(fields))
    assert curves.rate(1, 0) is None


def test_where_nothing_happened_it_says_so(conn: Connection, world: World) -> None:
    """And draws nothing strange."""
    view = overview.load(conn, world.id, Asked(), now=NOW)
    assert view.empty
    assert [each.value for each in view.figures[:6]] == ["0", "0", "0 min", "–", "–", "–"]
    assert "e2e" not in {each.id for each in view.plots}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([("days", "8")], "days='8' is not offered; there are 1, 7, 30, 90"),
        ([("colour", "red")], "knows no 'colour'; it knows days and agent"),
    ],
)
def test_what_is_not_offered_is_refused(query: list[tuple[str, str]], said: str) -> None:
    """By its name, or its value."""
    with pytest.raises(DuologueError, match=said):
        Asked.of(query)
    assert Asked.of([("days", "30"), ("agent", " ")]) == Asked(days="30")


# ---------------------------------------------------------------- alerts


def rule(conn: Connection, org_id: str, **facts: Any) -> store.Alert:
    """A rule over lost runs."""
    known: dict[str, Any] = {
        "measure": "lost",
        "agent": "",
        "threshold": 1.0,
        "window_ms": HOUR,
        "webhook": "https://x.example/",
        "now": NOW,
    }
    return store.add(conn, org_id, **(known | facts))


def test_rules_and_what_happened_to_them(conn: Connection, world: World) -> None:
    """How they stand, what they saw, and who was told."""
    fired = rule(conn, world.id, webhook="https://x.example/hook?key=1")
    quiet = rule(conn, world.id, webhook="", now=NOW + 1)
    store.note(conn, world.id, fired.id, Measured(2.0, 9), NOW)
    store.note(conn, world.id, quiet.id, Measured(0.0, 0), NOW)
    [(_, event)] = store.waiting(conn, NOW, 1000)
    view = alerts.load(conn, world.id, master="a secret of many letters", owner=True)
    assert [(each.state, each.colour, each.value) for each in view.rules] == [
        ("fired", "bad", "2"),
        ("no data", "", "no data"),
    ]
    assert [bool(each.secret) for each in view.rules] == [True, False]
    assert [each.webhook for each in view.rules] == [fired.webhook, ""]
    assert [(each.kind, each.told) for each in view.events] == [("fired", "tried once")]
    store.settle(conn, world.id, event.id, delivery="failed", answer="HTTP 500", next_at=None)
    store.note(conn, world.id, quiet.id, Measured(0.0, 3), NOW)
    view = alerts.load(conn, world.id, master="a secret of many letters", owner=False)
    assert [each.secret for each in view.rules] == [None, None]
    assert [each.webhook for each in view.rules] == ["https://x.example", ""]
    assert (view.rules[1].state, view.rules[1].colour) == ("well", "good")
    assert (view.events[0].told, view.events[0].wrong) == ("given up: HTTP 500", True)
