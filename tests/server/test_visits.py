"""The tracker's door: whose pages may tell, what is taken in, and how it is forgotten."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import AGENTS, Desk, last_used, refused
from tests.serving import House
from tests.store.visiting import an_id

from duologue.core import ids

SHOP = {"origin": "https://shop.example"}
PATH = "/api/visits"


class Browser:
    """A visitor's browser, as far as the door sees it."""

    def __init__(self, http: httpx.Client, key: str | None) -> None:
        self.http = http
        self.key = key
        self.id = ids.make(
            "vis_", time.time_ns() // 1_000_000, bytes(2) + time.time_ns().to_bytes(8)
        )
        self.visit = an_id("vst_")

    def page(self, path: str, **facts: Any) -> dict[str, Any]:
        """A page that was seen now."""
        url = f"https://shop.example{path}"
        return self.event("page", url=url, path=path, **facts)

    def event(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Something that happened now."""
        return {"type": kind, "id": an_id("evt_"), "at": time.time_ns() // 1_000_000, **facts}

    def tells(self, *events: dict[str, Any], headers: Any = SHOP, **changes: Any) -> httpx.Response:
        """Sends a batch as a beacon does: as text, without a header of our own."""
        body = {
            "visitor": self.id,
            "visit": self.visit,
            "sent_at": time.time_ns() // 1_000_000,
            "events": events,
            **({"key": self.key} if self.key else {}),
        }
        kind = {"content-type": "text/plain;charset=UTF-8"}
        content = json.dumps(body | changes)
        return self.http.post(PATH, content=content, headers=kind | (headers or {}))


@pytest.fixture
def browser(desk: Desk) -> Browser:
    """A new visitor on the page of a listed origin."""
    return Browser(desk.http, desk.public_key())


def kept(desk: Desk, browser: Browser) -> dict[str, Any]:
    """What the server has of a visitor."""
    answer = desk.ask("GET", f"/api/visitors/{browser.id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_beacon_is_kept_and_answered_with_nothing(desk: Desk, browser: Browser) -> None:
    """Its page may read that it arrived; a batch that comes again counts once."""
    seen = browser.page("/rooms", title="Rooms")
    spent = browser.event("time", page=seen["id"], visible_ms=1200)
    click = browser.event("click", name="book", page=seen["id"])
    for _ in range(2):
        answer = browser.tells(seen, spent, click)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == SHOP["origin"]
    found = kept(desk, browser)
    assert [(one["path"], one["title"], one["visible_ms"]) for one in found["pages"]] == [
        ("/rooms", "Rooms", 1200)
    ]
    assert [one["name"] for one in found["events"]] == ["book"]
    assert found["visits"] == 1


def test_only_pages_of_the_keys_origins_may_tell(desk: Desk, browser: Browser) -> None:
    """A key that was copied to another site counts nothing there, and that page may read why."""
    elsewhere = {"origin": "https://evil.example"}
    answer = browser.tells(browser.page("/"), headers=elsewhere)
    refused(answer, 403, "origin_refused", "evil.example")
    assert answer.headers["access-control-allow-origin"] == elsewhere["origin"]
    refused(browser.tells(browser.page("/"), headers=None), 403, "origin_refused")
    refused(browser.tells(browser.page("/"), key="dk_public_made_up"), 401, "key_unknown")
    browser.key = None
    refused(browser.tells(browser.page("/")), 401, "key_missing")
    refused(desk.ask("GET", f"/api/visitors/{browser.id}"), 404, "visitor_not_found", browser.id)


def test_a_server_may_tell_with_its_secret_key(desk: Desk, browser: Browser) -> None:
    """In the body or as a header, and for an agent that it names or for none."""
    browser.key = None
    header = {"x-api-key": desk.key}
    assert browser.tells(browser.page("/"), headers=header).status_code == 204
    assert browser.tells(browser.page("/a"), headers=None, key=desk.key).status_code == 204
    assert browser.tells(browser.page("/b"), headers=header, agent="desk").status_code == 204
    refused(
        browser.tells(browser.page("/"), headers=header, agent="nobody"), 404, "agent_not_found"
    )
    made = desk.house.command("keys", "create", "--kind", "secret", "--scope", "read")
    refused(browser.tells(browser.page("/"), key=made["key"]), 403, "key_scope", "sessions")
    assert len(kept(desk, browser)["pages"]) == 3


def test_what_is_no_batch_is_refused_by_name(desk: Desk, browser: Browser) -> None:
    """And nothing of it is kept."""
    refused(browser.tells(browser.page("/"), cookie=1), 400, "bad_request", "cookie")
    refused(browser.tells(browser.event("scroll")), 400, "bad_request", "scroll")
    refused(browser.tells(), 400, "bad_request", "events")
    refused(desk.http.post(PATH, content=b"{"), 400, "bad_request")
    large = browser.tells(browser.page("/"), agent="x" * 70_000)
    refused(large, 413, "too_large", "65536")
    refused(desk.http.get(PATH), 405, "method_not_allowed", "POST")
    asked = desk.http.options(PATH, headers=SHOP)
    assert asked.headers["access-control-allow-origin"] == SHOP["origin"]


def test_a_visitor_is_forgotten_by_who_may(desk: Desk, browser: Browser) -> None:
    """A key with the scope admin deletes; a stranger's organization finds nobody."""
    browser.tells(browser.page("/"), browser.event("click", name="x"))
    path = f"/api/visitors/{browser.id}"
    refused(desk.ask("DELETE", path), 403, "key_scope", "admin")
    refused(desk.ask("DELETE", path, desk.public_key()), 403, "key_scope")
    refused(desk.http.delete(path), 401, "key_missing")
    desk.house.command("orgs", "create", "visiting-strangers")
    options = ("keys", "create", "--kind", "secret", "--scope", "admin", "--scope", "read")
    theirs = desk.house.command(*options, "--org", "visiting-strangers")["key"]
    for method in ("GET", "DELETE"):
        refused(desk.ask(method, path, theirs), 404, "visitor_not_found")
    ours = desk.house.command(*options)["key"]
    gone = desk.ask("DELETE", path, ours)
    assert gone.json() == {
        "id": browser.id,
        "visits": 1,
        "pages": 1,
        "events": 1,
        "conversations": 0,
        "traces": 0,
        "forgotten": 0,
    }
    refused(desk.ask("DELETE", path, ours), 404, "visitor_not_found")


def session(desk: Desk, **fields: Any) -> dict[str, Any]:
    """A session of the shop's page."""
    content = json.dumps({"transports": ["websocket"], **fields})
    headers = {"x-api-key": desk.public_key(), **SHOP}
    answer = desk.http.post("/api/widget/session", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_conversation_is_linked_to_its_visitor(desk: Desk, browser: Browser) -> None:
    """By the id that the page tells; one that no tracker makes is nobody's."""
    talk = session(desk, visitor_id=browser.id)["conversation_id"]
    assert kept(desk, browser)["conversations"] == [talk]
    other = session(desk, visitor_id="vis_made_up")["conversation_id"]
    assert desk.ask("GET", f"/v1/conversations/{other}").json()["visitor_id"] is None
    assert desk.ask("GET", f"/v1/conversations/{talk}").json()["visitor_id"] == browser.id


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Desk]:
    """A server that lets each address tell three times a minute."""
    with House(tmp_path / "data", authorize_per_minute=3) as house:
        found = Desk(house)
        yield found
        found.http.close()


def test_nobody_tells_too_often(slow: Desk) -> None:
    """Not even what is refused: then the browser hears when to come again."""
    browser = Browser(slow.http, slow.key)
    for _ in range(3):
        assert browser.tells(browser.page("/")).status_code == 204
    answer = browser.tells(browser.page("/"))
    refused(answer, 429, "rate_limited", "this address")
    assert int(answer.headers["retry-after"]) > 0


def many(browser: Browser) -> list[dict[str, Any]]:
    """Events of some 48 kB."""
    properties = {f"p{number}": "x" * 500 for number in range(30)}
    return [browser.event("event", name="much", properties=properties) for _ in range(3)]


def test_a_day_is_bounded_for_each_visitor_address_and_key(tmp_path: Path) -> None:
    """A hundredth, a tenth and the whole of `visit_megabytes`; a server with its own key is no
    address, and whoever is refused may read until when.
    """
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file, visit_megabytes=10) as house:
        house.publish("desk")
        desk = Desk(house)

        def tells(browser: Browser, address: str, key: str | None = None) -> httpx.Response:
            # A proxy on this machine is believed whom it speaks for.
            heads = {**({} if key else SHOP), "x-forwarded-for": address}
            browser.key = key or desk.public_key()
            return browser.tells(*many(browser), headers=heads)

        def until_refused(address: str, key: str | None = None) -> tuple[int, httpx.Response]:
            for count in range(300):
                answer = tells(Browser(desk.http, None), address, key)
                if answer.status_code != 204:
                    return count, answer
            raise AssertionError("nothing was refused")

        one = Browser(desk.http, None)
        assert [tells(one, "10.0.0.1").status_code for _ in range(2)] == [204, 204]
        answer = tells(one, "10.0.0.1")
        refused(answer, 429, "day_used_up", "this visitor", "100000 bytes", "visit_megabytes")
        assert 0 < int(answer.headers["retry-after"]) <= 86_400
        assert answer.headers["access-control-allow-origin"] == SHOP["origin"]
        assert "retry-after" in answer.headers["access-control-expose-headers"]
        told, answer = until_refused("10.0.0.1")
        refused(answer, 429, "day_used_up", "this address", "1000000 bytes")
        assert 10 < told < 22
        assert tells(Browser(desk.http, None), "10.0.0.2").status_code == 204
        told, answer = until_refused("10.0.0.3", desk.key)
        refused(answer, 429, "day_used_up", "this key", "10000000 bytes")
        assert told > 100
        assert tells(Browser(desk.http, None), "10.0.0.3").status_code == 204
        desk.http.close()


