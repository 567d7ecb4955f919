"""The console's pages of conversations: what stands in them, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.server.conftest import Desk
from tests.server.console import BEGAN, OWN, entered, page, tell, trace_of

from duologue.server.console import CONSOLE
from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import SpanRow, TraceRow, TurnRow


@pytest.fixture(scope="module")
def told(desk: Desk) -> dict[str, str]:
    """Conversations of ours by name, and one of another organization."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        ours = own.id
        found = {"slow": tell(conn, ours, 20), "booked": tell(conn, ours, 5, outcome="booked")}
        found["live"] = tell(conn, ours, 3, status="active")
        found["sly"] = f"run_{trace_of(4)}"
        rows: list[Any] = [
            TraceRow(
                trace=trace_of(4), agent="far", status="failed", started_ns=BEGAN, ended_ns=BEGAN
            ),
            TurnRow(
                trace=trace_of(4),
                index=0,
                started_ns=BEGAN,
                user_text="<script>alert(1)</script>",
                errors=2,
                interrupted=True,
                cost_micros=250_000,
            ),
            SpanRow(trace=trace_of(4), id="c" * 16, name="<b>", start_ns=BEGAN, end_ns=BEGAN + 5),
        ]
        traces.put(conn, ours, rows, BEGAN // 10**6)
        others = organizations.create(conn, slug="rivals", name="Rivals", now=0)
        found["foreign"] = tell(conn, others.id, 99)
    return found


@pytest.fixture(scope="module")
def owner(desk: Desk, told: dict[str, str]) -> Iterator[httpx.Client]:
    """An owner of our organization."""
    with entered(desk) as who:
        yield who


def ids(shown: str) -> list[str]:
    """The conversations that a list shows."""
    return re.findall(r'href="/console/traces/(run_[0-9a-f]{32})"', shown)


def test_the_list_shows_ours_newest_first(owner: httpx.Client, told: dict[str, str]) -> None:
    """And what was said in it is text, whatever it looks like."""
    shown = page(owner, "/console")
    assert ids(shown) == [told[name] for name in ("slow", "booked", "live", "sly")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>" not in shown
    assert "number 20" in shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("agent=far", ["sly"]),
        ("status=active", ["live"]),
        ("outcome=booked", ["booked"]),
        ("error=1", ["sly"]),
        ("interrupted=1", ["sly"]),
        ("slow=1000", ["slow"]),
        ("cost=0.25", ["sly"]),
        ("text=number+5", ["booked"]),
        ("source=otlp", []),
        ("time=hour", []),
        ("agent=&status=&text=+&cost=", ["slow", "booked", "live", "sly"]),
    ],
)
def test_filters_leave_out_the_rest(
    owner: httpx.Client, told: dict[str, str], query: str, expected: list[str]
) -> None:
    """Each one by itself; an empty field asks for nothing."""
    shown = page(owner, f"/console?{query}")
    assert ids(shown) == [told[name] for name in expected]
    assert ("No conversation is like that" in shown) == (not expected)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "there is no filter &#39;colour&#39;; there are text, agent, status,"),
        ("status=happy", "&#39;status&#39; cannot be &#39;happy&#39;; it may be active, complete,"),
        ("cost=cheap", "&#39;cost&#39; cannot be &#39;cheap&#39;; it may be a number from 0 to"),
        ("before=yesterday", "yesterday"),
        ("time=1900", "&#39;time&#39; cannot be &#39;1900&#39;; it may be hour, day, week, month"),
    ],
)
def test_what_is_no_filter_is_refused(owner: httpx.Client, query: str, said: str) -> None:
    """By name or by value, on a page that says which there are."""
    shown = page(owner, f"/console?{query}", 400)
    assert "could not be understood" in shown
    assert said in shown


def test_others_see_their_own_alone(desk: Desk, told: dict[str, str]) -> None:
    """Who is signed in to another organization finds that one's."""
    with entered(desk, "--org", "rivals") as rival:
        assert ids(page(rival, "/console")) == [told["foreign"]]


def test_where_nobody_talked_the_page_says_what_to_do(desk: Desk) -> None:
    """It leads to the talk page."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        organizations.create(conn, slug="fresh", name="Fresh", now=0)
    with entered(desk, "--org", "fresh") as who:
        shown = page(who, "/console")
    assert "Nobody has talked to your agents yet" in shown
    assert 'href="/"' in shown


def test_a_conversation_is_drawn_and_told(owner: httpx.Client, told: dict[str, str]) -> None:
    """Its lanes, its words and its delays; each mark leads to its step, which says all it knows."""
    shown = page(owner, f"/console/traces/{told['slow']}")
    for words in ("number 20", "=right", "2.00 s", "User", "Agent", "LLM", "hello"):
        assert words in shown
    assert "unexplained 2.00 s" in shown
    link = f"/console/traces/{told['slow']}/spans/{'a' * 16}"
    assert link in shown
    step = page(owner, link)
    assert "llm_request" in step
    sly = page(owner, f"/console/traces/{told['sly']}/spans/{'c' * 16}")
    assert "<h1>&lt;b&gt;</h1>" in sly
    assert "&lt;script&gt;" in page(owner, f"/console/traces/{told['sly']}")


def test_a_conversation_is_taken_along(owner: httpx.Client, told: dict[str, str]) -> None:
    """As JSON, as the owners' API has it, and as a sheet; both as files."""
    run = told["booked"]
    whole = owner.get(f"/console/traces/{run}/json")
    assert whole.json()["turn_list"][0]["user_text"] == "number 5"
    sheet = owner.get(f"/console/traces/{run}/csv")
    assert "number 5" in sheet.text
    for answer in (whole, sheet):
        assert run in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "no-store"


