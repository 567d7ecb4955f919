"""Secrets are in no answer, no line of the log, no trace and no file, however things go wrong.

A server of its own is led into as many of its errors as there are ways, with secrets wherever a
caller, an operator or a provider could put one; then all that it said and wrote is searched.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.server.conftest import closing_code
from tests.server.console import OWN
from tests.serving import House
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

PROVIDER: Final = "sk-proj-M4rkedPr0viderKey0123456789"
BEARER: Final = "M4rkedBearerOfAProvider0123456789"
PASSWORD: Final = "M4rkedPasswordOfADatabase"
LIVEKIT: Final = "M4rked secret of LiveKit, 32 letters."
WEBHOOK: Final = "M4rked secret of webhooks"
MADE_UP: Final = "dk_secret_M4rkedKeyThatNobodyMade0123456789"
AGENTS = f"""
import duologue
from livekit.agents import Agent, function_tool
from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers

WORDS = (
    "401 for https://api.example/v1?api_key={PROVIDER} with Authorization: Bearer {BEARER}, "
    "through postgresql://duologue:{PASSWORD}@10.1.2.3/calls and {PROVIDER}"
)


class Talks(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.", llm=ScriptedAnswers(["Yes."] * 9))


@duologue.agent("desk", greeting="Hello.")
class Desk(Talks):
    async def llm_node(self, chat_ctx, tools, model_settings):
        raise RuntimeError(WORDS)
        yield


@duologue.agent("tools", greeting="Hello.")
class Tools(Talks):
    def __init__(self) -> None:
        answers = ScriptedAnswers([Call("pay", {{}}), "So."])
        Agent.__init__(self, instructions="Be brief.", llm=answers)

    @function_tool
    async def pay(self) -> str:
        \"\"\"Takes money, in vain.\"\"\"
        raise RuntimeError(WORDS)


@duologue.agent("enters")
class Enters(Talks):
    async def on_enter(self) -> None:
        raise RuntimeError(WORDS)


@duologue.agent("broken")
class Broken(Agent):
    def __init__(self) -> None:
        raise RuntimeError(WORDS)
"""
RUNS: Final = ("desk", "tools", "enters")


class Search:
    """A server, what it was told in secret, and all that it said."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.secrets = {
            "a provider's key": PROVIDER,
            "a bearer's token": BEARER,
            "a password": PASSWORD,
            "LiveKit's secret": LIVEKIT,
            "the webhooks' secret": WEBHOOK,
            "a made-up key": MADE_UP,
        }
        self.said: list[str] = []
        self.http = httpx.Client(base_url=house.url, timeout=60)
        self.secrets["a secret key"] = self.key = house.secret_key()

    def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        """An answer, which is kept to be searched."""
        headers = {"authorization": f"Bearer {key or self.key}"} | options.pop("headers", {})
        answer = self.http.request(method, path, headers=headers, **options)
        self.said.append(f"{method} {answer.status_code} {answer.text} {dict(answer.headers)}")
        return answer

    def session(self, agent: str) -> dict[str, Any]:
        """A session of an agent; what it opens with is a secret from now on."""
        body = {"agent_id": agent, "capabilities": ["resume", "tools", "agent_state"]}
        headers = {"authorization": f"Bearer {self.key}"}
        found = self.http.post("/v1/agents/web/authorize_session", json=body, headers=headers)
        ticket: dict[str, Any] = found.json()
        self.secrets[f"{agent}'s session key"] = ticket["client_session_key"]
        self.secrets[f"{agent}'s resume token"] = ticket["resume_token"]
        return ticket

    def talk(self, agent: str) -> None:
        """Talks to an agent that fails, until it was hung up; what it says is kept."""
        ticket = self.session(agent)
        base = self.house.url.replace("http", "ws", 1)
        path = f"{base}/v1/agents/web/websocket?client_session_key={ticket['client_session_key']}"
        with connect(path, close_timeout=5) as socket:
            for frame in (
                {"type": "client.ready"},
                {"type": "client.response.text", "content": "Hello?"},
                {"type": "client.response.text", "content": 1},
                {"type": "client.nothing", "token": ticket["resume_token"]},
            ):
                socket.send(json.dumps(frame))
            noticed = 0
            while noticed < 3:
                text = socket.recv(timeout=60)
                assert isinstance(text, str)
                self.said.append(text)
                noticed += "duologue.notice" in text or '"turn.end"' in text
            socket.send('{"type":"client.end"}')
            closing_code(socket)

    def found(self, place: str, text: str) -> list[str]:
        """The secrets in a text, by their names."""
        return [f"{name} in {place}" for name, secret in self.secrets.items() if secret in text]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A server that was led into its errors, and has ended."""
    folder = tmp_path_factory.mktemp("secrets")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    house = House(
        folder / "data",
        file,
        livekit_url="ws://127.0.0.1:9",
        livekit_api_key="devkey",
        livekit_api_secret=LIVEKIT,
        webhook_secret=WEBHOOK,
        log_level="debug",
        authorize_per_minute=120,
    )
    with house:
        house.publish(*RUNS, "broken")
        made = Search(house)
        with made.http:
            lead_into_errors(made)
            for agent in RUNS:
                made.talk(agent)
            look_at_all(made)
    return made


def lead_into_errors(search: Search) -> None:
    """Every way of showing a secret where it opens nothing, or is not understood."""
    ask = search.ask
    ticket = search.session("broken")
    session, token = ticket["client_session_key"], ticket["resume_token"]
    for secret in (search.key, session, token, MADE_UP):
        # Where a key is expected, and where none is: in addresses, bodies, headers and names.
        ask("GET", "/v1/agents", secret[:-1] + "x")
        ask("GET", "/v1/agents", headers={"x-api-key": MADE_UP, "authorization": ""})
        ask("GET", f"/v1/agents?key={secret}&token={secret}")
        ask("GET", f"/v1/conversations?before={secret}&limit={secret}")
        ask("GET", f"/nowhere?client_session_key={secret}")
        ask("GET", f"/console/enter?nothing={secret}")
        ask("PUT", f"/v1/sessions?access_token={secret}")
        ask("POST", "/v1/traces", content=b"\x00" + secret.encode())
        ask("POST", "/console/enter", data={"token": "dk_enter_" + secret[-30:]}, headers=OWN)
        ask("POST", "/api/widget/feedback", json={"token": secret, "rating": "sideways"})
        ask("POST", "/api/token/announce", secret)
        ask("POST", "/observability/traces/otlp/v0", secret)
        for bad in ('{"agent_id": 1, "resume_token": "%s"}', '{"agent_id": "desk", "x": "%s'):
            ask("POST", "/v1/agents/web/authorize_session", content=bad % secret)
            ask("POST", "/api/widget/session", content=bad % secret)
            ask("POST", "/api/visits", content=bad % secret)
    for path in (f"?client_session_key={MADE_UP}", f"?client_session_key={session}&x=1"):
        with pytest.raises(InvalidStatus) as refused:
            connect(search.house.url.replace("http", "ws", 1) + "/v1/agents/web/websocket" + path)
        search.said.append(refused.value.response.body.decode())
    with pytest.raises(InvalidStatus) as refused:
        connect(
            search.house.url.replace("http", "ws", 1) + "/v1/agents/web/websocket",
            subprotocols=[Subprotocol("duologue"), Subprotocol(MADE_UP)],
        )
    search.said.append(refused.value.response.body.decode())
    hook = {"measure": "lost", "threshold": 1, "webhook": f"https://me:{PASSWORD}@example.com/"}
    admin = search.house.command("keys", "create", "--kind", "secret", "--scope", "admin")["key"]
    search.secrets["an admin's key"] = admin
    answer = ask("POST", "/v1/alerts", admin, json=hook)
    assert answer.status_code == 400
    while ask("GET", "/v1/agents", MADE_UP).status_code != 429:
        pass


def look_at_all(search: Search) -> None:
    """What owners read: transcripts, traces in every form, keys, pages."""
    listed = list[dict[str, Any]]()
    for _ in range(600):
        listed = search.ask("GET", "/v1/traces").json()["items"]
        if {each["agent"] for each in listed if each["status"] != "active"} >= set(RUNS):
            break
        time.sleep(0.1)
    else:
        raise AssertionError(f"not all were traced: {listed}")
    for each in listed:
        search.ask("GET", f"/v1/traces/{each['id']}")
        search.ask("GET", f"/v1/traces/{each['id']}/otlp")
    for path in ("/v1/traces/export", "/v1/sessions", "/v1/conversations", "/status", "/metrics"):
        search.ask("GET", path)
    for each in search.ask("GET", "/v1/conversations").json()["items"]:
        search.ask("GET", f"/v1/conversations/{each['id']}/messages")


def test_nothing_that_is_said_has_a_secret_in_it(search: Search) -> None:
    """No body, no header, no frame: neither of refusals nor of what owners may read."""
    assert len(search.said) > 60
    assert [each for text in search.said for each in search.found(text[:60], text)] == []


def test_nothing_that_is_logged_has_a_secret_in_it(search: Search) -> None:
    """At the most talkative level, tracebacks and other libraries' lines included."""
    lines = search.house.log.splitlines()
    assert sum("Traceback" in line for line in lines) >= 3
    assert [each for line in lines for each in search.found(line[:120], line)] == []


def test_no_file_that_is_kept_has_a_secret_in_it(search: Search) -> None:
    """Database, its journal, recordings: a copy of all of it opens nothing anywhere.

    What a provider said of its failure is in it, and says so.
    """
    files = [each for each in search.house.data.rglob("*") if each.is_file()]
    assert any(each.name == "duologue.db" for each in files)
    whole = {each: each.read_bytes().decode("latin-1") for each in files}
    found = [one for each, text in whole.items() for one in search.found(each.name, text)]
    assert found == []
    assert any("[redacted]" in text for text in whole.values())


def test_what_went_wrong_is_told_all_the_same(search: Search) -> None:
    """A trace names the failure, and the log has its place; only the secret is missing."""
    told = "".join(search.said)
    assert re.search(r"401 for https://api\.example/v1\?api_key=\[redacted\]", told)
    assert "RuntimeError" in search.house.log
    assert Path(__file__).name not in told


def test_the_secrets_would_be_found(search: Search) -> None:
    """The search finds what it looks for where it is."""
    for name, secret in search.secrets.items():
        assert search.found("here", f"x{secret}y") == [f"{name} in here"]
