"""The doors of alerts: over HTTP, in the console, and at a receiver that is really there."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tests.server.conftest import AGENTS, Desk, refused
from tests.server.console import OWN, entered, page, tell
from tests.serving import House

from duologue.store import organizations
from duologue.store.database import unit

RULE = {"measure": "lost", "threshold": 1}
SOON = 60.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server whose webhooks are signed and may lead to this machine."""
    folder = tmp_path_factory.mktemp("house")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    settings: dict[str, Any] = {
        "webhook_secret": "a secret of many letters",
        "allow_private_webhooks": "true",
    }
    with House(folder / "data", file, **settings) as house:
        house.publish("desk")
        made = Desk(house)
        yield made
        made.http.close()


class Receiver:
    """A web server that takes webhooks."""

    def __init__(self) -> None:
        taken: list[tuple[dict[str, str], bytes]] = []

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.taken = taken
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, count: int) -> None:
        """Until so many have come."""
        until = time.monotonic() + SOON
        while len(self.taken) < count:
            assert time.monotonic() < until, self.taken
            time.sleep(0.05)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One for a test."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def admin(desk: Desk) -> str:
    """A key that may change things."""
    options = ("--kind", "secret", "--scope", "read", "--scope", "admin")
    return str(desk.house.command("keys", "create", *options)["key"])


def wait_for(desk: Desk, admin: str, id: str, true: Any) -> dict[str, Any]:  # noqa: A002
    """The rule, as soon as something is so of it."""
    until = time.monotonic() + SOON
    while True:
        listed = desk.ask("GET", "/v1/alerts", admin).json()
        [found] = [each for each in listed["items"] if each["id"] == id]
        if true(found):
            return dict(found)
        assert time.monotonic() < until, found
        time.sleep(0.2)


def event_of(desk: Desk, admin: str, rule: str) -> dict[str, Any]:
    """The only thing that happened to a rule; other tests' rules may fire beside it."""
    events = desk.ask("GET", "/v1/alerts", admin).json()["events"]
    [event] = (one for one in events if one["alert_id"] == rule)
    return dict(event)


def test_a_lost_run_is_told_to_a_webhook(desk: Desk, admin: str, receiver: Receiver) -> None:
    """Signed with the rule's own secret; afterwards the rule says so, and its history."""
    made = desk.ask("POST", "/v1/alerts", admin, json=RULE | {"webhook": receiver.url})
    assert made.status_code == 201, made.text
    rule = made.json()
    assert (rule["state"], rule["value"], rule["window_minutes"]) == ("unknown", None, 60)
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        tell(conn, own.id, 7000, status="lost")
    receiver.wait(1)
    [(headers, body)] = receiver.taken
    told = json.loads(body)
    assert (told["type"], told["alert"]["id"], told["alert"]["value"]) == (
        *("alert.fired", rule["id"]),
        1.0,
    )
    assert "lost conversations at 1 or more, within an hour" in told["text"]
    at, _, signed = headers["duologue-signature"].partition(",v1=")
    text = at.removeprefix("t=").encode() + b"." + body
    assert signed == hmac.new(rule["secret"].encode(), text, hashlib.sha256).hexdigest()
    assert abs(int(at.removeprefix("t=")) - time.time()) < 300
    found = wait_for(desk, admin, rule["id"], lambda one: one["state"] == "fired")
    assert found["fired_at"] is not None
    until = time.monotonic() + SOON
    while (event := event_of(desk, admin, rule["id"]))["delivery"] == "waiting":
        assert time.monotonic() < until
    assert (event["delivery"], event["answer"]) == ("delivered", "HTTP 204")
    with entered(desk) as owner:
        shown = page(owner, "/console/overview")
    assert "delivered: HTTP 204" in shown
    assert rule["secret"] in shown
    assert len(receiver.taken) == 1


