"""`duologue traces`."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from tests.cli.conftest import Shell
from tests.store.tracing import NS, RUN, line, span, told, turn
from tests.store.world import NOW

from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import TraceEntry

OLD = f"run_{2:032x}"


@pytest.fixture
def two(shell: Shell) -> str:
    """A trace with a slow turn and a broken tool, and an older one without any turn."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        end: dict[str, Any] = {"status": "complete", "ended_ns": NS + 60 * 10**9}
        slow = turn(0, e2e_ms=2100.0, eou_ms=600.4, llm_ms=900.0, tool_errors=1)
        typed = turn(1, user_text="", agent_text="", interrupted=True)
        facts = told(agent="desk", started_ns=NS, cost_micros=1_500_000, **end)
        lines: list[TraceEntry] = [
            facts,
            slow,
            typed,
            span(1),
            line(1, text="\x1b[2Jbroken", level="error"),
        ]
        traces.put(conn, owner.id, lines, NOW)
        older = told(OLD.removeprefix("run_"), started_ns=NS - 10**9, **end)
        traces.put(conn, owner.id, [older], NOW)
    return RUN


def test_traces_are_listed_newest_first(shell: Shell, two: str) -> None:
    """In words and in JSON, filtered, piece by piece."""
    head, newest, older = shell("traces", "list").out.splitlines()
    assert head.split()[-4:] == ["slowest", "errors", "cost", "status"]
    assert newest.split()[:2] == [two, "desk"]
    assert newest.split()[4:] == ["2", "2100", "ms", "1", "1.50", "complete"]
    assert older.split()[1] == "—"
    first = shell("traces", "list", "--limit", "1")
    assert "More: duologue traces list --before " in first.out
    cursor = shell("traces", "list", "--limit", "1", "--json").json["next"]
    rest = shell("traces", "list", "--before", cursor, "--json").json
    assert [each["id"] for each in rest["items"]] == [OLD]
    for filters in (
        ["--errors"],
        ["--slow", "2000"],
        ["--text", "hello"],
        ["--agent", "desk"],
    ):
        found = shell("traces", "list", *filters, "--json").json["items"]
        assert [each["id"] for each in found] == [two]
    assert shell("traces", "list", "--agent", "nobody").out == "No traces.\n"


def test_a_trace_is_shown_turn_by_turn(shell: Shell, two: str) -> None:
    """What was said and where the time went; what was logged orders no terminal about."""
    lines = shell("traces", "show", two).out.splitlines()
    assert lines[0].startswith(f"{two}: desk, ")
    assert lines[1:5] == [
        "  0  user: Hello.",
        "  0  agent: Good day.",
        "     2100 ms  end of turn 600 ms  llm 900 ms",
        "  1  agent: (no answer) [interrupted]",
    ]
    assert lines[5].endswith("error: \ufffd[2Jbroken")
    assert lines[6].startswith("1 spans;")
    assert shell("traces", "show", two, "--json").json["turn_list"][0]["llm_ms"] == 900.0
    missing = shell("traces", "show", "run_x")
    assert (missing.code, missing.err) == (1, "There is no trace 'run_x'.\n")


def test_a_persons_answers_bear_their_name(shell: Shell, two: str) -> None:
    """For people, as JSON and as CSV."""
    said = '{"who": "person", "name": "Ada", "lk.pii.said": ["Good day."]}'
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        there = span(2, name="takeover", kind="state", attributes=said)
        traces.put(conn, owner.id, [there], NOW)
    assert "  0  Ada, in the agent's place: Good day." in shell("traces", "show", two).out
    turns = shell("traces", "show", two, "--json").json["turn_list"]
    assert [each["person"] for each in turns] == ["Ada", ""]
    sheet = csv.DictReader(io.StringIO(shell("traces", "export", two, "--csv").out))
    assert [each["person"] for each in sheet] == ["Ada", ""]


def test_traces_are_exported(shell: Shell, two: str) -> None:
    """One or all, as JSON or as CSV, to a file or to stdout."""
    one = shell("traces", "export", two).json
    assert [each["id"] for each in one["items"]] == [two]
    both = csv.DictReader(io.StringIO(shell("traces", "export", "--csv").out))
    assert [each["trace_id"] for each in both] == [two, two, OLD]
    file = shell.folder / "made.json"
    assert "Wrote 2 traces" in shell("traces", "export", "--out", str(file)).out
    assert len(json.loads(file.read_text())["items"]) == 2
    sheet = shell.folder / "made.csv"
    wrote = shell("traces", "export", two, "--csv", "--out", str(sheet), "--json").json
    assert wrote == {"traces": 1, "file": str(sheet), "next": None}
    assert sheet.read_bytes().count(b"\r\n") == 3


def test_a_trace_is_forgotten_when_it_is_over(shell: Shell, two: str) -> None:
    """Programs must say --yes; what is still written is left, and said so."""
    assert shell("traces", "delete", two, "--json").code == 2
    assert shell("traces", "delete", two, "--yes", "--json").json == {"id": two, "deleted": True}
    assert shell("traces", "delete", two, "--yes").err == f"There is no trace '{two}'.\n"
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        traces.put(conn, owner.id, [span(1)], NOW)
    live = shell("traces", "delete", two, "--yes", "--json")
    assert json.loads(live.err)["code"] == "trace_live"
    assert shell("traces", "delete", OLD, "--yes").out == f"Forgot {OLD}.\n"


def test_old_and_large_traces_are_pruned(shell: Shell, two: str) -> None:
    """By age, by size, or both; one of them must be said."""
    assert "say what to forget" in shell("traces", "prune", "--yes").err
    assert shell("traces", "prune", "--megabytes", "1", "--yes").out == "Forgot 0 traces.\n"
    assert shell("traces", "prune", "--days", "90", "--yes", "--json").json == {"deleted": 2}