def test_a_key_that_only_tells_counts_as_used(desk: Desk) -> None:
    """Its owner would revoke it otherwise."""
    options = ("--kind", "public", "--agent", "desk", "--origin", SHOP["origin"])
    made = desk.house.command("keys", "create", *options)
    browser = Browser(desk.http, made["key"])
    assert browser.tells(browser.page("/")).status_code == 204
    assert last_used(desk, made["id"]) is not None


def test_a_page_of_this_machine_needs_no_key_in_dev(tmp_path: Path) -> None:
    """For no agent in particular, or for one; a page from elsewhere needs a key as ever."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file, mode="dev") as house:
        desk = Desk(house)
        browser = Browser(desk.http, None)
        here = {"origin": house.url}
        assert browser.tells(browser.page("/"), headers=here).status_code == 204
        assert browser.tells(browser.page("/a"), headers=here, agent="desk").status_code == 204
        refused(browser.tells(browser.page("/")), 401, "key_missing")
        assert len(kept(desk, browser)["pages"]) == 2
        desk.http.close()


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    """By the setting, soon after the start."""
    with House(tmp_path / "data", visitor_days=7) as house:
        desk = Desk(house)
        browser = Browser(desk.http, desk.key)
        assert browser.tells(browser.page("/"), browser.event("click", name="x")).status_code == 204
        assert kept(desk, browser)["visits"] == 1
        house.stop()
        with sqlite3.connect(house.data / "duologue.db") as conn:
            for table, name in (
                ("visitors", "last_seen_at"),
                ("visits", "last_at"),
                ("page_views", "at"),
                ("visitor_events", "at"),
            ):
                conn.execute(f"UPDATE {table} SET {name} = {name} - ?", (8 * 24 * 3_600_000,))
        conn.close()
        house.start()
        deadline = time.monotonic() + 60
        while (gone := desk.ask("GET", f"/api/visitors/{browser.id}")).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        refused(gone, 404, "visitor_not_found")
        desk.http.close()


def test_the_batch_in_the_documents_is_taken(desk: Desk, browser: Browser) -> None:
    """Every event of docs/tracker.md, as it stands there."""
    text = (Path(__file__).parents[2] / "docs" / "tracker.md").read_text(encoding="utf-8")
    shown = json.loads(text.partition("```json\n")[2].partition("```")[0])
    shown |= {"key": browser.key}
    assert desk.http.post(PATH, content=json.dumps(shown), headers=SHOP).status_code == 204
    browser.id = shown["visitor"]
    found = kept(desk, browser)
    assert [one["visible_ms"] for one in found["pages"]] == [500]
    assert [one["name"] for one in found["events"]] == ["searched", "reserve"]
    assert found["traits"] == {"plan": "gold"}
