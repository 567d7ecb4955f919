"""Rules: who looks at them, what becomes of them, and what they look at."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.tracing import told, turn
from tests.store.world import NOW, World, build

from duologue.console.pages.alerts import WINDOWS
from duologue.core.alerts import CALM_MS
from duologue.errors import DuologueError
from duologue.store import alert_measures, alerts, trace_deletion, traces
from duologue.store.alerts import Alert, Measured
from duologue.store.database import Database
from duologue.wire.alerts import Measure

MINUTE = 60_000
EVERY = 15_000


def rule(conn: Connection, org_id: str, **facts: Any) -> Alert:
    """A rule that fires at five."""
    known: dict[str, Any] = {
        "measure": "tool_errors",
        "agent": "",
        "threshold": 5.0,
        "window_ms": 10 * MINUTE,
        "webhook": "",
        "now": NOW,
    }
    return alerts.add(conn, org_id, **(known | facts))


def look(conn: Connection, made: Alert, value: float | None, now: int, samples: int = 1) -> Any:
    """What happened by a look at a figure: its kind, if anything."""
    event = alerts.note(conn, made.org_id, made.id, Measured(value, samples), now)
    return None if event is None else event.kind


# ---------------------------------------------------------------- rules


def test_rules_are_kept_as_they_were_made(conn: Connection, world: World) -> None:
    """Oldest first, each organization its own."""
    first = rule(conn, world.id, agent="desk", webhook="https://example.com/")
    second = rule(conn, world.id, measure="lost", now=NOW + 1)
    rule(conn, build(conn, "other").id)
    assert alerts.all(conn, world.id) == [first, second]
    assert alerts.get(conn, world.id, first.id) == first
    assert (first.state, first.minutes) == ("unknown", 10)


def test_there_are_not_any_number_of_rules(
    conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how many there may be."""
    monkeypatch.setattr(alerts, "MOST", 2)
    for _ in range(2):
        rule(conn, world.id)
    with pytest.raises(DuologueError, match="2 alerts already, and 2 at most"):
        rule(conn, world.id)
    rule(conn, build(conn, "other").id)


def test_a_deleted_rule_takes_its_events_along(conn: Connection, world: World) -> None:
    """And is not there for anybody any more."""
    made, other = rule(conn, world.id), rule(conn, world.id)
    for each in (made, other):
        assert look(conn, each, 9.0, NOW) == "fired"
    alerts.remove(conn, world.id, made.id)
    assert [each.alert_id for each in alerts.events(conn, world.id)] == [other.id]
    for deed in (alerts.get, alerts.remove):
        with pytest.raises(DuologueError, match=made.id) as error:
            deed(conn, world.id, made.id)
        assert error.value.code == "alert_not_found"


# ---------------------------------------------------------------- looking


def test_each_rule_is_looked_at_by_one(conn: Connection, world: World) -> None:
    """Whoever asks first gets it, and again when it is time."""
    made = rule(conn, world.id)
    assert [each.id for each in alerts.due(conn, NOW, EVERY)] == [made.id]
    assert alerts.due(conn, NOW + EVERY - 1, EVERY) == []
    assert len(alerts.due(conn, NOW + EVERY, EVERY)) == 1


async def test_of_several_processes_one_looks(url: str) -> None:
    """Also when all of them ask at the same moment."""
    first, second = await Database.open(url), await Database.open(url)
    try:
        world = await first.write(build, "ours")
        for _ in range(5):
            await first.write(lambda conn: rule(conn, world.id))
        found = await asyncio.gather(
            *(db.write(alerts.due, NOW, EVERY) for db in (first, second) for _ in range(4))
        )
        assert len({each.id for some in found for each in some}) == 5
        assert sum(len(each) for each in found) == 5
    finally:
        await first.close()
        await second.close()


def test_what_happens_is_kept_once(conn: Connection, world: World) -> None:
    """It fires once and is well once; between, the figure alone moves."""
    made = rule(conn, world.id)
    assert look(conn, made, 4.0, NOW) is None
    assert look(conn, made, 5.0, NOW + 1) == "fired"
    assert look(conn, made, 7.0, NOW + 2) is None
    found = alerts.get(conn, world.id, made.id)
    assert (found.state, found.value, found.fired_at, found.changed_at) == (
        *("fired", 7.0),
        *(NOW + 1, NOW + 1),
    )
    assert look(conn, made, 4.0, NOW + 3) is None
    assert look(conn, made, 4.0, NOW + 3 + CALM_MS) == "well"
    found = alerts.get(conn, world.id, made.id)
    assert (found.state, found.fired_at, found.changed_at) == (
        *("well", NOW + 1),
        NOW + 3 + CALM_MS,
    )
    assert [each.kind for each in alerts.events(conn, world.id)] == ["well", "fired"]
    assert {each.delivery for each in alerts.events(conn, world.id)} == {"log"}


