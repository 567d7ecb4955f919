"""Every door of the console, walked by those who may not go through it.

Whoever adds a door says here what it is: what its address names, and who may go through. A door
that this table does not know, and a line of it that is no door, fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
import pytest
from litestar import Litestar
from tests.server.console import tell
from tests.server.manor import Guest, Manor, agent, manor, put, talked
from tests.store.visiting import VISITOR, batch, identified, page
from tests.store.world import NOW

from duologue.access import console, keys
from duologue.server.serve import now_ms
from duologue.store import alerts, links, organizations, recordings, visits
from duologue.store.tables import metadata

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
MARK: Final = "rivalry"
"""Stands in all that the other organization owns, and so in no page of ours."""

Kind = Literal["open", "read", "change"]


class Door(msgspec.Struct, frozen=True):
    """What is expected at a door."""

    kind: Kind
    """`open`: for those who are not signed in, too. `read`: for everybody who is; of another
    organization nothing is shown. `change`: for owners."""
    fields: dict[str, str] = {}
    """A form that it would take, so that it is refused for who asks and for nothing else."""
    foreign: int = 404
    """How it answers an owner who names what is another organization's."""
    endless: bool = False
    """Whether it tells on and on; its first piece is read."""


READ: Final = Door("read")
CHANGE: Final = Door("change")
DOORS: Final[dict[str, Door]] = {
    "GET /console/enter": Door("open"),
    "POST /console/enter": Door("open"),
    "POST /console/leave": Door("open"),
    # ---------------------------------------------------------------- conversations
    "GET /console": READ,
    "GET /console/traces/{run}": READ,
    "GET /console/traces/{run}/spans/{span}": READ,
    "GET /console/traces/{run}/{form}": READ,
    "GET /console/traces/{run}/recordings/{rec}": READ,
    "GET /console/export/{form}": Door("read", foreign=200),
    "POST /console/traces/{run}/delete": CHANGE,
    "POST /console/traces/{run}/terminate": CHANGE,
    "POST /console/traces/{run}/links": Door("change", {"life": "day"}),
    "POST /console/traces/{run}/links/{link}/revoke": CHANGE,
    "GET /console/shared/{token}": Door("open"),
    "GET /console/shared/{token}/spans/{span}": Door("open"),
    "GET /console/shared/{token}/recordings/{rec}": Door("open"),
    # ---------------------------------------------------------------- live
    "GET /console/live": READ,
    "GET /console/live/stream": Door("read", endless=True),
    "GET /console/live/{conversation}": READ,
    "GET /console/live/{conversation}/stream": READ,
    "POST /console/live/{conversation}/say": Door("change", {"text": "Hello."}),
    "POST /console/live/{conversation}/interrupt": CHANGE,
    "POST /console/live/{conversation}/end": Door("change", {"reason": "late"}),
    "POST /console/live/{conversation}/takeover": CHANGE,
    "POST /console/live/{conversation}/speak": Door("change", {"text": "Hello."}),
    "POST /console/live/{conversation}/handback": Door("change", {"summary": "All is well."}),
    # ---------------------------------------------------------------- overview and alerts
    "GET /console/overview": READ,
    "POST /console/alerts": Door("change", {"measure": "luck"}, foreign=400),
    "POST /console/alerts/{alert}/test": CHANGE,
    "POST /console/alerts/{alert}/delete": CHANGE,
    # ---------------------------------------------------------------- agents
    "GET /console/agents": READ,
    "GET /console/agents/{agent}": READ,
    "POST /console/agents/{agent}/publish": CHANGE,
    "POST /console/agents/{agent}/unpublish": CHANGE,
    # ---------------------------------------------------------------- keys
    "GET /console/keys": READ,
    "GET /console/keys/{key}": READ,
    "POST /console/keys/public": Door(
        "change", {"agent": MARK, "origins": "https://a.example"}, foreign=400
    ),
    "POST /console/keys/secret": Door("change", {"scope": "read"}, foreign=303),
    "POST /console/keys/{key}/origins": Door("change", {"origins": "https://a.example"}),
    "POST /console/keys/{key}/rotate": Door("change", {"overlap": "day"}),
    "POST /console/keys/{key}/revoke": CHANGE,
    # ---------------------------------------------------------------- balance
    "GET /console/balance": READ,
    "POST /console/balance/credit": Door("change", {"amount": "1"}, foreign=303),
    "POST /console/balance/set": Door("change", {"amount": "1"}, foreign=303),
    # ---------------------------------------------------------------- visitors
    "GET /console/visitors": READ,
    "GET /console/visitors/{visitor}": READ,
    "POST /console/visitors/{visitor}/delete": Door("change", {"words": "1"}),
    # ---------------------------------------------------------------- transcripts
    "GET /console/transcripts": READ,
    "GET /console/transcripts/{conversation}": READ,
    "GET /console/transcripts/{conversation}/json": READ,
    "POST /console/transcripts/{conversation}/end": CHANGE,
    "POST /console/transcripts/{conversation}/delete": CHANGE,
    # ---------------------------------------------------------------- people
    "GET /console/people": READ,
    "POST /console/people/invite": Door("change", {"role": "viewer"}, foreign=303),
    "POST /console/people/{person}/leave": CHANGE,
    # ---------------------------------------------------------------- what is kept
    "GET /console/kept": READ,
    "POST /console/kept/older": Door("change", {"days": "1"}, foreign=303),
    "POST /console/kept/larger": Door("change", {"megabytes": "1"}, foreign=303),
}