def routes(run: str) -> list[tuple[str, str]]:
    """Every route of the console that names a conversation, as the router has them."""
    found = []
    names = {"{run:str}": run, "{span:str}": "a" * 16, "{form:str}": "csv"}
    names |= {"{link:str}": "link_1", "{rec:str}": "rec_1"}
    for route in CONSOLE.routes:
        if "{run:str}" in route.path:
            path = route.path
            for name, value in names.items():
                path = path.replace(name, value)
            for handler in route.route_handlers:
                found += [(method, path) for method in sorted(handler.http_methods)]
    return [each for each in found if each[0] in ("GET", "POST")]


def test_no_route_leads_to_another_organizations(
    owner: httpx.Client, told: dict[str, str], desk: Desk
) -> None:
    """What belongs to others is not there, whichever way one asks, and stays as it is."""
    walked = routes(told["foreign"])
    assert len(walked) >= 5
    for method, path in walked:
        said = page(owner, path, 404, method=method)
        assert "There is no " in said or "has no recording" in said
    for method, path in routes(told["slow"]):
        with httpx.Client(base_url=desk.house.url, headers=OWN) as nobody:
            page(nobody, path, 401, method=method)
    with entered(desk, "--org", "rivals") as rival:
        page(rival, f"/console/traces/{told['foreign']}")


def test_only_owners_forget_and_only_what_is_over(
    owner: httpx.Client, told: dict[str, str], desk: Desk
) -> None:
    """Viewers are not even offered it; what goes on stays."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        gone = tell(conn, own.id, 31)
    path = f"/console/traces/{gone}"
    with entered(desk, "--role", "viewer") as viewer:
        assert "Delete" not in page(viewer, path)
        page(viewer, f"{path}/delete", 403, method="POST")
    assert "Delete this conversation" in page(owner, path)
    page(owner, f"/console/traces/{told['live']}/delete", 409, method="POST")
    page(owner, f"{path}/delete", 403, method="POST", headers={"sec-fetch-site": "cross-site"})
    assert owner.post(f"{path}/delete").status_code == 303
    page(owner, path, 404)


def test_owners_end_what_asks_whether_it_is_to_end(
    desk: Desk, owner: httpx.Client, told: dict[str, str]
) -> None:
    """A program of Prefactor's API hears of it; what is over, or of another kind, is refused."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        organizations.create(conn, slug="telling", name="Telling", now=0)
    of = ("--org", "telling")
    key = desk.house.command("keys", "create", "--kind", "secret", "--scope", "ingest", *of)["key"]
    bearer = {"authorization": f"Bearer {key}"}
    version = {"name": "far", "external_identifier": "1"}
    asked = {"agent_version": version, "agent_schema_version": {"external_identifier": "s"}}
    made = desk.http.post("/api/v1/agent_instance/register", json=asked, headers=bearer).json()
    instance = made["details"]["id"]
    path = f"/console/traces/run_{instance}"
    with entered(desk, *of, "--role", "viewer") as viewer:
        assert "End this conversation" not in page(viewer, path)
        page(viewer, f"{path}/terminate", 403, method="POST")
    with entered(desk, *of) as who:
        shown = page(who, path)
        assert "End this conversation" in shown
        assert "Delete this conversation" not in shown
        foreign = {"sec-fetch-site": "cross-site"}
        page(who, f"{path}/terminate", 403, method="POST", headers=foreign)
        assert who.post(f"{path}/terminate").status_code == 303
        heard = desk.http.get(f"/api/v1/agent_instance/{instance}", headers=bearer).json()
        assert heard["control"]["terminate"] is True
        assert heard["details"]["status"] == "terminated"
        assert "terminated" in page(who, path)
        page(who, f"{path}/terminate", 409, method="POST")
    live = f"/console/traces/{told['live']}"
    assert "End this conversation" not in page(owner, live)
    page(owner, f"{live}/terminate", 400, method="POST")


@pytest.mark.parametrize("after", ["-1", "soon", "9" * 30])
def test_a_piece_that_is_none_is_refused(
    owner: httpx.Client, told: dict[str, str], after: str
) -> None:
    """On a page; one beyond the end is the last."""
    page(owner, f"/console/traces/{told['slow']}?after={after}", 400)
    assert "number 20" in page(owner, f"/console/traces/{told['slow']}?after=900")
