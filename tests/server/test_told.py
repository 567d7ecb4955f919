"""What is told of a run is put together at its end alone: a long run costs no more a turn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from duologue.server.prefactor_steps import StepBook
from duologue.server.told import Keeper
from duologue.settings import Settings
from duologue.store import organizations, trace_lists
from duologue.store.database import unit
from duologue.trace.entries import Entry, Kind, Span, Status, Trace
from duologue.trace.ingest import prefactor_forms as forms

NOW = 1_800_000_000_000
NS = NOW * 1_000_000
S = 1_000_000_000
TRACE = "1" * 32
RUN = f"run_{TRACE}"
TURNS = 240
KINDS: Mapping[str, Kind] = {
    "user_turn": "user_turn",
    "agent_turn": "assistant_turn",
    "llm_request": "llm",
    "error": "error",
}


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty database."""
    with unit(f"sqlite:///{tmp_path}/duologue.db") as made:
        yield made


def org_of(conn: Connection) -> str:
    """The organization's id."""
    found = organizations.get(conn, "default")
    assert found is not None
    return found.id


@contextmanager
def counting(conn: Connection) -> Iterator[list[int]]:
    """How many steps SQLite's machine takes: each row that is read or written is some."""
    raw = conn.connection.driver_connection
    assert raw is not None
    steps = [0]

    def more() -> int:
        steps[0] += 1
        return 0

    raw.set_progress_handler(more, 20)
    yield steps
    raw.set_progress_handler(None, 0)


def test_a_turn_by_prefactors_api_is_the_same_work_however_many_were_before(
    conn: Connection,
) -> None:
    """The tenth and the last of many: rows read and written for its five requests."""
    book = StepBook(conn, org_of(conn), Keeper(Settings(), lambda: NOW), NOW)
    version = forms.Version(name="desk")
    register = forms.Register(agent_version=version, agent_schema_version={}, id="one")
    book.register(register)

    def step(number: int, kind: str, at: float, **result: object) -> None:
        began, ended = (forms.written(NS + int((number * 10 + t) * S)) for t in (at, at + 1))
        create = forms.Create(
            agent_instance_id="one",
            schema_name=f"livekit:{kind}",
            status="active",
            started_at=began,
        )
        made = book.create(create)["details"]["id"]
        book.finish_step(made, forms.Over(timestamp=ended, result_payload=dict(result)))

    taken = []
    for number in range(TURNS):
        with counting(conn) as steps:
            step(number, "user_turn", 0, transcript=f"question {number}")
            step(number, "assistant_turn", 2, outputs={"message": f"answer {number}"})
        taken.append(steps[0])
    early, late = sum(taken[10:20]) / 10, sum(taken[-10:]) / 10
    assert early > 10
    assert late < early * 1.2, (early, late)
    run = traces_of(book)
    found = trace_lists.turns_of(conn, book.org_id, run)
    said = [(turn.index, turn.user_text, turn.agent_text) for turn in found]
    assert said == [(n, f"question {n}", f"answer {n}") for n in range(TURNS)]


def traces_of(book: StepBook) -> str:
    """The run of the one instance."""
    return "run_" + forms.trace_of("one")


def conversation(turns: int) -> list[Entry]:
    """The spans of a conversation of livekit-agents, in the order in which they end."""
    entries: list[Entry] = []

    def span(name: str, at: float, end: float, parent: str = "", **told: object) -> str:
        id_ = f"{len(entries) + 1:016x}"
        kind = KINDS.get(name, "other")
        start_ns, end_ns = (NS + int(each * S) for each in (at, end))
        status: Status = "error" if kind == "error" else "ok"
        entries.append(
            Span(
                trace=TRACE,
                id=id_,
                parent=parent,
                name=name,
                kind=kind,
                start_ns=start_ns,
                end_ns=end_ns,
                status=status,
                attributes=dict(told),
            )
        )
        return id_

    for number in range(turns):
        at = 10.0 * number
        words = "yes" if number % 3 else f"question {number}"  # the same words, again and again
        span("user_turn", at, at + 2, **{"lk.pii.user_transcript": words})
        about: dict[str, Any] = {
            "lk.pii.user_input": words,
            "lk.pii.response.text": f"answer {number}",
            "lk.e2e_latency": 0.5 + number % 7,
            "lk.interrupted": number % 4 == 0,
        }
        answer = span("agent_turn", at + 2.5, at + 6, **about)
        node = span("llm_node", at + 2.5, at + 4, answer)
        span("llm_request", at + 2.5, at + 4, node, **{"gen_ai.usage.input_tokens": number})
        span("error", at + 7, at + 7)
    return entries


@pytest.mark.parametrize("seed", range(4))
def test_bit_by_bit_comes_to_the_same_as_at_once(conn: Connection, seed: int) -> None:
    """In order and shuffled nearby, in requests of any size: turns, counts, whose step it is."""
    chance = random.Random(seed)
    entries = conversation(40)
    org_id, keeper = org_of(conn), Keeper(Settings(), lambda: NOW)
    whole = unit_of(conn, keeper, org_id, [entries])
    if seed:  # each a little out of its place
        order = [number + chance.uniform(0, 3 * seed) for number in range(len(entries))]
        entries = [entry for _, entry in sorted(zip(order, entries, strict=True), key=first)]
    parts = []
    while entries:
        size = chance.randint(1, 12)
        parts.append(entries[:size])
        entries = entries[size:]
    assert unit_of(conn, keeper, org_id, parts) == whole
    assert len(whole[1]) == 40
    assert whole[0]["errors"] == 40


def first(pair: tuple[float, Entry]) -> float:
    """Its place."""
    return pair[0]


def unit_of(
    conn: Connection, keeper: Keeper, org_id: str, parts: list[list[Entry]]
) -> tuple[dict[str, object], list[object], dict[str, int]]:
    """What is kept of a run that was told in these parts, which is forgotten afterwards."""
    conn.exec_driver_sql("SAVEPOINT told")
    keeper.keep(conn, org_id, [Trace(trace=TRACE, source="otlp", status="active")])
    for part in parts:
        keeper.keep(conn, org_id, part)
    kept = trace_lists.get(conn, org_id, RUN)
    assert kept is not None
    names = ("turns", "interrupted", "unanswered", "errors", "cost_micros", "e2e_max_ms")
    counts = {name: getattr(kept, name) for name in names}
    turns: list[object] = list(trace_lists.turns_of(conn, org_id, RUN))
    places = {span.id: span.turn for span in trace_lists.spans_of(conn, org_id, RUN)}
    conn.exec_driver_sql("ROLLBACK TO told")
    conn.exec_driver_sql("RELEASE told")
    return counts, turns, places