def walked(doors: Litestar) -> set[str]:
    """Every door under /console that the router has, whoever put it there."""
    found = set()
    for route in doors.routes:
        if route.path == "/console" or route.path.startswith("/console/"):
            path = route.path_format if hasattr(route, "path_format") else route.path
            found |= {f"{method} {path}" for method in getattr(route, "methods", ())}
    return {each for each in found if not each.startswith(("OPTIONS", "HEAD"))}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manor]:
    """A house with an organization of ours, and another that has one of everything."""
    with manor(tmp_path_factory.mktemp("routes") / "data", agent("desk")) as made:
        yield made


@pytest.fixture(scope="module")
def theirs(house: Manor) -> dict[str, str]:
    """What the other organization owns, by the names that addresses have for it."""
    org = house.unit(organizations.create, slug=MARK, name=MARK, now=0).id
    put(house, org, agent(MARK, greeting=MARK))
    told = batch(page(f"/{MARK}", NOW, MARK), identified(MARK, NOW), sent_at=NOW)
    house.unit(visits.record, org, told, NOW)
    talk = house.unit(talked, org, MARK, visitor=VISITOR)
    run = house.unit(tell, org, 77, agent=MARK, conversation_id=talk, outcome=MARK)
    made, _ = house.unit(
        keys.create,
        org,
        kind="public",
        name=MARK,
        agent=MARK,
        origins=[f"https://{MARK}.example"],
        scopes=[],
        expires_at=None,
        now=now_ms(),
    )
    house.unit(organizations.credit, org, 5_000_000, MARK, now_ms())
    sound = house.unit(
        recordings.start, org, run, path="a.ogg", format="ogg", started_ns=1, now=now_ms()
    )
    assert sound is not None
    link = house.unit(links.add, org, run, hash=MARK, now=now_ms(), expires_at=now_ms() + 9**9)
    assert link is not None
    alert = house.unit(
        alerts.add,
        org,
        measure="errors",
        agent=MARK,
        threshold=1.0,
        window_ms=3_600_000,
        webhook="",
        now=now_ms(),
    )
    house.unit(console.invite, org, "owner", MARK, now_ms())
    (person,) = house.unit(console.people, org, now_ms())
    return {
        "org": org,
        "run": run,
        "span": "a" * 16,
        "agent": MARK,
        "key": made.id,
        "visitor": VISITOR,
        "conversation": talk,
        "person": person.id,
        "rec": sound.id,
        "link": link.id,
        "alert": alert.id,
        "token": f"dk_share_{MARK}",
        "form": "json",
    }


def address(door: str, theirs: dict[str, str]) -> tuple[str, str]:
    """The method and the path of a door, with what is theirs in it."""
    method, _, path = door.partition(" ")
    return method, path.format_map(theirs)


def everything(house: Manor, org_id: str) -> dict[str, list[Any]]:
    """All rows of an organization."""

    def read(conn: Any) -> dict[str, list[Any]]:
        return {
            table.name: sorted(
                map(repr, conn.execute(table.select().where(table.c.org_id == org_id)))
            )
            for table in metadata.sorted_tables
            if "org_id" in table.c
        }

    return house.unit(read)


def ask(who: Guest, door: str, theirs: dict[str, str]) -> Any:
    """The answer to somebody who goes there."""
    method, path = address(door, theirs)
    fields = DOORS[door].fields
    if DOORS[door].endless:
        return who.begin(path)
    return who.ask(method, path, data=fields) if method == "POST" else who.ask(method, path)


def test_every_door_is_known(house: Manor) -> None:
    """One that was added must be added above, and one that is gone must go there, too."""
    assert walked(house.doors) == set(DOORS)