def test_nothing_is_no_figure(conn: Connection, world: World) -> None:
    """A rule that never saw anything has no state; one that fired gets well by a sum of nothing."""
    made = rule(conn, world.id)
    assert look(conn, made, 0.0, NOW, samples=0) is None
    assert look(conn, made, None, NOW, samples=0) is None
    found = alerts.get(conn, world.id, made.id)
    assert (found.state, found.value, found.samples) == ("unknown", None, 0)
    assert look(conn, made, 5.0, NOW) == "fired"
    assert look(conn, made, 0.0, NOW + 1, samples=0) is None
    assert look(conn, made, 0.0, NOW + 1 + CALM_MS, samples=0) == "well"


def test_old_events_go(conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of each rule stay."""
    monkeypatch.setattr(alerts, "KEPT", 3)
    made, other = rule(conn, world.id), rule(conn, world.id)
    alerts.rehearse(conn, world.id, other.id, NOW)
    for number in range(5):
        alerts.rehearse(conn, world.id, made.id, NOW + number)
    assert [each.at for each in alerts.events(conn, world.id) if each.alert_id == made.id] == [
        *(NOW + 4, NOW + 3, NOW + 2),
    ]
    assert len(alerts.events(conn, world.id)) == 4
    assert len(alerts.events(conn, world.id, limit=2)) == 2


def test_states_are_counted_over_all_organizations(conn: Connection, world: World) -> None:
    """For the metrics."""
    look(conn, rule(conn, world.id), 5.0, NOW)
    rule(conn, build(conn, "other").id)
    assert alerts.states(conn) == {"fired": 1, "unknown": 1}


# ---------------------------------------------------------------- telling


def test_an_event_is_sent_by_one_and_again_where_that_one_died(
    conn: Connection, world: World
) -> None:
    """Each try is counted; what was settled waits no more."""
    made = rule(conn, world.id, webhook="https://example.com/")
    assert look(conn, made, 5.0, NOW) == "fired"
    [(found, event)] = alerts.waiting(conn, NOW, MINUTE)
    assert (found.id, event.tries, event.delivery) == (made.id, 1, "waiting")
    assert alerts.waiting(conn, NOW + MINUTE - 1, MINUTE) == []
    [(_, event)] = alerts.waiting(conn, NOW + MINUTE, MINUTE)
    assert event.tries == 2
    done: dict[str, Any] = {"delivery": "delivered", "answer": "HTTP 200", "next_at": None}
    assert alerts.settle(conn, world.id, event.id, **done)
    assert alerts.waiting(conn, NOW + 10 * MINUTE, MINUTE) == []
    [kept] = alerts.events(conn, world.id)
    assert (kept.delivery, kept.answer, kept.tries) == ("delivered", "HTTP 200", 2)
    alerts.remove(conn, world.id, made.id)
    assert not alerts.settle(conn, world.id, event.id, **done)


def test_a_rehearsal_is_told_like_the_real_thing(conn: Connection, world: World) -> None:
    """With the figure of the moment; the rule stands as before."""
    made = rule(conn, world.id, webhook="https://example.com/")
    look(conn, made, 2.0, NOW)
    event = alerts.rehearse(conn, world.id, made.id, NOW)
    assert (event.kind, event.value, event.delivery) == ("test", 2.0, "waiting")
    assert alerts.get(conn, world.id, made.id).state == "well"


# ---------------------------------------------------------------- figures

SINCE = NOW - 10 * MINUTE


def measured(conn: Connection, world: World, what: Measure, agent: str = "") -> Measured:
    """A figure of the last ten minutes."""
    return alert_measures.measure(conn, world.id, what, agent, since=SINCE, until=NOW)


@pytest.fixture
def talk(conn: Connection, world: World) -> World:
    """Turns before, within and after the window, of two agents, and of another organization."""
    at = {name: minutes * MINUTE for name, minutes in {"old": -90, "near": -5, "late": 1}.items()}
    for number, (agent, facts) in enumerate(
        [
            ("desk", {"status": "complete", "ended_ns": (NOW - MINUTE) * 10**6}),
            ("far", {"status": "lost", "ended_ns": (NOW - MINUTE) * 10**6}),
            ("desk", {"status": "failed", "ended_ns": (NOW - 60 * MINUTE) * 10**6}),
        ]
    ):
        trace = f"{number:032x}"
        began = (NOW + at["old"]) * 10**6
        for org in (world.id, *([build(conn, "other").id] if number == 0 else [])):
            rows: list[Any] = [
                told(trace, agent=agent, started_ns=began, cost_micros=7_000_000, **facts)
            ]
            for index, when in enumerate(("old", "near", "near", "near", "near", "late")):
                began = (NOW + at[when]) * 10**6 + index
                rows.append(
                    turn(
                        index,
                        trace,
                        started_ns=began,
                        ended_ns=began + 10**9,
                        e2e_ms=None if index == 2 else 1000.0 * index,
                        errors=int(index == 1),
                        tool_errors=2 if index < 2 else 0,
                        interrupted=index == 3,
                        agent_text="" if index == 2 else "yes",
                    )
                )
            traces.put(conn, org, rows, NOW)
    return world


@pytest.mark.parametrize(
    ("what", "agent", "expected"),
    [
        ("e2e_p95", "desk", Measured(4000.0, 6)),
        ("e2e_p95", "far", Measured(4000.0, 3)),
        ("error_rate", "", Measured(25.0, 12)),
        ("unanswered_rate", "far", Measured(25.0, 4)),
        ("interruption_rate", "desk", Measured(25.0, 8)),
        ("tool_errors", "", Measured(6.0, 12)),
        ("lost", "", Measured(1.0, 3)),
        ("lost", "desk", Measured(0.0, 2)),
        ("failed", "", Measured(0.0, 3)),
        ("cost", "", Measured(0.0, 0)),
        ("e2e_p95", "nobody", Measured(None, 0)),
        ("error_rate", "nobody", Measured(None, 0)),
        ("tool_errors", "nobody", Measured(0.0, 0)),
    ],
)
def test_figures_are_of_the_window(
    conn: Connection, talk: World, what: Measure, agent: str, expected: Measured
) -> None:
    """Turns count by when they began, whenever their conversation did."""
    assert measured(conn, talk, what, agent) == expected


def test_costs_are_those_of_conversations_that_began(conn: Connection, talk: World) -> None:
    """In the owner's currency."""
    long = alert_measures.measure(conn, talk.id, "cost", "", since=NOW - 120 * MINUTE, until=NOW)
    assert long == Measured(21.0, 3)
    failed = alert_measures.measure(
        conn, talk.id, "failed", "", since=SINCE - 60 * MINUTE, until=NOW
    )
    assert failed == Measured(1.0, 3)


def test_a_turn_that_goes_on_is_not_unanswered_yet(conn: Connection, world: World) -> None:
    """Until a minute is over."""
    began = (NOW - 30_000) * 10**6
    traces.put(
        conn,
        world.id,
        [told(started_ns=began), turn(0, started_ns=began, ended_ns=0, agent_text="")],
        NOW,
    )
    assert measured(conn, world, "unanswered_rate") == Measured(None, 0)
    later = alert_measures.measure(
        conn, world.id, "unanswered_rate", "", since=SINCE, until=NOW + 31_000
    )
    assert later == Measured(100.0, 1)


def test_runs_that_are_marked_lost_are_seen(conn: Connection, world: World) -> None:
    """Though nothing was told of them for a minute."""
    began = (NOW - 2 * MINUTE) * 10**6
    traces.put(conn, world.id, [told(started_ns=began, status="active")], NOW - 2 * MINUTE)
    assert measured(conn, world, "lost") == Measured(0.0, 1)
    trace_deletion.mark_lost(conn, NOW - MINUTE)
    assert measured(conn, world, "lost") == Measured(1.0, 1)


@pytest.mark.parametrize("minutes", [1, *WINDOWS])
@pytest.mark.parametrize("source", ["duologue", "wrapper", "insights", "otlp"])
def test_every_window_sees_a_lost_run_of_every_source(
    conn: Connection, world: World, source: str, minutes: int
) -> None:
    """As the server looks: it marks and measures every quarter of a minute, and fires once."""
    made = rule(conn, world.id, measure="lost", threshold=1.0, window_ms=minutes * MINUTE)
    entry = told(started_ns=NOW * 10**6, source=source, status="active")
    traces.put(conn, world.id, [entry], NOW)
    patience = trace_deletion.LOST_MS + (
        trace_deletion.QUIET_MS if source in trace_deletion.QUIET else 0
    )
    happened, marked = [], 0
    for now in range(NOW + patience - EVERY, NOW + patience + MINUTE, EVERY):
        marked = marked or now * trace_deletion.mark_lost(conn, now - trace_deletion.LOST_MS)
        since = now - made.window_ms
        found = alert_measures.measure(conn, world.id, "lost", "", since=since, until=now)
        event = alerts.note(conn, world.id, made.id, found, now)
        happened += [] if event is None else [(event.kind, now)]
    assert happened == [("fired", marked)]
    since, until = marked + 1, marked + 1 + made.window_ms
    after = alert_measures.measure(conn, world.id, "lost", "", since=since, until=until)
    assert after.value == 0
