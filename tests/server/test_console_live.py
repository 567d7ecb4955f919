"""The live view over HTTP: what goes on, told as it happens, and who may order anything."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.server.conftest import Desk, closing_code
from tests.server.console import OWN, entered, page
from websockets.sync.client import ClientConnection, connect

from duologue.server.console_live import DOORS
from duologue.server.console_streams import MOST
from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import TraceRow

POSTS = ("say", "interrupt", "end", "takeover", "speak", "handback")


@contextmanager
def call(desk: Desk, agent: str = "desk") -> Iterator[tuple[str, ClientConnection]]:
    """Somebody on the line, and the id of their conversation."""
    answer = desk.authorize(agent).json()
    with connect(desk.socket_url(answer["client_session_key"])) as socket:
        socket.send(json.dumps({"type": "client.ready"}))
        hears(socket, "response.text")
        yield answer["conversation_id"], socket


def hears(socket: ClientConnection, kind: str, words: str = "") -> dict[str, Any]:
    """The next message of a type that holds these words."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = socket.recv(timeout=60)
        message = json.loads(text) if isinstance(text, str) else {}
        if message.get("type") == kind and words in json.dumps(message):
            return dict(message)
    raise AssertionError(f"no {kind} with {words!r}")


class Events:
    """A stream of the server's events, read beside the test."""

    def __init__(self, who: httpx.Client, path: str) -> None:
        self.answer: httpx.Response | None = None
        self.found: list[tuple[str, Any]] = []
        self.over = threading.Event()
        self._who, self._path = who, path
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Events:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.answer is not None:
            self.answer.close()

    def until(self, name: str, words: str = "", count: int = 1) -> Any:
        """What an event of that name says, that holds these words."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            fits = [said for each, said in list(self.found) if each == name]
            fits = [said for said in fits if words in json.dumps(said)]
            if len(fits) >= count:
                return fits[count - 1]
            time.sleep(0.02)
        raise AssertionError(f"no {name} with {words!r} in {self.found}")

    def _read(self) -> None:
        timeout = httpx.Timeout(10, read=40)
        try:
            with self._who.stream("GET", self._path, timeout=timeout) as answer:
                self.answer, name = answer, ""
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.found.append((name, json.loads(line.removeprefix("data: "))))
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.over.set()


@pytest.fixture(scope="module")
def owner(desk: Desk) -> Iterator[httpx.Client]:
    """An owner with a name."""
    with entered(desk, "--name", "Ada") as who:
        yield who


def post(who: httpx.Client, conversation: str, what: str, **fields: str) -> httpx.Response:
    """A form of the page."""
    return who.post(f"/console/live/{conversation}/{what}", data=fields)


def in_time(who: httpx.Client, path: str) -> str:
    """A page of what was traced, which is written a moment later."""
    end = time.monotonic() + 30
    while (answer := who.get(path)).status_code == 404 and time.monotonic() < end:
        time.sleep(0.1)
    assert answer.status_code == 200
    return answer.text


def test_the_list_shows_who_talks_now(desk: Desk, owner: httpx.Client) -> None:
    """With the last words, and nobody when they left."""
    with call(desk) as (conversation, socket):
        hears(socket, "turn.end")
        shown = page(owner, "/console/live")
        assert f'data-conversation="{conversation}"' in shown
        assert "Hello." in shown
        run = re.search(r"/console/traces/(run_\w+)", page(owner, f"/console/live/{conversation}"))
        assert run is not None
        assert f'"/console/live/{conversation}"' in in_time(owner, f"/console/traces/{run[1]}")
        socket.send(json.dumps({"type": "client.response.text", "content": "Hi <there>"}))
        hears(socket, "user.transcript")
        assert "Hi &lt;there&gt;" in page(owner, f"/console/live/{conversation}")
    end = time.monotonic() + 30
    while f'data-conversation="{conversation}"' in page(owner, "/console/live"):
        assert time.monotonic() < end
        time.sleep(0.1)
    shown = page(owner, f"/console/live/{conversation}")
    assert "Nobody is connected now" in shown
    assert "/console/traces/run_" in shown


def test_a_stream_tells_all_first_and_then_what_happens(desk: Desk, owner: httpx.Client) -> None:
    """Words and states as they come, and the end; the list has rows."""
    with (
        call(desk) as (conversation, socket),
        Events(owner, f"/console/live/{conversation}/stream") as one,
        Events(owner, "/console/live/stream") as all_,
    ):
        first = one.until("shown")
        assert [said["text"] for said in first["said"]] == ["Hello."]
        assert (first["agent"], first["holder"], first["mine"]) == ("Desk", "", False)
        assert one.answer is not None
        assert one.answer.headers["content-type"].startswith("text/event-stream")
        assert one.answer.headers["cache-control"] == "no-store"
        assert conversation in json.dumps(all_.until("list"))
        socket.send(json.dumps({"type": "client.response.text", "content": "What is new?"}))
        said = one.until("event", '"side": "user"')
        assert (said["type"], said["text"], said["final"]) == ("words", "What is new?", True)
        one.until("event", '"thinking"')
        one.until("event", '"agent", "text"')
        assert "state" in all_.until("brief", conversation)
        assert post(owner, conversation, "end", reason="spam").status_code == 303
        assert one.until("event", '"over"')["reason"] == "spam"
        hears(socket, "response.data", "spam")
        assert closing_code(socket) == 4002
        end = time.monotonic() + 30
        while conversation in json.dumps([s for n, s in all_.found if n == "list"][-1]):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_runs_that_others_tell_of_come_and_go(desk: Desk, owner: httpx.Client) -> None:
    """In the list and in its stream, which nobody tells that they do; another's are not seen."""
    trace, now = f"{0xE15E:032x}", time.time_ns()

    def told(org: str, trace: str, **facts: Any) -> None:
        known: dict[str, Any] = {
            "source": "otlp",
            "agent": "far",
            "status": "active",
            "started_ns": now,
        }
        with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
            found = organizations.get(conn, org)
            assert found is not None
            traces.put(conn, found.id, [TraceRow(trace=trace, **known | facts)], now // 10**6)

    with Events(owner, "/console/live/stream") as all_:
        assert all_.until("list")["elsewhere"]["runs"] == []
        told("default", trace)
        desk.house.command("orgs", "create", "strangers")
        told("strangers", f"{0xE15F:032x}", agent="strange")
        (run,) = all_.until("elsewhere", "far")["runs"]
        assert run == {
            "id": f"run_{trace}",
            "agent": "far",
            "source": "otlp",
            "started_at": now // 10**6,
            "turns": 0,
        }
        shown = page(owner, "/console/live")
        assert f'href="/console/traces/run_{trace}">far</a>' in shown
        assert "strange" not in shown + json.dumps(all_.found)
        told("default", trace, status="complete", ended_ns=now)
        end = time.monotonic() + 60
        while [said for name, said in all_.found if name == "elsewhere"][-1]["runs"]:
            assert time.monotonic() < end
            time.sleep(0.1)
    assert f"run_{trace}" not in page(owner, "/console/live")


def test_a_stream_is_not_begun_for_who_asks_for_its_head(desk: Desk, owner: httpx.Client) -> None:
    """A link checker is answered at once."""
    answer = owner.head("/console/live/stream")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_an_owner_takes_part(desk: Desk, owner: httpx.Client) -> None:
    """Says, interrupts, takes over, speaks, hands back: all of it comes to the visitor."""
    with (
        call(desk) as (conversation, socket),
        Events(owner, f"/console/live/{conversation}/stream") as watched,
    ):
        watched.until("shown")
        assert post(owner, conversation, "say", text="We close soon.").status_code == 303
        hears(socket, "response.text", "We close soon.")
        assert post(owner, conversation, "interrupt").status_code == 303
        answer = post(owner, conversation, "takeover")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/console/live/{conversation}",
        )
        assert hears(socket, "response.data", "taken_over")["content"]["message"]
        assert watched.until("taken") == {"holder": "Ada", "mine": True}
        shown = page(owner, f"/console/live/{conversation}")
        assert "You answer now" in shown
        policy = owner.get(f"/console/live/{conversation}").headers["permissions-policy"]
        assert "microphone=(self)" in policy
        assert "Ada answers" in shown
        socket.send(json.dumps({"type": "client.response.text", "content": "Anybody?"}))
        hears(socket, "user.transcript", "Anybody?")
        assert post(owner, conversation, "speak", text="I am Ada.").status_code == 303
        hears(socket, "response.text", "I am Ada.")
        assert watched.until("event", "I am Ada.")["side"] == "person"
        assert post(owner, conversation, "handback").status_code == 303
        hears(socket, "response.data", "handed_back")
        assert watched.until("taken", count=2) == {"holder": "", "mine": False}
    said = desk.house.messages(conversation)
    marked = [one["text"] for one in said if (one["item"] or {}).get("by") == "person"]
    assert marked == ["I am Ada."]
    run = re.search(r"/console/traces/(run_\w+)", shown)
    assert run is not None
    end = time.monotonic() + 30
    mark = "<b>Ada, in the agent’s place</b><bdi>I am Ada.</bdi>"
    while mark not in in_time(owner, f"/console/traces/{run[1]}") and time.monotonic() < end:
        time.sleep(0.1)
    assert mark in page(owner, f"/console/traces/{run[1]}")
    turns = desk.ask("GET", f"/v1/traces/{run[1]}").json()["turn_list"]
    assert [each["person"] for each in turns if "I am Ada." in each["agent_text"]] == ["Ada"]
    assert '"duologue.turn.person"' in desk.ask("GET", f"/v1/traces/{run[1]}/otlp").text
    transcript = page(owner, f"/console/transcripts/{conversation}")
    assert "<b>Ada, in the agent’s place</b>I am Ada." in transcript
    shown = desk.house.command("conversations", "show", conversation)
    assert "I am Ada." in json.dumps(shown)