@pytest.mark.parametrize("door", DOORS)
def test_nobody_gets_in_without_a_cookie(house: Manor, theirs: dict[str, str], door: str) -> None:
    """Nor with one that was made up; and nothing changes."""
    before = everything(house, theirs["org"])
    for cookie in ("", "dk_console_guessed"):
        answer = ask(house.nobody(cookie), door, theirs)
        if DOORS[door].kind == "open":
            assert answer.status_code in (200, 303, 404, 410)
        else:
            assert answer.status_code == 401
            assert "duologue console login" in answer.text
    assert everything(house, theirs["org"]) == before


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].kind != "open"])
def test_nothing_of_others_is_reached(house: Manor, theirs: dict[str, str], door: str) -> None:
    """By an owner of another organization: neither shown nor changed, whichever way one asks."""
    before = everything(house, theirs["org"])
    owner = house.enter()
    answer = ask(owner, door, theirs)
    named = "{" in door
    assert answer.status_code == (DOORS[door].foreign if named or DOORS[door].fields else 200)
    said = {theirs[name] for name in theirs if f"{{{name}}}" in door}
    nothing_of(theirs, answer.text, said | set(DOORS[door].fields.values()))
    assert everything(house, theirs["org"]) == before


def nothing_of(theirs: dict[str, str], shown: str, said: set[str]) -> None:
    """Asserts that a page holds nothing of theirs; what was asked for may be named in it."""
    for value in said:
        shown = shown.replace(value, "")
    for value in (MARK, *(theirs[name] for name in theirs if name not in ("span", "form"))):
        assert value not in shown


@pytest.mark.parametrize(
    "path",
    [
        "/console?agent={agent}",
        "/console?text={agent}&outcome={agent}",
        "/console/export/json?agent={agent}",
        "/console/export/csv?before=99999999999999.{run}",
        "/console/overview?agent={agent}",
        "/console/visitors?text={agent}",
        "/console/visitors?before=99999999999999.{visitor}",
        "/console/transcripts?agent={agent}",
        "/console/transcripts?before={conversation}",
        "/console/keys?kind=public&agent={agent}",
    ],
)
def test_no_filter_leads_to_others(house: Manor, theirs: dict[str, str], path: str) -> None:
    """By an agent's name, by a word, or from the middle of a list."""
    answer = house.enter().ask("GET", path.format_map(theirs))
    assert answer.status_code in (200, 400, 404)
    nothing_of(theirs, answer.text, {theirs[name] for name in theirs if f"{{{name}}}" in path})


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].kind == "change"])
def test_viewers_change_nothing(house: Manor, theirs: dict[str, str], door: str) -> None:
    """Of their own organization: each order is refused before it is read."""
    before = everything(house, theirs["org"])
    viewer = house.enter("viewer", org_id=theirs["org"])
    people = everything(house, theirs["org"])
    answer = ask(viewer, door, theirs)
    assert (answer.status_code, "Only an owner may do that" in answer.text) == (403, True)
    assert everything(house, theirs["org"]) == people
    assert {name for name in before if before[name] != people[name]} == {"console_sessions"}


@pytest.mark.parametrize("door", [each for each in DOORS if each.startswith("POST")])
def test_other_pages_order_nothing(house: Manor, theirs: dict[str, str], door: str) -> None:
    """Though the owner's own browser brings the cookie."""
    owner = house.enter(org_id=theirs["org"])
    before = everything(house, theirs["org"])
    method, path = address(door, theirs)
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        answer = owner.ask(method, path, data=DOORS[door].fields, headers=headers)
        assert (answer.status_code, "Not from another page" in answer.text) == (403, True)
    assert everything(house, theirs["org"]) == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/nowhere", 404),
        ("GET", "/console/traces/run_x/nowhere/at/all", 404),
        ("POST", "/console/nowhere", 404),
        ("GET", "/console/keys/public", 405),
        ("DELETE", "/console/keys", 405),
    ],
)
def test_what_is_nowhere_is_answered_by_a_page(
    house: Manor, method: str, path: str, status: int
) -> None:
    """In the style of the house, for those who are signed in and for others."""
    for who in (house.enter(), house.nobody()):
        answer = who.ask(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert 'href="/console"' in answer.text
        assert (status != 405) or answer.headers["allow"]


def test_what_fails_is_answered_by_a_page(house: Manor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a number for the log, and no words that were meant for us."""
    from duologue.console.pages import keys as pages

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("postgresql://owner@10.1.2.3/calls")

    monkeypatch.setattr(pages, "load", broken)
    answer = house.enter().ask("GET", "/console/keys")
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "its log has request" in answer.text
    assert "10.1.2.3" not in answer.text