def test_a_webhook_is_tried(desk: Desk, admin: str, receiver: Receiver) -> None:
    """Without waiting for anything to happen."""
    asked = {"measure": "cost", "threshold": 1e9, "webhook": receiver.url, "agent": "desk"}
    rule = desk.ask("POST", "/v1/alerts", admin, json=asked).json()
    tried = desk.ask("POST", f"/v1/alerts/{rule['id']}/test", admin)
    assert (tried.status_code, tried.json()["kind"]) == (200, "test")
    receiver.wait(1)
    assert json.loads(receiver.taken[0][1])["type"] == "alert.test"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"measure": "luck", "threshold": 1}, "measure"),
        ({"measure": "lost", "threshold": 0}, "threshold"),
        ({"measure": "lost"}, "threshold"),
        (RULE | {"window_minutes": 100_000}, "window_minutes"),
        (RULE | {"colour": "red"}, "colour"),
        (RULE | {"webhook": "ftp://x.example/"}, "ftp://x.example/"),
        (RULE | {"webhook": "https://me:secret@x.example/"}, "name or password"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(desk: Desk, admin: str, body: dict[str, Any], said: str) -> None:
    """By its name or its value."""
    answer = desk.ask("POST", "/v1/alerts", admin, json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_who_may_only_read_changes_nothing(desk: Desk, admin: str) -> None:
    """And is not shown what signs; neither is anybody without a key."""
    asked = RULE | {"webhook": "https://x.example/hook?key=1"}
    rule = desk.ask("POST", "/v1/alerts", admin, json=asked)
    path = f"/v1/alerts/{rule.json()['id']}"
    for method, there in (("POST", "/v1/alerts"), ("POST", f"{path}/test"), ("DELETE", path)):
        refused(desk.ask(method, there, json=RULE), 403, "key_scope", "admin")
        refused(desk.http.request(method, there, json=RULE), 401, "key_missing")
    listed = desk.ask("GET", "/v1/alerts").json()["items"]
    assert {each["secret"] for each in listed} == {None}
    shown = {each["id"]: each["webhook"] for each in listed}
    assert shown[rule.json()["id"]] == "https://x.example"
    assert rule.json()["webhook"] == asked["webhook"]
    assert rule.json()["secret"].startswith("whsec_")


def test_other_organizations_have_their_own(desk: Desk, admin: str) -> None:
    """What is theirs is not there for us, and the other way round."""
    desk.house.command("orgs", "create", "rivals")
    options = ("--kind", "secret", "--scope", "read", "--scope", "admin", "--org", "rivals")
    rival = desk.house.command("keys", "create", *options)["key"]
    ours = desk.ask("POST", "/v1/alerts", admin, json=RULE).json()["id"]
    theirs = desk.ask("POST", "/v1/alerts", rival, json=RULE).json()["id"]
    known = [each["id"] for each in desk.ask("GET", "/v1/alerts", rival).json()["items"]]
    assert known == [theirs]
    for method, path in (("DELETE", f"/v1/alerts/{ours}"), ("POST", f"/v1/alerts/{ours}/test")):
        refused(desk.ask(method, path, rival), 404, "alert_not_found", ours)
    assert desk.ask("DELETE", f"/v1/alerts/{ours}", admin).status_code == 200
    refused(desk.ask("DELETE", f"/v1/alerts/{ours}", admin), 404, "alert_not_found", ours)


# ---------------------------------------------------------------- in the console


def rows(shown: str) -> list[str]:
    """The rules that a page shows, by their ids."""
    return re.findall(r"/console/alerts/(alert_[0-9a-f]{32})/delete", shown)


def test_an_owner_makes_tries_and_deletes(desk: Desk, receiver: Receiver) -> None:
    """By forms, each answered by the page anew; what was filled in wrongly stays."""
    with entered(desk) as owner:
        before = set(rows(page(owner, "/console/overview")))
        form = {
            "measure": "e2e_p95",
            "threshold": "1500.5",
            "agent": "desk",
            "window_minutes": "15",
            "webhook": receiver.url,
        }
        wrong = page(owner, "/console/alerts", 400, method="POST", data=form | {"threshold": "-1"})
        assert 'value="-1"' in wrong
        assert f'value="{receiver.url}"' in wrong
        assert 'role="alert"' in wrong
        answer = owner.post("/console/alerts", data=form)
        assert (answer.status_code, answer.headers["location"]) == (
            *(303, "/console/overview#alerts"),
        )
        shown = page(owner, "/console/overview")
        [made] = set(rows(shown)) - before
        assert "End to end p95 of desk at 1,500 ms or more, within 15 minutes" in shown
        assert "no data" in shown
        assert owner.post(f"/console/alerts/{made}/test").status_code == 303
        receiver.wait(1)
        assert owner.post(f"/console/alerts/{made}/delete").status_code == 303
        assert made not in rows(page(owner, "/console/overview"))
        page(owner, f"/console/alerts/{made}/delete", 404, method="POST")


def test_a_viewer_looks_and_changes_nothing(desk: Desk, admin: str) -> None:
    """Without forms, without secrets, and refused where the form is sent all the same."""
    asked = RULE | {"webhook": "https://x.example/hook?key=1"}
    rule = desk.ask("POST", "/v1/alerts", admin, json=asked).json()
    with entered(desk, "--role", "viewer") as viewer:
        shown = page(viewer, "/console/overview")
        assert "https://x.example" in shown
        assert "hook?key=1" not in shown
        assert "whsec_" not in shown
        assert '<form class="filters alert"' not in shown
        assert rows(shown) == []
        for path in ("", f"/{rule['id']}/test", f"/{rule['id']}/delete"):
            page(viewer, f"/console/alerts{path}", 403, method="POST", data=RULE)


def test_strangers_and_other_pages_reach_nothing(desk: Desk, admin: str) -> None:
    """Not without signing in, and not from elsewhere."""
    rule = desk.ask("POST", "/v1/alerts", admin, json=RULE).json()
    paths = ("/console/alerts", f"/console/alerts/{rule['id']}/delete")
    with httpx.Client(base_url=desk.house.url, headers=OWN) as nobody:
        for path in paths:
            page(nobody, path, 401, method="POST", data=RULE)
    with entered(desk) as owner:
        for path in paths:
            foreign = {"sec-fetch-site": "cross-site"}
            page(owner, path, 403, method="POST", data=RULE, headers=foreign)
        assert rule["id"] in rows(page(owner, "/console/overview"))