def test_a_second_owner_waits_until_the_first_hands_back(desk: Desk, owner: httpx.Client) -> None:
    """The page says who answers."""
    with call(desk) as (conversation, _), entered(desk, "--name", "Bob") as bob:
        assert post(owner, conversation, "takeover").status_code == 303
        for what in ("takeover", "handback"):
            assert "Ada has taken over" in page(
                bob, f"/console/live/{conversation}/{what}", 409, method="POST"
            )
        refused = post(bob, conversation, "speak", text="Hi")
        assert (refused.status_code, "Ada has taken over" in refused.text) == (409, True)
        assert "</span> answers in the agent’s place" in page(bob, f"/console/live/{conversation}")


def test_a_viewer_looks_and_orders_nothing(desk: Desk) -> None:
    """There are no buttons, and what they would send is refused."""
    with call(desk) as (conversation, _), entered(desk, "--role", "viewer") as viewer:
        policy = viewer.get(f"/console/live/{conversation}").headers["permissions-policy"]
        assert "microphone=()" in policy
        shown = page(viewer, f"/console/live/{conversation}")
        assert "Hello." in shown
        assert "data-do=" not in shown
        with Events(viewer, f"/console/live/{conversation}/stream") as watched:
            watched.until("shown")
        for what in POSTS:
            answer = post(viewer, conversation, what, text="Hi", reason="x")
            assert answer.status_code == 403, what
            assert "look and change nothing" in answer.text


