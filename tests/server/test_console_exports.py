"""Conversations taken along: one, or the list as it is filtered, in three forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from tests.server.conftest import Desk
from tests.server.console import BEGAN, entered, page, tell, trace_of

from duologue.console.pages.listing import FILE
from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import TraceEntry, TraceRow
from duologue.trace.ingest import otlp, reading


@pytest.fixture(scope="module")
def runs(desk: Desk) -> list[str]:
    """Three conversations, newest first; of another organization more than fit into one file."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        made = [tell(conn, own.id, n, outcome=f"of {n % 2}") for n in (75, 74, 73)]
        many = organizations.create(conn, slug="busy", name="Busy", now=0)
        rows: list[TraceEntry] = [
            TraceRow(
                trace=trace_of(10_000 + n),
                agent="desk",
                started_ns=BEGAN + n * 10**6,
                status="lost",
            )
            for n in range(FILE + 5)
        ]
        traces.put(conn, many.id, rows, BEGAN // 10**6)
    return made


@pytest.fixture(scope="module")
def owner(desk: Desk, runs: list[str]) -> Iterator[httpx.Client]:
    """An owner of our organization."""
    with entered(desk) as who:
        yield who


def test_the_list_is_taken_along_as_it_is_filtered(owner: httpx.Client, runs: list[str]) -> None:
    """As JSON, as a sheet with a line a turn, and as OTLP; each a file that is kept nowhere."""
    whole = owner.get("/console/export/json?outcome=of+1")
    told = whole.json()
    assert [each["id"] for each in told["items"]] == [runs[0], runs[2]]
    assert told["next"] is None
    sheet = owner.get("/console/export/csv?outcome=of+0")
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [(each["trace_id"], each["user_text"]) for each in lines] == [(runs[1], "number 74")]
    words = owner.get("/console/export/otlp?text=number")
    found = [otlp.spans(each, reading.JSON).entries for each in words.content.splitlines()[::2]]
    assert [each[0].trace for each in found] == [each.removeprefix("run_") for each in runs]
    for answer, name in ((whole, "json"), (sheet, "csv"), (words, "otlp.jsonl")):
        told = answer.headers["content-disposition"]
        assert told == f'attachment; filename="conversations.{name}"'
        assert answer.headers["cache-control"] == "no-store"
        assert "x-next" not in answer.headers


def test_the_page_leads_to_the_files_of_its_filters(owner: httpx.Client, runs: list[str]) -> None:
    """And says how many fit into one."""
    shown = page(owner, "/console?outcome=of+1&text=number")
    assert "at most 1,000 at once" in shown
    for form in ("json", "csv", "otlp"):
        assert f'href="/console/export/{form}?text=number&amp;outcome=of+1"' in shown


def test_a_file_that_is_cut_says_so(desk: Desk, runs: list[str]) -> None:
    """In its name and in its end, which leads to what did not fit; nothing comes twice."""
    with entered(desk, "--org", "busy") as who:
        first = who.get("/console/export/json")
        assert f'"conversations-{FILE}-of-more.json"' in first.headers["content-disposition"]
        told = first.json()
        assert told["next"] == first.headers["x-next"]
        rest = who.get(f"/console/export/json?before={told['next']}").json()
        assert rest["next"] is None
        ids = [each["id"] for each in (*told["items"], *rest["items"])]
        assert (len(told["items"]), len(set(ids)), len(ids)) == (FILE, FILE + 5, FILE + 5)
        lines = who.get("/console/export/csv").text.splitlines()
        assert len(lines) == FILE + 1


def test_an_empty_list_is_an_empty_file(owner: httpx.Client) -> None:
    """And one that can be read."""
    assert owner.get("/console/export/json?agent=none").json() == {"items": [], "next": None}
    assert owner.get("/console/export/otlp?agent=none").content == b""
    assert len(owner.get("/console/export/csv?agent=none").text.splitlines()) == 1


def test_one_conversation_is_taken_along_as_otlp(owner: httpx.Client, runs: list[str]) -> None:
    """A line of spans and a line of events, as the doors for them take them."""
    answer = owner.get(f"/console/traces/{runs[0]}/otlp")
    assert f'"{runs[0]}.otlp.jsonl"' in answer.headers["content-disposition"]
    spans, events = answer.content.splitlines()
    assert [each.trace for each in otlp.spans(spans, reading.JSON).entries]
    assert "number 75" in msgspec.json.encode(otlp.logs(events, reading.JSON).entries).decode()


def test_what_is_no_form_or_filter_is_refused(owner: httpx.Client, runs: list[str]) -> None:
    """By name."""
    page(owner, "/console/export/xml", 404)
    page(owner, f"/console/traces/{runs[0]}/xml", 404)
    assert "colour" in page(owner, "/console/export/json?colour=red", 400)
    assert "yesterday" in page(owner, "/console/export/json?before=yesterday", 400)


def test_nobody_takes_what_is_not_theirs(desk: Desk, runs: list[str]) -> None:
    """Another organization's list is its own; strangers get nothing."""
    with entered(desk, "--org", "busy") as other:
        page(other, f"/console/traces/{runs[0]}/otlp", 404)
        assert runs[0] not in other.get("/console/export/json").text
    with httpx.Client(base_url=desk.house.url) as nobody:
        page(nobody, "/console/export/json", 401)


def test_owners_have_the_same_by_key(desk: Desk, runs: list[str]) -> None:
    """`/otlp` of one trace, and `format=otlp` of an export."""
    one = desk.ask("GET", f"/v1/traces/{runs[0]}/otlp")
    assert one.headers["content-type"].startswith("application/x-ndjson")
    assert len(one.content.splitlines()) == 2
    some = desk.ask("GET", "/v1/traces/export?format=otlp&limit=2&outcome=of 1")
    assert len(some.content.splitlines()) == 4
    assert desk.ask("GET", f"/v1/traces/run_{'9' * 32}/otlp").status_code == 404
    assert desk.ask("GET", "/v1/traces/export?format=xml").status_code == 400


def test_another_house_takes_in_what_was_taken_along(
    desk: Desk, owner: httpx.Client, runs: list[str]
) -> None:
    """Line by line, as the documents say: the same run, its turns, steps and lines."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        organizations.create(conn, slug="reader", name="Reader", now=0)
    of = ("--kind", "secret", "--org", "reader")
    made = [desk.house.command("keys", "create", *of, "--scope", s) for s in ("ingest", "read")]
    ingest, read = (each["key"] for each in made)
    headers = {"authorization": f"Bearer {ingest}", "content-type": "application/json"}
    lines = owner.get(f"/console/traces/{runs[0]}/otlp").content.splitlines()
    for line, door in zip(lines, ("traces", "logs"), strict=True):
        answer = desk.http.post(f"/v1/{door}", content=line, headers=headers)
        assert answer.status_code == 200, answer.text
    ours = desk.ask("GET", f"/v1/traces/{runs[0]}").json()
    theirs = desk.ask("GET", f"/v1/traces/{runs[0]}", key=read).json()
    for part in ("turn_list", "agent", "status", "outcome", "started_at", "ended_at"):
        assert theirs[part] == ours[part], part
    told = ("id", "name", "kind", "start_ns", "end_ns", "turn")
    assert [[each[name] for name in told] for each in theirs["spans"]] == [
        [each[name] for name in told] for each in ours["spans"]
    ]
    assert [each["text"] for each in theirs["logs"]] == [each["text"] for each in ours["logs"]]