def test_another_organization_reaches_nothing(desk: Desk) -> None:
    """Not the page, not the stream, not one of the orders; its list is empty."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        organizations.create(conn, slug="rivals", name="Rivals", now=0)
    with call(desk) as (conversation, _), entered(desk, "--org", "rivals") as rival:
        assert conversation not in page(rival, "/console/live")
        page(rival, f"/console/live/{conversation}", 404)
        assert rival.get(f"/console/live/{conversation}/stream").status_code == 404
        for what in POSTS:
            fields = {"reason": "x"} if what == "end" else {"text": "Hi"}
            answer = post(rival, conversation, what, **fields)
            assert answer.status_code == 404, what


def test_what_cannot_be_said_is_refused(desk: Desk, owner: httpx.Client) -> None:
    """Nothing, too much, a field that is not there, too long a reason; and in nobody's talk."""
    with call(desk) as (conversation, _):
        for what, fields, words in (
            ("say", {"text": "  "}, "there is nothing to say"),
            ("say", {"text": "x" * 5001}, "5001 characters are too many"),
            ("say", {"text": "Hi", "voice": "low"}, "has no field &#39;voice&#39;"),
            ("end", {"reason": "x" * 101}, "100 characters at most"),
        ):
            answer = post(owner, conversation, what, **fields)
            assert answer.status_code == 400, what
            assert words in answer.text, answer.text
        assert "Take over first" in post(owner, conversation, "speak", text="Hi").text
        foreign = owner.post(
            f"/console/live/{conversation}/interrupt", headers={"sec-fetch-site": "cross-site"}
        )
        assert foreign.status_code == 403
    assert post(owner, f"conv_{0:032x}", "interrupt").status_code == 404


def test_more_pages_than_a_browser_has_lines_are_refused(desk: Desk) -> None:
    """Those of one reader; one that was closed makes room."""
    with entered(desk) as who, call(desk) as (conversation, _):
        path = f"/console/live/{conversation}/stream"
        opened = [Events(who, path) for _ in range(MOST)]
        for each in opened:
            each.__enter__()
            each.until("shown")
        answer = who.get(path)
        assert (answer.status_code, f"{MOST} pages of yours" in answer.text) == (429, True)
        for each in opened:
            each.__exit__()
        end = time.monotonic() + 60
        again = Events(who, path)
        while not again.found:
            assert time.monotonic() < end
            again = Events(who, path)
            again.__enter__()
            again.over.wait(1)
        again.__exit__()


def test_who_signs_out_hears_nothing_more(desk: Desk) -> None:
    """Within a minute, though the line stands."""
    with entered(desk) as who, call(desk) as (conversation, _):
        with Events(who, f"/console/live/{conversation}/stream") as watched:
            watched.until("shown")
            cookies = dict(who.cookies)
            with httpx.Client(base_url=desk.house.url, cookies=cookies, headers=OWN) as other:
                assert other.post("/console/leave").status_code == 303
            assert watched.over.wait(60)
            assert watched.found[-1][0] == "left"
        assert who.get("/console/live").status_code == 401


def test_nobody_signed_in_reaches_any_door(desk: Desk) -> None:
    """None of them."""
    paths = [(next(iter(door.http_methods)), path) for door in DOORS for path in door.paths]
    assert len(paths) == 4 + len(POSTS)
    for method, path in paths:
        at = "/console" + path.replace("{conversation:str}", f"conv_{0:032x}")
        answer = httpx.request(str(method), f"{desk.house.url}{at}", headers=OWN)
        assert answer.status_code == 401, path
